"""The rules of what may be ordered, as they are filled in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import PlainTextField, TablerForm
from core.regional.amounts import AmountField
from core.roles import ALLOWED, May
from core.shown_fields import ShownFields
from core.templatetags.desk import spell_money
from providers.models import Provider

from ..links import LONGEST_LINK
from ..models import BlockedLink, SpendLimit
from .change_rules import TakesAway, limit_of, said

ROLES = [(role.value, role.value.capitalize()) for role in ALLOWED if May.PLACE in ALLOWED[role]]


class BlockForm(TablerForm, forms.Form):
    pattern = PlainTextField(
        max_length=200,
        label="Links that contain",
        help_text="* stands for anything; capitals do not matter.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "lumen.example/x*"}),
    )
    reason = PlainTextField(
        max_length=200,
        required=False,
        empty_value="",
        label="Why",
        help_text="Shown to whoever runs into it.",
    )

    def clean_pattern(self) -> str:
        pattern: str = self.cleaned_data["pattern"].strip()
        if not any(char.isalnum() for char in pattern):
            raise forms.ValidationError("This would block every link: write a letter or a digit.")
        if BlockedLink.objects.filter(pattern=pattern).exists():
            raise forms.ValidationError("This pattern is on the list already.")
        return pattern


ABOVE_THE_DAY = _("This is more than may be spent in one day: no order could be so dear.")
_LIMIT: dict[str, Any] = {
    "required": False,
    "min_value": 0,
    "max_digits": 18,
    "decimal_places": 6,
    "placeholder": "no limit",
}


class LimitForm(ShownFields, TablerForm, forms.Form):
    """An amount that is set and left empty is asked about; without both there is no limit. What it
    shows are the limits in the list."""

    asked: TakesAway | None = None

    def shown_values(self) -> dict[str, str]:
        return {limit_of(row.role, row.currency): said(row) for row in SpendLimit.objects.all()}

    role = forms.ChoiceField(choices=ROLES, label="Role")
    currency = forms.RegexField(
        r"^[A-Za-z0-9]{2,8}$",
        label="Currency",
        max_length=8,
        error_messages={"invalid": "Write its letters, as the provider's page has them."},
    )
    per_order = AmountField(label="For one order", **_LIMIT)
    per_day = AmountField(label="In one day", **_LIMIT)
    taken_away = PlainTextField(required=False, empty_value="")

    @property
    def wanted(self) -> dict[str, Any]:
        return {name: value for name, value in super().wanted.items() if name != "taken_away"}

    @property
    def agreed(self) -> str:
        return str(self.cleaned_data["taken_away"])

    def ask(self, lost: TakesAway) -> None:
        """Whether it is meant that these amounts go: the tick is about just these."""
        self.asked = lost
        for name in lost.amounts:
            said = spelled(lost, name)
            self.add_error(name, f"{said} is set. Write it again to keep it, or tick below.")

    @property
    def consent(self) -> str:
        """What the tick says."""
        if not self.asked:
            return ""
        return f"Take the limit of {spelled_all(self.asked)} away"

    def clean_currency(self) -> str:
        """In the spelling of the accounts that use it; a limit from before may be taken away."""
        wanted: str = self.cleaned_data["currency"]
        for rows in (Provider.objects.all(), SpendLimit.objects.all()):
            known = rows.filter(currency__iexact=wanted).values_list("currency", flat=True).first()
            if known:
                return str(known)
        raise forms.ValidationError(
            "No provider's account is in this currency: a limit in it would never count."
        )

    def clean(self) -> dict[str, Any]:
        """A limit of one order that a day never leaves room for is a slip in one of them."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        one, day = cleaned.get("per_order"), cleaned.get("per_day")
        if one is not None and day is not None and one > day:
            self.add_error("per_order", ABOVE_THE_DAY)
        return cleaned


def spelled(lost: TakesAway, name: str) -> str:
    """As $500.00 a day."""
    amount = spell_money(lost.amounts[name], lost.currency)
    return f"{amount} {'for one order' if name == 'per_order' else 'a day'}"


def spelled_all(lost: TakesAway) -> str:
    """As $100.00 for one order and $500.00 a day."""
    return " and ".join(spelled(lost, name) for name in lost.amounts)


class ToleranceForm(ShownFields, TablerForm, forms.Form):
    percent = AmountField(
        min_value=0,
        max_value=100,
        max_digits=5,
        decimal_places=2,
        label="Dearer by at most, in percent",
        sample="2.5",
    )


class TryForm(TablerForm, forms.Form):
    link = forms.CharField(
        required=False,
        max_length=LONGEST_LINK,
        label="Would this link be blocked?",
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off"}),
    )
