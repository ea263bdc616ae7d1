"""What staff write on an order, or on many at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from core.forms import FormKeyField, NoteField, PlainTextField, TablerForm

from ..annotate import WORDS
from ..limits.drawn_before import DrawnForm
from ..models import Order
from ..shown import CHANGED
from ..tags import NotATag, read_tags
from . import shown_beside, shown_history, shown_holds
from .bulk_action import MOST
from .chosen_orders import NotChosen, read

LOST = "The form had lost its orders."
LONGEST_REFERENCE, LONGEST_TAGS = 80, 198


class TagsField(PlainTextField):
    """Words in, the column's spelling out."""

    def clean(self, value: Any) -> str:
        try:
            return read_tags(super().clean(value) or "")
        except NotATag as error:
            raise forms.ValidationError(str(error)) from error


def _tags(label: str, **more: Any) -> TagsField:
    plain = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    given = {"required": False, "empty_value": "", "max_length": LONGEST_TAGS, "widget": plain}
    return TagsField(**{"label": label, **given, **more})


def _reference(**more: Any) -> PlainTextField:
    plain = forms.TextInput(attrs={"autocomplete": "off"})
    given = {"required": False, "empty_value": "", "max_length": LONGEST_REFERENCE, "widget": plain}
    return PlainTextField(**{"label": "Customer's reference", **given, **more})


def _read(text: str) -> list[int]:
    try:
        return read(text, most=MOST) if text else []
    except NotChosen:
        raise forms.ValidationError(LOST) from None


def _readable(text: str) -> str:
    """The numbers of what was shown, still as text: a job keeps them so."""
    try:
        shown_history.read(text)
    except NotChosen:
        raise forms.ValidationError(LOST) from None
    return text


def _shown() -> forms.CharField:
    """What stood in a field when it was drawn; a draft in the browser keeps it along."""
    kept = forms.HiddenInput(attrs={"data-draft-shown": True})
    return forms.CharField(required=False, widget=kept)


class AboutForm(TablerForm, forms.Form):
    """Reference, note and tags of one order."""

    reference = _reference()
    note = NoteField(label="Note on the order", required=False)
    tags = _tags("Tags", help_text="Separate words with spaces. Search for one with tag:word.")

    shown_reference = _shown()
    shown_note = _shown()
    shown_tags = _shown()

    @classmethod
    def of(cls, order: Order) -> AboutForm:
        words = {"reference": order.reference, "note": order.note, "tags": order.tags.strip()}
        return cls(initial=words | {f"shown_{name}": text for name, text in words.items()})

    @property
    def written(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in WORDS}

    @property
    def shown(self) -> dict[str, str]:
        """What stood in the fields when the page was drawn."""
        told = {name: f"shown_{name}" for name in WORDS}
        return {name: self.cleaned_data[key] for name, key in told.items() if key in self.data}

    def say_meanwhile(self, theirs: Mapping[str, str]) -> None:
        """What somebody else has written stands beside the field, and may then be replaced."""
        renewed = dict(self.data.items())
        for name, text in theirs.items():
            there = f"Somebody wrote “{text}” here meanwhile." if text else "This was emptied."
            self.add_error(name, f"{there} Save again to put your words in its place.")
            renewed[f"shown_{name}"] = text
        self.data = renewed


class BulkForm(TablerForm, forms.Form):
    """What every confirmation carries: its form key, and what was shown when it was drawn. The
    numbers of a database that is put back stand for others: `shown_orders` says which they were,
    and which of them are left out: at any rate, or unless a second time is meant."""

    form_key = FormKeyField()
    chosen = forms.CharField(widget=forms.HiddenInput)
    shown_orders = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    left_out = forms.CharField(required=False, widget=forms.HiddenInput)
    left_unless_meant = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if "left_unless_meant" not in self.data:
            self.add_error(None, CHANGED)  # a page of the release before: it may leave out more
        return values

    def clean_chosen(self) -> list[int]:
        """The ids of exactly the orders that were shown."""
        try:
            return read(self.cleaned_data["chosen"], most=MOST)
        except NotChosen:
            raise forms.ValidationError(LOST) from None

    def clean_left_out(self) -> list[int]:
        """The ids of those for which the confirmation said that it cannot be done."""
        return _read(self.cleaned_data["left_out"])

    def clean_left_unless_meant(self) -> list[int]:
        """The ids of those that it said are left out unless a second time is meant."""
        return _read(self.cleaned_data["left_unless_meant"])

    @property
    def left_as_told(self) -> list[int]:
        """The ids of those that the confirmation, as it was sent, says are left out."""
        values = self.cleaned_data
        beside = [] if values.get("beside_open") else values["left_unless_meant"]
        return sorted({*values["left_out"], *beside})

    @property
    def terms(self) -> dict[str, Any]:
        """What the action needs beside the orders."""
        carried = BulkForm.base_fields | DrawnForm.base_fields
        return {name: value for name, value in self.cleaned_data.items() if name not in carried}


class BulkReleaseForm(BulkForm):
    """Letting many go. `shown_holds` is what each waited for when the confirmation was drawn."""

    shown_holds = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_shown_holds(self) -> dict[str, str]:
        try:
            return shown_holds.read(self.cleaned_data["shown_holds"])
        except NotChosen:
            raise forms.ValidationError(LOST) from None


class BulkDrawnForm(DrawnForm, BulkForm):
    """One that buys, or asks for a refill or a cancel: not unasked where it was drawn before a
    restore."""

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        self.ask_about_restores()
        return values


class BulkRefillForm(BulkDrawnForm):
    """Refilling many. `shown_refill_lines` is what was heard of each when this was drawn."""

    shown_refill_lines = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if "shown_refill_lines" not in self.data:
            self.add_error(None, CHANGED)  # a page of the release before
        return values

    def clean_shown_refill_lines(self) -> str:
        return _readable(self.cleaned_data["shown_refill_lines"])


class BulkCancelForm(BulkDrawnForm):
    """Canceling many. `shown_cancels` is what was heard of each when this was drawn."""

    shown_cancels = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if "shown_cancels" not in self.data:
            self.add_error(None, CHANGED)  # a page of the release before
        return values

    def clean_shown_cancels(self) -> str:
        return _readable(self.cleaned_data["shown_cancels"])


class BulkReferenceForm(BulkForm):
    """One reference for many orders."""

    reference = _reference(
        required=True,
        help_text="It takes the place of the reference that an order has.",
        error_messages={"required": "Write the reference."},
    )


class BulkTagsForm(BulkForm):
    """Tags that many orders get, or lose."""

    tags = _tags(
        "Tags",
        required=True,
        help_text="Separate words with spaces.",
        error_messages={"required": "Write at least one tag."},
    )


class BulkNoteForm(BulkForm):
    """A note for many orders. It takes the place of the one before."""

    note = NoteField(
        label="Note",
        help_text="It takes the place of the note that an order has.",
        missing="Write a note.",
    )


class BulkReorderForm(BulkDrawnForm):
    """Buying again asks once more about links that are busy. `shown_terms` are the digests of the
    terms of their services and of the orders that the confirmation was drawn with, `shown_beside`
    what there was for their services and links then, and how it stood: the box speaks of no other.
    `once_more` is the tick that what was bought lately for these orders is bought once more."""

    shown_terms = forms.CharField(required=False, max_length=129, widget=forms.HiddenInput)
    beside_open = forms.BooleanField(
        required=False,
        label="Also those that may buy the same a second time.",
    )
    shown_beside = forms.CharField(required=False, widget=forms.HiddenInput)
    shown_sends = forms.CharField(required=False, widget=forms.HiddenInput)
    once_more = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_shown_beside(self) -> str:
        text: str = self.cleaned_data["shown_beside"]
        try:
            shown_beside.read(text)
        except NotChosen:
            raise forms.ValidationError(LOST) from None
        return text

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        told = self.data.get("shown_beside")
        is_told = told is not None and shown_beside.says_how_they_stand(told)
        if values.get("beside_open") and not is_told:
            self.add_error(None, CHANGED)
        return values

    def as_drawn_anew(self) -> BulkReorderForm:
        """With what is wrong, and without the ticks: they spoke of what the page showed before."""
        ticks = ("beside_open", "once_more")
        self.data = {name: value for name, value in self.data.items() if name not in ticks}
        return self
