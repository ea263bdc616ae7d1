"""The small forms of a person's decision about an order whose outcome is unknown."""

from __future__ import annotations

from django import forms

from core.forms import NoteField, PlainTextField, TablerForm


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
    note = NoteField(label="Why", missing="Say why, for whoever looks at this order later.")
