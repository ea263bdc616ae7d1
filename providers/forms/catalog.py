"""Forms of the catalog pages: what they are narrowed to, and the order form staff choose."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from core.forms import FilterForm, TablerForm
from core.regional.amounts import AmountField
from core.shown_fields import ShownFields

from ..models import ChangeKind, Service, ServiceChange, ServiceQuerySet
from ..panel_api import PAYLOADS, Dialect, type_name
from .fields import provider_field

ANY = ("", "Any")


class ServiceFilter(FilterForm[ServiceQuerySet]):
    """What the catalog page is narrowed to. Every field may be empty."""

    YES_NO = (ANY, ("yes", "Yes"), ("no", "No"), ("unknown", "Not said"))
    SAID = {"yes": True, "no": False, "unknown": None}
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
    provider = provider_field()
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
    rate_from = AmountField(
        label="Price from", required=False, min_value=Decimal(0), max_digits=18, decimal_places=6
    )
    rate_to = AmountField(
        label="Price to", required=False, min_value=Decimal(0), max_digits=18, decimal_places=6
    )
    available = forms.ChoiceField(required=False, choices=AVAILABLE)
    sort = forms.ChoiceField(label="Order", required=False, choices=SORTS)

    lookups = {
        "provider": "provider",
        "category": "category__icontains",
        "rate_from": "rate__gte",
        "rate_to": "rate__lte",
    }
    not_counted = frozenset({"sort"})

    @property
    def keys(self) -> tuple[str, ...]:
        return self.KEYS[self.wanted.get("sort", "")]

    @property
    def has_more(self) -> bool:
        """One of the fields behind "More filters" is in use."""
        return bool(self.wanted.keys() & {"refill", "cancel", "rate_from", "rate_to", "available"})

    def narrow(self, services: ServiceQuerySet) -> ServiceQuerySet:
        return super().narrow(services if "available" in self.wanted else services.offered())

    def narrow_available(self, services: ServiceQuerySet, which: str) -> ServiceQuerySet:
        return services.gone() if which == "gone" else services

    def narrow_q(self, services: ServiceQuerySet, words: str) -> ServiceQuerySet:
        return services.matching(words)

    def narrow_type(self, services: ServiceQuerySet, name: str) -> ServiceQuerySet:
        return services.filter(type="" if name == "unknown" else name)

    def narrow_refill(self, services: ServiceQuerySet, answer: str) -> ServiceQuerySet:
        return services.filter(refill=self.SAID[answer])

    def narrow_cancel(self, services: ServiceQuerySet, answer: str) -> ServiceQuerySet:
        return services.filter(cancel=self.SAID[answer])

    def narrow_sort(self, services: ServiceQuerySet, key: str) -> ServiceQuerySet:
        """The keyset needs a price in every row."""
        return services.exclude(rate=None) if key == "price" else services


class ChangeFilter(FilterForm[QuerySet[ServiceChange]]):
    provider = provider_field()
    kind = forms.ChoiceField(required=False, choices=(("", "Any change"), *ChangeKind.choices))

    lookups = {"provider": "provider", "kind": "kind"}


class ChosenTypeForm(ShownFields, TablerForm, forms.Form):
    """Which order form a service gets; empty for the one its published type has."""

    type = forms.ChoiceField(
        label="Order form",
        required=False,
        help_text="Of a package the price is that of the whole, else that of a thousand units.",
    )

    def __init__(self, *args: Any, service: Service, **kwargs: Any) -> None:
        self.service = service
        kwargs["initial"] = {"type": service.chosen_type}
        super().__init__(*args, **kwargs)
        field = self.fields["type"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        published = type_name(service.published_type) or "none, not orderable"
        field.choices = [("", f"As published: {published}"), *((name, name) for name in PAYLOADS)]

    def shown_values(self) -> dict[str, Any]:
        return {"type": f"{self.service.chosen_type or '—'}, {self.service.published_type or '—'}"}

    def clean_type(self) -> str:
        """A price kept as that of a thousand units cannot become that of a package, or back."""
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
