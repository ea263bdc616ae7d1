"""An order that rested is sent after all: what it may buy a second time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from django import forms

from core.forms import TablerForm

from .. import repeats
from ..models import Order, OrderQuerySet, UnmatchedOrder
from ..repeats import Lately, name_of, spelled, untold
from ..status import RESTING
from .left_sends import BOUGHT_TICK, left_sends, names_of, sends_beside, why_asked


def same_beside(order: Order, now: datetime) -> OrderQuerySet:
    """What an order that rested buys a second time when it is sent after all: the same that is
    open, closed as unknown, or placed by anybody in the last day. It may be long ago that it was
    placed itself, and nobody was asked about it since."""
    lately = Lately.by_anybody(now)
    same = Order.objects.with_same_payload(order.service, order.link_key, order.units, lately)
    return same.exclude(pk=order.pk).order_by("-pk")


def words_beside(orders: Sequence[Order], now: datetime) -> dict[int, str]:
    """Why each of these is not sent after all without a word, in what `refuse_beside` says of it,
    by their numbers: for many in a few queries."""
    same = Order.objects.same_of_many(orders, Lately.by_anybody(now))
    sends, words = left_sends({order.link_key for order in orders}), dict[int, str]()
    for order in orders:
        others = [one for one in same[order.pk] if one.pk != order.pk]
        place = (order.provider_id, order.service.external_id, order.link_key)
        left = [send for send in sends.get(place, ()) if send.form_key != order.form_key]
        if others:
            beside = others[-1]
            words[order.pk] = repeats.why_asked(beside.pk, beside.status, beside.created_at)
        elif left:
            words[order.pk] = why_asked(left[0])
    return words


class BesideForm(TablerForm, forms.Form):
    """Where the same is there `beside` an order that is sent after all, or among the `sends`
    without an order here, `place_anyway` must name each of these."""

    place_anyway = forms.CharField(required=False)

    beside: Sequence[Order] = ()
    sends: Sequence[UnmatchedOrder] = ()

    def told_of(self, order: Order, now: datetime) -> Self:
        """Read what may be bought a second time if this order is sent after all."""
        if order.status in RESTING:
            self.beside = list(same_beside(order, now).select_related("placed_by"))
            self.sends = sends_beside(order.service, order.link_key, order.form_key)
        return self

    def meant(self) -> dict[str, Any]:
        """What `requeue_order` and `release_order` take once it is valid."""
        return {"beside": self._order_names, "told_sends": names_of(self.sends)}

    @staticmethod
    def nothing_meant() -> dict[str, Any]:
        return {"beside": (), "told_sends": ()}

    @property
    def send_words(self) -> list[str]:
        return list(map(why_asked, self.sends))

    @property
    def consent(self) -> str:
        """What `place_anyway` must say."""
        return spelled(self._names)

    @property
    def is_consented(self) -> bool:
        return not untold(self._names, str(self["place_anyway"].value() or ""))

    @property
    def _order_names(self) -> list[str]:
        return [name_of(order.form_key, order.status) for order in self.beside]

    @property
    def _names(self) -> list[str]:
        return [*sorted(names_of(self.sends)), *self._order_names]

    @property
    def is_beside_more(self) -> bool:
        """It is no second one: there is more than one already."""
        return len(self.beside) + len(self.sends) > 1

    @property
    def asked_name(self) -> str:
        """What a page carries that has asked."""
        return self.add_prefix("asked")

    @property
    def tick_errors(self) -> list[str]:
        """That the tick is missing, to whoever was asked for it: the first press of a button on a
        page that did not ask is nothing done wrong."""
        is_asked, errors = self.asked_name in self.data, self["place_anyway"].errors
        return [str(words) for words in errors if is_asked or words != BOUGHT_TICK]

    def clean_place_anyway(self) -> str:
        if not self.is_consented:
            raise forms.ValidationError(BOUGHT_TICK)
        return str(self.cleaned_data["place_anyway"])
