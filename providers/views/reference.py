"""The order types in words, drawn from the one table of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.regional.numbers import grouped
from core.roles import May
from core.web.policy import StaffRequest, allow

from ..panel_api import PAYLOADS, Ask, Kind, OrderPayload

EXAMPLE_ID = "1001"
KINDS = {
    Kind.LINK: "an address, sent as it is written",
    Kind.QUANTITY: "a whole number within the minimum and maximum of the service",
    Kind.LINES: "lines; empty ones are left out",
    Kind.TEXT: "a line of text",
    Kind.WORD: "a word without spaces",
    Kind.NUMBER: "a whole number",
    Kind.CHOICE: "one of the choices",
    Kind.DATE: "a day, sent as day/month/year",
}


@dataclass(frozen=True, slots=True)
class FieldInWords:
    """A row of a type's table. `needed` says when the field must be there."""

    wire: str
    label: str
    needed: str
    takes: str
    help: str
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TypeInWords:
    """What the page says of one type. `examples` are (title, parameters)."""

    name: str
    about: str
    anchor: str
    quantity: str
    price: str
    also: tuple[str, ...]
    fields: tuple[FieldInWords, ...]
    examples: tuple[tuple[str, dict[str, str]], ...]


@allow(May.SEE)
@require_safe
def order_types(request: StaffRequest) -> HttpResponse:
    """Every type of order: its fields, their names on the wire, limits and an example."""
    context: dict[str, Any] = {"types": [in_words(payload) for payload in PAYLOADS.values()]}
    return render(request, "providers/order_types.html", context)


def in_words(payload: type[OrderPayload]) -> TypeInWords:
    asks = payload.asks()
    plain, whole = (
        payload.example(EXAMPLE_ID).wire(),
        payload.example(EXAMPLE_ID, whole=True).wire(),
    )
    examples = [("An example", plain)]
    if whole != plain:
        examples.append(("With everything that may be said", whole))
    return TypeInWords(
        name=payload.type_name,
        about=payload.about,
        anchor=payload.type_name.lower().replace(",", "").replace(" ", "-"),
        quantity=_quantity(payload),
        price="of the whole package" if payload.priced_per_package else "of a thousand units",
        also=payload.fits_on,
        fields=tuple(_field(ask, payload) for ask in asks.values()),
        examples=tuple(examples),
    )


def _quantity(payload: type[OrderPayload]) -> str:
    asks = payload.asks()
    if payload.priced_per_package:
        return "one package"
    counted = next((ask for ask in asks.values() if ask.counts), None)
    if counted:
        return f"the number of lines in “{counted.label}”"
    if "quantity" not in asks:
        return "for each post, between the minimum and the maximum"
    return "as said; times the runs, if there are any" if "runs" in asks else "as said"


def _field(ask: Ask, payload: type[OrderPayload]) -> FieldInWords:
    return FieldInWords(
        wire=ask.wire,
        label=ask.label,
        needed=_needed(ask, payload),
        takes=_takes(ask),
        help=ask.help,
        choices=ask.choices,
    )


def _needed(ask: Ask, payload: type[OrderPayload]) -> str:
    if ask.needed_when is None:
        return "may be left out" if ask.optional else "needed"
    other, value = ask.needed_when
    return f"needed with {payload.asks()[other].wire} {value}"


def _takes(ask: Ask) -> str:
    words = KINDS[ask.kind]
    if ask.counts:
        words += ", as many as the minimum and maximum of the service allow"
    if ask.minimum is not None and ask.maximum is not None:
        words += f" from {grouped(ask.minimum)} to {grouped(ask.maximum)}"
    if ask.own_set:
        words += "; a provider may have its own"
    return words
