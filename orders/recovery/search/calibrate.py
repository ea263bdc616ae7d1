"""Whether the ids of an account prove anything: seen from its own orders and one free call."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise

from django.db.models import QuerySet

from core.clocks import Clock
from core.models import User
from providers.models import Provider
from providers.panel_api import Progress, RefusalCode, Unreadable
from providers.panel_api.id_batches import chunks

from ...models import Attempt, Recovery
from ...status import Outcome
from . import id_range, wait_clock
from .recovery_run import RecoveryRun, TellsOfIds

MOST = 500  # newest accepted orders that are looked at
FAR = 1_000_000  # where no gap lies between our ids, one so far ahead is nobody's yet


@dataclass(frozen=True, slots=True)
class Calibration:
    """`rises`: so many orders in a row got rising numbers, `largest_gap` at most apart. The other
    two are None while nobody has asked."""

    adds: int = 0
    rises: bool = False
    largest_gap: int = 0
    own_answers: bool | None = None
    foreign_errors: bool | None = None
    words: str = ""

    @property
    def holds(self) -> bool:
        return bool(self.rises and self.own_answers and self.foreign_errors)


def calibrate(
    provider: Provider, client: TellsOfIds, *, clock: Clock, actor: User | None = None
) -> Calibration:
    """Find out and keep it. Raises MustWait or ProviderError where the provider cannot be asked."""
    return calibrate_in_run(RecoveryRun.of(provider, client, clock), actor=actor)


def calibrate_in_run(run: RecoveryRun, *, actor: User | None = None) -> Calibration:
    """As `calibrate`, in a run."""
    provider, rules = run.provider, run.rules
    found = _ids(run.rows, rules.least_adds)
    if found.rises:
        found = _asked(found, run)
    now = run.clock()
    kept = asdict(found) | {
        "version": provider.version
    }  # of another address or key it says nothing
    before = rules.calibration
    Recovery.objects.filter(pk=provider.pk).update(calibration=kept, calibrated_at=now)
    if actor or before.get("words") != found.words:
        provider.remember(f"Calibrated: {found.words}", now=now, actor=actor)
    return found


def _ids(rows: list[int], least: int) -> Calibration:
    """From the rows alone: are the newest accepted orders numbered as they were sent?"""
    newest = list(_accepted(rows)[:MOST])[::-1]
    if not wait_clock.times_agree(newest):
        words = "A clock was set, or rows were written again: how its ids were given is not known."
        return Calibration(len(newest), words=words)
    numbers = [id_range.number_of(row.external_id) for row in newest]
    if any(number is None for number in numbers):
        return Calibration(len(numbers), words="Its order ids are not plain numbers.")
    gaps = [after - before for before, after in pairwise(numbers)]  # type: ignore[operator]  # no None left
    if any(gap <= 0 for gap in gaps):
        return Calibration(len(numbers), words="Its order ids do not rise from one to the next.")
    if len(numbers) < least:
        words = f"{len(numbers)} of {least} orders with rising ids have been seen."
        return Calibration(len(numbers), words=words)
    return Calibration(len(numbers), rises=True, largest_gap=max(gaps, default=0))


def _accepted(rows: list[int]) -> QuerySet[Attempt]:
    """Newest first: rows of one account are written as its orders are sent."""
    sent = Attempt.objects.in_row_order()
    sends = sent.filter(provider__in=rows, outcome=Outcome.ACCEPTED)
    return sends.only("started_at", "unknown_at", "external_id").order_by("-pk")


def _asked(found: Calibration, run: RecoveryRun) -> Calibration:
    """With one call, or two where it is asked about one at a time: does it know its own order,
    and does it refuse somebody else's?"""
    own, foreign = _pair(run.rows)
    answers: dict[str, Progress | Unreadable] = {}
    for batch in chunks([own, foreign], run.client.dialect.batch_size):
        answers |= run.ask(partial(run.client.statuses_once, batch))
    knows = isinstance(answers.get(own), Progress)
    said = answers.get(foreign)
    refuses = isinstance(said, Unreadable) and said.code is RefusalCode.UNKNOWN_ORDER
    words = (
        f"{found.adds} orders had rising ids, at most {found.largest_gap} apart; it knows our "
        "orders and refuses the ids of others."
    )
    if not knows:
        words = f"It does not know {own}, an order of ours."
    elif not refuses:
        words = "It does not say of a foreign id that it is none of ours."
    return Calibration(found.adds, True, found.largest_gap, knows, refuses, words)


def _pair(rows: list[int]) -> tuple[str, str]:
    """Our newest accepted id, and one that is not ours: from a gap, else far ahead."""
    numbers = sorted(int(row.external_id) for row in _accepted(rows)[:50])
    between = [str(low + 1) for low, high in pairwise(numbers) if high - low > 1]
    taken = id_range.claimed(rows, between)
    free = [one for one in between if one not in taken]
    return str(numbers[-1]), free[-1] if free else str(numbers[-1] + FAR)
