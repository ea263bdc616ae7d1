"""The switchable ways in which real providers differ from the published protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

# switch: the words it may be set to; switches not listed hold a number, a bool or free text
CHOICES: dict[str, tuple[str, ...]] = {
    "errors": ("sentences", "codes"),
    "error_http": ("ok", "bad_request", "typed"),
    "error_shape": ("text", "object", "list", "fields", "message", "success_false"),
    "numbers": ("seed", "text", "number"),
    "keys": ("seed", "title", "upper"),
    "key_place": ("body", "header", "bearer", "query"),
    "bodies": ("any", "form", "json"),
    "catalog_wrap": ("", "services", "data", "status_data"),
    "empty_catalog": ("list", "words"),
    "service_ids": ("number", "text"),
    "type_names": ("seed", "snake", "capital_snake", "lower", "codes"),
    "flags": ("bool", "number", "text", "absent", "words"),
    "catalog_extras": ("full", "none", "null"),
    "rate_unit": ("thousand", "one"),
    "order_field": (
        "order",
        "order_id",
        "orderId",
        "id",
        "data.order",
        "data.id",
        "result.id",
        "bare",
    ),
    "order_id_type": ("number", "text"),
    "id_style": ("number", "hex", "opaque"),
    "status_words": ("seed", "snake", "british", "numeric", "lower", "upper", "drift", "unknown"),
    "start_count": ("seed", "null", "absent"),
    "pending_remains": ("quantity", "zero", "unknown"),
    "batch": ("object", "list_with_ids", "list_without_ids", "wrapped"),
    "batch_of_one": ("object", "flat"),
    "batch_errors": ("object", "text", "missing"),
    "over_limit": ("ignore", "refuse"),
    "batch_format": ("any", "json_only"),
    "parents": ("full", "bare"),
    "cancel_shape": ("nested", "flat"),
    "cancel_value": ("one", "true", "request_id"),
    "refunds": ("in_charge", "apart"),
    "balance_format": ("text", "number", "grouped", "decorated"),
    "balance_field": ("balance", "saldo", "credit", "deposit", "data.balance", "user.balance"),
    "currency_field": ("currency", "mata_uang"),
    "dedup_answer": ("same_id", "refuse"),
    "request_id": ("ignored", "accepted", "required"),
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """Every switch with its plain value; the row of the domain page it comes from in brackets."""

    # errors and wire
    errors: str = "sentences"
    error_http: str = "ok"  # [D13, D22]
    error_shape: str = "text"
    content_type: str = "application/json"  # [D06]
    numbers: str = "seed"  # [D03, D50]
    keys: str = "seed"
    key_place: str = "body"  # [2.8]
    bodies: str = "any"  # [2.8]
    # services
    catalog_wrap: str = ""
    empty_catalog: str = "list"  # [D05]
    page_size: int = 0  # [D12]
    service_ids: str = "number"  # [D02]
    service_id_field: str = "service"  # [D10]
    description_field: str = "description"  # [D10]
    time_field: str = "average_time"  # [D10]
    type_names: str = "seed"  # [1.2]
    flags: str = "bool"  # [D02, D06, D09]
    catalog_extras: str = "full"  # [D02, D06]
    catalog_currency: bool = False
    rate_unit: str = "thousand"  # [D09]
    # add
    order_field: str = "order"  # [D21]
    order_id_type: str = "number"  # [D15]
    id_style: str = "number"  # [D16, D17]
    random_ids: bool = False
    gap_min: int = 1
    gap_max: int = 6
    status_success: bool = False  # [D18]
    add_extras: bool = False
    charge_places: int = 5  # [D50]
    link_guard: bool = False  # [D23]
    dedup_window: float = 0  # [D32], virtual seconds
    dedup_answer: str = "same_id"
    request_id: str = "ignored"  # [D31]
    least_runs: int = 2  # [1.3]
    # status
    status_words: str = "seed"  # [D46-D49]
    start_count: str = "seed"  # [D39]
    pending_remains: str = "quantity"  # [D39, D40]
    status_currency: bool = True
    status_order: bool = False  # [D39]
    parents: str = "full"  # [D43]
    batch: str = "object"  # [D53, D55]
    batch_of_one: str = "object"
    batch_errors: str = "object"  # [D56]
    batch_reversed: bool = False
    batch_extra: bool = False
    batch_limit: int = 100
    over_limit: str = "ignore"  # [D58]
    batch_format: str = "any"  # [D61]
    recent_orders: bool = False  # [D63]
    # refill and cancel
    refills: bool = True  # [D73]
    refill_typo: bool = False  # [D70]
    refill_cap: int = 0  # [D68], refills an order may have
    refill_spacing: float = 0  # [D68], virtual seconds between two refills of an order
    refill_by_order: bool = False  # [D72]
    cancels: bool = True  # [D79]
    cancel_shape: str = "nested"  # [D75]
    cancel_value: str = "one"  # [D75]
    # balance
    refunds: str = "in_charge"  # apart: the charge stays, only the balance goes back up
    balance_format: str = "text"  # [D83]
    balance_field: str = "balance"  # [D84]
    currency_field: str = "currency"  # [D84]
    reported_currency: str = ""  # [D85]

    def __post_init__(self) -> None:
        for name, words in CHOICES.items():
            if getattr(self, name) not in words:
                raise ValueError(f"{name} is one of {', '.join(map(repr, words))}")
        if not 1 <= self.gap_min <= self.gap_max <= 10_000:
            raise ValueError("gaps between ids are 1 to 10,000")
        if not 0 <= self.charge_places <= 12:
            raise ValueError("charge_places is 0 to 12")

    def changed(self, **switches: Any) -> Dialect:
        """A copy with these switches; ValueError names the unknown and the mistyped."""
        plain = {item.name: item.default for item in fields(self)}
        for name, value in switches.items():
            if name not in plain:
                raise ValueError(f"no dialect switch is called {name!r}")
            default = plain[name]
            number = isinstance(default, int | float) and not isinstance(default, bool)
            fits = isinstance(value, int | float) if number else type(value) is type(default)
            if not fits:
                raise ValueError(f"{name} holds values like {default!r}")
        return replace(self, **switches)


PRESETS: dict[str, dict[str, Any]] = {
    "seed": {},
    "codes": {"errors": "codes"},
    "textual": {
        "numbers": "text",
        "service_ids": "text",
        "order_id_type": "text",
        "flags": "absent",
        "catalog_extras": "none",
    },
    "numeric": {"numbers": "number", "flags": "number", "balance_format": "number"},
    "snake": {
        "type_names": "snake",
        "status_words": "snake",
        "flags": "text",
        "catalog_extras": "null",
        "description_field": "desc",
        "content_type": "text/html; charset=UTF-8",
        "status_success": True,
        "pending_remains": "zero",
        "start_count": "null",
        "empty_catalog": "words",
        "parents": "bare",
    },
    "opaque": {
        "id_style": "opaque",
        "order_id_type": "text",
        "status_words": "snake",
        "request_id": "required",
        "error_http": "typed",
        "cancel_value": "request_id",
        "cancel_shape": "flat",
    },
    "hexadecimal": {"id_style": "hex", "order_id_type": "text", "charge_places": 8},
    "wrapped": {
        "catalog_wrap": "status_data",
        "order_field": "data.order",
        "batch": "wrapped",
        "balance_field": "data.balance",
        "error_shape": "message",
    },
    "positional": {"batch": "list_without_ids", "error_http": "typed", "link_guard": True},
    "drifting": {
        "status_words": "drift",
        "pending_remains": "unknown",
        "refill_typo": True,
        "charge_places": 2,
        "over_limit": "refuse",
        "balance_format": "grouped",
    },
    "coded": {"status_words": "numeric", "type_names": "codes", "batch_format": "json_only"},
    "generous": {"recent_orders": True, "add_extras": True, "catalog_currency": True},
    "guarded": {"link_guard": True, "dedup_window": 120.0},
    "paged": {"page_size": 500},
    "apart": {"refunds": "apart"},
}


def preset(name: str, **switches: Any) -> Dialect:
    """A named dialect with single switches on top; ValueError when there is none."""
    if name not in PRESETS:
        raise ValueError(f"no dialect preset is called {name!r}; there are {', '.join(PRESETS)}")
    return Dialect().changed(**{**PRESETS[name], **switches})


STATUS_WORDS: dict[str, Mapping[str, str | int]] = {
    "british": {"Canceled": "Cancelled"},
    "numeric": {
        "Pending": 0,
        "Processing": 1,
        "In progress": 1,
        "Completed": 2,
        "Partial": 3,
        "Canceled": 4,
        "Refunded": 5,
    },
    "drift": {
        "Pending": "Awaiting",
        "In progress": "In-Progress",
        "Completed": "Complete",
        "Partial": "Partially completed",
        "Canceled": "canelled",
    },
    "unknown": {
        "Pending": "Reticulating",
        "In progress": "Simmering",
        "Processing": "Simmering",
        "Completed": "Well done",
        "Partial": "Medium rare",
        "Canceled": "Sent back",
    },
}


def status_word(status: str, words: str) -> str | int:
    """The provider's spelling of a status under a `status_words` switch."""
    if words == "snake":
        return status.lower().replace(" ", "_")
    if words in ("lower", "upper"):
        return status.lower() if words == "lower" else status.upper()
    return STATUS_WORDS.get(words, {}).get(status, status)
