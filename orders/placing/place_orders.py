"""What staff do with an order before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F

from core.failpoints import failpoint
from core.models import User
from core.rows.constraints import raise_unless_broken
from core.rows.durable import durable_transaction
from providers.identity import lock_service
from providers.models import Provider, ProviderHealth

from ..draft import OrderDraft
from ..limits import check_limits
from ..models import EventKind, Order, OrderBatch, OrderQuerySet
from ..repeats import Lately, name_of, why_asked
from ..shown import CHANGED, of_hold, refuse_unless_shown, restores
from ..status import HoldReason, Status
from ..terms import Terms
from . import left_sends, sent_before
from .before_sending import (
    LOOKED_INTO_FIRST,
    why_not_held,
    why_not_queued_again,
    why_not_released,
    why_not_withdrawn,
)
from .insert_order import insert
from .sent_after_all import same_beside

RESTORED = "The database was put back a moment ago, and this may be bought already."
MOST_RACES = 5  # lost in a row against sweeps, before it is left as it is


class NotAgreed(Exception):
    """Nothing was written: what the person had agreed to changed at the last moment.

    Says how, in words; `field` is the column of a pasted line that may overrule it, `beside` names
    what they tell of.
    """

    def __init__(self, words: str, field: str = "", beside: str = "") -> None:
        super().__init__(words)
        self.field, self.beside = field, beside


def place_order(
    draft: OrderDraft,
    *,
    placed_by: User | None,
    now: datetime,
    starts_at: datetime | None = None,
    batch: OrderBatch | None = None,
    reference: str = "",
    note: str = "",
    behind: Order | None = None,
    before: Callable[[], object] | None = None,
    after: Callable[[Order], object] | None = None,
) -> tuple[Order, bool]:
    """Queue the order; the same form key twice is the same order, and the first payload stands.

    Returns the order and whether this call made it. It is held until `starts_at`, while the
    order `behind` which it is to stand keeps their link busy, and at a paused provider; it is
    unconfirmed where its form key was sent before the database was put back.
    `before` and `after` belong to the transaction that writes it; what `before` raises stops it.
    Raises NotAgreed when the service's terms, the person's spending, or what may be bought twice
    with it (`repeats.Lately`) are no longer what the draft was made with.
    """
    known = Order.objects.filter(form_key=draft.form_key).first()
    if known:
        return known, False
    try:
        with durable_transaction():
            if before:
                before()
            said = {"reference": reference, "note": note}
            order = _write_down(draft, placed_by, now, starts_at, batch, behind, **said)
            if after:
                after(order)
            failpoint("place.written")
    except IntegrityError as error:
        raise_unless_broken(error, "orders_order.submission")
        return Order.objects.get(form_key=draft.form_key), False
    except NotAgreed:  # it may be this very form, sent a moment before, that stands in the way
        if known := Order.objects.filter(form_key=draft.form_key).first():
            return known, False
        raise
    failpoint("place.committed")
    return order, True


def _write_down(
    draft: OrderDraft,
    placed_by: User | None,
    now: datetime,
    starts_at: datetime | None,
    batch: OrderBatch | None,
    behind: Order | None,
    **said: str,
) -> Order:
    """In one transaction: look once more whether it is what was agreed to, then write it."""
    lately = Lately.by_anybody(now) if batch else Lately.by(placed_by, now)
    sends = sent_before.unmatched_sends(draft)
    if words := sent_before.objection(draft, sends):
        raise NotAgreed(words)
    account = _check_agreed(draft, placed_by, now, starts_at, lately, batch)
    if not sends and (send := left_sends.not_told(draft)):
        raise NotAgreed(left_sends.why_asked(send), "is_meant", left_sends.name_of(send))
    if draft.known_restores not in (None, restores().word):
        raise NotAgreed(RESTORED)
    order = insert(
        draft,
        placed_by,
        now,
        currency=account.currency,
        starts_at=starts_at,
        behind=behind,
        batch=batch,
        **said,
    )
    order.remember(EventKind.PLACED, now=now, actor=placed_by, after=order.status)
    sent_before.take_over(order, sends, now=now, actor=placed_by)
    return order


def _check_agreed(
    draft: OrderDraft,
    person: User | None,
    now: datetime,
    starts_at: datetime | None,
    lately: Lately | None,
    batch: OrderBatch | None,
) -> Provider:
    """Whoever places an order for a service waits for whoever did it a moment before, so that
    of two people who were told of no open order one is told of the other's, and of two tabs of
    one person one is told of the order that has ended since. Returns the account as it reads
    now."""
    service = lock_service(draft.service)
    if Terms.of(service) != Terms.of(draft.service):
        raise NotAgreed("The terms of this service changed a moment ago: look at them again.")
    if words := check_limits.reserve(draft, person=person, now=now, leaves_at=starts_at):
        raise NotAgreed(words)
    if draft.told_of is None:
        return service.provider
    units = draft.payload.units
    same = Order.objects.with_same_payload(draft.service, draft.link_key, units, lately)
    others = same.exclude(form_key=draft.form_key)
    if draft.with_batch and batch:
        others = others.exclude(batch=batch)
    if found := _not_as_told(others, draft.told_of):
        words = why_asked(found.pk, found.status, found.created_at)
        raise NotAgreed(words, "is_meant", name_of(found.form_key, found.status))
    return service.provider


def _not_as_told(same: OrderQuerySet, told_of: Collection[str]) -> Order | None:
    """The newest of them that nobody was told of, or was told to stand otherwise."""
    newest_first = same.order_by("-pk").only("form_key", "status", "created_at")
    return next(
        (one for one in newest_first if name_of(one.form_key, one.status) not in told_of), None
    )


def withdraw_order(order: Order, *, actor: User | None, now: datetime) -> bool:
    """Take back an order that was not sent, also where the desk itself held or released it since
    it was read. False: it was sent, or a person moved it meanwhile."""
    for _ in range(MOST_RACES):
        if why_not_withdrawn(order):
            return False
        if order.move(Status.WITHDRAWN, now=now, actor=actor):
            return True
        moved = order.events.filter(kind=EventKind.MOVED).order_by("-pk").first()
        if moved is not None and moved.actor_id is not None:
            return False
        order.refresh_from_db()
    return False


def hold_order(order: Order, *, actor: User, now: datetime) -> bool:
    """Keep a queued order from being sent until somebody releases it. False: a worker has taken
    it, or it changed meanwhile. It keeps its place on the link and in the sums of the day."""
    if why_not_held(order):
        return False
    return order.move(Status.HELD, now=now, actor=actor, hold_reason=HoldReason.STAFF)


def release_order(
    order: Order,
    *,
    actor: User,
    now: datetime,
    shown_hold: str | None = None,
    beside: Collection[str] | None = None,
    told_sends: Collection[str] = (),
) -> bool:
    """Send a held order although what it waited for may not have come.

    False: it is held for something else by now, or `why_not_released` has words for it. Releasing
    an order that waits for funds or for the key lets the account be tried again with it. Raises
    NotAgreed when it waits for something else than the page showed (`shown.of_hold`), and as
    `requeue_order` does, unless `beside` is None.
    """
    if why_not_released(order, actor):
        return False
    reason = HoldReason(order.hold_reason)
    with transaction.atomic():
        if shown_hold is not None:  # nobody places the same meanwhile
            lock_service(order.service)
            if shown_hold != of_hold(order):
                raise NotAgreed(CHANGED)
        if beside is not None:
            refuse_beside(order, now, beside, told_sends)
        released = {"released": reason.value}
        if not order.move(Status.QUEUED, now=now, actor=actor, evidence=released, send_after=now):
            return False
        health = ProviderHealth.objects.filter(provider=order.provider_id)
        if reason == HoldReason.FUNDS:
            health.update(funds_refused_at=None)
        elif reason == HoldReason.KEY:
            health.update(key_refused_at=None, next_add_at=None)
    return True


def refuse_beside(
    order: Order, now: datetime, beside: Collection[str], told_sends: Collection[str]
) -> None:
    """In the transaction that queues it; nobody places the same meanwhile."""
    lock_service(order.service)
    if found := _not_as_told(same_beside(order, now), beside):
        raise NotAgreed(why_asked(found.pk, found.status, found.created_at), "place_anyway")
    if send := left_sends.untold_beside(order, told_sends):
        raise NotAgreed(left_sends.why_asked(send), "place_anyway")


def requeue_order(
    order: Order,
    *,
    actor: User,
    now: datetime,
    beside: Collection[str] = (),
    told_sends: Collection[str] = (),
    seen: str | None = None,
) -> bool:
    """Try again an order that is known not to be at the provider: a new attempt.

    False: it is not, or a flag that somebody has to look into was raised since it was read.
    Raises NotAgreed when it may buy a second time what the person was not shown, or does not mean:
    named neither `beside`, as it stands, nor among `told_sends` where it has no order here; and
    NotAsShown where more is known of its tries than `seen`, the word of a page.
    """
    if why_not_queued_again(order):
        return False
    with transaction.atomic():
        refuse_beside(order, now, beside, told_sends)
        refuse_unless_shown(order, seen)
        mine = Order.objects.filter(pk=order.pk).exclude(flag__in=LOOKED_INTO_FIRST)
        if not mine.update(flag=F("flag")):  # so that no flag comes before the move is committed
            return False
        return order.move(Status.QUEUED, now=now, actor=actor, send_after=now, not_sent_count=0)
