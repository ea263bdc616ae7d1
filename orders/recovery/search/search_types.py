"""What one search for lost orders showed."""

from __future__ import annotations

from dataclasses import dataclass, field

from providers.panel_api import Progress


class CannotSearch(Exception):
    """Nothing was learned; the words are for staff."""


@dataclass(slots=True)
class Seen:
    """What one search showed. `candidates` are ids of ours that nobody has claimed; `cleared`: each
    id that was asked for up to this one is known not to be a lost order, `doubtful` ones apart.
    `is_cut`: a later call failed, and `last` is as far as the ones before it reached. `asked` are
    the ids that can be a lost order and were asked about. `unsure`: why none of the candidates
    proves anything, in words for staff."""

    first: int
    last: int
    candidates: dict[str, Progress] = field(default_factory=dict)
    doubtful: list[str] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    calls: int = 0
    is_cut: bool = False
    unsure: str = ""

    @property
    def is_patchy(self) -> bool:
        """Asking again may show more."""
        return bool(self.doubtful) or self.is_cut

    @property
    def cleared(self) -> int:
        undecided = [int(one) for one in (*self.candidates, *self.doubtful)]
        return min(undecided) - 1 if undecided else self.last
