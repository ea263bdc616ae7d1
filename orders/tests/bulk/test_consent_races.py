"""Consent is checked with what it is a consent to: a second person comes in between."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from core.roles import Role
from orders.bulk import apply_step, bulk_action
from orders.draft import OrderDraft
from orders.links import link_key
from orders.mass import mass_order
from orders.mass.place_lines import place_run, take_batch
from orders.mass.tasks import check_again
from orders.models import BatchState, BulkItem, Order
from orders.placing import place_orders
from orders.placing.order_again import draft_again
from orders.repeats import name_of
from orders.status import JobKind, JobState, Status
from orders.tests.mass.test_place_lines import make_batch, paste_of, started
from orders.tests.sending.test_races import THREADS, at_once
from providers.panel_api import DefaultPayload
from tests.builders import NOON, make_order, make_service, make_user, terms_shown

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
LINK = "https://lumen.example/home"


def before_first(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let `act` happen between the checks before a purchase and its transaction."""
    place, done = place_orders.place_order, list[object]()

    def interrupted(*args: Any, **more: Any) -> Any:
        if not done:
            done.append(act())
        return place(*args, **more)

    monkeypatch.setattr(place_orders, "place_order", interrupted)


def test_nothing_of_a_batch_is_placed_after_it_was_withdrawn(monkeypatch):
    batch = started(make_batch(paste_of(5)))
    person, held = batch.created_by, take_batch(batch.pk, now=NOON)
    assert held

    def withdraw() -> None:
        assert mass_order.stop_placing(batch)
        mass_order.withdraw_unsent(batch, actor=person, now=NOON)

    before_first(monkeypatch, withdraw)
    place_run(held, check_again, clock=lambda: NOON, seconds=60)
    batch.refresh_from_db()
    assert not Order.objects.exists()
    assert (batch.state, batch.placed, batch.good) == (BatchState.PLACED, 0, 5)


def test_a_batch_withdrawn_while_workers_place_it_leaves_nothing_to_send():
    batch = started(make_batch(paste_of(40)))
    held = take_batch(batch.pk, now=NOON)
    assert held

    def act(number: int) -> None:
        if number:
            place_run(held, check_again, clock=lambda: NOON, seconds=60)
            return
        while not Order.objects.exists():
            pass
        mass_order.stop_placing(batch)
        mass_order.withdraw_unsent(batch, actor=batch.created_by, now=NOON)

    at_once(act, threads=2)
    assert not Order.objects.exclude(status=Status.WITHDRAWN).exists()


def test_a_job_that_was_stopped_buys_nothing_more(monkeypatch):
    make_order(Status.COMPLETED)
    job, _ = bulk_action.start_job(
        JobKind.REORDER,
        [order.pk for order in Order.objects.all()],
        form_key=uuid.uuid4(),
        terms={},
        started_by=make_user(Role.MANAGER),
        now=NOON,
    )
    mine = bulk_action.take_job(job.pk, now=NOON)
    assert mine
    before_first(monkeypatch, lambda: bulk_action.stop_job(job, now=NOON))
    act = apply_step.act_for(JobKind.REORDER, draft_again, lambda: NOON)
    bulk_action.run_items(mine, act, clock=lambda: NOON, seconds=60)
    job.refresh_from_db()
    assert (job.state, job.done, job.failed) == (JobState.STOPPED, 0, 0)
    assert Order.objects.count() == 1 and BulkItem.objects.get().ok is None


def test_of_eight_tabs_that_were_told_of_no_order_one_places_it():
    service, person = make_service(), make_user()

    def press(number: int) -> bool:
        payload = DefaultPayload(service_id=service.external_id, link=LINK, quantity=100)
        draft = OrderDraft(service, payload, uuid.uuid4(), told_of=frozenset())
        try:
            return place_orders.place_order(draft, placed_by=person, now=NOON)[1]
        except place_orders.NotAgreed as refusal:
            assert "still open" in str(refusal)
            return False

    assert sum(at_once(press)) == 1
    assert Order.objects.count() == 1


def test_consent_covers_the_orders_that_were_shown_and_no_newer_one():
    service, person = make_service(), make_user()
    payload = DefaultPayload(service_id=service.external_id, link=LINK, quantity=100)
    shown = make_order(service=service, link=LINK, link_key=link_key(LINK))
    told_of = frozenset({name_of(shown.form_key, shown.status)})

    def press(number: int) -> bool:
        draft = OrderDraft(service, payload, uuid.uuid4(), told_of)
        try:
            return place_orders.place_order(draft, placed_by=person, now=NOON)[1]
        except place_orders.NotAgreed:
            return False

    assert sum(at_once(press)) == 1
    assert Order.objects.count() == 2
    assert THREADS > 2


def test_the_form_comes_back_with_the_order_that_came_in_between(monkeypatch, client_for_role):
    staff: Client = client_for_role(Role.OPERATOR)
    service = make_service()
    token = str(uuid.uuid4())
    data = {"service": service.pk, "form_key": token, "link": LINK, "quantity": "100"}
    data["terms"] = terms_shown(service)
    place = place_orders.place_order

    def interrupted(draft: OrderDraft, **more: Any) -> Any:
        if not Order.objects.exists():
            make_order(service=service, link=LINK, link_key=link_key(LINK))
        return place(draft, **more)

    monkeypatch.setattr("orders.placing.views.place_order", interrupted)
    answer = staff.post("/orders/new/", data)
    assert answer.status_code == 422 and Order.objects.count() == 1
    consent = answer.context["form"].consent
    assert consent in answer.content.decode()
    assert staff.post("/orders/new/", data | {"place_anyway": consent}).status_code == 302
    assert Order.objects.count() == 2
