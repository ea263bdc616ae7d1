"""What staff write on an order, or on many at once."""

from __future__ import annotations

from typing import Any

from django import forms

from core.forms import PlainTextField, TablerForm

from ..models import Order
from ..tags import NotATag, read_tags
from .bulk_action import MOST
from .chosen_orders import NotChosen, read

LONGEST_REFERENCE, LONGEST_NOTE, LONGEST_TAGS = 80, 500, 198


class TagsField(PlainTextField):
    """Words in, the column's spelling out."""

    def clean(self, value: Any) -> str:
        try:
            return read_tags(super().clean(value) or "")
        except NotATag as error:
            raise forms.ValidationError(str(error)) from error


def _tags(label: str, **more: Any) -> TagsField:
    return TagsField(
        required=False,
        empty_value="",
        label=label,
        max_length=LONGEST_TAGS,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        **more,
    )


def _note(label: str, **more: Any) -> forms.CharField:
    rows = forms.Textarea(attrs={"rows": 2})
    return forms.CharField(
        required=False, label=label, max_length=LONGEST_NOTE, widget=rows, **more
    )


class AboutForm(TablerForm, forms.Form):
    """Reference, note and tags of one order."""

    reference = PlainTextField(
        required=False,
        empty_value="",
        label="Customer's reference",
        max_length=LONGEST_REFERENCE,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    note = _note("Note on the order")
    tags = _tags("Tags", help_text="Words apart by spaces. Search for one with tag:word.")

    @classmethod
    def of(cls, order: Order) -> AboutForm:
        initial = {"reference": order.reference, "note": order.note, "tags": order.tags.strip()}
        return cls(initial=initial)


class BulkForm(TablerForm, forms.Form):
    """What every confirmation carries: its token, and what was shown when it was drawn."""

    submission = forms.UUIDField(widget=forms.HiddenInput)
    chosen = forms.CharField(widget=forms.HiddenInput)

    def clean_chosen(self) -> list[int]:
        """The ids of exactly the orders that were shown."""
        try:
            return read(self.cleaned_data["chosen"], most=MOST)
        except NotChosen:
            raise forms.ValidationError("The form had lost its orders.") from None

    @property
    def terms(self) -> dict[str, Any]:
        """What the action needs beside the orders."""
        carried = BulkForm.base_fields
        return {name: value for name, value in self.cleaned_data.items() if name not in carried}


class BulkNoteForm(BulkForm):
    """A note and tags for many orders. A note takes the place of the one before."""

    note = _note("Note", help_text="It takes the place of the note that an order has.")
    tags = _tags("Tags to add", help_text="Words apart by spaces.")

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not values.get("note") and not values.get("tags"):
            self.add_error("note", "Write a note, or a tag to add.")
        return values


class BulkReorderForm(BulkForm):
    """Buying again asks once more about links that are busy. `shown_terms` is the digest of
    the terms of their services that the confirmation was drawn with."""

    shown_terms = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    beside_open = forms.BooleanField(
        required=False,
        label="Also those whose link has an open order for the same service.",
    )
