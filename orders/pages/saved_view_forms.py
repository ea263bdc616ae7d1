"""Keeping a filter of the list under a name."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from core.forms import PlainTextField, TablerForm

from ..lists.filters import OrderFilter
from ..models import SavedFilter
from ..models.saved import MOST_KEPT, NAME_LENGTH

QUERY_LENGTH = 1000
TAKEN = "You have a view of this name already, and it shows something else."


class SaveFilterForm(TablerForm, forms.Form):
    """A name for the filter in use; one of the person's own that shows something else is given to
    this filter when they say so."""

    name = PlainTextField(
        label="Name",
        max_length=NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off", "form": "filter-step"}),
    )

    is_shared = forms.BooleanField(
        label="Show it to everybody",
        required=False,
        widget=forms.CheckboxInput(attrs={"form": "filter-step"}),
    )

    instead = forms.BooleanField(
        label="Show this filter under it instead",
        required=False,
        widget=forms.CheckboxInput(attrs={"form": "filter-step"}),
    )

    def __init__(self, wanted: OrderFilter, data: Any = None) -> None:
        self.wanted = wanted
        super().__init__(data, auto_id="id_saved_%s")

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if self.wanted.errors:
            self.add_error("name", "There is a slip in the filter: fix it first.")
        elif not self.wanted.asked():
            self.add_error(
                "name", _("The list has no filter yet. Choose one first, then save the view.")
            )
        elif len(self.wanted.query()) > QUERY_LENGTH:
            self.add_error("name", "This filter is too long to be saved.")
        elif "name" in values and self._is_one_too_many(values["name"]):
            self.add_error("name", f"You have {MOST_KEPT} filters. Delete one first.")
        elif "name" in values and not values["instead"] and self._is_taken(values["name"]):
            self.add_error("name", ValidationError(TAKEN, code="taken"))
        return values

    def _is_one_too_many(self, name: str) -> bool:
        return SavedFilter.objects.is_one_too_many(self.wanted.user, name)

    def _is_taken(self, name: str) -> bool:
        own = SavedFilter.objects.filter(person=self.wanted.user, name=name)
        return own.exclude(query=self.wanted.query()).exists()

    @property
    def asks_instead(self) -> bool:
        """Whether to ask if the name shall be given to this filter."""
        return self.has_error("name", "taken") or bool(self["instead"].value())

    def save(self) -> SavedFilter:
        name = self.cleaned_data["name"]
        is_shared = self.cleaned_data["is_shared"]
        query = self.wanted.query()
        return SavedFilter.objects.keep(self.wanted.user, name, query=query, is_shared=is_shared)
