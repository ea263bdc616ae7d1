"""What the list of refills may be narrowed by, and the steps taken on the selected ones."""

from __future__ import annotations

from django import forms

from core.forms import FilterForm, RowsField, TablerForm
from providers.forms.fields import provider_field

from ..models import Refill
from ..models.refill import RefillQuerySet
from ..status import RefillStatus

MOST_SELECTED = 100


class RefillFilter(FilterForm[RefillQuerySet]):
    status = forms.ChoiceField(
        required=False,
        label="Status",
        choices=[
            ("", "Any status"),
            ("open", "Open"),
            *RefillStatus.choices,
            ("unknown", "Closed as unknown"),
        ],
    )
    provider = provider_field()

    lookups = {"provider": "provider"}

    def narrow_status(self, refills: RefillQuerySet, status: str) -> RefillQuerySet:
        if status in ("unknown", RefillStatus.WITHDRAWN):
            return refills.withdrawn(as_unknown=status == "unknown")
        return refills.open() if status == "open" else refills.filter(status=status)


class SelectedRefills(TablerForm, forms.Form):
    """Which refills, and what is to be done with them."""

    step = forms.ChoiceField(choices=[("again", "Ask again"), ("withdraw", "Withdraw")])
    refill = RowsField(
        Refill.objects.all(), error_messages={"required": "Select at least one refill first."}
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
