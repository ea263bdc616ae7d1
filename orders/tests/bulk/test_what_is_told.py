"""What the confirmation and the page of a bulk action say of its orders: the same figures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.roles import Role
from orders.bulk import apply_step, bulk_action, outlook, tasks
from orders.models import BulkJob, Order
from orders.status import Status
from orders.tests.bulk.test_once_more import pressed, run_newest, two_open
from tests.builders import NOON, make_order, make_service
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def test_those_that_are_refilled_are_named(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    service = make_service(refill=True)
    done = [make_order(Status.COMPLETED, service=service) for _ in range(3)]
    running = make_order(Status.IN_PROGRESS, service=service)
    asked = "/orders/bulk/?kind=refill&scope=all"
    page = one_line(staff.get(asked).content.decode()).partition('id="done-to"')[2]
    assert "3 to be done" in page and f"/orders/{running.pk}/" not in page
    assert all(f'href="/orders/{order.pk}/"' in page for order in done)
    monkeypatch.setattr(outlook, "MOST_LINES", 1)
    assert "And 2 more" in one_line(staff.get(asked).content.decode())


def test_an_order_that_ended_is_not_refreshed_in_plain_words(staff: Client) -> None:
    make_order(Status.COMPLETED)
    page = one_line(staff.get("/orders/bulk/?kind=refresh&scope=all").content.decode())
    assert "It has ended: it is completed." in page and "nothing to ask" not in page


@pytest.mark.parametrize("is_another_left", [False, True])
def test_what_was_announced_as_left_out_is_no_failure(
    staff: Client, monkeypatch: pytest.MonkeyPatch, *, is_another_left: bool
) -> None:
    monkeypatch.setattr(tasks, "ring_job", lambda pk: None)
    service = make_service(refill=True)
    done = [make_order(Status.COMPLETED, service=service) for _ in range(3)]
    make_order(Status.IN_PROGRESS, service=service)
    address = "/orders/bulk/?kind=refill&scope=all"
    context = staff.get(address).context
    names = (
        "form_key",
        "chosen",
        "shown_orders",
        "shown_refill_lines",
        "left_out",
        "left_unless_meant",
    )
    said: dict[str, Any] = {name: context[name] for name in names}
    said["restores"] = context["form"].restores_shown
    assert staff.post(address, said).status_code == 302
    if is_another_left:
        Order.objects.filter(pk=done[0].pk).update(status=Status.IN_PROGRESS)
    job = bulk_action.take_job(BulkJob.objects.get().pk, now=NOON)
    assert job is not None
    act = apply_step.act_for(job.kind, lambda *_, **__: None, lambda: NOON)  # type: ignore[arg-type]
    bulk_action.run_items(job, act, clock=lambda: NOON, seconds=60)
    address = f"/orders/bulk-actions/{job.pk}/"
    pages = [
        one_line(staff.get(url).content.decode()) for url in (address, "/orders/bulk-actions/")
    ]
    assert "Refill: 3 orders" in pages[0]
    if is_another_left:
        assert "2 of 3 done · 1 left out as announced" in pages[0] and "bar-orange" in pages[0]
        assert all("</span>Done in part<" in page for page in pages)
    else:
        assert "3 of 3 done · 1 left out as announced" in pages[0] and "bar-green" in pages[0]
        assert "3 / 3" in pages[1] and not any("Done in part" in page for page in pages)


@pytest.mark.parametrize("is_meant", [False, True])
def test_what_is_left_out_unless_it_is_meant_is_announced_where_it_is_not(
    client_for_role: Callable[[Role], Client], monkeypatch: pytest.MonkeyPatch, *, is_meant: bool
) -> None:
    staff = client_for_role(Role.MANAGER)
    monkeypatch.setattr(tasks, "ring_job", lambda pk: None)
    two_open()
    long_ago = timezone.now() - timedelta(days=30)
    make_order(Status.COMPLETED, link_key="alone", created_at=long_ago)
    page = staff.get(address := "/orders/bulk/?kind=reorder&scope=all")
    assert "1 to be ordered again · 2 only when" in one_line(page.content.decode())
    said = pressed(page, left_unless_meant=page.context["left_unless_meant"])
    assert f'name="left_unless_meant" value="{said["left_unless_meant"]}"' in page.content.decode()
    said |= {"left_out": page.context["left_out"], "beside_open": "on" if is_meant else ""}
    assert staff.post(address, said).status_code == 302
    run_newest()
    job = BulkJob.objects.get()
    told = one_line(staff.get(f"/orders/bulk-actions/{job.pk}/").content.decode())
    assert job.terms.keys() >= {"agreed"} and "left_unless_meant" not in job.terms
    if is_meant:
        assert (job.handled, job.failed, job.left_as_told) == (3, 0, 0)
    else:
        assert (job.handled, job.failed, job.left_as_told) == (3, 2, 2)
        assert "1 of 1 done · 2 left out as announced" in told and "bar-green" in told
    assert "</span>Done in part<" not in told
