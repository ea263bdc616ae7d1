"""The word of what a page shows is read before all that is drawn: what comes while it is drawn is
agreed to by nobody who was not shown it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from core.clocks import database_now
from core.roles import Role
from orders.mass import batch_views, tasks
from orders.models import Attempt, BatchState, Halt, Order, OrderBatch, ReconcileRun
from orders.recovery import resolve_views
from orders.restores import views as restored_views
from orders.sending import record_outcome
from orders.sending.outcome import SendOutcome
from orders.status import JobState, Outcome, Status
from orders.tests.recovery.test_resolve_pages import OLD
from orders.tests.restores.test_restored_pages import EVERYTHING, PAGE, close
from providers.panel_api import Evidence
from tests.builders import (
    NOON,
    make_attempt,
    make_order,
    make_provider,
    make_service,
    make_unmatched_order,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def manager(client_for_role: Callable[[Role], Client]) -> Client:
    return client_for_role(Role.MANAGER)


def word_in(page: str) -> str:
    return str(re.findall(r'name="shown" value="([^"]+)"', page)[0])


def page_during(
    monkeypatch: pytest.MonkeyPatch,
    browser: Client,
    address: str,
    read: tuple[Any, str],
    happens: Callable[[], None],
) -> str:
    """The page at this address, where this happens just before one of its reads."""
    module, name = read
    real = getattr(module, name)

    def meanwhile(*args: Any, **named: Any) -> Any:
        monkeypatch.setattr(module, name, real)
        happens()
        return real(*args, **named)

    monkeypatch.setattr(module, name, meanwhile)
    page = browser.get(address).content.decode()
    assert getattr(module, name) is real, "nothing has happened meanwhile"
    return page


def lost() -> Order:
    sent_at = database_now() - OLD
    order = make_order(Status.UNCONFIRMED, created_at=sent_at, sent_at=sent_at)
    make_attempt(order, outcome=Outcome.UNKNOWN, evidence={})
    return order


def late_answer(order: Order) -> None:
    """Not understood, and it names an id."""
    words = "An id and an error"
    seen = Evidence(reason=words, bytes_left=True, http_status=200, candidate_id="991305")
    outcome = SendOutcome(Outcome.UNKNOWN, Status.UNCONFIRMED, words, evidence=seen)
    attempt = Attempt.objects.select_related("order", "provider").get(order=order)
    record_outcome.record(attempt, outcome, now=database_now())


@pytest.mark.parametrize("name", ["doubted_attempts", "order_with", "story_of"])
def test_an_answer_while_the_evidence_is_drawn_is_not_decided_on_unseen(
    manager: Client, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    order = lost()
    address = f"/orders/{order.pk}/resolve/"
    read = (resolve_views, name)
    page = page_during(monkeypatch, manager, address, read, lambda: late_answer(order))
    manager.post(f"{address}not-placed/", {"sure": "on", "shown": word_in(page)})
    order.refresh_from_db()
    assert order.status == Status.UNCONFIRMED
    page = manager.get(address).content.decode()
    assert "991305" in page
    manager.post(f"{address}not-placed/", {"sure": "on", "shown": word_in(page)})
    order.refresh_from_db()
    assert order.status == Status.NOT_PLACED


@pytest.fixture
def halt() -> Halt:
    halt = close()
    done = {"state": JobState.DONE, "created_at": NOON, "ended_at": NOON}
    ReconcileRun.objects.create(halt=halt, started_by=make_user(), **done)
    return halt


def another_run(halt: Halt) -> None:
    words = {str(make_provider().pk): {"done": True, "words": "It cannot be called."}}
    done = {"state": JobState.DONE, "created_at": NOON, "ended_at": NOON, "accounts": words}
    ReconcileRun.objects.create(halt=halt, started_by=make_user(), **done)


@pytest.mark.parametrize("name", ["_doubtful", "_unmatched", "_findings"])
@pytest.mark.parametrize("comes", ["row", "run"])
def test_what_is_found_while_the_restored_page_is_drawn_is_not_accepted_unseen(
    manager: Client, monkeypatch: pytest.MonkeyPatch, halt: Halt, name: str, comes: str
) -> None:
    def happens() -> None:
        if comes == "run":
            another_run(halt)
        else:
            make_unmatched_order(halt=halt, external_id="771177")  # of a machine that was away

    page = page_during(monkeypatch, manager, PAGE, (restored_views, name), happens)
    said = EVERYTHING | {"shown": word_in(page)}
    assert manager.post(f"{PAGE}acknowledge/", said).status_code == 422
    assert Halt.objects.standing().exists()
    said = EVERYTHING | {"shown": word_in(manager.get(PAGE).content.decode())}
    assert manager.post(f"{PAGE}acknowledge/", said).status_code == 302


@pytest.mark.parametrize("tab", ["fix", "good"])
@pytest.mark.parametrize("name", ["figures_of", "asked_page", "_context"])
def test_a_line_corrected_while_a_mass_order_is_drawn_is_not_placed_unseen(
    client_for_role: Callable[[Role], Client],
    monkeypatch: pytest.MonkeyPatch,
    manager: Client,
    name: str,
    tab: str,
) -> None:
    monkeypatch.setattr(tasks, "ring_batch", lambda pk: None)
    make_service(make_provider(), external_id="12", min=10, max=100_000)
    text = "12|https://a.example|400\n12|https://b.example|5"
    manager.post("/orders/mass-orders/new/", {"text": text})
    found, ben = OrderBatch.objects.get(), client_for_role(Role.MANAGER)
    address = f"/orders/mass-orders/{found.pk}/"

    def happens() -> None:
        cells = {"cell-service": "12", "cell-link": "https://a.example", "cell-quantity": "90000"}
        ben.post(f"/orders/mass-orders/lines/{found.lines.get(number=1).pk}/", cells)

    page = page_during(monkeypatch, manager, f"{address}?tab={tab}", (batch_views, name), happens)
    manager.post(f"{address}place/", {"shown": word_in(page)})
    found.refresh_from_db()
    assert found.state == BatchState.CHECKED
    word = word_in(manager.get(address).content.decode())
    manager.post(f"{address}place/", {"shown": word})
    found.refresh_from_db()
    assert found.state == BatchState.PLACING
