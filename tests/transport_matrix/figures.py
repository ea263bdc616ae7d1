"""The figures of the table, and the bars they must meet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .callers import Pass, Run
from .checker import FAULTS, MOST_OVERRUN, faults, slowest_overrun
from .mode import Outcome

LEAST_MODES: Final = 60
MOST_MEGABYTES: Final = 5.0
MAY_END: Final = frozenset({"Unavailable", "SlowDown", "AccountRefused"})


@dataclass(frozen=True, slots=True)
class Figures:
    """What all passes came to. `control` is what the checker found in the careless client."""

    runs: Sequence[Run]
    reads: Sequence[Run]
    control: Pass
    followed: int
    proxied: int
    megabytes: float

    @property
    def found(self) -> list[str]:
        false = [f"{fault}: {run.name}: {run.words}" for run in self.runs for fault in faults(run)]
        return false + [f"a read ended as {run.ending}: {run.name}" for run in self.misread]

    @property
    def misread(self) -> list[Run]:
        return [one for one in self.reads if one.ending not in MAY_END]

    @property
    def overrun(self) -> float:
        return slowest_overrun([*self.runs, *self.reads])

    def lines(self) -> dict[str, tuple[float, str]]:
        """Every figure beside its bar in words, in the order in which they are printed."""
        found = counted(self.runs)
        control = counted(self.control.runs)
        modes = {one.mode.name for one in self.runs}
        return {
            "modes": (len(modes), f"at least {LEAST_MODES}"),
            "runs": (len(self.runs), ""),
            **{fault: (found[fault], "0") for fault in FAULTS},
            "redirects followed": (self.followed, "0"),
            "calls by a proxy of the environment": (self.proxied, "0"),
            "reads": (len(self.reads), ""),
            "reads that did not end as unavailable": (len(self.misread), "0"),
            "slowest overrun, s": (round(self.overrun, 3), f"at most {MOST_OVERRUN}"),
            "memory growth, MB": (round(self.megabytes, 2), f"at most {MOST_MEGABYTES}"),
            "control: false not sent": (control["false not sent"], "some"),
            "control: false accepted": (control["false accepted"], "some"),
            "control: false rejected": (control["false rejected"], "some"),
            "control: redirects followed": (self.control.followed, "some"),
        }

    def missed(self) -> list[str]:
        return [name for name, (figure, bar) in self.lines().items() if not meets(figure, bar)]

    def by_class(self) -> list[tuple[str, str, int, int]]:
        """Expected class, what it ran over, and how many runs ended so and otherwise."""
        rows = []
        for expected in Outcome:
            for over in ("plain", "TLS"):
                some = [r for r in self.runs if r.over == over and r.mode.expected is expected]
                right = sum(not faults(run) for run in some)
                if some:
                    rows.append((str(expected), over, right, len(some) - right))
        return rows

    def as_json(self) -> dict[str, Any]:
        return {
            "figures": {name: figure for name, (figure, _) in self.lines().items()},
            "bars": {name: bar for name, (_, bar) in self.lines().items() if bar},
            "classes": self.by_class(),
            "faults": self.found,
            "missed": self.missed(),
        }


def counted(runs: Iterable[Run]) -> dict[str, int]:
    found = [fault for run in runs for fault in faults(run)]
    return {fault: found.count(fault) for fault in FAULTS}


def meets(figure: float, bar: str) -> bool:
    """Whether a figure meets a bar in words: "0", "some", "at least 60", "at most 0.5"."""
    *words, last = bar.split() or [""]
    match words, last:
        case [], "":
            return True
        case [], "some":
            return figure > 0
        case ["at", "least"], number:
            return figure >= float(number)
        case _, number:
            return figure <= float(number)
