"""Everything seen of one order as plain text, to copy into a ticket with its provider.

It is written for strangers: staff and workers have no names in it, notes and references stay
at home, the key is nowhere, and what others wrote cannot pass for our own lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from core.money import plain
from providers.connect import redactor_for

from ..models import Attempt, CancelRequest, EventKind, Order, OrderEvent, Refill
from ..status import Status

MOST_EVENTS = 1000
NOT_KNOWN = "not known"
_FIGURES = (
    *("status", "raw_status", "charge", "start_count", "remains", "currency", "orders", "asked"),
    *("reason", "external_id"),
)  # of an event's evidence; the rest repeats an attempt or is our own business
_AT_HOME = (EventKind.NOTE,)


def evidence_of(order: Order, *, with_balances: bool, now: datetime) -> str:
    """The whole story in order of time; times are UTC, as the database's clock had them."""
    attempts = list(order.attempts.order_by("number"))
    events = list(order.events.exclude(kind__in=_AT_HOME).order_by("-pk")[: MOST_EVENTS + 1])
    sections = [
        _section(f"Order {order}", _head(order, now)),
        *(_section(_title(one), _attempt(one, order, with_balances)) for one in attempts),
        _section("What happened", _history(events)),
        _section("Charges as they became known", _charges(events, order)),
        _section("Refills", _requests(order.refills.order_by("pk"))),
        _section("Requests to cancel", _requests(order.cancel_requests.order_by("pk"))),
    ]
    text = "\n".join(part for part in sections if part)
    for worker in {attempt.worker for attempt in attempts if attempt.worker}:
        text = text.replace(worker, "a worker")
    return redactor_for(order.provider)(text)


def _section(title: str, lines: Iterable[str]) -> str:
    found = list(lines)
    return "\n".join((title, "-" * len(title), *found, "")) if found else ""


def _head(order: Order, now: datetime) -> Iterator[str]:
    yield _named("Written", f"{_at(now)}. All times are UTC, by the clock of our database.")
    yield _named("Our number", f"{order} (form key {order.form_key.hex})")
    yield _named("Your number", order.external_id or NOT_KNOWN)
    yield _named("Sent to", f"{order.provider.name}, {order.provider.url}")
    yield _named("Service", f"{order.service.external_id} · {order.service_name}")
    yield _named("Link", order.link)
    yield _named("Quantity", NOT_KNOWN if order.units is None else str(order.units))
    yield _named("Status here", order.get_status_display())
    yield _named("Your status", order.raw_status or NOT_KNOWN)
    yield _named("Charge", _money(order.charge, order))
    if order.refund:
        yield _named("Refunded apart", _money(order.refund, order))
    yield _named("Expected", _expected(order))
    yield _named("Start count", _count(order.start_count))
    yield _named("Remaining", _count(order.remains))
    for label, moment in (
        ("Wanted", order.created_at),
        ("Sent", order.sent_at),
        ("Ended", order.ended_at),
    ):
        yield _named(label, _at(moment))


def _title(attempt: Attempt) -> str:
    return f"Request {attempt.number}: {attempt.shown_outcome.label.lower()}"


def _attempt(attempt: Attempt, order: Order, with_balances: bool) -> Iterator[str]:
    seen = attempt.evidence if isinstance(attempt.evidence, dict) else {}
    left = {True: "yes", False: "no, not a byte"}.get(seen.get("bytes_left", ""), NOT_KNOWN)
    yield _named("Started", _at(attempt.started_at))
    yield _named("Resolved", _at(attempt.recorded_at))
    yield _named("Token", attempt.idempotency_key)
    yield _named("Left us", left)
    yield _named("Parameters", "action=add, our key, and these:")
    yield from _quoted("\n".join(_parameters(attempt.wire)))
    if with_balances and attempt.balance_before is not None:
        read = f", read {_at(attempt.balance_before_at)}"
        yield _named("Balance before", _money(attempt.balance_before, order) + read)
    yield _named("HTTP status", str(seen.get("http_status") or NOT_KNOWN))
    yield _named("Duration", f"{seen['elapsed_ms']} ms" if seen.get("elapsed_ms") else NOT_KNOWN)
    if seen.get("content_type"):
        yield _named("Content type", str(seen["content_type"]))
    if excerpt := str(seen.get("body_excerpt") or ""):
        yield _named("Answer", "as it came, at most its first 4 KiB, our key replaced:")
        yield from _quoted(excerpt)
    if seen.get("body_sha256"):
        yield _named("SHA-256 of it", str(seen["body_sha256"]))
    if chain := seen.get("exception_chain"):
        yield _named("Errors met", "from the outermost to the cause:")
        yield from _quoted("\n".join(map(str, chain)))
    if attempt.reason:
        yield _named("Read as", attempt.reason)
    if number := attempt.external_id or seen.get("candidate_id"):
        yield _named("Number in it", str(number))
    if attempt.late:
        yield _named("Late answer", "it came after this request had been resolved:")
        yield from _quoted("\n".join(_parameters(attempt.late)))


def _history(events: list[OrderEvent]) -> Iterator[str]:
    if len(events) > MOST_EVENTS:
        yield f"(what came before these {MOST_EVENTS:,} lines is left out)"
    for event in reversed(events[:MOST_EVENTS]):
        who = "staff" if event.actor_id else "desk"
        yield f"{_at(event.at)}  {who:5}  {_what(event)}"
        # the reason for giving up is staff's own words, and stays at home
        if event.words and event.after != Status.GIVEN_UP:
            yield from _quoted(event.words)
        yield from _quoted("\n".join(_parameters(_figures(event))))


def _figures(event: OrderEvent) -> dict[str, Any]:
    kept = event.evidence if isinstance(event.evidence, dict) else {}
    known = {name: kept[name] for name in _FIGURES if name in kept}
    if known.get("reason") == event.text:
        del known["reason"]
    return known


def _what(event: OrderEvent) -> str:
    label = EventKind(event.kind).label
    before, after = (_status(word) for word in (event.before, event.after))
    return f"{label}: {before} -> {after}" if before and after else f"{label}: {after}".rstrip(": ")


def _charges(events: list[OrderEvent], order: Order) -> Iterator[str]:
    for event in reversed(events):
        if isinstance(event.evidence, dict) and event.evidence.get("charge"):
            charge = f"{event.evidence['charge']} {order.provider.currency}"
            yield f"{_at(event.at)}  {_line(charge)}"


def _requests(asked: Iterable[Refill | CancelRequest]) -> Iterator[str]:
    for one in asked:
        number = f", your number {one.external_id}" if one.external_id else ""
        yield _line(f"{_at(one.requested_at)}  {one.get_status_display()}{number}")
        yield f"    sent {_at(one.sent_at)}, ended {_at(one.ended_at)}, requests {one.requests}"
        yield from _quoted(one.reason)


def _parameters(wire: Mapping[str, Any]) -> list[str]:
    named = ((str(name), value) for name, value in wire.items() if value not in (None, ""))
    return [f"{name}={value}" for name, value in named if name.casefold() != "key"]


def _expected(order: Order) -> str:
    low, high = order.estimate, order.estimate_high
    if low is None or low == high:
        return _money(low, order)
    return f"{_money(low, order)} to {_money(high, order)}"


def _money(amount: Decimal | None, order: Order) -> str:
    return NOT_KNOWN if amount is None else f"{plain(amount)} {order.provider.currency}".strip()


def _count(number: int | None) -> str:
    return NOT_KNOWN if number is None else str(number)


def _status(word: str) -> str:
    return Status(word).label.lower() if word in Status.values else _line(word)


def _at(moment: datetime | None) -> str:
    if moment is None:
        return "—"
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3]


def _named(label: str, text: str) -> str:
    return f"{label + ':':16}{_line(text)}"


def _quoted(text: str) -> Iterator[str]:
    """What others wrote, marked as theirs on every line."""
    for line in text.replace("\r\n", "\n").split("\n") if text else ():
        yield f"    | {_line(line)}"


def _line(text: str) -> str:
    """One line without anything that would move, hide or turn around what stands beside it."""
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )
