"""The reconcile run: every account is asked what it has that a restored database does not know.

Ids after the newest one known here are asked about where ids are numbers that rise, and the
provider's own list of orders is read where it has one. Only reads; nothing of ours is moved but
what this machine itself had sent.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final, Protocol

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from core import clocks
from core.clocks import Clock
from core.models import User
from core.redaction import redact
from core.rows import leases
from core.rows.constraints import raise_unless_broken
from core.rows.loops import AWAY
from core.rows.numbers import row_number
from core.texts import LONGEST_TEXT
from providers.actions.calling import MustWait, ask
from providers.models import Provider
from providers.panel_api import (
    AccountRefused,
    BatchRefused,
    Dialect,
    Progress,
    ProviderError,
    RecentOrder,
    Unreadable,
)

from ..models import Attempt, Halt, ReconcileRun, Recovery
from ..sending import halts
from ..sending.restore_check import guard, recall_all
from ..shown import NotAsShown
from ..status import HaltKind, JobState, Outcome
from . import shown_lists
from .note_unmatched import note_asked, note_listed

log = logging.getLogger(__name__)
IDS_ASKED: Final = 300  # after the newest known one
MOST_CALLS: Final = 80  # to one account in one run
MOST_FAILURES: Final = 3
RISING: Final = 20  # of the newest accepted ids, before they are believed to rise


class TellsOrders(Protocol):
    """All this needs of a client."""

    dialect: Dialect

    def statuses_once(self, order_ids: list[str]) -> dict[str, Progress | Unreadable]: ...
    def recent_orders(self) -> tuple[RecentOrder, ...]: ...


Connect = Callable[[Provider], TellsOrders | None]


@dataclass(slots=True)
class Stand:
    """How far a run is with one account; `after` is the newest id known here."""

    after: int = 0
    asked: int = 0
    found: int = 0
    calls: int = 0
    failures: int = 0
    size: int = 0
    listed: bool = False
    done: bool = False
    cut_short: bool = False
    words: str = ""

    def cut(self, words: str) -> None:
        """It is asked no more, and what it has beyond that is not known."""
        self.done, self.cut_short, self.words = True, True, words


def start_run(halt: Halt, *, actor: User, now: datetime) -> ReconcileRun | None:
    """None: one is under way already."""
    try:
        with transaction.atomic():
            return ReconcileRun.objects.create(
                halt=halt, started_by=actor, created_at=now, total=Provider.objects.count()
            )
    except IntegrityError as error:
        raise_unless_broken(error, "one_reconcile_run_under_way")
        return None


def take_run(run_id: int, *, now: datetime) -> ReconcileRun | None:
    """Hold the run for a while. None: it has ended, or another worker has it."""
    free = ReconcileRun.objects.filter(pk=run_id).free_to_run(now)
    mine = leases.acquire(free, now=now, seconds=clocks.JOB_LEASE_SECONDS, state=JobState.RUNNING)
    if mine is None:
        return None
    return ReconcileRun.objects.select_related("halt").filter(**mine, pk=run_id).first()


def compare_due(run: ReconcileRun, connect: Connect, *, clock: Clock, seconds: float) -> bool:
    """Go on with a run that was taken, for about so many seconds. True: there is more to do."""
    until = time.monotonic() + seconds
    if not run.accounts:
        recall_all.recall_everywhere(now=clock())
    for provider in Provider.objects.order_by("pk"):
        stand = Stand(**run.accounts.get(str(provider.pk), {}))
        client = None if stand.done else connect(provider)
        if not stand.done and (words := _why_not_asked(provider, client)):
            client = None
            stand.cut(words)
            _save(run, provider, stand, clock())
        while client is not None and not stand.done:
            wait = _ask_or_leave(run, provider, client, stand, clock)
            if not _save(run, provider, stand, clock()):
                return False
            time.sleep(max(0.0, min(wait, until - time.monotonic())))
            if time.monotonic() >= until and not stand.done:
                return leases.release(_held(run))
    leases.release(_held(run), state=JobState.DONE, ended_at=clock())
    return False


def _why_not_asked(provider: Provider, client: TellsOrders | None) -> str:
    """Empty where it can be. Looked at once there is a client: one from before a move asks there
    still."""
    if client is None:
        return "It cannot be called: its key is missing or unreadable."
    if Provider.objects.filter(pk=provider.pk).exclude(moved_at=None).exists():
        return "Its address was changed, and its catalog there is not read yet: compare again then."
    return ""


def acknowledge(
    run: ReconcileRun, *, actor: User, note: str, now: datetime, shown: str | None = None
) -> bool:
    """Accept the database as it is and let orders go. False: the run has not ended, or somebody
    has acknowledged it already. Raises NotAsShown where the lists are not those that were `shown`
    (`shown_lists.of_halt`)."""
    ended = ReconcileRun.objects.filter(pk=run.pk, state=JobState.DONE, acknowledged_at=None)
    identity = guard.database_identity()
    try:
        with transaction.atomic():
            # Locked: nothing is listed behind it meanwhile.
            halt = Halt.objects.select_for_update().get(pk=run.halt_id)
            if shown is not None and shown != shown_lists.of_halt(halt, halt.runs.latest("pk")):
                raise NotAsShown
            won = ended.update(
                acknowledged_at=now,
                acknowledged_by=actor,
                note=note[:LONGEST_TEXT],
                database=identity,
            )
            return bool(won) and _lift(run, actor, note, now)
    except _LiftedAlready:
        return False


class _LiftedAlready(Exception):
    """Takes the acknowledgement back with it."""


def _lift(run: ReconcileRun, actor: User, note: str, now: datetime) -> bool:
    kind, only = HaltKind.RESTORED, run.halt_id
    if not halts.lift_halt(kind, now=now, actor=actor, note=note, only=only):
        raise _LiftedAlready
    return True


def _ask_or_leave(
    run: ReconcileRun, provider: Provider, client: TellsOrders, stand: Stand, clock: Clock
) -> float:
    """One account that breaks us must not keep the others from being compared."""
    try:
        return _one_question(run, provider, client, stand, clock)
    except AWAY:
        raise
    except Exception:
        log.exception("account %s cannot be compared", provider.pk)
        stand.cut("The desk made a mistake with it; its log says more.")
        return 0.0


def _one_question(
    run: ReconcileRun, provider: Provider, client: TellsOrders, stand: Stand, clock: Clock
) -> float:
    """Make one call, note what is unmatched, and say how long to wait before the next."""
    if not stand.calls:
        stand.after, stand.words = _newest_id(provider)
        stand.size = min(provider.batch_size, client.dialect.batch_size)
    stand.calls += 1
    try:
        if client.dialect.recent_orders and not stand.listed:
            rows = ask(provider, client.recent_orders, clock=clock)
            stand.listed = True
            note_listed(run, provider, rows)
        elif ids := _next_ids(run, provider, stand):
            said = ask(provider, lambda: client.statuses_once(ids), clock=clock)
            stand.asked += sum(int(one) > stand.after for one in ids if one.isdecimal())
            note_asked(run, provider, ids, said)
        else:
            stand.done = True
    except MustWait as pause:
        stand.calls -= 1
        return pause.seconds
    except BatchRefused as error:
        _ask_fewer(stand, error)
    except ProviderError as error:
        _note_failure(stand, error)
    if stand.calls >= MOST_CALLS and not stand.done:
        stand.cut(f"Stopped after {stand.calls} calls.")
    stand.found = run.halt.unmatched_orders.filter(account=provider.pk).count()
    return 0.0


def _ask_fewer(stand: Stand, error: ProviderError) -> None:
    if stand.size > 1:
        stand.size = max(1, stand.size // 4)
    else:
        _note_failure(stand, error)


def _note_failure(stand: Stand, error: ProviderError) -> None:
    stand.failures += 1
    if stand.failures >= MOST_FAILURES or isinstance(error, AccountRefused):
        stand.cut(f"It could not be asked: {redact(error.reason)[:200]}")


def _newest_id(provider: Provider) -> tuple[int, str]:
    """The id after which to ask, 0 for none, and why so."""
    rules = Recovery.objects.filter(provider=provider).first()
    if rules is not None and not rules.enabled:
        return 0, "Asking for ids is switched off for this account."
    sent = Attempt.objects.in_row_order()
    newest = sent.filter(provider=provider, outcome=Outcome.ACCEPTED).order_by("-pk")
    ids = list(newest.values_list("external_id", flat=True)[:RISING])
    if not ids:
        return 0, "No id of this account is known here to ask from."
    numbers = [number for one in ids if (number := row_number(one)) is not None]
    if len(numbers) < len(ids):
        return 0, "Its ids are no numbers."
    if any(newer <= older for newer, older in pairwise(numbers)):
        return 0, "Its ids do not rise."
    return numbers[0], f"Asked for the {IDS_ASKED} ids after {numbers[0]}."


def _next_ids(run: ReconcileRun, provider: Provider, stand: Stand) -> list[str]:
    """What this machine had sent and nobody has asked about since; then the ids in their order."""
    sent = run.halt.unmatched_orders.filter(account=provider.pk, status="", order=None)
    named = sent.exclude(external_id="").order_by("pk").values_list("external_id", flat=True)
    if ids := list(named[: stand.size]):
        return ids
    if not stand.after:
        return []
    first = stand.after + 1 + stand.asked
    last = min(first + stand.size, stand.after + 1 + IDS_ASKED)
    return [str(number) for number in range(first, last)]


def _save(run: ReconcileRun, provider: Provider, stand: Stand, now: datetime) -> bool:
    """Write down how far it is and hold on. False: the run is somebody else's by now."""
    run.accounts[str(provider.pk)] = asdict(stand)
    return leases.renew(
        _held(run), now=now, seconds=clocks.JOB_LEASE_SECONDS, accounts=run.accounts
    )


def _held(run: ReconcileRun) -> QuerySet[ReconcileRun]:
    return ReconcileRun.objects.filter(pk=run.pk, holder=run.holder, state=JobState.RUNNING)
