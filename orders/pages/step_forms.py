"""The small forms of an order's page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from django import forms

from core.forms import NoteField, TablerForm

from ..models import Order, UnmatchedOrder
from ..placing.left_sends import names_of, sends_beside, why_asked
from ..placing.order_form import TICK
from ..placing.sent_after_all import same_beside
from ..repeats import name_of, spelled, untold
from ..status import RESTING, Flag


class CommentForm(TablerForm, forms.Form):
    """A line for the order's history."""

    comment = NoteField(
        label="Comment",
        help_text="A line in the history, with your name. It cannot be changed later.",
    )


class ClearFlagForm(TablerForm, forms.Form):
    """Which flag was looked into, and what came of it."""

    flag = forms.ChoiceField(choices=[one for one in Flag.choices if one[0]])
    found = NoteField(
        label="What did you find?",
        max_length=400,
        attrs={"form": "flag-step"},
        missing="Say what you found, for whoever looks at this order later.",
    )


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
        numbers = [order.pk for order in self.beside]
        return {"beside": numbers, "told_sends": names_of(self.sends)}

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
    def _names(self) -> list[str]:
        orders = [name_of(order.form_key) for order in self.beside]
        return [*sorted(names_of(self.sends)), *orders]

    def clean_place_anyway(self) -> str:
        if not self.is_consented:
            raise forms.ValidationError(TICK)
        return str(self.cleaned_data["place_anyway"])


class QueueAgainForm(BesideForm):
    """A second send is a second purchase if somebody was wrong: asked for twice."""

    sure = forms.BooleanField(
        label="I am sure that the provider does not have this order.",
        error_messages={"required": "Tick this to queue the order again."},
    )
