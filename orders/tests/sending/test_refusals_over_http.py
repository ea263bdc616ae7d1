"""What a provider's refusals do, against the sandbox over real HTTP."""

from __future__ import annotations

import uuid

import pytest

from core import clocks
from core.clocks import database_now
from core.roles import Role
from orders.draft import OrderDraft
from orders.models import Order
from orders.placing import place_orders
from orders.recovery import refusal_phrase
from orders.sending import sweep_due
from orders.sending import tasks as sending_tasks
from orders.status import Outcome, Status
from providers.actions import accounts, note_calls, token_bucket
from providers.connect import client_for
from providers.models import Provider, ProviderHealth, Service
from providers.panel_api import DefaultPayload, RefusalCode
from sandbox import Sandbox
from tests.builders import make_provider, make_service, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def service(box) -> Service:
    account = make_provider(url=box.url, key=box.key, add_spacing_ms=0, calls_per_minute=60_000)
    item = next(i for i in client_for(account).services().items if i.type == "Default")
    return make_service(
        account, external_id=item.service_id, rate=item.rate, min=item.min, max=item.max
    )


def send(service: Service) -> Order:
    """A new order for a link of its own, and one run of its account's sending lease."""
    order = place_orders.place_order(_draft(service), placed_by=None, now=database_now())[0]
    ProviderHealth.objects.filter(next_add_at__isnull=False).update(next_add_at=None)
    sending_tasks.dispatch(provider_id=service.provider_id)
    order.refresh_from_db()
    return order


def answering(box: Sandbox, text: str) -> None:
    box.clear_faults()
    box.fault("error_reply", "before", action="add", reason=text)


@pytest.mark.parametrize(
    ("code", "resolved", "next_one"),
    [
        (RefusalCode.FUNDS, Status.NOT_PLACED, (Status.HELD, "funds")),
        (RefusalCode.SERVICE, Status.REJECTED, (Status.REJECTED, "")),
    ],
)
def test_once_a_phrase_is_added_such_answers_are_refusals(box, service, code, resolved, next_one):
    answering(box, "Kein Guthaben, Kunde 12")
    lost = send(service)
    assert lost.status == Status.UNCONFIRMED
    phrase = refusal_phrase.phrase_in_answer(lost)
    assert phrase is not None
    actor = make_user(Role.MANAGER)
    refusal_phrase.add_refusal_phrase(lost, phrase, code, actor=actor, now=database_now())
    lost.refresh_from_db()
    assert lost.status == resolved
    answering(box, "KEIN GUTHABEN! Kunde 7")
    order = send(service)
    assert (order.status, order.hold_reason) == next_one
    assert (order.attempts.get().outcome, order.attempts.get().code) == (Outcome.REJECTED, code)
    assert box.ledger() == []


@pytest.mark.parametrize(
    "text", ["Kein Guthaben", "Something went wrong", "Incorrect order ID", "broken", ""]
)
def test_what_proves_no_refusal_is_unknown_although_nothing_was_bought(box, service, text):
    answering(box, text)
    assert send(service).status == Status.UNCONFIRMED


@pytest.mark.parametrize(
    ("text", "reason"),
    [("funds", "funds"), ("key", "key"), ("Your account is suspended", "key")],
)
def test_a_refusal_about_the_account_holds_all_its_orders(box, service, text, reason):
    answering(box, text)
    refused = send(service)
    assert (refused.status, refused.hold_reason) == (Status.HELD, reason)
    calls = box.calls("add")
    waiting = place_orders.place_order(_draft(service), placed_by=None, now=database_now())[0]
    sweep_due.hold_and_release(now=database_now())
    sending_tasks.dispatch(provider_id=service.provider_id)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.hold_reason) == (Status.HELD, reason)
    assert box.calls("add") == calls


def _draft(service: Service) -> OrderDraft:
    link = f"https://lumen.example/p/{uuid.uuid4()}"
    payload = DefaultPayload(service_id=service.external_id, link=link, quantity=service.min or 1)
    return OrderDraft(service, payload, uuid.uuid4())


def test_a_closed_account_whose_reads_work_is_tried_again_but_rarely(box, service):
    answering(box, "Your account is suspended")
    order = send(service)
    account = service.provider
    note_calls.note_success(account, now=database_now())  # its balance was read
    sweep_due.hold_and_release(now=database_now())
    order.refresh_from_db()
    assert order.status == Status.QUEUED
    assert token_bucket.next_add(account, now=database_now()) > clocks.BREAKER_SECONDS[-2]
    health = ProviderHealth.objects.get()
    assert health.last_error == "Your account is suspended"
    box.clear_faults()
    accounts.set_key(account, box.key, actor=None, now=database_now())
    sending_tasks.dispatch(provider_id=account.pk)
    order.refresh_from_db()
    assert order.status == Status.PENDING


def test_releasing_it_by_hand_tries_at_once(box, service):
    answering(box, "Your account is suspended")
    order = send(service)
    box.clear_faults()
    assert place_orders.release_order(order, actor=make_user(Role.MANAGER), now=database_now())
    sending_tasks.dispatch(provider_id=service.provider_id)
    order.refresh_from_db()
    assert order.status == Status.PENDING


def test_too_many_requests_slow_the_account_down_and_lose_nothing(box, service):
    answering(box, "rate_limit")
    order = send(service)
    now = database_now()
    assert order.status == Status.QUEUED and order.send_after > now
    wait = token_bucket.next_add(Provider.objects.get(pk=service.provider_id), now=now)
    assert wait > clocks.RATE_LIMIT_PAUSE_SECONDS / 2
    box.clear_faults()
    Order.objects.update(send_after=now)
    ProviderHealth.objects.update(next_add_at=None, slow_until=None)
    sending_tasks.dispatch(provider_id=service.provider_id)
    order.refresh_from_db()
    assert order.status == Status.PENDING and len(box.ledger()) == 1
