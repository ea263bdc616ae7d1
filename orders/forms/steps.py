"""The small forms of an order's page and of settling one."""

from __future__ import annotations

from typing import Any

from django import forms

from core.forms import TablerForm

from ..status import Flag
from .fields import PlainTextField

LONGEST_NOTE = 500


class NoteForm(TablerForm, forms.Form):
    """A line for the order's history."""

    note = forms.CharField(
        label="Note", max_length=LONGEST_NOTE, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="history-%s", **kwargs)  # the order has a note of its own


class ClearFlagForm(TablerForm, forms.Form):
    """Which flag was looked into, and what came of it."""

    flag = forms.ChoiceField(choices=[one for one in Flag.choices if one[0]])
    found = forms.CharField(
        label="What did you find?",
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 2, "form": "flag-step"}),
        error_messages={"required": "Say what you found, for whoever looks at this order later."},
    )


class QueueAgainForm(TablerForm, forms.Form):
    """A second send is a second purchase if somebody was wrong: asked for twice."""

    sure = forms.BooleanField(
        label="I am sure that the provider does not have this order.",
        error_messages={"required": "Tick this to queue the order again."},
    )


class LinkForm(TablerForm, forms.Form):
    """Which of the provider's orders this one is."""

    external_id = PlainTextField(
        label="The provider's order id",
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    although_charge_differs = forms.BooleanField(
        required=False, label="Link it although the charge differs."
    )

    def clean_external_id(self) -> str:
        """As the provider writes it, without the "#" that people put before it."""
        external_id: str = self.cleaned_data["external_id"].removeprefix("#").strip()
        if not external_id.isascii() or not external_id.isprintable() or "," in external_id:
            raise forms.ValidationError("This does not look like an order id.")
        if not external_id or " " in external_id:
            raise forms.ValidationError("Write one order id, without spaces.")
        return external_id


class NotPlacedForm(TablerForm, forms.Form):
    sure = forms.BooleanField(
        label="I have looked at the provider's own list of orders: it is not there.",
        error_messages={"required": "Tick this once you have looked."},
    )


class GiveUpForm(TablerForm, forms.Form):
    note = forms.CharField(
        label="Why",
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say why, for whoever looks at this order later."},
    )


class AcknowledgeForm(TablerForm, forms.Form):
    """The database is accepted as it is."""

    note = forms.CharField(
        label="What happened, and what you looked at",
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say what happened, for whoever asks later."},
    )
    sure = forms.BooleanField(
        label="I have looked through the lists: what is still queued was not sent.",
        error_messages={"required": "Tick this once you have looked through them."},
    )


class TakenForm(forms.Form):
    """Which order of ours was sent after all."""

    order = forms.IntegerField(min_value=1)
