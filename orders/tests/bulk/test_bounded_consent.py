"""The box of *Order again* for many speaks of the orders that its page could show."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.roles import Role
from orders import shown
from orders.bulk import tasks as bulk_tasks
from orders.links import link_key
from orders.models import BulkJob, Order
from orders.status import JobState, Status
from orders.tests.bulk.test_bulk_actions import run
from tests.builders import make_order, make_unmatched_order
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db, pytest.mark.services]
PAGE = "/orders/bulk/?kind=reorder&scope=all&q="
LINK = "https://lumen.example/home"
LEFT = ("left_out", "left_unless_meant")
CARRIED = ("form_key", "chosen", "shown_terms", "shown_beside", *LEFT)


@pytest.fixture
def staff(client_for_role: Callable[[Role], Client], monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(bulk_tasks, "ring_job", lambda pk: None)
    return client_for_role(Role.MANAGER)


def ticked(page: Any) -> dict[str, Any]:
    return {name: page.context[name] for name in CARRIED} | {"beside_open": "on"}


def four_of_which_one_is_open() -> None:
    days = timezone.now() - timedelta(days=30)
    for number, status in enumerate([Status.IN_PROGRESS, *[Status.COMPLETED] * 3]):
        link = f"{LINK}/{number}"
        make_order(status, link=link, link_key=link_key(link), created_at=days)


def all_end() -> None:
    for order in Order.objects.filter(status=Status.QUEUED):
        Order.objects.filter(pk=order.pk).update(
            status=Status.COMPLETED, external_id=f"9{order.pk}"
        )


@pytest.mark.parametrize("is_over", [False, True], ids=["still open", "ended"])
def test_of_two_tabs_that_were_ticked_the_second_buys_nothing_the_first_has_bought(
    staff: Client, is_over: bool
) -> None:
    four_of_which_one_is_open()
    one, two = staff.get(PAGE), staff.get(PAGE)
    assert one.context["seen"].beside_open == 1
    for page in (one, two):
        staff.post(PAGE, ticked(page))
    first, second = BulkJob.objects.order_by("pk")
    run(first, now=timezone.now())
    assert Order.objects.count() == 8
    if is_over:
        all_end()
    run(second, now=timezone.now())
    assert Order.objects.count() == 8
    assert all(
        "not there when you opened this page" in item.words and item.ok is False
        for item in second.items.all()
    )


def test_those_that_one_job_buys_for_one_link_do_not_stand_in_each_others_way(
    staff: Client,
) -> None:
    days = timezone.now() - timedelta(days=30)
    same: dict[str, Any] = {"link": LINK, "link_key": link_key(LINK), "created_at": days}
    first = make_order(Status.COMPLETED, **same)
    for _ in range(7):
        make_order(Status.COMPLETED, service=first.service, **same)
    staff.post(PAGE, ticked(staff.get(PAGE)))
    job = BulkJob.objects.get()
    run(job, now=timezone.now())
    assert set(job.items.values_list("ok", "words")) == {(True, "")}
    assert Order.objects.count() == 16


def test_a_colleagues_order_among_those_of_the_job_stops_what_comes_after_it(
    staff: Client,
) -> None:
    days = timezone.now() - timedelta(days=30)
    same: dict[str, Any] = {"link": LINK, "link_key": link_key(LINK)}
    earlier = make_order(Status.COMPLETED, created_at=days, **same)
    staff.post(PAGE, ticked(staff.get(PAGE)))
    theirs = make_order(Status.COMPLETED, service=earlier.service, **same)
    Order.objects.filter(pk=theirs.pk).update(created_at=timezone.now(), units=earlier.units)
    job = BulkJob.objects.get()
    run(job, now=timezone.now())
    assert Order.objects.count() == 2
    assert f"#{theirs.pk}" in job.items.get().words


def test_a_lower_number_that_was_committed_after_the_page_was_drawn_was_not_shown(
    staff: Client,
) -> None:
    """Numbers are given out before the rows that get them are there to be read."""
    days = timezone.now() - timedelta(days=30)
    same: dict[str, Any] = {"link": LINK, "link_key": link_key(LINK)}
    earlier = make_order(Status.COMPLETED, created_at=days, **same)
    make_order(Status.COMPLETED, pk=earlier.pk + 90_000, created_at=days)
    staff.post(PAGE, ticked(staff.get(PAGE)))
    theirs = make_order(
        Status.QUEUED,
        pk=earlier.pk + 80_000,
        service=earlier.service,
        created_at=timezone.now(),
        **same,
    )
    job = BulkJob.objects.get()
    run(job, now=timezone.now())
    item = job.items.get(order=earlier)
    assert item.made is None and f"#{theirs.pk}" in item.words
    assert job.items.exclude(order=earlier).get().made is not None


def test_a_page_that_is_drawn_while_an_action_waits_names_it_and_asks(staff: Client) -> None:
    four_of_which_one_is_open()
    staff.post(PAGE, ticked(staff.get(PAGE)))
    job = BulkJob.objects.get()
    page = staff.get(PAGE)
    assert page.context["done_before"] == [(job, 4)] and page.context["seen"].alone == 0
    assert "are being ordered again" in one_line(page.content.decode())
    BulkJob.objects.update(state=JobState.STOPPED)
    assert staff.get(PAGE).context["seen"].alone == 3


def test_a_page_that_names_nothing_beside_is_drawn_anew_without_the_tick(staff: Client) -> None:
    four_of_which_one_is_open()
    said = ticked(staff.get(PAGE))
    del said["shown_beside"]
    answer = staff.post(PAGE, said)
    assert answer.status_code == 422 and not BulkJob.objects.exists()
    assert shown.CHANGED in answer.content.decode()
    assert not answer.context["form"]["beside_open"].value()


def test_numbers_that_stand_for_other_orders_by_now_are_asked_about_anew(staff: Client) -> None:
    """The database was put back after the page was drawn, and their numbers were given out anew."""
    four_of_which_one_is_open()
    page = staff.get(PAGE)
    other = Order.objects.order_by("pk")[1]
    Order.objects.filter(pk=other.pk).update(form_key=uuid.uuid4())
    answer = staff.post(PAGE, ticked(page))
    assert answer.status_code == 422
    assert "stand for other orders" in answer.content.decode()
    assert not BulkJob.objects.exists()
    assert staff.post(PAGE, ticked(answer)).status_code == 302


def test_what_has_no_order_since_a_restore_is_asked_about_and_nothing_that_is_found_later(
    staff: Client,
) -> None:
    four_of_which_one_is_open()
    first, second, *_ = Order.objects.exclude(status=Status.IN_PROGRESS).order_by("pk")
    left(first)
    page = staff.get(PAGE)
    assert page.context["seen"].beside_open == 2 and page.context["seen"].alone == 2
    said = {name: page.context[name] for name in (*CARRIED, "shown_sends")}
    said["restores"] = page.context["form"].restores_shown
    staff.post(PAGE, said | {"beside_open": "on"})
    left(second)
    job = BulkJob.objects.get()
    run(job, now=timezone.now())
    assert job.items.get(order=first).made is not None
    late = job.items.get(order=second)
    assert late.made is None and "may be bought already" in late.words


def test_it_is_left_out_where_the_box_is_not_ticked(staff: Client) -> None:
    four_of_which_one_is_open()
    first = Order.objects.exclude(status=Status.IN_PROGRESS).order_by("pk")[0]
    left(first)
    page = staff.get(PAGE)
    said = {name: page.context[name] for name in (*CARRIED, "shown_sends")}
    staff.post(PAGE, said | {"restores": page.context["form"].restores_shown})
    job = BulkJob.objects.get()
    run(job, now=timezone.now())
    assert "may be bought already" in job.items.get(order=first).words
    assert job.items.exclude(made=None).count() == 2


def left(order: Order) -> None:
    """The same was bought before the database was put back, and has no order here."""
    sent = {"token": f"{uuid.uuid4().hex}-1", "sent_at": timezone.now()}
    place = {"link": order.link, "service_id": order.service.external_id}
    make_unmatched_order(order.provider, **sent, **place)
