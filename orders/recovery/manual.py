"""A person decides what became of an order whose answer was lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any, Protocol

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from core.clocks import Clock
from core.failpoints import failpoint
from core.models import User
from core.rows.bulk import add_rows
from core.rows.constraints import broken_constraint
from core.rows.durable import durable_transaction
from providers.identity import same_account
from providers.models import RefundStyle
from providers.panel_api import Progress, ProviderError, Rejected, Unreadable

from .. import charges, link_queue
from ..charges import CHARGE_TOLERANCE
from ..models import Attempt, EventKind, Order, Recovery
from ..polling import plausibility
from ..polling.anomalies import remarks_as_events
from ..sending import halts, record_outcome, reopen
from ..sending.doubts import says_it_is_there
from ..sending.send_orders import may_be_sent_again
from ..status import Doubt, Outcome, Resolution, Status
from .search import wait_clock


class TellsOneStatus(Protocol):
    """All this needs of a client."""

    def statuses_once(self, order_ids: Sequence[str]) -> dict[str, Progress | Unreadable]: ...


class CannotLink(Exception):
    """The id cannot be this order's, or could not be checked; the words are for staff."""


class ChargeDiffers(CannotLink):
    """The id exists and is free, but its charge is not what this order should have cost."""


class TooEarly(Exception):
    """The order may still appear at the provider; `until` is when that is over."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"Too early: it may still appear there until {until:%H:%M:%S}.")
        self.until = until


def link_order(
    order: Order,
    external_id: str,
    *,
    actor: User,
    client: TellsOneStatus,
    clock: Clock,
    although_charge_differs: bool = False,
) -> bool:
    """Adopt the provider's order `external_id` as this one, after asking the provider for it.

    False: somebody else settled the order meanwhile. Raises CannotLink, and ChargeDiffers
    unless told to link all the same.
    """
    _refuse_if_claimed(order, external_id)
    said = _ask(client, external_id)
    if not although_charge_differs:
        _compare_charge(order, said)
    attempt = _open_attempt(order)
    if attempt is None:
        return False
    return adopt(
        order,
        attempt,
        external_id,
        said,
        resolution=Resolution.PERSON,
        now=clock(),
        actor=actor,
        text=f"Linked to the provider's order {external_id}.",
    )


def adopt(
    order: Order,
    attempt: Attempt,
    external_id: str,
    said: Progress,
    *,
    resolution: Resolution,
    now: datetime,
    text: str,
    actor: User | None = None,
) -> bool:
    """The lost order is the provider's `external_id`: write it down and follow it from now on.

    False: somebody else settled it meanwhile. Raises CannotLink when the id belongs to another
    order by now.
    """
    to = Status(said.status.value) if said.status else Status.PENDING
    progress: dict[str, Any] = {
        "charge": said.charge,
        "start_count": said.start_count,
        "remains": said.remains,
    }
    evidence = {"by": resolution, **{name: str(value) for name, value in progress.items()}}
    final = plausibility.final_charge(order, said, to, RefundStyle(order.provider.refund_style))
    if final.remark and final.remark.flag and not order.flag:
        progress["flag"] = final.remark.flag
    try:
        with durable_transaction():
            _refuse_if_claimed(order, external_id)
            _resolve(
                _only(attempt), Outcome.ACCEPTED, resolution, actor, now, external_id=external_id
            )
            failpoint("adopt.attempt")
            if not order.move(
                to,
                now=now,
                actor=actor,
                text=text,
                evidence=evidence,
                external_id=external_id,
                raw_status=said.raw_status[:80],
                reason="",
                refund=final.refund,
                **progress,
            ):
                raise _SettledMeanwhile
            charges.write_first_charge(order, now=now)
            add_rows(remarks_as_events(order, [final.remark] if final.remark else [], now=now))
            record_outcome.schedule_polls(order, now=now)
            failpoint("adopt.moved")
    except _SettledMeanwhile:
        return False
    except IntegrityError as error:
        if broken_constraint(error) != "external_id_once_per_provider":
            raise
        raise CannotLink(f"{external_id} was linked to another order a moment ago.") from None
    halts.reopen_if_settled(order.provider, now=now)
    return True


class Confirmed(Enum):
    """What became of a person's word that an order is not there."""

    DONE = auto()
    ONE_OF_TWO = auto()
    TOO_LATE = auto()


class _SettledMeanwhile(Exception):
    """Rolls the attempt's outcome back with the order that could not be moved."""


def confirm_not_placed(order: Order, *, actor: User, now: datetime) -> Confirmed:
    """A person has made sure that the provider does not have this order.

    Above the account's limit another person has to say so too. Raises TooEarly.
    """
    attempt = _open_attempt(order)
    if attempt is None or order.status != Status.UNCONFIRMED:
        return Confirmed.TOO_LATE
    until = not_placed_from(attempt, now)
    if now < until:
        raise TooEarly(until)
    if takes_two(order) and attempt.confirmed_by_id in (None, actor.pk):
        return _first_of_two(order, attempt, actor, now)
    words = f"Confirmed by {actor} not to be at the provider."
    if attempt.confirmed_by_id is not None:
        words = (
            f"Confirmed by a second person not to be at the provider, after {attempt.confirmed_by}."
        )
    done = prove_not_placed(
        order, attempt, resolution=Resolution.PERSON, text=words, now=now, actor=actor
    )
    return Confirmed.DONE if done else Confirmed.TOO_LATE


def takes_two(order: Order) -> bool:
    """One person alone may not say that an order of this cost is not there."""
    rules = Recovery.objects.filter(provider=order.provider_id).first()
    limit = rules.two_people_above if rules else None
    if limit is None:
        return False
    cost = order.estimate_high if order.estimate_high is not None else order.estimate
    return cost is None or cost > limit


def _first_of_two(order: Order, attempt: Attempt, actor: User, now: datetime) -> Confirmed:
    unsaid = Attempt.objects.filter(pk=attempt.pk, outcome=Outcome.UNKNOWN, confirmed_by=None)
    with transaction.atomic():
        if unsaid.update(confirmed_by=actor, confirmed_at=now):
            order.remember(
                EventKind.EVIDENCE,
                now=now,
                actor=actor,
                text="Said not to be at the provider. A second person has to say so too.",
            )
    return Confirmed.ONE_OF_TWO


def prove_not_placed(
    order: Order,
    attempt: Attempt,
    *,
    resolution: Resolution,
    text: str,
    now: datetime,
    actor: User | None = None,
    evidence: dict[str, Any] | None = None,
) -> bool:
    """It is shown not to be at the provider. False: somebody else settled it meanwhile."""
    return _close(
        order,
        attempt,
        Outcome.NOT_PLACED,
        Status.NOT_PLACED,
        resolution,
        actor,
        now,
        text,
        evidence,
    )


def give_up(order: Order, *, actor: User, note: str, now: datetime) -> bool:
    """Stop looking. The attempt stays unknown, so the order can never be sent again."""
    attempt = _open_attempt(order)
    if attempt is None or order.status != Status.UNCONFIRMED:
        return False
    return _close(
        order, attempt, Outcome.UNKNOWN, Status.GIVEN_UP, Resolution.PERSON, actor, now, note
    )


def settle_refused(
    order: Order,
    attempt: Attempt,
    refusal: Rejected,
    *,
    actor: User,
    now: datetime,
    text: str,
    evidence: dict[str, Any],
) -> bool:
    """The kept answer of `attempt`, as it was read, proves a refusal by what was learned since.

    A refusal that is not about the order leaves it not placed, for a person to queue again.
    False: somebody settled it, or a late answer came, meanwhile; or the words say that it is there.
    """
    if order.status != Status.UNCONFIRMED:
        return False
    as_read = _only(attempt).filter(settled_at=attempt.settled_at)
    blocker = link_queue.ahead_of(order)
    if says_it_is_there(order, refusal.code, knows_blocker=blocker is not None):
        _leave_in_doubt(order, as_read, refusal, actor, now)
        return False
    to = Status.NOT_PLACED if may_be_sent_again(refusal.code) else Status.REJECTED
    try:
        with durable_transaction():
            _resolve(
                as_read, Outcome.REJECTED, Resolution.TAUGHT, actor, now, code=refusal.code.value
            )
            if not order.move(
                to, now=now, actor=actor, text=text, evidence=evidence, reason=refusal.reason[:500]
            ) or not reopen.reopen_contradicted(order, now=now):
                raise _SettledMeanwhile
    except _SettledMeanwhile:
        return False
    halts.reopen_if_settled(order.provider, now=now)
    return True


def _leave_in_doubt(
    order: Order, as_read: QuerySet[Attempt], refusal: Rejected, actor: User, now: datetime
) -> None:
    """An earlier try counts as not placed, and what was taught speaks of it."""
    words = f"An earlier try counts as not placed, and now the provider says: {refusal.reason}"
    doubt = {"code": Doubt.IS_THERE, "reason": words[:500], "looked_at": now}
    with transaction.atomic():
        if as_read.filter(outcome=Outcome.UNKNOWN).update(**doubt):
            order.remember(EventKind.EVIDENCE, now=now, actor=actor, text=words)
    halts.reopen_if_settled(order.provider, now=now)


def not_placed_from(attempt: Attempt, now: datetime) -> datetime:
    """From when *not placed* may be confirmed: before, the order may still appear there. Counted
    from the loss; where the clock was set back since, by what was waited so far."""
    grace = wait_clock.grace_of(attempt.provider_id)
    until = max(attempt.started_at, attempt.unknown_at or attempt.started_at)
    until += timedelta(seconds=grace)
    if until > now + timedelta(seconds=grace):
        return now + timedelta(seconds=wait_clock.left(attempt, grace))
    return until


def _close(
    order: Order,
    attempt: Attempt,
    outcome: Outcome,
    to: Status,
    resolution: Resolution,
    actor: User | None,
    now: datetime,
    text: str,
    evidence: dict[str, Any] | None = None,
) -> bool:
    as_read = _only(attempt).filter(settled_at=attempt.settled_at)  # a doubt reopened is another
    try:
        with durable_transaction():
            _resolve(as_read, outcome, resolution, actor, now)
            if not order.move(
                to, now=now, actor=actor, text=text, reason=text[:500], evidence=evidence
            ) or not reopen.reopen_contradicted(order, now=now):
                raise _SettledMeanwhile
    except _SettledMeanwhile:
        return False
    halts.reopen_if_settled(order.provider, now=now)
    return True


def _resolve(
    attempt: QuerySet[Attempt],
    outcome: Outcome,
    resolution: Resolution,
    actor: User | None,
    now: datetime,
    **found: str,
) -> None:
    """Close the attempt by a word or a proof. Raises when a late answer has closed it already."""
    unresolved = attempt.filter(outcome=Outcome.UNKNOWN)
    if not unresolved.update(
        outcome=outcome, resolution=resolution, resolved_by=actor, settled_at=now, **found
    ):
        raise _SettledMeanwhile


def _only(attempt: Attempt) -> QuerySet[Attempt]:
    return Attempt.objects.filter(pk=attempt.pk)


def _open_attempt(order: Order) -> Attempt | None:
    return order.attempts.filter(outcome=Outcome.UNKNOWN).order_by("-number").first()


def _refuse_if_claimed(order: Order, external_id: str) -> None:
    rows = same_account(order.provider)
    other = Order.objects.filter(provider__in=rows, external_id=external_id).first()
    if other:
        raise CannotLink(f"{external_id} is already our order {other}.")


def _ask(client: TellsOneStatus, external_id: str) -> Progress:
    try:
        said = client.statuses_once([external_id])[external_id]
    except ProviderError as error:
        raise CannotLink(f"The provider could not be asked: {error.reason}") from error
    if isinstance(said, Unreadable):
        raise CannotLink(f"The provider does not know {external_id}: {said.reason}")
    return said


def _compare_charge(order: Order, said: Progress) -> None:
    low, high = order.estimate, order.estimate_high or order.estimate
    if said.charge is None or low is None or high is None:
        return
    if not low * (1 - CHARGE_TOLERANCE) <= said.charge <= high * (1 + CHARGE_TOLERANCE):
        raise ChargeDiffers(
            f"The provider charged {said.charge.normalize():f} for it; "
            f"this order should cost {low.normalize():f}."
        )
