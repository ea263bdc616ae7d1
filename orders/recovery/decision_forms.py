"""The small forms of a person's decision about an order whose outcome is unknown."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import NoteField, PlainTextField, TablerForm

MEANT = ("although_charge_differs", "although_older")


class LinkForm(TablerForm, forms.Form):
    """Which of the provider's orders this one is."""

    external_id = PlainTextField(
        label=_("Order id at the provider"),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    although_charge_differs = PlainTextField(
        required=False, empty_value="", label=_("Link the order although the charge differs.")
    )
    although_older = PlainTextField(
        required=False,
        empty_value="",
        label=_("Link the order although the id is older. It is flagged: maybe bought twice."),
    )
    asked: dict[str, str] | None = None

    def ask(self, name: str, consent: str) -> None:
        """Whether it is meant all the same: the tick is about this very id, and what is odd."""
        said = {one: self.cleaned_data.get(one, "") for one in MEANT}
        self.asked = {**said, name: consent}

    @property
    def ticks(self) -> list[tuple[forms.BoundField, str, bool]]:
        """The boxes to draw: what each says, and whether it was ticked before."""
        asked = {name: word for name, word in (self.asked or {}).items() if word}
        said = self.cleaned_data if asked else {}
        return [(self[name], word, said.get(name) == word) for name, word in asked.items()]

    def clean_external_id(self) -> str:
        """As the provider writes it, without the "#" that people put before it."""
        external_id: str = self.cleaned_data["external_id"].removeprefix("#").strip()
        if not external_id.isascii() or not external_id.isprintable() or "," in external_id:
            raise forms.ValidationError(
                _("This is not an order id. Copy the id from the provider's list.")
            )
        if not external_id or " " in external_id:
            raise forms.ValidationError(_("Write one order id, without spaces."))
        return external_id


class NotPlacedForm(TablerForm, forms.Form):
    sure = forms.BooleanField(
        label=_("I have looked at the provider's own list of orders, and this order is not in it."),
        error_messages={"required": _("Look at the provider's list first, then tick this box.")},
    )


class GiveUpForm(TablerForm, forms.Form):
    note = NoteField(
        label=_("Reason"), missing=_("Write the reason. Others will read it with this order later.")
    )
