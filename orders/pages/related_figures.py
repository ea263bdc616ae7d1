"""A parent and its children, in figures for a page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import BigIntegerField, Case, Count, F, OuterRef, Q, Subquery, Sum, When
from django.utils.translation import gettext as _

from core.money import MoneySum
from core.regional.numbers import grouped
from core.rows.numbers import row_number

from ..models import Order
from ..status import AT_PROVIDER, FINAL, Status

_DONE = Q(status=Status.COMPLETED)
# What `Order.delivered` believes: fresh orders often say that nothing remains.
_TOLD = Q(remains__gte=0, remains__lte=F("units")) & ~Q(status__in=sorted(AT_PROVIDER), remains=0)
_DELIVERED = Case(
    When(_TOLD, then=F("units") - F("remains")),
    When(_DONE, then=F("units")),
    default=None,
    output_field=BigIntegerField(),
)


@dataclass(frozen=True, slots=True)
class Parts:
    """The runs of a drip-feed or the posts of a subscription.

    `total` is how many there are to be, None where there is no limit. `charge` and `delivered`
    are the sums of what the begun ones have told, None while none has; what came back apart is not
    in it.
    """

    name: str
    begun: int
    open: int
    total: int | None
    charge: Decimal | None
    delivered: int | None
    ends_on: date | None

    @property
    def ended(self) -> int:
        return self.begun - self.open

    @property
    def left(self) -> int | None:
        """Not begun yet."""
        return None if self.total is None else max(0, self.total - self.begun)


def parts_of(order: Order) -> Parts | None:
    """The parts of a drip-feed or subscription; None for an order that has none."""
    name = _name_of_parts(order)
    if not name:
        return None
    sums = order.children.aggregate(
        begun=Count("pk"),
        open=Count("pk", filter=~Q(status__in=sorted(FINAL))),
        charge=MoneySum("charge"),
        refund=MoneySum("refund"),
        delivered=Sum(_DELIVERED),
    )
    refund = sums.pop("refund")
    if sums["charge"] is not None:
        sums["charge"] -= refund or Decimal(0)
    begun = max(sums.pop("begun"), order.parts_done or 0)
    ends_on = _day(str(order.payload.get("expiry", "")))
    return Parts(name=name, begun=begun, total=_total(order), ends_on=ends_on, **sums)


def sum_parts(orders: Iterable[Order]) -> None:
    """Write on each parent among these rows what its parts have delivered; one query for all."""
    parents = {order.pk: order for order in orders if order.parts_done and order.units is not None}
    if not parents:
        return
    told = Order.objects.filter(parent__in=parents).values("parent").annotate(sum=Sum(_DELIVERED))
    sums = dict(told.values_list("parent", "sum"))
    for pk, parent in parents.items():
        parent.delivered_by_parts = sums.get(pk)


def name_parts(orders: Iterable[Order]) -> None:
    """Write on each of these rows that a provider started for another order which one it is: it
    was not bought by itself."""
    parts = {order.pk: order for order in orders if order.parent_id is not None}
    if not parts:
        return
    parents = Order.objects.only("payload", "parts_done").in_bulk(
        {order.parent_id for order in parts.values()}
    )
    siblings = Order.objects.filter(parent=OuterRef("parent"), pk__lte=OuterRef("pk"))
    count = siblings.order_by().values("parent").annotate(count=Count("pk")).values("count")
    numbers = Order.objects.filter(pk__in=parts).annotate(number=Subquery(count))
    for pk, number in numbers.values_list("pk", "number"):
        parent = parents[parts[pk].parent_id]
        parts[pk].part_words = _words_of_part(parent, number)


def _words_of_part(parent: Order, number: int) -> str:
    total, of = _total(parent), {"parent": parent, "number": grouped(number)}
    if _name_of_parts(parent) == "run" and total:
        return _("Run %(number)s of %(total)s of %(parent)s") % (of | {"total": grouped(total)})
    if _name_of_parts(parent) == "post":
        return _("Post %(number)s of %(parent)s") % of
    return _("Part %(number)s of %(parent)s") % of


def _name_of_parts(order: Order) -> str:
    if "runs" in order.payload:
        return "run"
    if "username" in order.payload and "min" in order.payload:
        return "post"
    return "order" if order.parts_done else ""


def _total(order: Order) -> int | None:
    """Runs, or future and existing posts together; `posts` of 0 or none means without limit."""
    if "runs" in order.payload:
        return _count(order.payload["runs"])
    future, existing = (_count(order.payload.get(name)) for name in ("posts", "old_posts"))
    if not future and "delay" in order.payload:
        return None
    return ((future or 0) + (existing or 0)) or None


def _count(text: object) -> int | None:
    return row_number(text or "")


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%d/%m/%Y").date()  # noqa: DTZ007  (a day has no zone)
    except ValueError:
        return None
