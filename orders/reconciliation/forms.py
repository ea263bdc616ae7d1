"""The small forms of statements and cases."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from core.forms import PlainTextField, TablerForm
from providers.models import Provider

from ..models import CaseQuerySet

AMOUNT_BOUND = 10**12


class TopUpForm(TablerForm, forms.Form):
    """Money put in on the day; below zero to put an earlier slip right."""

    amount = forms.DecimalField(
        label="Amount put in",
        max_digits=24,
        decimal_places=12,
        min_value=-AMOUNT_BOUND,
        max_value=AMOUNT_BOUND,
        help_text="Everything that was put in on this day, invoice by invoice.",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
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


class CloseCaseForm(TablerForm, forms.Form):
    """What came of it, for whoever looks later."""

    note = forms.CharField(
        label="What came of it", max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )


class CaseFilter(TablerForm, forms.Form):
    """The query string of the list, read leniently: a slip narrows nothing."""

    show = forms.ChoiceField(
        required=False,
        label="Show",
        choices=[("", "Open cases"), ("closed", "Closed cases"), ("all", "All cases")],
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

    def narrow(self, cases: CaseQuerySet) -> CaseQuerySet:
        show = self.cleaned_data.get("show")
        if show == "closed":
            cases = cases.closed()
        elif show != "all":
            cases = cases.open()
        if provider := self.cleaned_data.get("provider"):
            cases = cases.filter(provider=provider)
        return cases
