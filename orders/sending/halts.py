"""Placing and lifting halts: while one stands, no write of its kinds goes to the provider.

Orders stay queued behind it, and nothing has to be moved when it is lifted. It is looked for when
an order is claimed and once more just before the first byte.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, Max, Min, Model, Q
from django.db.models.functions import Coalesce

from core import clocks
from core.models import User
from core.money import MoneySum, plain
from core.texts import LONGEST_TEXT
from providers.identity import rows_of
from providers.models import Provider, ProviderHealth

from ..models import Attempt, CancelRequest, DatabaseId, Halt, Order, Recovery, Refill
from ..status import NOT_LOST, HaltKind, Outcome, Write

log = logging.getLogger(__name__)
MAY_LET_CANCELS = (HaltKind.STOP, HaltKind.INCIDENT, HaltKind.EXPOSURE)
THROUGH: Final[dict[str, type[Model]]] = {
    "orders_through": Order,
    "refills_through": Refill,
    "cancels_through": CancelRequest,
}
CANCELS_GO, CANCELS_WAIT = "Cancels go through all the same.", "Cancels wait from now on."


def sending_is_halted(provider_id: int) -> bool:
    """No order may be sent to this account."""
    return is_halted(provider_id, Write.ADD)


def _other_row_sends(provider_id: int, rows: list[int]) -> bool:
    """A second row of this account has an order on its way: one at a time is for both together."""
    others = [row for row in rows if row != provider_id]
    if not others:
        return False
    return Attempt.objects.filter(provider__in=others, outcome=Outcome.IN_FLIGHT).exists()


def is_halted(provider_id: int, write: Write) -> bool:
    """No write of this kind may be sent to this account."""
    rows = rows_of(provider_id)
    if Halt.objects.against(write, rows).exists():
        return True
    return write is Write.ADD and _other_row_sends(provider_id, rows)


def may_be_another_database(now: datetime) -> bool:
    """It was taken back to an earlier day and nobody has accepted it yet, or no machine that sends
    has lately seen that it was not: an id that is unknown here may be that of an order which was
    sent since."""
    if Halt.objects.standing().filter(kind=HaltKind.RESTORED).exists():
        return True
    compared_at = DatabaseId.objects.filter(pk=1).values_list("compared_at", flat=True).first()
    if compared_at is None:
        return False
    lately = now - timedelta(seconds=clocks.COMPARED_SECONDS) <= compared_at
    return not lately or compared_at > clocks.furthest(now, 0)  # by a clock that was ahead


def place_halt(
    kind: HaltKind,
    *,
    now: datetime,
    provider: Provider | None = None,
    reason: str = "",
    actor: User | None = None,
    lets_cancels: bool = False,
) -> bool:
    """Stop sending to one account, or with no provider to all. False: such a halt stood already."""
    halt = Halt(
        kind=kind, provider=provider, reason=reason[:LONGEST_TEXT], placed_at=now, placed_by=actor
    )
    if lets_cancels:
        halt.lets_cancels, halt.cancels_said_at, halt.cancels_said_by = True, now, actor
    same = Halt.objects.standing().filter(kind=kind, provider=provider)
    with transaction.atomic():
        if same.exists():
            return False
        if kind == HaltKind.RESTORED:
            for column, model in THROUGH.items():
                setattr(halt, column, newest_row(model))
        Halt.objects.bulk_create([halt], ignore_conflicts=True)
        if provider is not None:
            words = f"{halt.get_kind_display()}. {reason}".strip()
            words += f" {CANCELS_GO}" if lets_cancels else ""
            provider.remember(words, now=now, actor=actor)
    return True


def newest_row(model: type[Model]) -> int:
    """The number of the newest, which no clock moves; 0: there is none."""
    newest = model._default_manager.aggregate(newest=Max("pk"))["newest"]
    return int(newest or 0)


def number_restored_stops() -> None:
    """Give a standing stop that a release before this placed, without numbers, those of now, once:
    all that waits is listed until then, and what comes later is none of what stood there."""
    unnumbered = Q(orders_through=None) | Q(refills_through=None) | Q(cancels_through=None)
    stops = Halt.objects.standing().filter(unnumbered, kind=HaltKind.RESTORED)
    if stops.exists():
        newest = {name: Coalesce(name, newest_row(model)) for name, model in THROUGH.items()}
        stops.update(**newest)


def let_cancels(halt: Halt, *, let: bool, actor: User, now: datetime) -> bool:
    """Have cancels go through this stop, or wait behind it like all else. False: it is over, it is
    of a kind that nothing passes, or that was said already."""
    mine = Halt.objects.standing().filter(pk=halt.pk, kind__in=MAY_LET_CANCELS)
    with transaction.atomic():
        said = {"lets_cancels": let, "cancels_said_at": now, "cancels_said_by": actor}
        if not mine.filter(lets_cancels=not let).update(**said):
            return False
        if halt.provider is not None:
            halt.provider.remember(CANCELS_GO if let else CANCELS_WAIT, now=now, actor=actor)
    log.warning("stop %s: %s (user %s)", halt.pk, CANCELS_GO if let else CANCELS_WAIT, actor.pk)
    return True


def lift_halt(
    kind: HaltKind,
    *,
    now: datetime,
    provider: Provider | None = None,
    actor: User | None = None,
    note: str = "",
    only: int | None = None,
) -> bool:
    """Let orders go again. False: it was lifted already. After an incident they go far apart.

    `only` is the number of the one that a person looked at: none that came after it is lifted.
    """
    standing = Halt.objects.standing().filter(kind=kind, provider=provider)
    if only is not None:
        standing = standing.filter(pk=only)
    with transaction.atomic():
        if not standing.update(lifted_at=now, lifted_by=actor, note=note[:LONGEST_TEXT]):
            return False
        if provider is not None:
            words = f"Ended: “{HaltKind(kind).label}”. {note}".strip()
            provider.remember(words, now=now, actor=actor)
            if kind == HaltKind.INCIDENT:
                ProviderHealth.objects.filter(provider=provider).update(
                    eased_until=now + timedelta(seconds=clocks.EASED_SECONDS)
                )
    return True


def note_lost_answer(attempt: Attempt, *, now: datetime) -> None:
    """Halt the account until the order has been looked for; after too many, until a person has
    seen it. In the transaction that makes the attempt unknown."""
    provider = Provider.objects.get(pk=attempt.provider_id)
    one_at_a_time(provider)
    place_halt(
        HaltKind.ANSWER_LOST,
        now=now,
        provider=provider,
        reason=f"Nobody knows whether order #{attempt.order_id} is there.",
    )
    if reason := _too_many(provider, now):
        place_halt(HaltKind.EXPOSURE, now=now, provider=provider, reason=reason)


def lift_if_resolved(provider: Provider, *, now: datetime) -> bool:
    """Lift the halt after a lost answer, once each of them is resolved or has been looked for."""
    waiting = Attempt.objects.filter(
        provider=provider, outcome=Outcome.UNKNOWN, resolved_by=None, searched_at=None
    )
    if waiting.exists() or not Halt.objects.standing().filter(
        kind=HaltKind.ANSWER_LOST, provider=provider
    ):
        return False
    with transaction.atomic():
        # Who loses the next answer this moment, places theirs after ours is lifted.
        one_at_a_time(provider)
        if waiting.exists():
            return False
        return lift_halt(HaltKind.ANSWER_LOST, now=now, provider=provider)


def one_at_a_time(provider: Provider) -> None:
    """Until this transaction ends nobody else places or lifts a halt of this account, or gives one
    of its ids to an order where no index tells two of them apart: the row of its first row is
    written, which PostgreSQL makes others wait for and SQLite's transactions do
    anyway."""
    rules, _ = Recovery.objects.get_or_create(provider_id=rows_of(provider.pk)[0])
    Recovery.objects.filter(pk=rules.pk).update(enabled=F("enabled"))


def _too_many(provider: Provider, now: datetime) -> str:
    """Why this account has lost more than staff want to have open; empty if it has not. What its
    rows have lost is counted together, and the narrowest of their limits holds."""
    Recovery.objects.get_or_create(provider=provider)
    rows = rows_of(provider.pk)
    limits = Recovery.objects.filter(provider__in=rows)
    in_a_row = limits.filter(lost_in_a_row__gt=0).aggregate(least=Min("lost_in_a_row"))["least"]
    amount = limits.aggregate(least=Min("lost_amount"))["least"]
    since = now - timedelta(seconds=clocks.EXPOSURE_WINDOW_SECONDS)
    known = {"lifted_at__gt": since, "lifted_at__lte": clocks.furthest(now, 0)}
    acknowledged = (
        Halt.objects.filter(kind=HaltKind.EXPOSURE, provider__in=rows, **known)
        .newest_first()
        .values_list("lifted_at", flat=True)
        .first()
    )
    lost = Attempt.objects.filter(provider__in=rows, unknown_at__gt=acknowledged or since)
    lost = lost.exclude(code__in=NOT_LOST)
    count = lost.count()
    if in_a_row is not None and count >= in_a_row:
        minutes = clocks.EXPOSURE_WINDOW_SECONDS // 60
        return f"{count} answers were lost within {minutes} minutes."
    open_ones = lost.filter(outcome=Outcome.UNKNOWN)
    if amount is None:
        return ""
    if Order.objects.without_bound().filter(pk__in=open_ones.values("order")).exists():
        return "An order that may cost any amount is among those whose answer was lost."
    at_stake = open_ones.aggregate(total=MoneySum("order__estimate_high"))["total"]
    if at_stake is not None and at_stake > amount:
        return f"{plain(at_stake)} {provider.currency} are in orders whose answer was lost."
    return ""
