"""What was bought and has no row after a restore is not bought again under its own form key."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from core.roles import Role
from orders.bulk import bulk_action
from orders.draft import OrderDraft
from orders.mass.check_lines import check
from orders.mass.mass_order import digest_of_good, start_placing
from orders.mass.place_lines import place_run, take_batch
from orders.mass.tasks import check_again
from orders.models import BatchLine, Order, OrderBatch, UnmatchedOrder
from orders.placing.order_form import OrderForm, form_for
from orders.placing.place_orders import NotAgreed, place_order
from orders.sending.restore_check import guard
from orders.status import RECALLED, Flag, JobKind, Outcome, Status
from orders.tests.bulk.test_bulk_actions import run
from orders.tests.mass.test_place_lines import make_batch
from orders.tests.mass.test_repeated_lines import paste
from orders.tests.placing.test_placing import draft
from orders.tests.sending.test_restore_guard import LATER, acknowledge, forget, send
from providers.models import Service
from tests.builders import (
    NOON,
    make_order,
    make_provider,
    make_service,
    make_unmatched_order,
    make_user,
)
from tests.fake_provider import FakeProvider

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def listed(form: OrderDraft, number: int = 1, **over: Any) -> UnmatchedOrder:
    """A send of this form, as it is listed after the restore."""
    over = {"sent_at": NOON, "external_id": "777", **over}
    token = f"{form.form_key.hex}-{number}"
    account = over.pop("account", form.service.provider)
    return make_unmatched_order(account, token=token, **over)


def test_a_form_that_was_sent_before_the_restore_is_not_bought_again() -> None:
    """All of it: sent, forgotten, listed, accepted, and placed again with the kept form."""
    form, provider = draft(), FakeProvider()
    first, _ = place_order(form, placed_by=None, now=NOON)
    send(first, provider)
    form = replace(form, form_key=first.form_key)
    forget(first)
    guard.check_database(now=LATER)
    acknowledge(LATER)
    after = LATER + timedelta(minutes=1)
    assert guard.check_database(now=after)
    unmatched = UnmatchedOrder.objects.get()
    order, is_new = place_order(form, placed_by=make_user(), now=after)
    order.refresh_from_db()
    assert (is_new, order.status, order.sent_at) == (True, Status.UNCONFIRMED, unmatched.sent_at)
    attempt = order.attempts.get()
    assert (attempt.outcome, attempt.code, attempt.number) == (Outcome.UNKNOWN, RECALLED, 1)
    assert attempt.evidence == {"candidate_id": unmatched.external_id}
    assert UnmatchedOrder.objects.get().order == order
    assert len(provider.placed) == 1


def test_one_of_which_the_provider_told_first_is_known_by_its_form_too() -> None:
    """The machine that had sent it is heard after its number was found there."""
    form, provider = draft(), FakeProvider()
    first, _ = place_order(form, placed_by=None, now=NOON)
    first = send(first, provider)
    forget(first)
    guard.quarantine("put back", now=NOON)
    told = make_unmatched_order(form.service.provider, external_id=first.external_id)
    guard.check_database(now=LATER)
    row = UnmatchedOrder.objects.get()
    assert (row.pk, row.token) == (told.pk, f"{form.form_key.hex}-1")
    acknowledge(LATER)
    order, _ = place_order(form, placed_by=make_user(), now=LATER)
    assert order.status == Status.UNCONFIRMED


def test_of_two_sends_the_one_that_was_taken_is_offered_and_the_other_one_is_told() -> None:
    form = draft()
    listed(form, 1, external_id="")
    listed(form, 2, external_id="778", sent_at=LATER)
    order, _ = place_order(form, placed_by=None, now=LATER)
    order.refresh_from_db()
    assert (order.status, order.flag) == (Status.UNCONFIRMED, Flag.LIVE_ATTEMPT)
    assert order.attempts.get().evidence == {"candidate_id": "778"}
    assert order.events.filter(evidence__sent_at=NOON.isoformat()).exists()


@pytest.mark.parametrize("is_scheduled", [False, True])
def test_one_that_would_be_held_is_in_doubt_too(is_scheduled: bool) -> None:
    form = draft()
    listed(form)
    starts_at = NOON + timedelta(days=1) if is_scheduled else None
    order, _ = place_order(form, placed_by=None, now=NOON, starts_at=starts_at)
    order.refresh_from_db()
    assert (order.status, order.hold_reason) == (Status.UNCONFIRMED, "")


@pytest.mark.parametrize("what", ["service", "link", "quantity", "account"])
def test_a_form_that_was_changed_since_is_refused_with_what_it_had_sent(what: str) -> None:
    """The order would say that another one than was sent may have been."""
    form = draft()
    sent: dict[str, dict[str, Any]] = {
        "service": {"service_id": "another"},
        "link": {"link": "https://lumen.example/other"},
        "quantity": {"quantity": "700"},
        "account": {"account": make_provider()},
    }
    listed(form, **sent[what])
    with pytest.raises(NotAgreed, match=r"was sent before the database was put back.*777"):
        place_order(form, placed_by=None, now=NOON)
    assert not Order.objects.exists()
    assert UnmatchedOrder.objects.get().order is None


def test_another_form_is_queued() -> None:
    form = draft()
    listed(replace(form, form_key=uuid.uuid4()))
    order, _ = place_order(form, placed_by=None, now=NOON)
    assert order.status == Status.QUEUED


def test_a_checked_line_of_a_mass_order_that_was_placed_since_is_not_bought_again() -> None:
    service = make_service()
    batch = make_batch(paste(service, range(1)))
    line = BatchLine.objects.get()
    make_unmatched_order(
        service.provider, token=f"{line.form_key.hex}-1", sent_at=NOON, external_id="777"
    )
    _place(batch)
    line.refresh_from_db()
    assert line.order is not None
    assert line.order.status == Status.UNCONFIRMED


def _place(batch: OrderBatch) -> None:
    shown = digest_of_good(batch, None)
    assert not start_placing(batch, by=batch.created_by, again=False, now=NOON, shown=shown)
    held = take_batch(batch.pk, now=NOON)
    assert held
    place_run(held, check_again, clock=lambda: NOON, seconds=60)


def test_a_bulk_confirmation_that_is_sent_again_does_not_buy_again() -> None:
    old = make_order(Status.COMPLETED, created_at=NOON - timedelta(days=3))
    form_key = uuid.uuid4()
    token = f"{uuid.uuid5(form_key, str(old.pk)).hex}-1"
    make_unmatched_order(old.provider, token=token, sent_at=NOON, external_id="777")
    job, _ = bulk_action.start_job(
        JobKind.REORDER,
        [old.pk],
        form_key=form_key,
        terms={},
        started_by=make_user(Role.MANAGER),
        now=NOON,
    )
    run(job)
    made = job.items.get().made
    assert made is not None
    assert made.status == Status.UNCONFIRMED


def bought_without_order(service: Service, link: str, external_id: str = "777") -> UnmatchedOrder:
    """By a form that nobody has any more."""
    over = {"token": f"{uuid.uuid4().hex}-1", "sent_at": NOON, "external_id": external_id}
    return make_unmatched_order(service.provider, link=link, service_id=service.external_id, **over)


def test_a_new_line_for_what_has_no_order_here_is_left_out_until_it_is_meant() -> None:
    service = make_service()
    left = bought_without_order(service, "https://www.a.example/0/")
    batch = make_batch(paste(service, range(2)))
    line, other = batch.lines.order_by("number")
    assert (line.is_good, other.is_good) == (False, True)
    [problem] = line.problems
    assert problem["field"] == "is_meant" and "777" in problem["words"]
    line.is_meant = True
    check([line], batch, person=batch.created_by, now=NOON)
    assert line.is_good
    left.order = make_order(provider=service.provider)
    left.save()
    line.is_meant = False
    check([line], batch, person=batch.created_by, now=NOON)
    assert line.is_good, "somebody has said which order it is"


def new_form(
    service: Service, link: str = "https://lumen.example/home/", meant: str = ""
) -> OrderForm:
    data = {"link": link, "quantity": "500", "form_key": str(uuid.uuid4()), "sends_meant": meant}
    data["restores"] = form_for(service, now=NOON).restores_shown
    return form_for(service, now=NOON, person=make_user(), data=data)


def test_a_new_form_for_what_has_no_order_here_is_asked_about_exactly_that() -> None:
    service = make_service()
    bought_without_order(service, "https://lumen.example/home")
    assert new_form(service, "https://a.example/").is_valid()
    asked = new_form(service)
    assert set(asked.errors) == {"sends_meant"} and "777" in asked.left_words[0]
    assert new_form(service, meant=asked.sends_consent).is_valid()
    bought_without_order(service, "https://lumen.example/home", external_id="778")
    assert not new_form(service, meant=asked.sends_consent).is_valid(), "of the second nobody spoke"


def test_what_is_found_between_the_form_and_its_order_is_asked_about_with_the_insert() -> None:
    service = make_service()
    bought_without_order(service, "https://lumen.example/home")
    asked = new_form(service)
    assert not asked.is_valid()
    meant = new_form(service, meant=asked.sends_consent).draft()
    late = bought_without_order(service, "https://lumen.example/home", external_id="778")
    with pytest.raises(NotAgreed, match="778"):
        place_order(meant, placed_by=None, now=NOON)
    late.delete()
    assert place_order(meant, placed_by=None, now=NOON)[1]


def test_the_page_of_the_form_asks_and_takes_the_tick_that_it_drew(
    client_for_role: Callable[[Role], Client],
) -> None:
    service, staff = make_service(), client_for_role(Role.OPERATOR)
    bought_without_order(service, "https://lumen.example/home")
    drawn = staff.get(f"/orders/new/?service={service.pk}").context["form"]
    said = {"service": service.pk, "terms": drawn.terms_text, "form_key": str(drawn.drawn_key)}
    said |= {"link": "https://lumen.example/home", "quantity": "500"}
    said |= {"restores": drawn.restores_shown}
    page = staff.post("/orders/new/", said)
    assert page.status_code == 422 and not Order.objects.exists()
    consent = page.context["form"].sends_consent
    assert f'name="sends_meant" value="{consent}"' in page.content.decode()
    assert staff.post("/orders/new/", said | {"sends_meant": consent}).status_code == 302
    assert Order.objects.count() == 1
