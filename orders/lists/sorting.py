"""What the orders list may be sorted by.

By number it is for a list of any length. All else the database sorts anew each time the list is
drawn, so it is for lists of up to `tabs.COUNT_CAP` orders: an index for each would make every
status that is written dearer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.models import Case, F, FloatField, IntegerField, TextField, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, Concat, Lower
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.rows.keyset import rows_beside

from ..models import Order, OrderQuerySet
from ..status import Status
from .csv_export import AGREED_NAME

VALUE: Final = "sort_value"


@dataclass(frozen=True, slots=True)
class Sort:
    """`value` is never null; None is the number of the order. Equal ones stand by number."""

    label: Promise
    value: Combinable | None = None
    is_descending: bool = True

    @property
    def keys(self) -> tuple[str, ...]:
        """As `keyset_page` takes them."""
        step = "-" if self.is_descending else ""
        return (f"{step}pk",) if self.value is None else (f"{step}{VALUE}", f"{step}pk")

    def valued(self, orders: OrderQuerySet) -> OrderQuerySet:
        """The orders, each with what it is sorted by."""
        return orders if self.value is None else orders.annotate(**{VALUE: self.value})


def _number(column: str) -> Combinable:
    return Cast(F(column), FloatField())  # SQLite keeps money as text; a float sorts well enough


_REFERENCE = Concat(  # those without one come last
    Case(When(reference="", then=Value("1")), default=Value("0"), output_field=TextField()),
    Lower("reference"),
    output_field=TextField(),
)
_STATUS = Case(
    *(When(status=status, then=Value(place)) for place, status in enumerate(Status.values)),
    output_field=IntegerField(),
)
_COST = Coalesce(
    _number("charge") - Coalesce(_number("refund"), Value(0.0)),
    _number("estimate"),
    Value(0.0),
    output_field=FloatField(),
)

NEWEST: Final = "newest"
OLDEST: Final = "oldest"
SORTS: Final = {
    NEWEST: Sort(_("Newest first")),
    OLDEST: Sort(_("Oldest first"), is_descending=False),
    "changed": Sort(_("Latest change first"), F("changed_at")),
    "reference": Sort(_("Reference, A to Z"), _REFERENCE, is_descending=False),
    "service": Sort(_("Service, A to Z"), Lower(AGREED_NAME), is_descending=False),
    "status": Sort(_("Status"), _STATUS, is_descending=False),
    "remaining": Sort(_("Most remaining first"), Coalesce("remains", Value(-1))),
    "dearest": Sort(_("Highest cost first"), _COST),
    "cheapest": Sort(_("Lowest cost first"), _COST, is_descending=False),
}


def beside(orders: OrderQuerySet, sort: Sort, order: Order) -> tuple[Order | None, Order | None]:
    """The orders above and below this one in the list, which it may have left; None where the
    list ends."""
    names = [key.removeprefix("-") for key in sort.keys]
    [edge] = sort.valued(Order.objects.filter(pk=order.pk)).values_list(*names)
    return rows_beside(sort.valued(orders), keys=sort.keys, edge=list(edge))
