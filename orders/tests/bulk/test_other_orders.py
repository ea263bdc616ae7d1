"""A confirmation from before its database was put back names numbers that stand for others now."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from core.roles import Role
from orders.bulk import chosen_orders, confirm_views
from orders.bulk import tasks as bulk_tasks
from orders.bulk.confirm_views import OTHER_ORDERS
from orders.models import BulkJob, Order, OrderEvent, PollSchedule
from orders.status import HoldReason, JobKind, Status
from orders.tests.bulk.test_bulk_pages import confirmation
from tests.builders import make_order

pytestmark = [pytest.mark.django_db, pytest.mark.services]
STANDS: dict[JobKind, Status] = {
    JobKind.CANCEL: Status.IN_PROGRESS,
    JobKind.REFILL: Status.COMPLETED,
    JobKind.WITHDRAW: Status.QUEUED,
    JobKind.HOLD: Status.QUEUED,
    JobKind.RELEASE: Status.HELD,
    JobKind.UNTAG: Status.QUEUED,
}


@pytest.fixture
def staff(client_for_role: Any, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(bulk_tasks, "ring_job", lambda pk: None)
    client: Client = client_for_role(Role.OPERATOR)
    return client


def in_its_place(order: Order, **more: Any) -> Order:
    """The database is put back, and gives its number to another order."""
    OrderEvent.objects.filter(order=order).delete()
    PollSchedule.objects.filter(order=order).delete()
    Order.objects.filter(pk=order.pk).delete()
    return make_order(Status(order.status), service=order.service, pk=order.pk, **more)


@pytest.mark.parametrize("kind", STANDS)
def test_numbers_that_stand_for_other_orders_by_now_are_asked_about_anew(
    staff: Client, kind: JobKind
) -> None:
    held = kind == JobKind.RELEASE
    more: dict[str, Any] = {
        "hold_reason": HoldReason.STAFF if held else HoldReason.NONE,
        "tags": " old ",
    }
    order = make_order(STANDS[kind], **more)
    query = f"kind={kind}&scope=picked&order={order.pk}"
    form = confirmation(staff, query) | {"tags": "old", "shown_holds": f"staff:{order.pk}"}
    in_its_place(order, **more)
    answer = staff.post(f"/orders/bulk/?{query}", form)
    assert answer.status_code == 422 and OTHER_ORDERS in answer.content.decode()
    assert not BulkJob.objects.exists()
    form |= {"shown_orders": answer.context["shown_orders"]}
    assert staff.post(f"/orders/bulk/?{query}", form).status_code == 302


def test_more_orders_than_one_query_reads_are_the_same_in_whatever_order_they_were_read(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chosen_orders, "AT_ONCE", 2)
    chosen = [make_order(Status.QUEUED).pk for _ in range(5)]
    picked = "&".join(f"order={pk}" for pk in chosen)
    query = f"kind={JobKind.HOLD}&scope=picked&{picked}"
    shown = confirm_views._shown_orders([chosen[2], *chosen[:2], *chosen[3:]], "", "")
    form = confirmation(staff, query) | {"shown_orders": shown}
    assert staff.post(f"/orders/bulk/?{query}", form).status_code == 302
    assert BulkJob.objects.get().total == len(chosen)
