"""The small forms of statements and discrepancies."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from core.forms import FilterForm, NoteField, PlainTextField, TablerForm
from core.regional.amounts import AmountField
from core.shown_fields import ShownFields
from providers.forms.fields import provider_field

from ..models import DiscrepancyQuerySet

AMOUNT_BOUND = 10**12


class TopUpForm(ShownFields, TablerForm, forms.Form):
    """Money put in on the day; below zero to put an earlier slip right. It shows what was written
    down before: the same invoice is not counted twice."""

    def __init__(self, *args: Any, told: str, **more: Any) -> None:
        self.told = told
        super().__init__(*args, **more)

    amount = AmountField(
        label="Amount put in",
        max_digits=24,
        decimal_places=12,
        min_value=-AMOUNT_BOUND,
        max_value=AMOUNT_BOUND,
        help_text="Everything that was put in on this day, invoice by invoice.",
    )
    note = PlainTextField(
        max_length=200,
        required=False,
        empty_value="",
        label="Note",
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "Invoice, receipt"}),
    )

    def shown_values(self) -> dict[str, Any]:
        return {"told": self.told}

    def clean_amount(self) -> Decimal:
        amount: Decimal = self.cleaned_data["amount"]
        if not amount:
            raise forms.ValidationError("Write an amount other than nothing.")
        return amount


class CloseDiscrepancyForm(ShownFields, TablerForm, forms.Form):
    """What came of it, for whoever looks later; of the amount that was shown."""

    def __init__(self, *args: Any, told: str, **more: Any) -> None:
        self.told = told
        super().__init__(*args, **more)

    note = NoteField(label="What came of it", attrs={"rows": 3})

    def shown_values(self) -> dict[str, Any]:
        return {"told": self.told}


class DiscrepancyFilter(FilterForm[DiscrepancyQuerySet]):
    """Open discrepancies, unless others are asked for."""

    show = forms.ChoiceField(
        required=False,
        label="Show",
        choices=[
            ("", "Open discrepancies"),
            ("closed", "Closed discrepancies"),
            ("all", "All discrepancies"),
        ],
    )
    provider = provider_field()

    lookups = {"provider": "provider"}

    def narrow(self, discrepancies: DiscrepancyQuerySet) -> DiscrepancyQuerySet:
        return super().narrow(discrepancies if "show" in self.wanted else discrepancies.open())

    def narrow_show(self, discrepancies: DiscrepancyQuerySet, which: str) -> DiscrepancyQuerySet:
        return discrepancies.closed() if which == "closed" else discrepancies
