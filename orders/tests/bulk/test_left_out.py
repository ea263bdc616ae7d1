"""What a confirmation says is left out stays left out, also once it has become possible."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.roles import Role
from orders.bulk import apply_step
from orders.bulk import tasks as bulk_tasks
from orders.bulk.apply_step import LEFT_OUT
from orders.bulk.confirm_views import OTHER_ORDERS
from orders.links import link_key
from orders.models import BulkJob, CancelRequest, Order, Refill
from orders.placing.order_again import draft_again
from orders.shown import CHANGED
from orders.status import HoldReason, JobKind, Status
from orders.tests.bulk.test_bulk_actions import result, run, start
from providers.models import Service
from tests.builders import make_order, make_service
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db, pytest.mark.services]
CARRIED = (
    *("form_key", "chosen", "left_out", "left_unless_meant", "shown_orders", "shown_terms"),
    *("shown_beside", "shown_sends", "shown_refill_lines", "shown_cancels"),
)


@pytest.fixture
def staff(client_for_role: Callable[[Role], Client], monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(bulk_tasks, "ring_job", lambda pk: None)
    return client_for_role(Role.MANAGER)


def two(status: Status = Status.COMPLETED, **more: Any) -> tuple[Order, Order]:
    made = []
    for number in range(2):
        link = f"https://lumen.example/home/{number}"
        made.append(make_order(status, link=link, link_key=link_key(link), **more))
    Order.objects.update(created_at=timezone.now() - timedelta(days=30))
    return made[0], made[1]


def address(kind: JobKind, *chosen: Order) -> str:
    return f"/orders/bulk/?kind={kind}&scope=picked&" + "&".join(f"order={o.pk}" for o in chosen)


def drawn(staff: Client, url: str) -> tuple[str, dict[str, Any]]:
    """The words of the confirmation, and what its form carries."""
    page = staff.get(url)
    carried = {name: page.context[name] for name in CARRIED}
    return one_line(page.content.decode()), carried


def run_it() -> BulkJob:
    job = BulkJob.objects.get()
    act = apply_step.act_for(job.kind, draft_again, timezone.now)
    run(job, now=timezone.now(), act=act)
    job.refresh_from_db()
    return job


def bought(*earlier: Order) -> list[str]:
    new = Order.objects.exclude(pk__in=[order.pk for order in earlier])
    return list(new.order_by("pk").values_list("link", flat=True))


@pytest.mark.parametrize("when", ["before the click", "before its turn"])
def test_what_is_bought_only_where_it_is_meant_is_not_bought_without_the_tick(
    staff: Client, when: str
) -> None:
    one, other = two()
    Order.objects.filter(pk=other.pk).update(status=Status.IN_PROGRESS)
    words, carried = drawn(staff, url := address(JobKind.REORDER, one, other))
    assert "1 to be ordered again · 1 only when a second time is meant" in words
    if when == "before the click":
        Order.objects.filter(pk=other.pk).update(status=Status.COMPLETED)
    assert staff.post(url, carried).status_code == 302
    Order.objects.filter(pk=other.pk).update(status=Status.COMPLETED)
    job = run_it()
    assert bought(one, other) == [one.link]
    assert result(job) == {one.pk: (True, ""), other.pk: (False, LEFT_OUT)}
    assert (job.wanted, job.not_done, job.left_as_told) == (1, 0, 1)


def test_with_the_tick_it_is_bought(staff: Client) -> None:
    one, other = two()
    Order.objects.filter(pk=other.pk).update(status=Status.IN_PROGRESS)
    _, carried = drawn(staff, url := address(JobKind.REORDER, one, other))
    assert staff.post(url, carried | {"beside_open": "on"}).status_code == 302
    run_it()
    assert bought(one, other) == [one.link, other.link]


@pytest.mark.parametrize("out", [{"gone_at": 1}, {"rate": None}], ids=["gone", "no price"])
def test_a_service_that_comes_back_is_not_bought_where_its_page_left_it_out(
    staff: Client, out: dict[str, Any]
) -> None:
    one, other = two()
    service = Service.objects.filter(pk=other.service_id)
    service.update(**{name: value and timezone.now() for name, value in out.items()})
    words, carried = drawn(staff, url := address(JobKind.REORDER, one, other))
    assert "1 to be ordered again" in words and "1 left out" in words
    assert staff.post(url, carried).status_code == 302
    service.update(gone_at=None, rate=Decimal(500))
    job = run_it()
    assert bought(one, other) == [one.link]
    assert job.items.get(order=other).ok is False


def test_a_price_that_nobody_knew_covers_none_that_is_known_by_now(staff: Client) -> None:
    """As in a job of the release before, which names none that it leaves out."""
    one, other = two()
    service = Service.objects.filter(pk=other.service_id)
    service.update(rate=None)
    _, carried = drawn(staff, url := address(JobKind.REORDER, one, other))
    assert staff.post(url, carried).status_code == 302
    job = BulkJob.objects.get()
    del job.terms["left_out"], job.terms["left_as_told"]
    job.save(update_fields=["terms"])
    service.update(rate=Decimal(500))
    run_it()
    assert bought(one, other) == [one.link]
    assert job.items.get(order=other).words == "It costs more than was agreed to."


def test_a_refill_is_asked_for_none_that_its_page_left_out(staff: Client) -> None:
    one, other = two(service=make_service(refill=True))
    Order.objects.filter(pk=other.pk).update(status=Status.IN_PROGRESS)
    _, carried = drawn(staff, url := address(JobKind.REFILL, one, other))
    assert carried["left_out"] == f"{other.pk}"
    assert staff.post(url, carried).status_code == 302
    Order.objects.filter(pk=other.pk).update(status=Status.COMPLETED)
    assert result(run_it())[other.pk] == (False, LEFT_OUT)
    assert list(Refill.objects.values_list("order", flat=True)) == [one.pk]


def test_a_cancel_is_asked_for_none_that_its_page_left_out(staff: Client) -> None:
    one, other = two(Status.IN_PROGRESS, service=make_service(cancel=True))
    Order.objects.filter(pk=other.pk).update(status=Status.UNCONFIRMED)
    _, carried = drawn(staff, url := address(JobKind.CANCEL, one, other))
    assert staff.post(url, carried).status_code == 302
    Order.objects.filter(pk=other.pk).update(status=Status.IN_PROGRESS)
    assert result(run_it())[other.pk] == (False, LEFT_OUT)
    assert list(CancelRequest.objects.values_list("order", flat=True)) == [one.pk]


CAN: dict[JobKind, dict[str, Any]] = {
    JobKind.REFRESH: {},
    JobKind.HOLD: {"status": Status.QUEUED},
    JobKind.WITHDRAW: {"status": Status.QUEUED},
    JobKind.RELEASE: {"status": Status.HELD, "hold_reason": HoldReason.STAFF},
    JobKind.UNTAG: {"tags": " old "},
    JobKind.TAG: {},
    JobKind.NOTE: {},
}  # what an order is of which each can be done


@pytest.mark.parametrize("kind", CAN)
def test_each_kind_leaves_what_it_left_out_as_it_is(kind: JobKind) -> None:
    other = make_order(Status.IN_PROGRESS)
    Order.objects.filter(pk=other.pk).update(**CAN[kind])
    terms: dict[str, Any] = {"shown_holds": {"staff": f"{other.pk}"}, "tags": "old", "note": "x"}
    before = Order.objects.values().get(pk=other.pk)
    job = start(kind, left_out=f"{other.pk}", **terms)
    run(job)
    assert result(job) == {other.pk: (False, LEFT_OUT)}
    assert Order.objects.values().get(pk=other.pk) == before


@pytest.mark.parametrize("kind", JobKind)
def test_what_still_cannot_be_done_is_told_in_the_words_of_its_page(
    staff: Client, kind: JobKind
) -> None:
    order = make_order(Status.REJECTED, service=make_service(gone_at=timezone.now()))
    page = staff.get(address(kind, order))
    for words, *_ in page.context["reasons"]:
        job = start(kind, left_out=page.context["left_out"], tags="old")
        run(job)
        assert result(job)[order.pk] == (False, words)


@pytest.mark.parametrize("kind", [JobKind.REORDER, JobKind.REFILL])
def test_a_page_that_lost_what_it_left_out_is_looked_at_once_more(
    staff: Client, kind: JobKind
) -> None:
    one, other = two(service=make_service(refill=True))
    Order.objects.filter(pk=other.pk).update(status=Status.IN_PROGRESS)
    name = "left_unless_meant" if kind == JobKind.REORDER else "left_out"
    _, carried = drawn(staff, url := address(kind, one, other))
    answer = staff.post(url, carried | {name: ""})
    assert answer.status_code == 422 and OTHER_ORDERS in answer.content.decode()
    del carried["left_unless_meant"]  # of the release before
    answer = staff.post(url, carried)
    assert answer.status_code == 422 and CHANGED in answer.content.decode()
    assert not BulkJob.objects.exists()
