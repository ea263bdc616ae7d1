"""How the newest sends of an account went, as its page tells it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django import template
from django.utils.translation import gettext as _

from providers.models import Provider
from providers.panel_api.errors import SERVER_ERROR
from providers.panel_api.refusals.classify import MEANINGS

from ..models import Attempt
from ..status import BOUGHT_TOO, Doubt, Outcome, Resolution

register = template.Library()

NEWEST: Final = 500  # tries that are looked at
# What became of those that left, in the order they are told.
TOLD: Final = (Outcome.ACCEPTED, Outcome.REJECTED, Outcome.UNKNOWN, Outcome.NOT_PLACED)
REFUSALS: Final = {code.value: words for code, words in MEANINGS.items()}


@dataclass(frozen=True, slots=True)
class Group:
    """Sends that ended alike, and by what that is known, or why it is not."""

    outcome: Outcome
    why: str
    count: int


@dataclass(frozen=True, slots=True)
class Sends:
    """`groups` are all that left and are in flight no more, `times` milliseconds, rising, of those
    whose answer came whole; a send that was found later has none, and nor has a time-out."""

    tries: int
    since: datetime
    in_flight: int
    not_sent: int
    groups: list[Group]
    times: list[int]

    @property
    def sent(self) -> int:
        return sum(group.count for group in self.groups)

    @property
    def accepted(self) -> int:
        return sum(group.count for group in self.groups if group.outcome is Outcome.ACCEPTED)

    @property
    def accepted_percent(self) -> float | None:
        return 100 * self.accepted / self.sent if self.sent else None

    @property
    def half_within(self) -> int | None:
        return _within(self.times, 50)

    @property
    def most_within(self) -> int | None:
        return _within(self.times, 95)


@register.inclusion_tag("orders/sending/_provider_sends.html")
def provider_sends(provider: Provider) -> dict[str, Any]:
    return {"sends": sends_of(provider)}


def sends_of(provider: Provider) -> Sends | None:
    """None where nothing was ever tried."""
    seen = "evidence__http_status", "evidence__elapsed_ms"  # not the rest of it: that is long
    columns = ("outcome", "code", "resolution", "started_at", *seen)
    newest = Attempt.objects.newest_of(provider)
    rows = list(newest.values_list(*columns)[:NEWEST])
    if not rows:
        return None
    known = [(_outcome(row[0], row[1]), *row[1:]) for row in rows]
    counts = Counter(outcome for outcome, *_rest in known)
    groups = Counter(
        (outcome, _why(outcome, code, resolution, status))
        for outcome, code, resolution, _at, status, _ms in known
        if outcome in TOLD
    )
    return Sends(
        tries=len(rows),
        since=min(row[3] for row in rows),
        in_flight=counts[Outcome.IN_FLIGHT],
        not_sent=counts[Outcome.NOT_SENT],
        groups=sorted(
            (Group(outcome, why, count) for (outcome, why), count in groups.items()),
            key=lambda group: (TOLD.index(group.outcome), -group.count, group.why),
        ),
        times=sorted(_times((row[4], row[5]) for row in rows)),
    )


def _outcome(outcome: str, code: str) -> Outcome:
    """As `Attempt.shown_outcome`."""
    return Outcome.UNKNOWN if code == BOUGHT_TOO else Outcome(outcome)


def _why(outcome: Outcome, code: str, resolution: str, status: Any) -> str:
    if outcome is Outcome.REJECTED:
        words = REFUSALS.get(code, code.replace("_", " ")) or _("in words without a code")
        return words[0].upper() + words[1:]
    if outcome is Outcome.UNKNOWN:
        if code == BOUGHT_TOO:
            return _("Another try of its order was linked")
        # Attempts from before doubts had codes, and those of a worker that was lost.
        doubt = Doubt.NOT_UNDERSTOOD if _is_whole(status) else Doubt.LOST
        return str(Doubt(code if code in Doubt.values else doubt).label)
    if resolution:
        return str(Resolution(resolution).label)
    return _("By its answer") if outcome is Outcome.ACCEPTED else ""


def _is_whole(status: Any) -> bool:
    return isinstance(status, int) and status < SERVER_ERROR


def _times(answers: Iterator[tuple[Any, Any]]) -> Iterator[int]:
    """Of the answers that have one: what was read again, or brought in, is without."""
    for status, elapsed_ms in answers:
        if _is_whole(status) and isinstance(elapsed_ms, int) and elapsed_ms > 0:
            yield elapsed_ms


def _within(times: list[int], percent: int) -> int | None:
    """The time that so many per cent of them did not exceed; one of those that were measured."""
    return times[-(-len(times) * percent // 100) - 1] if times else None
