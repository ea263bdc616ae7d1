"""What the list of orders may be narrowed by. A filter that makes no sense narrows nothing."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import FilterForm, PlainTextField
from core.models import User
from core.regional.desk_days import day_start
from core.texts import without_unseen
from providers.forms.fields import provider_field
from providers.models import Service

from ..models import Order, OrderQuerySet
from ..status import GROUPS, Status
from .sorting import NEWEST, SORTS, Sort
from .tabs import COUNT_CAP, counted

SEARCH_LENGTH = 2_000  # a hundred ids
FOLDED = ("since", "until", "ended", "kin", "sort", "mine")


class SearchField(PlainTextField):
    """Words as they were pasted, without what nobody can see."""

    def to_python(self, value: Any) -> str | None:
        return super().to_python(without_unseen(value or "").replace("\r", " ").replace("\n", " "))


class OrderFilter(FilterForm[OrderQuerySet]):
    q = SearchField(
        required=False,
        max_length=SEARCH_LENGTH,
        label="Search",
        widget=forms.TextInput(
            attrs={
                "type": "search",
                "placeholder": _("Ids, link, provider, person, tag:word"),
            }
        ),
    )
    status = forms.ChoiceField(
        required=False, label="Status", choices=[("", "Any status"), *Status.choices]
    )
    provider = provider_field()
    since = forms.DateField(
        required=False, label="From", widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        required=False, label="Until", widget=forms.DateInput(attrs={"type": "date"})
    )
    ended = forms.DateField(
        required=False, label=_("Ended on"), widget=forms.DateInput(attrs={"type": "date"})
    )
    kin = forms.ChoiceField(  # its name stands in addresses that people keep
        required=False,
        label="Drip-feeds and subscriptions",
        choices=[
            ("", "With all they started"),
            ("placed", "Without what they started"),
            ("parents", "Only these"),
            ("parts", "Only what they started"),
        ],
    )
    mine = forms.BooleanField(required=False, label="Placed by me")
    service = forms.ModelChoiceField(
        Service.objects.select_related("provider"), required=False, widget=forms.HiddenInput
    )
    sort = forms.ChoiceField(
        required=False,
        choices=[("", _("As you chose")), *((name, sort.label) for name, sort in SORTS.items())],
    )
    group = forms.ChoiceField(
        required=False, choices=[(name, name) for name in ("", *GROUPS)], widget=forms.HiddenInput
    )

    lookups = {"status": "status", "provider": "provider", "service": "service"}
    not_counted = frozenset({"group", "sort"})  # the tab, and the order of the rows

    def __init__(self, data: Any, *, user: User) -> None:
        self.user = user
        super().__init__(data)

    @property
    def group_name(self) -> str:
        return str(self.cleaned_data.get("group") or "")

    @property
    def sort_name(self) -> str:
        """A name of `SORTS`: what the address asks for, else what the person has chosen."""
        name = self.wanted.get("sort") or self.user.chosen.list_sort
        return name if name in SORTS else NEWEST

    @property
    def asked_sort(self) -> Sort:
        return SORTS[self.sort_name]

    @property
    def remembered_as(self) -> str:
        """What the count of its orders is remembered under."""
        return f"{self.query()}&by={self.user.pk}"

    def sort_of(self, orders: OrderQuerySet, *, count: int | None = None) -> Sort:
        """What these orders, its own, are sorted by: the newest first where there are too many for
        what was asked. `count` as their tab tells it; None: they are counted."""
        if self.asked_sort.value is None:
            return self.asked_sort
        count = counted(orders, self.remembered_as) if count is None else count
        return self.asked_sort if count <= COUNT_CAP else SORTS[NEWEST]

    @property
    def has_mistake(self) -> bool:
        """One of those that are folded away was mistyped."""
        return any(self[name].errors for name in FOLDED)

    def chips(self) -> list[tuple[str, str, str]]:
        """What narrows the list besides its tab: field, label and the value in words."""
        return [
            (name, str(self.fields[name].label or name.capitalize()), self._in_words(name, value))
            for name, value in self.wanted.items()
            if name not in self.not_counted
        ]

    def _in_words(self, name: str, value: Any) -> str:
        choices = dict(getattr(self.fields[name], "choices", ())) if isinstance(value, str) else {}
        return "" if value is True else str(choices.get(value, value))

    def asked(self) -> list[tuple[str, str]]:
        """What the query string asks for, tab included, cursor and strangers left out."""
        named = ((name, str(self[name].value() or "")) for name in self.fields)
        return [(name, value) for name, value in named if value]

    def query(self) -> str:
        """The same as a query string."""
        return urlencode(self.asked())

    def narrow_q(self, orders: OrderQuerySet, words: str) -> OrderQuerySet:
        return orders.searching(words)

    def narrow_since(self, orders: OrderQuerySet, day: date) -> OrderQuerySet:
        return orders.filter(created_at__gte=_midnight(day))

    def narrow_until(self, orders: OrderQuerySet, day: date) -> OrderQuerySet:
        return orders.filter(created_at__lt=_midnight(day, days=1))

    def narrow_ended(self, orders: OrderQuerySet, day: date) -> OrderQuerySet:
        """As a list of ids: beside a status SQLite would walk all that ever had it."""
        ended = Order.objects.filter(
            ended_at__gte=_midnight(day), ended_at__lt=_midnight(day, days=1)
        )
        return orders.filter(pk__in=ended.values("pk"))

    def narrow_kin(self, orders: OrderQuerySet, which: str) -> OrderQuerySet:
        return orders.of_related(which)

    def narrow_mine(self, orders: OrderQuerySet, _ticked: bool) -> OrderQuerySet:
        return orders.filter(placed_by=self.user)


def _midnight(day: date, *, days: int = 0) -> datetime:
    """When this day of the desk (or the one `days` later) begins."""
    earliest, latest = date(1970, 1, 1), date(9999, 1, 1)
    day = min(max(day, earliest), latest) + timedelta(days=days)
    return day_start(day)
