"""The small forms of statements and discrepancies."""

from __future__ import annotations

from decimal import Decimal

from django import forms

from core.forms import FilterForm, NoteField, PlainTextField, TablerForm
from core.regional.amounts import AmountField
from providers.forms.fields import provider_field

from ..models import DiscrepancyQuerySet

AMOUNT_BOUND = 10**12


class TopUpForm(TablerForm, forms.Form):
    """Money put in on the day; below zero to put an earlier slip right."""

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

    def clean_amount(self) -> Decimal:
        amount: Decimal = self.cleaned_data["amount"]
        if not amount:
            raise forms.ValidationError("Write an amount other than nothing.")
        return amount


class CloseDiscrepancyForm(TablerForm, forms.Form):
    """What came of it, for whoever looks later."""

    note = NoteField(label="What came of it", attrs={"rows": 3})


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
