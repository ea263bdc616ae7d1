"""What the list of refills may be narrowed by, and the steps taken on the selected ones."""

from __future__ import annotations

from typing import Any

from django import forms

from core.forms import TablerForm
from providers.models import Provider

from ..models import Refill
from ..models.refill import RefillQuerySet
from ..status import RefillStatus

MOST_SELECTED = 100


class RefillFilter(TablerForm, forms.Form):
    """The query string of the list, read leniently: a slip narrows nothing."""

    status = forms.ChoiceField(
        required=False,
        label="Status",
        choices=[("", "Any status"), ("open", "Open"), *RefillStatus.choices],
    )
    provider = forms.ModelChoiceField(
        Provider.objects.order_by("name", "pk"),
        required=False,
        label="Provider",
        empty_label="Any provider",
    )

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.is_valid()

    @property
    def is_narrowed(self) -> bool:
        return any(self.cleaned_data.values())

    def narrow(self, refills: RefillQuerySet) -> RefillQuerySet:
        wanted = self.cleaned_data
        if wanted.get("status") == "open":
            refills = refills.open()
        elif wanted.get("status"):
            refills = refills.filter(status=wanted["status"])
        if wanted.get("provider"):
            refills = refills.filter(provider=wanted["provider"])
        return refills


class SelectedRefills(forms.Form):
    """Which refills, and what is to be done with them."""

    step = forms.ChoiceField(choices=[("again", "Ask again"), ("withdraw", "Withdraw")])
    refill = forms.ModelMultipleChoiceField(
        Refill.objects.all(), error_messages={"required": "Tick at least one refill first."}
    )

    def clean_refill(self) -> RefillQuerySet:
        selected: RefillQuerySet = self.cleaned_data["refill"]
        if len(selected) > MOST_SELECTED:
            raise forms.ValidationError(f"At most {MOST_SELECTED} at once.")
        return selected

    @property
    def slip(self) -> str:
        """What is wrong with it, in a sentence."""
        return next(str(error) for errors in self.errors.values() for error in errors)
