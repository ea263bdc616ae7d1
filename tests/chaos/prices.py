"""How providers change what they sell while orders for it wait."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from .sandboxes import Provider

LEAP_SHARE = 3  # one of so many services leaps: more than a desk believes without a person
SECONDS = (12.0, 24.0)  # until everything is as it was
MOVES = {
    "a little dearer": 4,
    "dearer": 6,
    "leap": 6,
    "cheaper": 2,
    "renamed": 3,
    "retyped": 2,
    "gone": 2,
    "all gone": 2,
}
FACTORS = {"a little dearer": "1.02", "dearer": "3", "cheaper": "0.5"}


def move(provider: Provider, kind: str) -> None:
    """Everything that is bought there; of a leap many other services too."""
    used = [int(number) for number in provider.services]
    levers = provider.levers
    match kind:
        case "leap":
            others = [one for one in provider.catalog if one not in used]
            for number in [*used, *others[: len(provider.catalog) // LEAP_SHARE]]:
                levers.edit_service(number, rate=_rate(provider, number, "10"))
        case "renamed":
            _each(used, lambda number: levers.edit_service(number, name=f"Poster {number}"))
        case "retyped":
            _each(used, lambda number: levers.edit_service(number, type="Custom Comments"))
        case "gone":
            _each(used, levers.close_service)
        case "all gone":
            levers.change_catalog(empty=True)
        case _:
            for number in used:
                rate = _rate(provider, number, FACTORS[kind])
                levers.edit_service(number, rate=rate)


def put_back(provider: Provider) -> None:
    """Everything is sold as it was at first."""
    provider.levers.change_catalog(restore=True)
    for number, first in provider.catalog.items():
        provider.levers.edit_service(
            number, rate=first["rate"], name=first["name"], type=first["type"]
        )


def _rate(provider: Provider, number: int, factor: str) -> str:
    return str(Decimal(provider.catalog[number]["rate"]) * Decimal(factor))


def _each(numbers: list[int], act: Callable[[int], None]) -> None:
    for number in numbers:
        act(number)
