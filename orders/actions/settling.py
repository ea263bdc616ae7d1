"""A person decides what became of an order whose answer was lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from django.db import IntegrityError

from core import clocks
from core.clocks import Clock
from core.durable import durable_transaction
from core.models import User
from providers.panel_api import Progress, ProviderError, Unreadable

from ..models import Attempt, Order
from ..status import Outcome, Status
from . import charging, claiming, gates

CHARGE_TOLERANCE = Decimal("0.01")  # providers round; more than this share apart is said


class TellsStatuses(Protocol):
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
    client: TellsStatuses,
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
    to = Status(said.status.value) if said.status else Status.PENDING
    now = clock()
    progress = {"charge": said.charge, "start_count": said.start_count, "remains": said.remains}
    try:
        with durable_transaction():
            _resolve(attempt, Outcome.ACCEPTED, actor, now, external_id=external_id)
            if not order.move(
                to, now=now, actor=actor, text=f"Linked to the provider's order {external_id}.",
                evidence={name: str(value) for name, value in progress.items()},
                external_id=external_id, raw_status=said.raw_status[:80], reason="", **progress,
            ):  # fmt: skip
                raise _SettledMeanwhile
            charging.write_first_charge(order, now=now)
            claiming.watch(order, now=now)
    except _SettledMeanwhile:
        return False
    except IntegrityError:
        raise CannotLink(f"{external_id} was linked to another order a moment ago.") from None
    gates.reopen_if_settled(order.provider, now=now)
    return True


class _SettledMeanwhile(Exception):
    """Rolls the attempt's outcome back with the order that could not be moved."""


def confirm_not_placed(order: Order, *, actor: User, now: datetime) -> bool:
    """A person has made sure that the provider does not have this order. Raises TooEarly."""
    attempt = _open_attempt(order)
    if attempt is None or order.status != Status.UNCONFIRMED:
        return False
    until = not_placed_from(attempt)
    if now < until:
        raise TooEarly(until)
    return _close(order, attempt, Outcome.NOT_PLACED, Status.NOT_PLACED, actor, now,
                  "Confirmed not to be at the provider.")  # fmt: skip


def give_up(order: Order, *, actor: User, note: str, now: datetime) -> bool:
    """Stop looking. The attempt stays unknown, so the order can never be sent again."""
    attempt = _open_attempt(order)
    if attempt is None or order.status != Status.UNCONFIRMED:
        return False
    return _close(order, attempt, Outcome.UNKNOWN, Status.GIVEN_UP, actor, now, note)


def not_placed_from(attempt: Attempt) -> datetime:
    """From when *not placed* may be confirmed: before, the order may still appear there."""
    return attempt.started_at + timedelta(seconds=clocks.NOT_PLACED_GRACE_SECONDS)


def _close(
    order: Order,
    attempt: Attempt,
    outcome: Outcome,
    to: Status,
    actor: User,
    now: datetime,
    text: str,
) -> bool:
    try:
        with durable_transaction():
            _resolve(attempt, outcome, actor, now)
            if not order.move(to, now=now, actor=actor, text=text, reason=text[:500]):
                raise _SettledMeanwhile
    except _SettledMeanwhile:
        return False
    gates.reopen_if_settled(order.provider, now=now)
    return True


def _resolve(
    attempt: Attempt, outcome: Outcome, actor: User, now: datetime, external_id: str = ""
) -> None:
    """Close the attempt by a person's word. Raises when a late answer has closed it already."""
    unresolved = Attempt.objects.filter(pk=attempt.pk, outcome=Outcome.UNKNOWN)
    if not unresolved.update(
        outcome=outcome, resolved_by=actor, settled_at=now, external_id=external_id
    ):
        raise _SettledMeanwhile


def _open_attempt(order: Order) -> Attempt | None:
    return order.attempts.filter(outcome=Outcome.UNKNOWN).order_by("-number").first()


def _refuse_if_claimed(order: Order, external_id: str) -> None:
    other = Order.objects.filter(provider=order.provider_id, external_id=external_id).first()
    if other:
        raise CannotLink(f"{external_id} is already our order {other}.")


def _ask(client: TellsStatuses, external_id: str) -> Progress:
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
