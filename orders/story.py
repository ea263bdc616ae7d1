"""The history of an order in words: what happened, who did it, and what was told with it.

A line of the history keeps what was seen as names and values. People read those here; what the
wire carried byte for byte stands with the send attempts and in the support report.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from core.models import User
from core.templatetags.desk import amount, spell_money

from .models import EventKind, Order, OrderEvent
from .models.event import IS_RECALLED
from .polling.anomalies import CODE, STANDS
from .status import COLORS, ENDED_THERE, THERE, HoldReason, Resolution, Status
from .terms import Terms, differences

STORY_SHOWN = 200  # lines; the older ones are in the support report

_S = Status
BECAME: Final[dict[str, str]] = {
    _S.HELD: "Held",
    _S.QUEUED: "Queued",
    _S.SENDING: "Sending to the provider",
    _S.UNCONFIRMED: "Sent, but not confirmed",
    _S.NOT_PLACED: "Not at the provider",
    _S.REJECTED: "Rejected by the provider",
    _S.WITHDRAWN: "Withdrawn",
    _S.GIVEN_UP: "Closed as unknown",
    _S.PENDING: "Accepted by the provider",
    _S.IN_PROGRESS: "Delivery started",
    _S.PROCESSING: "In processing",
    _S.ACTIVE: "Active",
    _S.PAUSED: "Paused by the provider",
    _S.COMPLETED: "Completed",
    _S.PARTIAL: "Ended, partly delivered",
    _S.CANCELED: "Canceled by the provider",
    _S.REFUNDED: "Refunded by the provider",
    _S.EXPIRED: "Expired",
}
WENT: Final[dict[tuple[str, str], str]] = {
    (_S.HELD, _S.QUEUED): "Released",
    (_S.SENDING, _S.QUEUED): "Not sent, back in the queue",
    (_S.SENDING, _S.HELD): "Not sent, held",
    (_S.NOT_PLACED, _S.QUEUED): "Queued again",
    (_S.PAUSED, _S.IN_PROGRESS): "Delivery goes on",
    (_S.PROCESSING, _S.IN_PROGRESS): "In progress",
}
FOUND: Final = "Found at the provider"
ACCEPTED: Final = "Accepted."  # every good answer says so
KINDS: Final[dict[str, tuple[str, str, str]]] = {  # title, icon, colour
    EventKind.PLACED: ("Placed", "shopping-cart", "blue"),
    EventKind.PROGRESS: ("Progress", "chart-line", "blue"),
    EventKind.EVIDENCE: ("Seen", "file-text", "secondary"),
    EventKind.FLAGGED: ("Flagged", "flag", "orange"),
    EventKind.NOTE: ("Comment", "message", "yellow"),
    EventKind.REFILL: ("Refill", "refresh", "cyan"),
    EventKind.CANCEL: ("Cancellation", "ban", "cyan"),
}
# Of an answer: it stands with its send attempt, as it came.
ON_THE_WIRE: Final = frozenset(
    {"body_excerpt", "body_sha256", "content_type", "exception_chain", "bytes_left", "http_status"}
)
TERMS: Final = ("before", "agreed")
OUR_OWN: Final = frozenset(
    {"status", "charge_before", "elapsed_ms", "flag", CODE, STANDS, IS_RECALLED}
)


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One thing that happened. `facts` are names with values, both in words."""

    pk: int
    at: datetime
    actor: User | None
    title: str
    icon: str
    color: str
    words: str
    facts: tuple[tuple[str, str], ...]


def story_of(order: Order, *, most: int | None = None) -> tuple[list[StoryLine], bool]:
    """The newest lines, the newest first, and whether there are older ones."""
    most = most or STORY_SHOWN
    found = list(order.events.select_related("actor").order_by("-pk")[: most + 1])
    return [_line(event, order) for event in found[:most]], len(found) > most


def _line(event: OrderEvent, order: Order) -> StoryLine:
    title, icon, color = _head(event, order)
    facts = tuple(_facts(event, order))
    return StoryLine(
        event.pk, event.at, event.actor, title, icon, color, _words(event, facts), facts
    )


def _head(event: OrderEvent, order: Order) -> tuple[str, str, str]:
    if event.kind == EventKind.MOVED:
        color = COLORS[Status(event.after)] if event.after in Status.values else "secondary"
        return _became(event), "arrow-right", color
    title, icon, color = KINDS.get(event.kind, (event.get_kind_display(), "point", "secondary"))
    if event.kind == EventKind.PLACED and event.after == _S.HELD:
        title = "Placed, held"
    elif event.kind == EventKind.PROGRESS and not event.text:
        title = _news(event)
    return title, icon, color


def _became(event: OrderEvent) -> str:
    if event.before in (_S.UNCONFIRMED, _S.GIVEN_UP) and event.after in THERE:
        return FOUND
    if event.before in ENDED_THERE:
        return f"The provider changed it to {_label(event.after).lower()}"
    return WENT.get((event.before, event.after)) or BECAME.get(event.after) or event.after


def _label(word: str) -> str:
    return Status(word).label if word in Status.values else word


def _news(event: OrderEvent) -> str:
    """What became known or changed."""
    seen = _seen(event)
    if "charge" in seen:
        return "The charge changed" if "charge_before" in seen else "The charge is known"
    return "The start count is known" if "start_count" in seen else "Progress"


def _words(event: OrderEvent, facts: Iterable[tuple[str, str]]) -> str:
    """Nothing where it would only say the answer that the facts tell."""
    is_plain = event.after in THERE and event.words == ACCEPTED
    return "" if is_plain else event.words


def _seen(event: OrderEvent) -> Mapping[str, Any]:
    return event.evidence if isinstance(event.evidence, Mapping) else {}


def _facts(event: OrderEvent, order: Order) -> Iterator[tuple[str, str]]:
    seen = dict(_seen(event))
    if seen.get("http_status"):
        took = f" after {_count(seen['elapsed_ms'])} ms" if seen.get("elapsed_ms") else ""
        yield "Answer", f"HTTP {seen['http_status']}{took}"
    if changed := _changed_terms(seen):
        yield from changed
        seen = {name: value for name, value in seen.items() if name not in TERMS}
    for name, value in sorted(seen.items(), key=_place):
        if name in ON_THE_WIRE | OUR_OWN or value in ("", None, "None", [], {}):
            continue
        if name == "reason" and value in (event.text, ACCEPTED):
            continue
        if (label := NAMES.get(name)) is None:
            yield from _flat(name, value)
        elif words := _spelled(name, value, seen, event, order):
            yield label, words


NAMES: Final[dict[str, str]] = {
    "raw_status": "The provider's status",
    "start_count": "Start count",
    "remains": "Remaining",
    "charge": "Charge",
    "refund": "Refunded",
    "external_id": "The provider's id",
    "candidate_id": "Id in the answer",
    "orders": "Orders",
    "asked": "Times asked",
    "by": "Decided by",
    "released": "It was held for",
    "outcome": "Read as",
    "rows": "Rows in the list",
}


def _place(fact: tuple[str, Any]) -> tuple[int, str]:
    """Known names as they are listed, then the rest: PostgreSQL keeps no order of its own."""
    names = list(NAMES)
    name = str(fact[0])
    return names.index(name) if name in NAMES else len(names), name


def _spelled(
    name: str, value: Any, seen: Mapping[str, Any], event: OrderEvent, order: Order
) -> str:
    """The value of a name that is known, in words; nothing where it says nothing new."""
    if name == "raw_status":
        return "" if str(value).casefold() == _label(event.after).casefold() else f"“{value}”"
    if name in ("charge", "refund"):
        before = seen.get("charge_before") if name == "charge" else None
        was = f", before {_money(before, order)}" if before else ""
        return f"{_money(value, order)}{was}"
    if name in ("start_count", "remains"):
        return _count(value)
    if name == "orders" and isinstance(value, list):
        return ", ".join(map(str, value))
    if name == "by" and value in Resolution.values:
        return str(Resolution(value).label)
    if name == "released" and value in HoldReason.values:
        return str(HoldReason(value).label)
    return str(value)


def _changed_terms(seen: Mapping[str, Any]) -> list[tuple[str, str]]:
    before, agreed = (Terms.read(seen.get(name)) for name in TERMS)
    if agreed is None or before is None:
        return []
    return [(one.label, f"{one.before} → {one.after}") for one in differences(before, agreed)]


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Names nobody listed: each value on a line of its own, under its names."""
    label = name.replace("_", " ").strip().capitalize()
    if isinstance(value, Mapping):
        for inner, one in sorted(value.items()):
            yield from _flat(f"{label}, {inner}", one)
    elif isinstance(value, list):
        yield label, "; ".join(map(_plain, value))
    else:
        yield label, _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(one)}" for name, one in sorted(value.items()))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _money(value: Any, order: Order) -> str:
    try:
        return spell_money(Decimal(str(value)), order.provider.currency)
    except (InvalidOperation, ValueError):
        return str(value)


def _count(value: Any) -> str:
    text = str(value)
    return amount(int(text)) if text.removeprefix("-").isdecimal() else text
