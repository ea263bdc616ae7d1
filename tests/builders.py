"""Rows for tests: everything you do not mention is valid and dull."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from django.utils import timezone

from core import clocks
from core.encryption import encrypt
from core.models import User
from core.roles import Role
from dashboard.session_age import BEGUN, USED
from orders.models import (
    Attempt,
    BatchLine,
    BlockedLink,
    BulkItem,
    BulkJob,
    CancelRequest,
    ChargeEntry,
    Discrepancy,
    DiscrepancyKind,
    Halt,
    JournalGap,
    Order,
    OrderBatch,
    OrderEvent,
    PollSchedule,
    Recipe,
    Refill,
    SavedFilter,
    Statement,
    StatementState,
    UnmatchedOrder,
)
from orders.models.event import EventKind
from orders.models.spend import recount
from orders.status import (
    AT_PROVIDER,
    ENDED_THERE,
    FINAL,
    OPEN_CANCELS,
    OPEN_REFILLS,
    REFILLS_AT_PROVIDER,
    CancelStatus,
    HaltKind,
    JobKind,
    Outcome,
    RefillStatus,
    Status,
)
from orders.terms import Terms
from providers.actions.accounts import fingerprint
from providers.identity import upstream_digest
from providers.models import CatalogRun, Provider, ProviderHealth, Service

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PASSWORD = "a-good-long-pass-phrase"
_numbers = count(1)


def make_user(role: Role | None = Role.OPERATOR, *, password: str = "", **over: Any) -> User:
    """Somebody with this role (None: no role yet). Without a password nobody can log in as them,
    `log_in` apart: hashing one is slow."""
    over.setdefault("username", f"{role or 'nobody'}-{next(_numbers)}")
    user = User(**over)
    if password:
        user.set_password(password)
    else:
        user.set_unusable_password()
    user.save()
    if role is not None:
        user.set_role(role)
    return user


def log_in(browser: Client, person: User) -> None:
    """As if they had logged in a while ago: a session, and nothing of what logging in sets off."""
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session[BEGUN] = session[USED] = int(time.time())
    session.create()
    browser.cookies[settings.SESSION_COOKIE_NAME] = str(session.session_key)


def make_provider(*, key: str = "test-key-0123456789", **over: Any) -> Provider:
    """An active account with a key and a health row; `key=""` for one without a key."""
    number = next(_numbers)
    over.setdefault("name", f"Northwind {number}")
    over.setdefault("url", f"https://panel{number}.example/api/v2")
    if key:
        over.setdefault("key_ciphertext", encrypt(key))
        over.setdefault("key_last4", key[-4:])
        over.setdefault("key_fingerprint", fingerprint(key))
        upstream = upstream_digest(over["url"], over["key_fingerprint"])
        over.setdefault("upstream", upstream)
        over.setdefault("is_allowed_twin", Provider.objects.filter(upstream=upstream).exists())
    provider = Provider.objects.create(**over)
    ProviderHealth.objects.create(provider=provider)
    return provider


def make_service(provider: Provider | None = None, **over: Any) -> Service:
    """An offered, orderable service of the Default type at 0.90 per 1000."""
    over.setdefault("provider", provider or make_provider())
    over.setdefault("external_id", str(1000 + next(_numbers)))
    over.setdefault("name", "Website visits · Mixed")
    over.setdefault("category", "Website visits")
    over.setdefault("published_type", "Default")
    over.setdefault("type", "Default")
    over.setdefault("rate", Decimal("0.90"))
    over.setdefault("min", 10)
    over.setdefault("max", 100_000)
    over.setdefault("first_seen_at", NOON)
    over.setdefault("changed_at", NOON)
    over.setdefault(
        "search_text",
        Service.search_text_of(over["external_id"], over["name"], over["category"]),
    )
    return Service.objects.create(**over)


def terms_shown(service: Service) -> str:
    """What an order form drawn now for this service carries of its terms."""
    return json.dumps(Terms.of(Service.objects.get(pk=service.pk)).as_json())


def make_order(
    status: Status = Status.QUEUED,
    *,
    service: Service | None = None,
    provider: Provider | None = None,
    watched: bool = True,
    **over: Any,
) -> Order:
    """An order for 1,000 units where `status` says it is, with all such an order has.

    Orders at their provider get an external id and, unless `watched=False`, a watch due now.
    """
    service = service or make_service(provider)
    over.setdefault("service", service)
    over.setdefault("provider", service.provider)
    over.setdefault("type", service.type or "Default")
    number = next(_numbers)
    over.setdefault("link", f"https://lumen.example/p/{number}")
    over.setdefault("link_key", f"lumen.example/p/{number}"[:64])
    over.setdefault("units", 1000)
    over.setdefault(
        "payload",
        {"service": service.external_id, "link": over["link"], "quantity": str(over["units"])},
    )
    over.setdefault("rate", service.rate)
    over.setdefault("estimate", (service.rate or Decimal(0)) * (over["units"] or 0) / 1000)
    over.setdefault("estimate_high", over["estimate"])
    over.setdefault("created_at", NOON)
    over.setdefault("changed_at", over["created_at"])
    over.setdefault("send_after", over["created_at"])
    over.setdefault("spend_day", timezone.localdate(over.get("starts_at") or over["created_at"]))
    if status in AT_PROVIDER | ENDED_THERE:
        over.setdefault("external_id", str(9_000_000 + number))
        over.setdefault("sent_at", over["created_at"])
    if status in ENDED_THERE:
        over.setdefault("charge", over["estimate"])
    if status in FINAL:
        over.setdefault("ended_at", over["created_at"])
    order = Order.objects.create(status=status, **over)
    if order.placed_by_id is not None:  # no sum is kept of orders that nobody has placed
        recount(Order.objects.filter(pk=order.pk), now=order.created_at)
    if status in AT_PROVIDER and watched:
        make_poll_schedule(order)
    return order


def make_poll_schedule(order: Order, **over: Any) -> PollSchedule:
    """A watch of this order, due at once."""
    over.setdefault("next_at", order.created_at)
    over.setdefault("changed_at", order.created_at)
    return PollSchedule.objects.create(
        order=order, provider=order.provider, external_id=order.external_id, **over
    )


def make_attempt(
    order: Order | None = None, *, outcome: Outcome = Outcome.IN_FLIGHT, **over: Any
) -> Attempt:
    """One try to send `order`, by default still in flight; known outcomes get a moment."""
    order = order or make_order(Status.SENDING)
    over.setdefault("number", order.attempts.count() + 1)
    over.setdefault("provider", order.provider)
    over.setdefault("provider_version", order.provider.version)
    over.setdefault("wire", {"action": "add", **order.payload})
    over.setdefault("worker", "test-worker")
    over.setdefault("started_at", order.created_at)
    over.setdefault(
        "lease_until", over["started_at"] + timedelta(seconds=clocks.SEND_LEASE_SECONDS)
    )
    if outcome is not Outcome.IN_FLIGHT:
        over.setdefault("recorded_at", over["started_at"] + timedelta(seconds=1))
    if outcome is Outcome.UNKNOWN:
        over.setdefault("unknown_at", over["started_at"])
    if outcome is Outcome.ACCEPTED:
        over.setdefault("external_id", order.external_id or str(9_000_000 + next(_numbers)))
    return Attempt.objects.create(order=order, outcome=outcome, **over)


def make_event(order: Order, **over: Any) -> OrderEvent:
    """A line of the order's history."""
    over.setdefault("at", order.created_at)
    over.setdefault("kind", EventKind.NOTE)
    over.setdefault("text", "Something was seen.")
    return OrderEvent.objects.create(order=order, **over)


def make_refill(
    status: RefillStatus = RefillStatus.QUEUED, *, order: Order | None = None, **over: Any
) -> Refill:
    """A refill of a completed order, due at once; one at the provider has a number there."""
    order = order or make_order(Status.COMPLETED)
    over.setdefault("provider", order.provider)
    over.setdefault("requested_at", order.created_at)
    over.setdefault("changed_at", over["requested_at"])
    over.setdefault("due_at", over["requested_at"])
    if status in REFILLS_AT_PROVIDER:
        over.setdefault("external_id", str(500_000 + next(_numbers)))
        over.setdefault("followed_by", over["external_id"])
    if status not in OPEN_REFILLS:
        over.setdefault("ended_at", over["requested_at"])
    return Refill.objects.create(order=order, status=status, **over)


def make_cancel(
    status: CancelStatus = CancelStatus.QUEUED, *, order: Order | None = None, **over: Any
) -> CancelRequest:
    """A request to cancel an order that runs, due at once."""
    order = order or make_order(Status.IN_PROGRESS)
    over.setdefault("provider", order.provider)
    over.setdefault("requested_at", order.created_at)
    over.setdefault("due_at", over["requested_at"])
    if status not in OPEN_CANCELS:
        over.setdefault("ended_at", over["requested_at"])
    return CancelRequest.objects.create(order=order, status=status, **over)


def make_run(provider: Provider | None = None, **over: Any) -> CatalogRun:
    """A catalog run of this provider, running unless told otherwise."""
    over.setdefault("started_at", NOON)
    return CatalogRun.objects.create(provider=provider or make_provider(), **over)


def make_job(*orders: Order, **over: Any) -> BulkJob:
    """A bulk note on these orders, not begun."""
    over.setdefault("kind", JobKind.NOTE)
    over.setdefault("terms", {"note": "Something was said."})
    over.setdefault("form_key", uuid4())
    over.setdefault("created_at", NOON)
    over.setdefault("total", len(orders))
    if "started_by" not in over:
        over["started_by"] = make_user()
    job = BulkJob.objects.create(**over)
    BulkItem.objects.bulk_create(BulkItem(job=job, order=order) for order in orders)
    return job


def make_batch(**over: Any) -> OrderBatch:
    """A paste without lines, checked by a manager."""
    over.setdefault("digest", f"{next(_numbers):064}")
    over.setdefault("created_at", NOON)
    if "created_by" not in over:
        over["created_by"] = make_user(Role.MANAGER)
    return OrderBatch.objects.create(**over)


def make_batch_line(batch: OrderBatch | None = None, **over: Any) -> BatchLine:
    """A line that names no service, which its problems say."""
    over.setdefault("number", next(_numbers))
    over.setdefault("cells", {"link": "https://lumen.example/home", "quantity": "100"})
    over.setdefault("problems", [{"field": "service", "words": "Write its number."}])
    over.setdefault("form_key", uuid4())
    return BatchLine.objects.create(batch=batch or make_batch(total=1), **over)


def make_blocked_link(pattern: str = "", **over: Any) -> BlockedLink:
    """Links of one more host nobody may order for."""
    over.setdefault("added_at", NOON)
    pattern = pattern or f"blocked{next(_numbers)}.example"
    return BlockedLink.objects.create(pattern=pattern, **over)


def make_recipe(person: User | None = None, **over: Any) -> Recipe:
    over.setdefault("service", make_service())
    over.setdefault("name", f"recipe {next(_numbers)}")
    return Recipe.objects.create(person=person or make_user(), **over)


def make_saved_filter(person: User | None = None, **over: Any) -> SavedFilter:
    over.setdefault("name", "Completed ones")
    over.setdefault("query", "status=completed")
    return SavedFilter.objects.create(person=person or make_user(), **over)


def make_halt(**over: Any) -> Halt:
    """An incident of a provider of its own, not over."""
    over.setdefault("kind", HaltKind.INCIDENT)
    if over["kind"] not in (HaltKind.STOP, HaltKind.RESTORED):
        over.setdefault("provider", over.get("provider") or make_provider())
    over.setdefault("reason", "It answers with its front page.")
    over.setdefault("placed_at", NOON)
    return Halt.objects.create(**over)


def make_journal_gap(provider: Provider, **over: Any) -> JournalGap:
    """One of this account, found at noon behind nothing that is there, and accepted."""
    over.setdefault("found_at", NOON)
    if "halt" not in over:
        over["halt"] = make_halt(kind=HaltKind.RESTORED, lifted_at=over["found_at"])
    for name in ("events", "orders", "refills", "cancels"):
        over.setdefault(f"{name}_through", 0)
    over.setdefault("host", "desk-1")
    over.setdefault("kept_from", NOON)
    return JournalGap.objects.create(provider=provider, **over)


def make_unmatched_order(provider: Provider | None = None, **over: Any) -> UnmatchedOrder:
    """An order of this account that a restored database lacks; all sending is stopped."""
    provider = provider or make_provider()
    if "halt" not in over:
        stopped = {"kind": HaltKind.RESTORED, "provider": None, "lifted_at": None}
        over["halt"] = Halt.objects.get_or_create(**stopped, defaults={"placed_at": NOON})[0]
    over.setdefault("external_id", str(8_000_000 + next(_numbers)))
    over.setdefault("status", "In progress")
    return UnmatchedOrder.objects.create(provider=provider, account=provider.pk, **over)


def make_charge(order: Order | None = None, **over: Any) -> ChargeEntry:
    """What a completed order took, in the minute after it was sent."""
    order = order or make_order(Status.COMPLETED)
    over.setdefault("provider", order.provider)
    over.setdefault("amount", order.charge or Decimal("0.9"))
    over.setdefault("at_low", order.created_at)
    over.setdefault("at_high", over["at_low"] + timedelta(minutes=1))
    return ChargeEntry.objects.create(order=order, **over)


def make_statement(provider: Provider | None = None, **over: Any) -> Statement:
    """A day on which nothing moved; days of one provider follow each other."""
    provider = provider or make_provider()
    over.setdefault("day", NOON.date() + timedelta(days=provider.statements.count()))
    begins = NOON.replace(hour=0) + (over["day"] - NOON.date())
    over.setdefault("opening", Decimal(100))
    over.setdefault("opening_at", begins)
    over.setdefault("closing", over["opening"])
    over.setdefault("closing_at", begins + timedelta(hours=23, minutes=58))
    over.setdefault("state", StatementState.FITS)
    over.setdefault("made_at", begins + timedelta(days=1, minutes=20))
    return Statement.objects.create(provider=provider, **over)


def make_discrepancy(statement: Statement | None = None, **over: Any) -> Discrepancy:
    """An open discrepancy about 2.50 that are missing."""
    statement = statement or make_statement(
        closing=Decimal("97.5"), difference=Decimal("-2.5"), state=StatementState.DIFFERS
    )
    over.setdefault("provider", statement.provider)
    over.setdefault("day", statement.day)
    over.setdefault("kind", DiscrepancyKind.MISSING)
    over.setdefault("words", "The balance fell by 2.5 USD more than can be explained.")
    over.setdefault("difference", statement.difference)
    over.setdefault("numbers", {"opening": "100", "closing": "97.5", "difference": "-2.5"})
    over.setdefault("opened_at", statement.made_at)
    return Discrepancy.objects.create(statement=statement, **over)
