"""The outcome of one attempt, and its order that follows: both in one transaction, or neither."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, IntegrityError

from core import clocks
from core.failpoints import failpoint
from core.rows.constraints import broken_constraint, raise_unless_broken
from core.rows.durable import durable_transaction
from core.texts import LONGEST_TEXT

from .. import charges
from ..flags import raise_flag
from ..models import Attempt, EventKind, Order, PollSchedule
from ..status import (
    LIVE_OUTCOMES,
    NOT_SENT,
    NOTHING_BOUGHT,
    REOPENED_BY_PROOF,
    THERE,
    Flag,
    Outcome,
    Resolution,
    Status,
)
from . import halts, reopen, replays
from .outcome import WORKER_LOST, AttemptGone, SendOutcome, without_impossible_amount
from .replays import CANDIDATE, REPLAYED_AS
from .restore_check import replay_journal
from .restore_check.forgotten_sends import bring_in, journaled_sends_of
from .reused_id import IdTaken, note_reused_id, refuse_id_of_duplicate
from .writes.sent_lines import Send

MOST_RACES = 5  # lost in a row before a recording is left to a later try
WAITING_FOR_AN_ANSWER = (Status.SENDING, Status.UNCONFIRMED)
_OF_A_HOLD = ("hold_reason", "blocked_by")


class RaceLost(DatabaseError):
    """Somebody else moved the order between our look and our write: nothing was written."""


def record(
    attempt: Attempt,
    outcome: SendOutcome,
    *,
    now: datetime,
    by: Resolution = Resolution.NONE,
    reused: str = "",
) -> bool:
    """Write down how an attempt ended and let its order go after it.

    Works while the claim is ours, and also when the reaper took it for lost and nobody has
    decided since: a late answer is still the answer. After a decision the answer is kept beside
    it, and False comes back where the two contradict each other; a proof that the provider took
    the order puts it back in doubt. `by` says where an answer comes from that is not recorded by
    the worker who heard it; `reused` is the id in it that both orders are flagged for. Raises
    IdTaken where its id is another order's here, AttemptGone, NotNow, and RaceLost, a
    DatabaseError.
    """
    buys = outcome.outcome not in NOTHING_BOUGHT
    journaled = [] if buys else journaled_sends_of(attempt, outcome)
    try:
        return _until_won(lambda: _record_once(attempt, outcome, journaled, now, by, reused))
    except IntegrityError as error:
        if broken_constraint(error) == "external_id_once_per_provider":
            raise IdTaken(outcome.external_id) from error
        raise
    except (Attempt.DoesNotExist, Order.DoesNotExist) as error:
        raise AttemptGone(f"{attempt} is not in the database.") from error


def take_for_lost(attempt_id: int, *, now: datetime) -> bool:
    """A claim past its lease: sent perhaps, answer lost. False: it was decided meanwhile."""
    return _until_won(lambda: _lose(attempt_id, now))


def schedule_polls(order: Order, *, now: datetime) -> None:
    """Start to poll an order that the provider has; one that is polled already goes on."""
    if order.is_final:
        return
    schedule = PollSchedule(
        order_id=order.pk,
        provider_id=order.provider_id,
        external_id=order.external_id,
        next_at=now + timedelta(seconds=clocks.FIRST_CHECK_SECONDS),
        changed_at=now,
    )
    PollSchedule.objects.bulk_create([schedule], ignore_conflicts=True)


def _until_won(act: Callable[[], bool]) -> bool:
    """Do it again, whole, after a race that was lost."""
    for _ in range(MOST_RACES):
        try:
            return act()
        except RaceLost:
            continue
        except IntegrityError as error:
            raise_unless_broken(error, "one_live_attempt_per_order")
    raise RaceLost(f"The order moved {MOST_RACES} times meanwhile.")


def _record_once(
    attempt: Attempt,
    outcome: SendOutcome,
    journaled: Sequence[Send],
    now: datetime,
    by: Resolution,
    reused: str,
) -> bool:
    possible = without_impossible_amount(outcome)
    failpoint("record.begun")
    with durable_transaction():
        followed = _close_attempt(attempt, outcome, now, by)
        if reused:
            note_reused_id(attempt, reused, now=now)
        refuse_id_of_duplicate(attempt, outcome.external_id)
        failpoint("record.attempt")
        order = Order.objects.get(pk=attempt.order_id)
        failpoint("record.read")
        if followed is None:
            return _keep_late_answer(attempt, order, outcome, now)
        if journaled:
            followed = bring_in(order, journaled, now=now) or followed
        done = _record_order(attempt, order, possible or followed, now)
        if followed.outcome in NOTHING_BOUGHT and not reopen.reopen_contradicted(order, now=now):
            raise RaceLost(f"Order {order} was moved by somebody else.")
        if possible is not None:
            charges.tell_impossible_amount(order, (outcome.changes or {})["charge"], now=now)
        failpoint("record.moved")
        return done


def _lose(attempt_id: int, now: datetime) -> bool:
    failpoint("record.begun")
    with durable_transaction():
        lost = Attempt.objects.filter(pk=attempt_id).past_their_lease(now)
        attempt = lost.select_for_update(of=("self",)).first()
        if attempt is None:
            return False
        outcome = SendOutcome(Outcome.UNKNOWN, Status.UNCONFIRMED, WORKER_LOST)
        lost.update(**_columns(outcome, now), unknown_at=now)
        halts.note_lost_answer(attempt, now=now)
        failpoint("record.attempt")
        order = Order.objects.get(pk=attempt.order_id)
        failpoint("record.read")
        return _record_order(attempt, order, outcome, now)


def _columns(outcome: SendOutcome, now: datetime) -> dict[str, Any]:
    return {
        "outcome": outcome.outcome,
        "recorded_at": now,
        "reason": outcome.reason[:LONGEST_TEXT],
        "code": outcome.code,
        "evidence": outcome.seen,
        "external_id": outcome.external_id,
    }


def _lose_again(attempt: Attempt, now: datetime) -> None:
    """It was lost before it was replayed: where it is in flight, the database was put back."""
    claimed = Attempt.objects.same_as(attempt).filter(outcome=Outcome.IN_FLIGHT)
    if claimed.update(outcome=Outcome.UNKNOWN, recorded_at=now, unknown_at=now):
        halts.note_lost_answer(attempt, now=now)


def _close_attempt(
    attempt: Attempt, outcome: SendOutcome, now: datetime, by: Resolution
) -> SendOutcome | None:
    """Give the attempt its outcome while nobody has decided, and say what its order follows; None
    where somebody has. A lost answer holds the account; a loss that is known already is no second
    loss, only what was seen of it is new."""
    undecided = Attempt.objects.same_as(attempt).filter(resolved_by=None, late={})
    columns = _columns(outcome, now)
    claimed = undecided.filter(outcome=Outcome.IN_FLIGHT)
    lost = undecided.filter(outcome=Outcome.UNKNOWN)
    if outcome.outcome in NOTHING_BOUGHT and replay_journal.is_replayed(attempt, now=now):
        _lose_again(attempt, now)
    if outcome.outcome == Outcome.UNKNOWN:
        if claimed.update(**columns, unknown_at=now):
            halts.note_lost_answer(attempt, now=now)
            return outcome
        known = lost.select_for_update(of=("self",)).select_related("order").first()
        if known is not None:
            replays.note_first_answer(known, outcome, now=now)
        return None if known is None else outcome
    if claimed.update(**columns, resolution=by):
        return outcome
    known = lost.select_for_update(of=("self",)).select_related("order").first()
    if known is None:
        return None
    replay_journal.give_back(known, now=now)
    if REPLAYED_AS in known.evidence and outcome.outcome in NOTHING_BOUGHT:
        return replays.keep_in_doubt(known, outcome, now=now)
    if replayed := known.evidence.get(REPLAYED_AS):
        replays.note_second_id(known.order, replayed, outcome.external_id, now=now)
    columns["evidence"] = replays.with_seen(known, outcome.seen)
    return outcome if lost.update(**columns, resolution=by or Resolution.LATE) else None


def _record_order(attempt: Attempt, order: Order, outcome: SendOutcome, now: datetime) -> bool:
    """Move the order after its attempt. False: it is where this outcome cannot bring it."""
    to, changes = outcome.to, {**(outcome.changes or {}), "reason": outcome.reason[:LONGEST_TEXT]}
    if order.status == Status.UNCONFIRMED and to in NOT_SENT:
        to = Status.NOT_PLACED  # proven late: a person may have looked at it, so a person asks
        changes = {name: changes[name] for name in changes if name not in _OF_A_HOLD}
    if order.status == to or (order.status in THERE and order.external_id == outcome.external_id):
        return True
    if order.status not in WAITING_FOR_AN_ANSWER:
        if outcome.outcome in NOTHING_BOUGHT:
            return True  # it waits or has ended, and nothing was bought: both are so
        if order.status not in REOPENED_BY_PROOF:
            return _say_out_of_step(attempt, order, now)
        step(order, Status.UNCONFIRMED, now)
        if to == Status.UNCONFIRMED:
            return True
    if outcome.external_id:
        changes["external_id"] = outcome.external_id
    step(order, to, now, text=outcome.reason, evidence=outcome.seen, **changes)
    if outcome.external_id:
        charges.write_first_charge(order, now=now)
        schedule_polls(order, now=now)
    return True


def step(order: Order, to: Status, now: datetime, **changes: Any) -> None:
    """Move an order that was read in this transaction. Raises RaceLost, which takes back all."""
    if not order.move(to, now=now, **changes):
        raise RaceLost(f"Order {order} was moved by somebody else.")


def _say_out_of_step(attempt: Attempt, order: Order, now: datetime) -> bool:
    """Its attempt ends, and the order is not touched: nothing tells which of them is right."""
    raise_flag(order, Flag.OUT_OF_STEP)
    text = f"Attempt {attempt.number} ended although the order was {order.status} already."
    order.remember(EventKind.FLAGGED, now=now, text=text)
    return False


def _keep_late_answer(attempt: Attempt, order: Order, outcome: SendOutcome, now: datetime) -> bool:
    """Keep what came after the decision. True when the two agree. The first such answer is kept
    and told; of a second one only that the provider took it after all."""
    decided = Attempt.objects.same_as(attempt).select_for_update().get()
    if (decided.outcome, decided.external_id) == (outcome.outcome, outcome.external_id):
        return True
    late = {
        "outcome": outcome.outcome.value,
        "reason": outcome.reason,
        "external_id": outcome.external_id,
        "at": now.isoformat(),
    }
    tells_more = outcome.outcome == Outcome.ACCEPTED != decided.late.get("outcome")
    if decided.late and not tells_more:
        return False  # told already
    Attempt.objects.filter(pk=decided.pk).update(late=late)
    nothing_new = outcome.outcome == Outcome.UNKNOWN
    if nothing_new or {decided.outcome, outcome.outcome} <= set(NOTHING_BOUGHT):
        return True
    words = f"Attempt {attempt.number} was answered late."
    if outcome.outcome == Outcome.ACCEPTED:
        if replayed := decided.evidence.get(REPLAYED_AS):
            replays.note_second_id(order, replayed, outcome.external_id, now=now)
        words = _reopen(decided, order, outcome, now)
    raise_flag(order, Flag.LATE_ANSWER)
    order.remember(EventKind.FLAGGED, now=now, text=words, evidence=late)
    return False


def _reopen(decided: Attempt, order: Order, outcome: SendOutcome, now: datetime) -> str:
    """The provider took what was decided not to be there: the order is in doubt again, so that
    nobody buys it a second time, and can be linked. What happened, for the history. A second send
    that has not left yet is stopped by its own check, which asks `reopen.contradicted`."""
    number = outcome.external_id
    taken = f"Attempt {decided.number} was answered late: the provider took it as {number}."
    if order.attempts.filter(outcome__in=LIVE_OUTCOMES).exclude(pk=decided.pk).exists():
        return f"{taken} It was sent again since, so it may have been bought twice."
    if order.status == Status.GIVEN_UP:
        evidence = replays.with_names_of(decided.evidence, {**outcome.seen, CANDIDATE: number})
        Attempt.objects.filter(pk=decided.pk).update(evidence=evidence)
        return f"{taken} It can be linked."
    if order.status not in REOPENED_BY_PROOF:
        return taken
    decided.refresh_from_db(fields=["late"])
    if not reopen.reopen(decided, order, number, taken, now=now, **outcome.seen):
        raise RaceLost(f"Order {order} was moved by somebody else.")
    return f"{taken} It is unconfirmed again and is not sent. Link it, or look into it."
