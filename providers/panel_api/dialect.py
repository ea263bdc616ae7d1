"""How one provider differs from the published protocol; found by its check or set by staff."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from .errors import RefusalCode
from .results import OrderState, RefillState

LARGEST_BATCH: Final = 100


class KeyPlace(StrEnum):
    """Where the key travels; never in an address."""

    BODY = "body"
    HEADER = "header"  # X-API-Key
    BEARER = "bearer"  # Authorization: Bearer


@dataclass(frozen=True, slots=True)
class Dialect:
    """Differences from the protocol; the defaults are the protocol itself.

    `None` in a capability means that nobody has found out. The mappings add to our own
    tables of words and sentences and win over them.
    """

    # the request
    json_body: bool = False
    key_place: KeyPlace = KeyPlace.BODY
    trailing_slash: bool | None = None  # None: the address as staff typed it
    ids_as_json: bool = False  # `orders` as the text "[1,2]", not "1,2"
    batch_size: int = LARGEST_BATCH
    batch_status_action: str = "status"  # the action that asks about several orders
    idempotency_parameter: str = ""  # the one of `add` that takes an id of ours, if it has one
    services_page_size: int | None = None  # the catalog comes in pages, asked for by `offset`
    refill_status_by_order: bool = False
    # the answer
    status_codes: Mapping[str, OrderState] = field(default_factory=dict)
    status_words: Mapping[str, OrderState] = field(default_factory=dict)
    refill_words: Mapping[str, RefillState] = field(default_factory=dict)
    refusals: Mapping[str, RefusalCode] = field(default_factory=dict)
    rate_per_unit: bool = False  # `rate` is the price of one unit, not of 1000
    decimal_mark: str = ""  # "." or ",": settles amounts such as "1,234"
    balance_field: str = "balance"  # a path: "data.balance"
    currency_field: str = "currency"
    # what the provider can do
    many_statuses: bool | None = None
    refills: bool | None = None
    cancels: bool | None = None
    recent_orders: bool | None = None  # action=orders lists our newest orders
    currency: str = ""  # as the provider last said; the account's own setting decides

    def __post_init__(self) -> None:
        if not 1 <= self.batch_size <= LARGEST_BATCH:
            raise ValueError(f"batch_size is 1 to {LARGEST_BATCH}")
        if self.decimal_mark not in ("", ".", ","):
            raise ValueError('decimal_mark is "", "." or ","')
        if self.services_page_size is not None and self.services_page_size < 1:
            raise ValueError("services_page_size is at least 1")

    def changed(self, **changes: Any) -> Dialect:
        return dataclasses.replace(self, **changes)

    def to_profile(self) -> dict[str, Any]:
        """Only what differs from the protocol, as plain JSON values."""
        profile: dict[str, Any] = {}
        for item in dataclasses.fields(self):
            value = getattr(self, item.name)
            if value != _default(item):
                profile[item.name] = dict(value) if isinstance(value, Mapping) else value
        return profile

    @classmethod
    def from_profile(
        cls, profile: Mapping[str, Any], *, largest_batch: int = LARGEST_BATCH
    ) -> Dialect:
        """Read what `to_profile` wrote; names and values of other versions are left out. Batches
        are not larger than what was found out and than `largest_batch`."""
        dialect = cls()
        for item in dataclasses.fields(cls):
            if item.name not in profile:
                continue
            try:
                value = _read(item.name, profile[item.name], _default(item))
                dialect = dialect.changed(**{item.name: value})
            except (AttributeError, TypeError, ValueError):
                continue
        return dialect.changed(batch_size=min(dialect.batch_size, largest_batch))


def _default(item: dataclasses.Field[Any]) -> Any:
    return {} if item.default is dataclasses.MISSING else item.default


_WORDS: Final[Mapping[str, type[StrEnum]]] = {
    "status_codes": OrderState,
    "status_words": OrderState,
    "refill_words": RefillState,
    "refusals": RefusalCode,
}
_MAY_BE_UNKNOWN: Final = frozenset(
    {"trailing_slash", "many_statuses", "refills", "cancels", "recent_orders"}
)


def _read(name: str, value: Any, default: Any) -> Any:
    """The stored value with the field's own type; ValueError when it does not fit."""
    if words := _WORDS.get(name):
        return {str(raw): words(meaning) for raw, meaning in value.items()}
    if name == "key_place":
        return KeyPlace(value)
    if name in _MAY_BE_UNKNOWN:
        fits = value is None or isinstance(value, bool)
    elif name == "services_page_size":
        fits = value is None or type(value) is int
    else:
        fits = type(value) is type(default)
    if not fits:
        raise ValueError(f"{name} does not hold {type(value).__name__}")
    return value
