"""Forms of the provider and catalog pages. What they make has passed every check."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.views.decorators.debug import sensitive_variables

from core.forms import TablerForm
from core.money import DIGITS, PLACES, plain

from .connect import checked_address
from .models import ChangeKind, Provider, ServiceQuerySet
from .panel_api import WISHES, SecretKey, UnsafeUrl

SHORTEST_KEY = 8
LONGEST_KEY = 300
ANY = ("", "Any")


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
    def clean(self, value: Any) -> str:
        key = super().clean(value)
        try:
            return SecretKey(key).reveal() if key else ""
        except ValueError:
            raise ValidationError("A key is plain letters, digits and signs.") from None


class CurrencyField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", "Of this account's prices and charges, such as USD.")
        super().__init__(label="Currency", max_length=8, **kwargs)

    def clean(self, value: Any) -> str:
        code = super().clean(value).upper()
        if not (code.isascii() and code.isalnum()):
            raise ValidationError("A currency is a code of letters, such as USD or EUR.")
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
    name = NameField()
    url = AddressField()
    key = KeyField(help_text="Kept encrypted and never shown again.")
    currency = CurrencyField(initial="USD")


class ProviderForm(TablerForm, forms.Form):
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


class KeyForm(TablerForm, forms.Form):
    key = KeyField(label="New key", help_text="Kept encrypted and never shown again.")


class LimitsForm(TablerForm, forms.ModelForm):  # type: ignore[type-arg]  # not generic when it runs
    low_balance = forms.DecimalField(
        label="Warn below",
        required=False,
        min_value=Decimal(0),
        max_digits=DIGITS,
        decimal_places=PLACES,
        help_text="A balance lower than this is marked. Empty: never.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if (amount := self.initial.get("low_balance")) is not None:
            self.initial["low_balance"] = plain(amount)

    class Meta:
        model = Provider
        fields = (
            "calls_per_minute",
            "add_spacing_ms",
            "batch_size",
            "catalog_every_hours",
            "low_balance",
        )


class PauseForm(TablerForm, forms.Form):
    reason = forms.CharField(
        label="Why", max_length=300, help_text="Shown to everyone while it is paused."
    )


class ServiceFilter(TablerForm, forms.Form):
    """What the catalog page is narrowed to. Every field may be empty."""

    YES_NO = (ANY, ("yes", "Yes"), ("no", "No"), ("unknown", "Not said"))
    SORTS = (("", "By category"), ("price", "Cheapest first"), ("newest", "Newest first"))
    AVAILABLE = (("", "On offer"), ("gone", "Gone"), ("all", "On offer or gone"))
    KEYS = {"": ("category", "id"), "price": ("rate", "id"), "newest": ("-id",)}

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=200,
        widget=forms.TextInput(
            attrs={
                "type": "search",
                "placeholder": "A few letters of a name, a category, an id",
                "autocomplete": "off",
            }
        ),
    )
    provider = forms.ModelChoiceField(
        Provider.objects.order_by("name"), required=False, empty_label="Any provider"
    )
    category = forms.CharField(
        required=False,
        max_length=300,
        widget=forms.TextInput(
            attrs={"list": "categories", "placeholder": "Any category", "autocomplete": "off"}
        ),
    )
    type = forms.ChoiceField(
        required=False,
        choices=(
            ("", "Any type"),
            *((name, name) for name in WISHES),
            ("unknown", "Not orderable yet"),
        ),
    )
    refill = forms.ChoiceField(required=False, choices=YES_NO)
    cancel = forms.ChoiceField(required=False, choices=YES_NO)
    rate_from = forms.DecimalField(
        label="Price from", required=False, min_value=Decimal(0), max_digits=18, decimal_places=6
    )
    rate_to = forms.DecimalField(
        label="Price to", required=False, min_value=Decimal(0), max_digits=18, decimal_places=6
    )
    available = forms.ChoiceField(required=False, choices=AVAILABLE)
    sort = forms.ChoiceField(label="Order", required=False, choices=SORTS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_valid()

    @property
    def chosen(self) -> dict[str, Any]:
        """What was understood; a field that was not is as if it were empty."""
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}

    @property
    def keys(self) -> tuple[str, ...]:
        return self.KEYS[self.chosen.get("sort", "")]

    @property
    def has_more(self) -> bool:
        """One of the fields behind "More filters" is in use."""
        return bool(self.chosen.keys() & {"refill", "cancel", "rate_from", "rate_to", "available"})

    @property
    def is_narrowed(self) -> bool:
        return bool(self.chosen.keys() - {"sort"})

    def narrow(self, services: ServiceQuerySet) -> ServiceQuerySet:
        chosen = self.chosen
        if (available := chosen.get("available")) != "all":
            services = services.gone() if available == "gone" else services.offered()
        if "q" in chosen:
            services = services.matching(chosen["q"])
        if "provider" in chosen:
            services = services.filter(provider=chosen["provider"])
        if "category" in chosen:
            services = services.filter(category__icontains=chosen["category"])
        if "type" in chosen:
            kind = chosen["type"]
            services = services.filter(type="" if kind == "unknown" else kind)
        for flag in chosen.keys() & {"refill", "cancel"}:
            wanted = {"yes": True, "no": False, "unknown": None}[chosen[flag]]
            services = services.filter(**{flag: wanted})
        return self._priced(services)

    def _priced(self, services: ServiceQuerySet) -> ServiceQuerySet:
        chosen = self.chosen
        if "rate_from" in chosen:
            services = services.filter(rate__gte=chosen["rate_from"])
        if "rate_to" in chosen:
            services = services.filter(rate__lte=chosen["rate_to"])
        if chosen.get("sort") == "price":
            services = services.exclude(rate=None)
        return services


class ChangeFilter(TablerForm, forms.Form):
    provider = forms.ModelChoiceField(
        Provider.objects.order_by("name"), required=False, empty_label="Any provider"
    )
    kind = forms.ChoiceField(required=False, choices=(("", "Any change"), *ChangeKind.choices))

    @property
    def chosen(self) -> dict[str, Any]:
        """What was understood."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}
