"""Forms of the catalog pages: what they are narrowed to, and the order form staff choose."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from core.forms import TablerForm

from ..models import ChangeKind, Provider, Service, ServiceQuerySet
from ..panel_api import PAYLOADS, Dialect, type_name

ANY = ("", "Any")


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
            *((name, name) for name in PAYLOADS),
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


class ChosenTypeForm(TablerForm, forms.Form):
    """Which order form a service gets; empty for the one its published type has."""

    type = forms.ChoiceField(
        label="Order form",
        required=False,
        help_text="Of a package the price is that of the whole, else that of 1,000 units.",
    )

    def __init__(self, *args: Any, service: Service, **kwargs: Any) -> None:
        self.service = service
        kwargs["initial"] = {"type": service.chosen_type}
        super().__init__(*args, **kwargs)
        field = self.fields["type"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        published = type_name(service.published_type) or "none, not orderable"
        field.choices = [("", f"As published: {published}"), *((name, name) for name in PAYLOADS)]

    def clean_type(self) -> str:
        """A price kept as that of 1,000 units cannot become that of a package, or back."""
        chosen = str(self.cleaned_data["type"])
        payload, published = (
            PAYLOADS.get(chosen),
            PAYLOADS.get(type_name(self.service.published_type)),
        )
        by_package = payload is not None and payload.priced_per_package
        was_by_package = published is not None and published.priced_per_package
        per_unit = Dialect.from_profile(self.service.provider.dialect).rate_per_unit
        if chosen and per_unit and by_package != was_by_package:
            raise ValidationError(
                "This provider publishes the price of one unit, so what a package costs is unknown."
            )
        return chosen
