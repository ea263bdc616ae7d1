"""What of an order is told to its provider: everything that was seen, and nothing of ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from django.test import Client

from core.roles import Role
from orders.models import EventKind, Order, OrderEvent
from orders.recovery.support_report import MOST_EVENTS, evidence_of
from orders.status import CancelStatus, Outcome, RefillStatus, Status
from tests.builders import (
    NOON,
    make_attempt,
    make_cancel,
    make_event,
    make_order,
    make_provider,
    make_refill,
    make_service,
    make_user,
)
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]

KEY = 'k/Ey+"q~0123 456\\7&'
HOSTILE = "<img src=x onerror=alert(1)>"
SPELLINGS = [
    KEY,
    quote(KEY, safe=""),
    quote_plus(KEY),
    quote(KEY),
    quote(KEY, safe="").lower(),
    json.dumps(KEY)[1:-1],
    json.dumps(json.dumps(KEY)[1:-1])[1:-1],
    KEY.upper(),
    KEY.lower(),
]


def seen_order(provider: Any = None, **over: Any) -> Order:
    """A lost order with something of everything."""
    service = make_service(provider or make_provider(key=KEY))
    order = make_order(Status.UNCONFIRMED, service=service, sent_at=NOON, **over)
    make_attempt(
        order,
        outcome=Outcome.UNKNOWN,
        worker="desk-host-7:4242:MainThread",
        reason="Read timeout.",
        balance_before=Decimal("31.5"),
        balance_before_at=NOON,
        external_id="",
        evidence={
            "bytes_left": True,
            "http_status": 502,
            "body_excerpt": "<h1>Bad</h1>\nGateway",
            "body_sha256": "ab" * 32,
            "elapsed_ms": 1234,
            "exception_chain": ["ReadTimeout: x"],
            "candidate_id": "991305",
            "content_type": "text/html",
        },
        late={"outcome": "accepted", "external_id": "991306", "at": NOON.isoformat()},
    )
    return order


def told(order: Order) -> str:
    return evidence_of(order, with_balances=True, now=NOON)


def test_it_tells_what_was_sent_and_what_came_back() -> None:
    order = seen_order()
    make_event(
        order,
        kind=EventKind.MOVED,
        before="sending",
        after="unconfirmed",
        text="Read timeout.",
        at=NOON + timedelta(seconds=26),
    )
    make_event(order, kind=EventKind.PROGRESS, text="", evidence={"charge": "0.9", "added_by": "x"})
    make_refill(RefillStatus.REFUSED, order=order, reason="Not eligible")
    make_cancel(CancelStatus.ACCEPTED, order=order, external_id="77")
    text = told(order)
    for words in (
        f"#{order.pk}",
        order.form_key.hex,
        f"{order.form_key.hex}-1",
        "2026-11-23 12:00:26.000",
        "HTTP status:    502",
        "1234 ms",
        "ab" * 32,
        "    | <h1>Bad</h1>\n    | Gateway",
        "    | ReadTimeout: x",
        "991305",
        "external_id=991306",
        f"    | quantity={order.units}",
        "desk   Status: sending -> unconfirmed",
        "    | Not eligible",
        "your number 77",
        "0.9 USD",
        "Balance before: 31.5 USD",
        "All times are UTC",
    ):
        assert words in text, words


def test_it_tells_what_it_should_cost_and_what_came_back_beside_the_charge() -> None:
    text = told(
        seen_order(
            estimate=Decimal("0.9"),
            estimate_high=Decimal("1.8"),
            charge=Decimal("1.1"),
            refund=Decimal("0.2"),
        )
    )
    for line in (
        "Charge:         1.1 USD",
        "Refunded apart: 0.2 USD",
        "Expected:       0.9 USD to 1.8 USD",
    ):
        assert f"{line}\n" in text


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_key_is_in_it_in_no_spelling(spelling: str) -> None:
    order = seen_order(
        payload={
            "service": "1",
            "link": f"https://x.example/{spelling}",
            "key": KEY,
            "KEY": spelling,
        },
        link=f"https://x.example/{spelling}",
        raw_status=spelling[:80],
    )
    attempt = order.attempts.get()
    attempt.wire = {**order.payload, "comments": spelling}
    attempt.evidence = {
        **attempt.evidence,
        "body_excerpt": f'{{"error":"{spelling}"}}',
        "exception_chain": [spelling],
    }
    attempt.late, attempt.reason = {"reason": spelling}, spelling
    attempt.save()
    make_event(order, kind=EventKind.EVIDENCE, text=spelling, evidence={"reason": spelling})
    make_refill(RefillStatus.REFUSED, order=order, reason=spelling)
    text = told(order)
    assert not [one for one in SPELLINGS if one in text]
    assert "[key]" in text


def test_a_key_that_cannot_be_read_does_not_keep_the_evidence_back(settings: Any) -> None:
    order = seen_order()
    settings.FIELD_ENCRYPTION_KEYS = ["x" * 43 + "="]
    assert "HTTP status:    502" in told(Order.objects.get(pk=order.pk))


def test_people_machines_and_notes_stay_at_home() -> None:
    order = seen_order(reference="CUSTOMER-9", note="He pays late.", tags=" vip ")
    person = make_user(Role.MANAGER, username="ada-of-the-desk")
    make_event(order, text="He asked twice.", actor=person)
    make_event(
        order,
        kind=EventKind.MOVED,
        before="unconfirmed",
        after="given_up",
        actor=person,
        text="They never answer.",
        evidence={"added_by": "ada-of-the-desk"},
    )
    make_event(
        order, kind=EventKind.EVIDENCE, text="The worker desk-host-7:4242:MainThread was lost."
    )
    text = told(order)
    for ours in (
        *("ada-of", "desk-host-7", "CUSTOMER-9", "pays late", "vip", "asked twice"),
        "They never answer",
    ):
        assert ours not in text
    assert "staff  Status: unconfirmed -> closed as unknown" in text
    assert "The worker a worker was lost." in text


def test_what_the_provider_wrote_cannot_pass_for_our_lines() -> None:
    order = seen_order(raw_status="ok\nOrder #1\x1b[2J\u202eyek")
    attempt = order.attempts.get()
    attempt.evidence["body_excerpt"] = "a\r\nWhat happened\n-------------\n\u2028x\u202e\x07"
    attempt.save()
    text = told(order)
    assert "Your status:    ok\\nOrder #1\\x1b[2J\\u202eyek" in text
    assert "    | What happened\n    | -------------\n    | \\u2028x\\u202e\\x07" in text
    assert all(line.isprintable() for line in text.split("\n"))


def test_the_page_shows_it_as_text_and_the_file_is_a_download(
    client_for_role: Callable[[Role], Client],
) -> None:
    order = seen_order(raw_status=HOSTILE)
    viewer = client_for_role(Role.VIEWER)
    assert (
        f'href="/orders/{order.pk}/evidence/"'
        in viewer.get(f"/orders/{order.pk}/").content.decode()
    )
    page = viewer.get(f"/orders/{order.pk}/evidence/").content.decode()
    assert "&lt;img src=x" in page and "<img src=x" not in page
    file = viewer.get(f"/orders/{order.pk}/evidence.txt")
    assert file.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert file.headers["Content-Disposition"].startswith("attachment;")
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert HOSTILE in file.content.decode()
    assert viewer.get("/orders/999999/evidence/").status_code == 404


def test_balances_are_for_those_who_may_see_them(client_for_role: Any) -> None:
    order = seen_order()
    address = f"/orders/{order.pk}/evidence.txt"
    assert "31.5" in client_for_role(Role.MANAGER).get(address).content.decode()
    assert "31.5" not in client_for_role(Role.OPERATOR).get(address).content.decode()


def test_ten_of_everything_cost_the_queries_of_one(client_for_role: Any) -> None:
    manager = client_for_role(Role.MANAGER)

    def queries(number: int) -> int:
        order = make_order(Status.COMPLETED)
        person = make_user()
        for each in range(number):
            make_attempt(order, outcome=Outcome.NOT_SENT, number=each + 1)
            make_event(order, kind=EventKind.PROGRESS, actor=person, evidence={"charge": "1"})
            make_refill(RefillStatus.COMPLETED, order=order)
            make_cancel(CancelStatus.REFUSED, order=order)
        captured = queries_of(lambda: manager.get(f"/orders/{order.pk}/evidence/"))
        return len(captured)

    assert queries(10) == queries(1)


def test_a_history_without_end_is_cut_at_its_beginning() -> None:
    order = make_order(Status.IN_PROGRESS)
    OrderEvent.objects.bulk_create(
        OrderEvent(order=order, at=NOON, kind=EventKind.PROGRESS, text=f"Line {number}.")
        for number in range(MOST_EVENTS + 5)
    )
    text = told(order)
    assert "is left out" in text and f"Line {MOST_EVENTS + 4}." in text and "Line 4." not in text
