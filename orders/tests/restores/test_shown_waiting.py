"""Who accepts a restored database has seen what waits there and is sent with that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from core.roles import Role
from orders.models import CancelRequest, Halt, Order, Refill
from orders.restores import tasks
from orders.shown import CHANGED
from orders.status import HoldReason, RefillStatus, Status
from tests.builders import NOON, make_cancel, make_order, make_refill

from .test_restored_pages import EVERYTHING, PAGE, Listing, close, run_through, seen

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def staff(client_for_role: Callable[[Role], Client]) -> Client:
    return client_for_role(Role.MANAGER)


def one_is_queued() -> None:
    """It was in doubt, and nobody looked for it among those that wait."""
    Order.objects.filter(status=Status.UNCONFIRMED).update(status=Status.QUEUED)


def one_is_released() -> None:
    held = Order.objects.filter(hold_reason=HoldReason.STAFF)
    held.update(status=Status.QUEUED, hold_reason=HoldReason.NONE)


def a_refill() -> None:
    make_refill(RefillStatus.QUEUED, requested_at=NOON)


def a_cancel() -> None:
    make_cancel(requested_at=NOON)


@pytest.mark.parametrize("change", [one_is_queued, one_is_released, a_refill, a_cancel])
def test_what_waits_by_now_and_was_not_shown_is_not_let_go(
    staff: Client, change: Callable[[], None]
) -> None:
    halt = close()
    make_order(Status.UNCONFIRMED)
    make_order(Status.HELD, hold_reason=HoldReason.STAFF)
    run_through(halt, Listing())
    shown = seen(staff)
    change()
    answer = staff.post(f"{PAGE}acknowledge/", EVERYTHING | shown)
    assert answer.status_code == 422 and CHANGED in answer.content.decode()
    assert Halt.objects.standing().exists()
    assert staff.post(f"{PAGE}acknowledge/", EVERYTHING | seen(staff)).status_code == 302


def test_what_has_come_to_its_time_meanwhile_asks_nobody_anew(staff: Client) -> None:
    halt = close()
    order = make_order(Status.HELD, hold_reason=HoldReason.SCHEDULED)
    run_through(halt, Listing())
    shown = seen(staff)
    Order.objects.filter(pk=order.pk).update(status=Status.QUEUED, hold_reason=HoldReason.NONE)
    assert staff.post(f"{PAGE}acknowledge/", EVERYTHING | shown).status_code == 302


AHEAD = timedelta(hours=1)


@pytest.mark.parametrize("written", [NOON - AHEAD, NOON + AHEAD], ids=["before", "clock ahead"])
def test_all_that_stood_in_the_database_is_listed(staff: Client, written: datetime) -> None:
    order = make_order(created_at=written)
    refill, cancel = make_refill(requested_at=written), make_cancel(requested_at=written)
    close()
    page = staff.get(PAGE)
    assert list(page.context["waiting"]) == [order]
    assert page.context["requests"] == [refill, cancel]


def test_what_comes_after_the_stop_is_not_listed_and_asks_nobody_anew(staff: Client) -> None:
    halt = close()
    run_through(halt, Listing())
    shown = seen(staff)
    make_order(created_at=NOON + AHEAD)
    assert staff.get(PAGE).context["waiting"] == []
    assert staff.post(f"{PAGE}acknowledge/", EVERYTHING | shown).status_code == 302


def test_a_stop_that_a_release_before_placed_lists_all_that_waits(staff: Client) -> None:
    close()
    Halt.objects.update(orders_through=None)
    order = make_order(created_at=NOON + AHEAD)
    assert list(staff.get(PAGE).context["waiting"]) == [order]


def test_such_a_stop_is_numbered_once_and_later_orders_ask_nobody_anew(staff: Client) -> None:
    halt = close()
    listed = make_order(created_at=NOON + AHEAD)
    without = {"orders_through": None, "refills_through": None, "cancels_through": None}
    Halt.objects.update(**without)
    run_through(halt, Listing())
    shown = seen(staff)
    tasks.import_spool()
    later = make_order(created_at=NOON + AHEAD)
    refill, cancel = make_refill(requested_at=NOON + AHEAD), make_cancel(requested_at=NOON + AHEAD)
    tasks.import_spool()
    halt.refresh_from_db()
    assert listed.pk <= (halt.orders_through or 0) < later.pk
    assert (halt.refills_through, halt.cancels_through) == (0, 0)
    assert Refill.objects.get() == refill and CancelRequest.objects.get() == cancel
    assert list(staff.get(PAGE).context["waiting"]) == [listed]
    assert staff.post(f"{PAGE}acknowledge/", EVERYTHING | shown).status_code == 302
