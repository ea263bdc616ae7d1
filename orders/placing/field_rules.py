"""What the fields of one order must be to one another; each field alone is `fields`' business."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from core.regional.numbers import grouped
from providers.models import Service
from providers.panel_api.order_types.subscriptions import minutes_in_words
from providers.panel_api.order_types.table import Ask, CostRange, Kind, OrderPayload

from .form_fields import LARGEST_NUMBER, limits

LARGEST_COST = Decimal(10) ** 15  # what a money column certainly holds
DRIP_FEED = ("runs", "interval")

Fault = tuple[str | None, str]  # the field, or None for the whole form, and the words


def asks_for(payload_class: type[OrderPayload], service: Service) -> dict[str, Ask]:
    """The fields to ask for: those of the type, as this service and its provider have them."""
    refused = DRIP_FEED if service.dripfeed is False else ()
    return {
        name: _as_the_provider_has_it(ask, service)
        for name, ask in payload_class.asks().items()
        if name not in refused
    }


def _as_the_provider_has_it(ask: Ask, service: Service) -> Ask:
    """A field for which the provider has a set of minutes of its own is a choice among them."""
    allowed = service.provider.allowed_minutes(ask.own_set) if ask.own_set else ()
    if not allowed:
        return ask
    choices = tuple((str(minutes), minutes_in_words(minutes)) for minutes in allowed)
    return replace(ask, kind=Kind.CHOICE, choices=choices)


def faults_between(asks: Mapping[str, Ask], values: Mapping[str, Any]) -> Iterator[Fault]:
    """What does not go together. `values` holds the fields that could be read, by name."""
    for given, missing in (DRIP_FEED, DRIP_FEED[::-1]):
        if values.get(given) is not None and missing in values and values[missing] is None:
            yield missing, "Drip-feed needs both: the runs and the interval."
    lowest, highest = values.get("min"), values.get("max")
    if lowest is not None and highest is not None and lowest > highest:
        yield "max", "The maximum is below the minimum."
    for name, ask in asks.items():
        if ask.needed_when and name in values:
            yield from _fault_of_condition(name, ask, asks, values)


def _fault_of_condition(
    name: str, ask: Ask, asks: Mapping[str, Ask], values: Mapping[str, Any]
) -> Iterator[Fault]:
    other, wanted = ask.needed_when or ("", None)
    if values.get(other) is None:
        return
    is_needed = values[other] == wanted
    said = f"{asks[other].label}: {dict(asks[other].choices)[str(wanted)]}"
    if is_needed and values[name] is None:
        yield name, f"Needed for “{said}”."
    elif not is_needed and values[name] is not None:
        yield name, f"Only for “{said}”: leave this empty, or choose that."


def fault_of_total(payload: OrderPayload, service: Service) -> Fault | None:
    """All runs together stay within the service's maximum, and the money within reason."""
    units, most = payload.units, limits(service)[1] or LARGEST_NUMBER
    if units is not None and units > most:
        field = "runs" if getattr(payload, "runs", None) else None
        return field, f"All runs together are {grouped(units)}. Maximum is {grouped(most)}."
    cost = payload.cost(service.rate) if service.rate is not None else None
    top = (cost.high or cost.low) if isinstance(cost, CostRange) else cost
    if top is not None and top >= LARGEST_COST:
        return None, "This would cost more than can be written down."
    return None
