"""Forms of the provider pages. What they make has passed every check."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from core.forms import TablerForm
from core.money import DIGITS, PLACES
from core.regional.amounts import AmountField
from core.shown_fields import ShownFields
from core.texts import without_unseen

from ..actions.as_shown import which_account
from ..connect import checked_address
from ..models import Provider, RefundStyle
from ..models.provider import minutes_in
from ..panel_api import SecretKey, UnsafeUrl
from ..panel_api.order_types.common import MOST_MINUTES

SHORTEST_KEY = 8
LONGEST_KEY = 300
LONGEST_SET = 300


class AddressField(forms.CharField):
    """A provider's address in its normal spelling, one the desk is willing to send a key to."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", "Address")
        kwargs.setdefault("help_text", "Of its API, such as https://panel.example/api/v2")
        kwargs.setdefault("widget", forms.URLInput(attrs={"autocomplete": "off"}))
        super().__init__(max_length=300, **kwargs)

    def clean(self, value: Any) -> str:
        url = super().clean(value)
        try:
            return checked_address(url) if url else ""
        except UnsafeUrl as error:
            raise ValidationError(str(error)) from None


class KeyField(forms.CharField):
    """A provider's key, written and never shown: what was typed is not drawn again."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", "Key")
        widget = forms.PasswordInput(
            render_value=False, attrs={"autocomplete": "new-password", "spellcheck": "false"}
        )
        super().__init__(
            min_length=SHORTEST_KEY, max_length=LONGEST_KEY, widget=widget, strip=True, **kwargs
        )

    @sensitive_variables()
    def to_python(self, value: Any) -> str:
        """Without what a copy brings along around it; inside, nobody knows what was meant."""
        key = without_unseen(str(super().to_python(value)))
        if any(sign.isspace() for sign in key):
            raise ValidationError(
                _("There is a space in this key. Copy the key again, without it.")
            )
        return key

    @sensitive_variables()
    def clean(self, value: Any) -> str:
        key = super().clean(value)
        try:
            return SecretKey(key).reveal() if key else ""
        except ValueError:
            raise ValidationError(
                _("A key has only plain letters, digits and signs. Copy the key again.")
            ) from None


class CurrencyField(forms.CharField):
    """A code of three letters. `kept`: what an account has of before stays until it is changed."""

    kept = ""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault(
            "help_text", "Three letters, such as USD: of this account's prices and charges."
        )
        super().__init__(label="Currency", max_length=8, **kwargs)

    def clean(self, value: Any) -> str:
        code = super().clean(value).upper()
        if code != self.kept and not (code.isascii() and code.isalpha() and len(code) == 3):
            raise ValidationError(_("A currency is a code of three letters, such as USD or EUR."))
        return str(code)


class NameField(forms.CharField):
    """A name no other account has, whatever its case. `taken_by` is the account being edited."""

    taken_by: int | None = None

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", "What staff call this account.")
        super().__init__(label="Name", max_length=80, **kwargs)

    def clean(self, value: Any) -> str:
        name = super().clean(value)
        others = Provider.objects.exclude(pk=self.taken_by) if self.taken_by else Provider.objects
        if others.filter(name__iexact=name).exists():
            raise ValidationError("Another provider has this name.")
        return str(name)


class NewProviderForm(TablerForm, forms.Form):
    """Where something else has to be fixed, the key has to be typed once more, and it says so."""

    name = NameField()
    url = AddressField()
    key = KeyField(help_text="Kept encrypted and never shown again.")
    currency = CurrencyField(initial="USD")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["autofocus"] = True

    def full_clean(self) -> None:
        super().full_clean()
        if self.errors and self.is_bound and "key" not in self.errors:
            self.add_error("key", "Type the key once more: it is never sent back to this page.")


class ProviderForm(ShownFields, TablerForm, forms.Form):
    """Name, address, currency and notes; another address clears the key."""

    name = NameField()
    url = AddressField(
        help_text="Another address clears the key: it must be entered again for the new one."
    )
    currency = CurrencyField()
    notes = forms.CharField(
        max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )

    def __init__(self, *args: Any, provider: Provider, **kwargs: Any) -> None:
        kwargs["initial"] = {name: getattr(provider, name) for name in self.base_fields}
        super().__init__(*args, **kwargs)
        name = self.fields["name"]
        assert isinstance(name, NameField)  # noqa: S101 - for the type checker
        name.taken_by = provider.pk
        currency = self.fields["currency"]
        assert isinstance(currency, CurrencyField)  # noqa: S101 - for the type checker
        currency.kept = provider.currency


class KeyForm(ShownFields, TablerForm, forms.Form):
    """What it shows of the key the account has is how that differs from others, and no more."""

    key = KeyField(label="New key", help_text="Kept encrypted and never shown again.")

    def __init__(self, *args: Any, provider: Provider, **kwargs: Any) -> None:
        self.provider = provider
        super().__init__(*args, **kwargs)

    def shown_values(self) -> dict[str, Any]:
        return {"account": which_account(self.provider)}


class MinutesField(forms.CharField):
    """A set of minutes as a comma list, each number once and rising; empty for no set."""

    def __init__(self, label: str, help_text: str) -> None:
        super().__init__(
            label=label,
            help_text=help_text,
            required=False,
            max_length=LONGEST_SET,
            widget=forms.TextInput(attrs={"placeholder": "0, 5, 10, 30", "autocomplete": "off"}),
        )

    def clean(self, value: Any) -> str:
        parts = [part.strip() for part in super().clean(value).split(",")]
        if parts == [""]:
            return ""
        for part in parts:
            if not (part.isascii() and part.isdigit() and len(part) < 7):
                raise ValidationError(f"“{part}” is not a whole number of minutes.")
            if int(part) > MOST_MINUTES:
                raise ValidationError(f"{part} is more minutes than a year has.")
        written = ", ".join(str(minutes) for minutes in minutes_in(",".join(parts)))
        if len(written) > LONGEST_SET:
            raise ValidationError("This is too long to be kept.")
        return written


class LimitsForm(ShownFields, TablerForm, forms.ModelForm):  # type: ignore[type-arg]  # not generic when it runs
    low_balance = AmountField(
        label="Warn below",
        required=False,
        min_value=Decimal(0),
        max_digits=DIGITS,
        decimal_places=PLACES,
        help_text="A balance lower than this is marked. Empty: never.",
    )
    delays = MinutesField(
        "Delays of subscriptions, minutes", "Those it takes, with commas. Empty: the usual ones."
    )
    intervals = MinutesField(
        "Intervals of drip-feeds, minutes", "Those it takes, with commas. Empty: any."
    )

    class Meta:
        model = Provider
        fields = (
            "calls_per_minute",
            "add_spacing_ms",
            "batch_size",
            "catalog_every_hours",
            "low_balance",
            "delays",
            "intervals",
        )


class RefundStyleForm(ShownFields, TablerForm, forms.Form):
    """What is proposed is not chosen beforehand: it is accepted by its own button."""

    refund_style = forms.ChoiceField(
        label="How it gives money back",
        choices=RefundStyle.choices,
        required=False,
        help_text="For what was not delivered of an order. It decides what such an order has cost.",
    )

    def __init__(self, *args: Any, style: str, **kwargs: Any) -> None:
        self.style = style
        super().__init__(*args, initial={"refund_style": style}, **kwargs)

    def shown_values(self) -> dict[str, Any]:
        return {"refund_style": self.style}


class PauseForm(TablerForm, forms.Form):
    reason = forms.CharField(
        label="Why", max_length=300, help_text="Shown to everyone while it is paused."
    )
