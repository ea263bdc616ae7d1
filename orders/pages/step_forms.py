"""The small forms of an order's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from core.forms import NoteField, TablerForm

from ..models import Order
from ..placing.order_form import TICK
from ..repeats import name_of, spelled, untold
from ..status import Flag


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


class QueueAgainForm(TablerForm, forms.Form):
    """A second send is a second purchase if somebody was wrong: asked for twice. Where the same
    is there `beside` it, `place_anyway` must name each of these orders."""

    sure = forms.BooleanField(
        label="I am sure that the provider does not have this order.",
        error_messages={"required": "Tick this to queue the order again."},
    )
    place_anyway = forms.CharField(required=False)

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, beside: Sequence[Order] = ()
    ) -> None:
        super().__init__(data)
        self.beside = beside

    @property
    def consent(self) -> str:
        """What `place_anyway` must say."""
        return spelled(self._names)

    @property
    def is_consented(self) -> bool:
        return not untold(self._names, str(self["place_anyway"].value() or ""))

    @property
    def _names(self) -> list[str]:
        return [name_of(order.form_key) for order in self.beside]

    def clean_place_anyway(self) -> str:
        if not self.is_consented:
            raise forms.ValidationError(TICK)
        return str(self.cleaned_data["place_anyway"])
