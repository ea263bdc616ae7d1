"""What staff are told of an order they take back: "nothing was sent" only where that is known."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from core.clocks import database_now
from core.roles import Role
from orders import shown
from orders.bulk.tasks import run_job
from orders.limits import doubtful_rows
from orders.links import link_key
from orders.models import Order
from orders.placing.order_again import draft_again
from orders.placing.place_orders import NotAgreed, place_order, release_order, withdraw_order
from orders.status import HoldReason, JobKind, Outcome, Status
from orders.tests.placing.test_not_proven import LINK, drafted
from tests.builders import (
    make_attempt,
    make_batch,
    make_job,
    make_journal_gap,
    make_order,
    make_user,
)
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db, pytest.mark.services]

STEPS = ("withdraw", "cancel")
AGAIN = "withdrawn and will not be sent again. An earlier attempt was sent"
MAYBE = "It may have been sent before the database was put back."


def answer_to(staff: Client, step: str, pk: int) -> str:
    order = Order.objects.get(pk=pk)
    asked = {"shown": shown.of_newest_cancel(order)}  # as the button of a page of now says
    answer = staff.post(f"/orders/{pk}/{step}/", asked if step == "cancel" else {}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("status", [Status.QUEUED, Status.HELD, Status.NOT_PLACED])
@pytest.mark.parametrize("outcome", [Outcome.NOT_PLACED, Outcome.REJECTED])
def test_what_was_sent_before_is_not_called_never_sent(
    staff: Client, step: str, status: Status, outcome: Outcome
) -> None:
    order = make_order(status)
    make_attempt(order, outcome=outcome)
    page = answer_to(staff, step, order.pk)
    assert AGAIN in page
    assert "Nothing was sent" not in page


@pytest.mark.parametrize("step", STEPS)
def test_an_attempt_of_which_no_byte_left_is_none(staff: Client, step: str) -> None:
    order = make_order(Status.QUEUED)
    make_attempt(order, outcome=Outcome.NOT_SENT)
    assert "is withdrawn. Nothing was sent." in answer_to(staff, step, order.pk)


@pytest.mark.parametrize("step", STEPS)
def test_what_a_restored_database_may_have_forgotten_is_said(staff: Client, step: str) -> None:
    order = make_order(Status.HELD, hold_reason=HoldReason.RESTORED)
    make_journal_gap(
        order.provider,
        orders_through=order.pk,
        kept_from=order.created_at,
        found_at=order.created_at,
    )
    page = answer_to(staff, step, order.pk)
    assert MAYBE in page
    assert "Nothing was sent" not in page


def test_many_at_once_are_not_called_never_sent(client_for_role: Callable[[Role], Client]) -> None:
    manager = client_for_role(Role.MANAGER)
    batch = make_batch()
    order = make_order(Status.QUEUED, batch=batch)
    make_attempt(order, outcome=Outcome.NOT_PLACED)
    to = f"/orders/mass-orders/{batch.pk}/withdraw/?of={batch.shown}"
    answer = manager.post(to, follow=True)
    page = answer.content.decode()
    assert "Orders withdrawn: 1. They will not be sent." in page
    assert "nothing of them was sent" not in page


def test_those_with_changed_terms_neither(staff: Client) -> None:
    order = make_order(Status.HELD, hold_reason=HoldReason.TERMS)
    make_attempt(order, outcome=Outcome.NOT_PLACED)
    answer = staff.post(
        "/orders/terms/withdraw/", {"order": f"{order.pk}:x:{order.form_key.hex}"}, follow=True
    )
    page = answer.content.decode()
    assert "Orders withdrawn: 1." in page
    assert "nothing of them was sent" not in page


def test_a_bulk_cancel_says_of_each_order_what_became_of_it(
    client_for_role: Callable[[Role], Client],
) -> None:
    waiting, there = make_order(Status.QUEUED), make_order(Status.IN_PROGRESS)
    job = make_job(waiting, there, kind=JobKind.CANCEL, terms={})
    run_job(job_id=job.pk)
    page = client_for_role(Role.MANAGER).get(f"/orders/bulk-actions/{job.pk}/").content.decode()
    results = re.findall(r"</svg>([^<]*)</span></div></td>", one_line(page))
    assert results == ["withdrawn, it will not be sent", "cancel asked for"]


@pytest.mark.parametrize("days, is_asked", [(0, True), (8, False)])
def test_what_may_have_been_sent_is_asked_about_for_a_week_after_it_was_withdrawn(
    days: int, is_asked: bool
) -> None:
    order, now = in_a_gap(), database_now()
    assert doubtful_rows.hold_waiting(order.provider_id, now=now - timedelta(days=days)) == 1
    order.refresh_from_db()
    at = now - timedelta(days=days)
    assert withdraw_order(order, actor=make_user(), now=at)
    if not is_asked:
        assert place_order(drafted(order), placed_by=make_user(), now=now)[1]
        return
    with pytest.raises(NotAgreed, match="was withdrawn, and that it was not bought is not proven"):
        place_order(drafted(order), placed_by=make_user(), now=now)
    again = draft_again(order, uuid4(), now=now, person=make_user(), beside_open=True)
    assert place_order(again, placed_by=make_user(), now=now)[1], "where it is meant"


def test_what_somebody_has_looked_up_and_released_is_not_asked_about() -> None:
    order, now = in_a_gap(), database_now()
    doubtful_rows.hold_waiting(order.provider_id, now=now)
    order.refresh_from_db()
    assert release_order(order, actor=make_user(Role.ADMIN), now=now)
    order.refresh_from_db()
    assert withdraw_order(order, actor=make_user(), now=now)
    assert place_order(drafted(order), placed_by=make_user(), now=now)[1]


def in_a_gap() -> Order:
    """It waits, and may have been sent before the database was put back."""
    order = make_order(Status.QUEUED, link=LINK, link_key=link_key(LINK), units=1000)
    make_journal_gap(
        order.provider,
        orders_through=order.pk,
        kept_from=order.created_at,
        found_at=database_now(),
    )
    return order
