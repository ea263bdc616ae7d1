"""The page of one order: what it shows, and the steps staff may take on it."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from core.clocks import database_now
from core.roles import Role
from orders import wake_ups
from orders.account_trouble import refused_for_funds
from orders.models import EventKind, Order
from orders.sending import record_outcome
from orders.shown import of_order
from orders.status import Flag, HoldReason, Outcome, Status
from providers.models import ProviderHealth
from providers.panel_api import RefusalCode
from tests.builders import (
    NOON,
    make_attempt,
    make_event,
    make_halt,
    make_order,
    make_provider,
    make_service,
)
from tests.one_line import one_line
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]

HTMX = {"HX-Request": "true"}
HOSTILE = "<img src=x onerror=alert(1)>"
EVIDENCE = {
    "bytes_left": True,
    "http_status": 502,
    "body_excerpt": HOSTILE,
    "body_sha256": "ab" * 32,
    "elapsed_ms": 1234,
    "exception_chain": [HOSTILE],
    "candidate_id": HOSTILE,
    "reason": HOSTILE,
}


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The accounts whose bell was rung."""
    bells: list[int] = []
    monkeypatch.setattr(wake_ups, "ring", bells.append)
    return bells


def page_of(client: Client, order: Order) -> str:
    answer = client.get(f"/orders/{order.pk}/")
    assert answer.status_code == 200
    return answer.content.decode()


def status_of(order: Order) -> Status:
    return Status(Order.objects.values_list("status", flat=True).get(pk=order.pk))


@pytest.mark.parametrize("status", list(Status))
def test_an_order_can_be_looked_at_wherever_it_is(staff: Client, status: Status) -> None:
    page = page_of(staff, make_order(status))
    assert status.label in page


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (Status.QUEUED, "changed"),
        (Status.HELD, "changed"),
        (Status.UNCONFIRMED, "changed"),
        (Status.NOT_PLACED, "changed"),
        (Status.PENDING, "checked"),
        (Status.COMPLETED, "checked"),
    ],
)
def test_only_what_its_provider_has_was_seen(staff: Client, status: Status, word: str) -> None:
    order = make_order(status)
    page = one_line(staff.get(f"/orders/{order.pk}/").content.decode())
    assert re.findall(r"(checked|changed)<time", page) == [word]
    staff.post("/orders/layout/", {"columns": ["checked"], "density": "dense"})
    row = one_line(staff.get("/orders/").content.decode())
    assert ("Checked" in row, bool(re.findall(r'"Checked"[^>]*><time', row))) == (
        True,
        word == "checked",
    )


def test_each_label_leads_to_its_own_field(staff: Client) -> None:
    ids = re.findall(r' id="([^"]+)"', page_of(staff, make_order(Status.NOT_PLACED)))
    assert {"id_note", "id_comment"} <= set(ids)
    assert len(ids) == len(set(ids))


def test_a_queued_order_tells_how_long_its_provider_is_given_a_pause(staff: Client) -> None:
    now = database_now()
    order = make_order(Status.QUEUED, send_after=now)
    assert "given a pause" not in page_of(staff, order)
    health = ProviderHealth.objects.filter(provider=order.provider)
    health.update(next_add_at=now + timedelta(minutes=3))
    page = page_of(staff, order)
    assert re.search(r'given a pause: it is sent <time [^>]*data-when="due"', page)
    make_halt(provider=order.provider)
    page = page_of(staff, order)
    assert "Waiting:" in page and "given a pause" not in page


@pytest.mark.parametrize(
    ("known", "now", "end"),
    [
        ({"remains": 400, "start_count": 1234}, 1834, 2234),
        ({"start_count": 1234}, None, 2234),
        ({"remains": 400}, None, None),
        ({"units": None, "remains": 400, "start_count": 1234}, None, None),
    ],
    ids=["all is known", "not how far it is", "not from where", "not how many"],
)
def test_what_the_link_counts_is_told_as_far_as_it_is_known(
    staff: Client, known: dict[str, Any], now: int | None, end: int | None
) -> None:
    order = make_order(Status.IN_PROGRESS, **known)
    assert (order.count_now, order.count_at_end) == (now, end)
    page = one_line(page_of(staff, order))
    assert (now is not None) == (f"about {now or 0:,} now." in page)
    assert (end is not None) == (f"All delivered: {end or 0:,}." in page)


def test_the_page_tells_what_was_asked_and_how_it_goes(staff: Client) -> None:
    order = make_order(
        Status.PARTIAL,
        units=500,
        remains=425,
        start_count=1234,
        charge=Decimal("0.05"),
        payload={"service": "42", "link": "https://lumen.example/x", "comments": "one\ntwo"},
        link="https://lumen.example/x",
        raw_status="Partial done",
    )
    make_attempt(order, outcome=Outcome.ACCEPTED, evidence=EVIDENCE, external_id="777001")
    make_event(order, kind=EventKind.MOVED, before="pending", after="partial", text="Half a job.")
    page = page_of(staff, order)
    for words in (
        "75 / 500",
        "1,234",
        "$0.05",
        "one<br>two",
        "Partial done",
        "Half a job.",
        "777001",
        "1,234 ms",
        "ab" * 32,
    ):
        assert words in page
    assert 'href="https://lumen.example/x"' in page and 'rel="noopener noreferrer"' in page


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "@lumen", "ftp://x"])
def test_only_web_addresses_can_be_followed(staff: Client, link: str) -> None:
    assert f'href="{link}' not in page_of(staff, make_order(link=link))


def test_what_others_wrote_is_only_ever_text(client_for_role: Any) -> None:
    order = make_order(
        Status.UNCONFIRMED,
        link=HOSTILE,
        external_id=HOSTILE,
        raw_status=HOSTILE,
        reason=HOSTILE,
        service=make_service(make_provider(name=HOSTILE), name=HOSTILE),
        flag=Flag.LATE_ANSWER,
        payload={HOSTILE: HOSTILE},
    )
    make_attempt(
        order,
        outcome=Outcome.UNKNOWN,
        evidence=EVIDENCE,
        reason=HOSTILE,
        wire={"link": HOSTILE},
        late={"reason": HOSTILE},
    )
    make_event(order, kind=EventKind.EVIDENCE, text=HOSTILE, evidence=EVIDENCE)
    manager = client_for_role(Role.MANAGER)
    for address in (f"/orders/{order.pk}/", f"/orders/{order.pk}/resolve/", "/orders/unconfirmed/"):
        page = manager.get(address).content.decode()
        assert "<img" not in page.replace('<img src="/static/', "")
        assert "&lt;img" in page


def test_a_key_among_the_parameters_would_be_hidden(staff: Client) -> None:
    order = make_order(payload={"service": "1", "KEY": "super-secret"})
    assert "super-secret" not in page_of(staff, order)


def test_the_live_part_is_part_of_the_page(staff: Client) -> None:
    order = make_order(Status.IN_PROGRESS)
    make_attempt(order, outcome=Outcome.ACCEPTED)
    make_event(order, evidence={"a": 1})
    part = staff.get(f"/orders/{order.pk}/", headers=HTMX).content.decode().strip()
    assert part.startswith('<div id="order-live"') and part in page_of(staff, order)
    assert "csrfmiddlewaretoken" not in part


@pytest.mark.parametrize(("status", "polls"), [(Status.SENDING, True), (Status.PARTIAL, False)])
def test_it_asks_again_only_while_it_moves(staff: Client, status: Status, polls: bool) -> None:
    page = page_of(staff, make_order(status))
    live = page[page.index('id="order-live"') :]
    assert ('hx-trigger="every 3s"' in live) is polls


def test_a_long_history_costs_what_a_short_one_costs(staff: Client) -> None:
    order = make_order(Status.IN_PROGRESS)
    make_event(order)
    one = queries_of(lambda: page_of(staff, order))
    for _ in range(9):
        make_event(order)
    assert len(queries_of(lambda: page_of(staff, order))) == len(one)


@pytest.mark.parametrize("status", [Status.HELD, Status.QUEUED, Status.NOT_PLACED])
def test_what_was_not_sent_can_be_withdrawn(staff: Client, status: Status) -> None:
    order = make_order(status)
    assert f"/orders/{order.pk}/withdraw/" in page_of(staff, order)
    staff.post(f"/orders/{order.pk}/withdraw/")
    assert status_of(order) == Status.WITHDRAWN


@pytest.mark.parametrize("status", [Status.SENDING, Status.UNCONFIRMED, Status.COMPLETED])
def test_what_was_sent_cannot_be_withdrawn_and_the_page_says_where_it_is(
    staff: Client, status: Status
) -> None:
    order = make_order(status)
    assert f"/orders/{order.pk}/withdraw/" not in page_of(staff, order)
    answer = staff.post(f"/orders/{order.pk}/withdraw/", follow=True)
    assert status_of(order) == status
    assert (
        f"was not withdrawn. Its status is {status.label.lower()} now." in answer.content.decode()
    )


def test_a_held_order_is_released(
    staff: Client,
    rung: list[int],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    order = make_order(Status.HELD, hold_reason=HoldReason.FUNDS, reason="Not enough funds")
    assert "balance is too low" in page_of(staff, order)
    with django_capture_on_commit_callbacks(execute=True):
        staff.post(f"/orders/{order.pk}/release/", {"shown": "funds"})
    assert status_of(order) == Status.QUEUED
    assert rung == [order.provider_id]


def test_one_that_waits_for_funds_because_of_another_says_so_and_which(staff: Client) -> None:
    refused = make_order(Status.HELD, hold_reason=HoldReason.FUNDS, reason="Not enough funds")
    make_attempt(refused, outcome=Outcome.REJECTED, code=RefusalCode.FUNDS)
    newer = make_order(Status.HELD, provider=refused.provider, hold_reason=HoldReason.FUNDS)
    alone = make_order(Status.HELD, hold_reason=HoldReason.FUNDS)
    ProviderHealth.objects.update(funds_refused_at=NOON)
    too_low, of_another = "balance is too low", "Waiting: the provider refused "
    assert too_low in page_of(staff, refused) and of_another not in page_of(staff, refused)
    for address in (f"/orders/{newer.pk}/", f"/orders/{newer.pk}/peek/"):
        page = staff.get(address).content.decode()
        assert f"{of_another}order #{refused.pk} for its balance" in page and too_low not in page
    assert f"{of_another}an order for its balance" in page_of(staff, alone)
    rows = staff.get("/orders/").content.decode()
    assert rows.count(f'title="{of_another}an order for its balance"') == 2


def test_one_that_waits_for_its_own_estimate_speaks_of_no_refusal(staff: Client) -> None:
    """The refusal is forgotten: the balance pays for others, and does not for this one."""
    order = make_order(Status.HELD, hold_reason=HoldReason.FUNDS)
    refused = make_order(
        Status.HELD, provider=order.provider, hold_reason=HoldReason.FUNDS, reason="Not enough"
    )
    make_attempt(refused, outcome=Outcome.REJECTED, code=RefusalCode.FUNDS)
    for address in (f"/orders/{order.pk}/", f"/orders/{order.pk}/peek/"):
        page = staff.get(address).content.decode()
        assert "Waits until the balance pays for it" in page and "refused order" not in page
    assert 'title="Waits until the balance pays for it"' in staff.get("/orders/").content.decode()
    assert "balance is too low" in page_of(staff, refused)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="it reads SQLite's own words")
def test_which_order_was_refused_is_found_without_walking_the_account() -> None:
    plan = refused_for_funds(1).explain()
    assert "order_by_status (status=?)" in plan and "order_by_provider" not in plan
    assert "SCAN" not in plan and "(order_id=?)" in plan


def test_queueing_again_must_be_meant(
    staff: Client,
    rung: list[int],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    order = make_order(Status.NOT_PLACED)
    with django_capture_on_commit_callbacks(execute=True):
        refused = staff.post(f"/orders/{order.pk}/requeue/")
    assert refused.status_code == 422 and "Tick this" in refused.content.decode()
    assert (status_of(order), rung) == (Status.NOT_PLACED, [])
    with django_capture_on_commit_callbacks(execute=True):
        staff.post(f"/orders/{order.pk}/requeue/", {"sure": "on", "shown": of_order(order)})
    assert (status_of(order), rung) == (Status.QUEUED, [order.provider_id])


@pytest.mark.parametrize("status", [Status.UNCONFIRMED, Status.SENDING, Status.GIVEN_UP])
def test_what_may_be_at_the_provider_is_never_queued_again(
    staff: Client, rung: list[int], status: Status
) -> None:
    order = make_order(status)
    staff.post(f"/orders/{order.pk}/requeue/", {"sure": "on", "shown": of_order(order)})
    assert (status_of(order), rung) == (status, [])


def test_why_it_rested_is_told_as_past_once_it_is_queued_again(staff: Client) -> None:
    order = make_order(Status.NOT_PLACED, reason="Confirmed by Ada not to be at the provider.")
    staff.post(f"/orders/{order.pk}/requeue/", {"sure": "on", "shown": of_order(order)})
    order.refresh_from_db()
    assert order.status == Status.QUEUED
    day = timezone.localtime(order.changed_at).strftime("%d %b %Y, %H:%M %Z")
    words = f"Until it was queued again on {day}: Confirmed by Ada not to be at the provider."
    assert words in one_line(page_of(staff, order))


def test_a_lost_worker_is_told_in_words_and_its_name_in_the_details(staff: Client) -> None:
    order = make_order(Status.SENDING)
    make_attempt(order, worker="desk-host-7:4242:MainThread")
    later = database_now() + timedelta(hours=1)
    assert record_outcome.take_for_lost(order.attempts.get().pk, now=later)
    page = one_line(page_of(staff, order))
    assert "The worker that sent it was lost." in page
    assert page.count("desk-host-7") == 1
    assert "Worker:<bdi>desk-host-7:4242:MainThread</bdi>" in page


def test_refreshing_makes_the_order_due(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def refresh(order: Order) -> bool:
        asked.append(order.pk)
        return True

    monkeypatch.setattr(wake_ups, "refresh", refresh)
    order = make_order(Status.IN_PROGRESS)
    assert "Refresh status" in page_of(staff, order)
    assert "Refresh status" not in page_of(staff, make_order(Status.NOT_PLACED))
    staff.post(f"/orders/{order.pk}/refresh/")
    assert asked == [order.pk]


def test_a_note_joins_the_history(staff: Client) -> None:
    order = make_order()
    staff.post(f"/orders/{order.pk}/comment/", {"comment": "The customer asked twice."})
    note = order.events.get(kind=EventKind.NOTE)
    assert note.actor_id == int(staff.session["_auth_user_id"])
    assert "The customer asked twice." in page_of(staff, order)


@pytest.mark.parametrize("note", ["", "   ", "x" * 501])
def test_a_note_that_says_nothing_or_too_much_comes_back(staff: Client, note: str) -> None:
    order = make_order()
    answer = staff.post(f"/orders/{order.pk}/comment/", {"comment": note})
    assert answer.status_code == 422 and "invalid-feedback" in answer.content.decode()
    assert note.strip() in answer.content.decode()
    assert not order.events.exists()


@pytest.mark.parametrize("step", ["withdraw", "release", "requeue", "refresh", "comment"])
def test_steps_are_for_those_who_may_place_and_never_a_get(client_for_role: Any, step: str) -> None:
    order = make_order(Status.HELD)
    assert client_for_role(Role.VIEWER).post(f"/orders/{order.pk}/{step}/").status_code == 403
    assert client_for_role(Role.OPERATOR).get(f"/orders/{order.pk}/{step}/").status_code == 405
    assert client_for_role(Role.OPERATOR).post(f"/orders/{10**30}/{step}/").status_code == 404
    assert status_of(order) == Status.HELD
    assert f"/{step}/" not in page_of(client_for_role(Role.VIEWER), order)
