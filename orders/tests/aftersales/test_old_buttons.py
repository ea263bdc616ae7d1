"""*Withdraw*, *Close*, *Take back*, *Refill* and *Request cancellation* on a page of before act
on what that has shown."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.roles import Role
from orders.aftersales import cancel_sends, runs
from orders.aftersales.batch_outcome import Answered, outcome_to_json
from orders.aftersales.refill_sends import REFILLS
from orders.aftersales.request_cancels import ASKED_FOR
from orders.aftersales.request_refills import withdraw_refill
from orders.aftersales.send_requests import claim
from orders.models import CancelRequest, EventKind, Order, Refill, RequestCall
from orders.sending.restore_check.recalled_requests import take_in_kept
from orders.shown import CHANGED
from orders.status import CancelStatus, RefillStatus, Status
from orders.tests.aftersales.test_send_requests import FakeDesk
from providers.panel_api import RefillStarted, RefusalCode, Refused
from tests.builders import (
    NOON,
    make_cancel,
    make_order,
    make_provider,
    make_refill,
    make_service,
    make_user,
)
from tests.fake_provider import lost_answer

pytestmark = [pytest.mark.django_db, pytest.mark.services]
MINUTE = timedelta(minutes=1)
LATER = NOON + MINUTE


@pytest.fixture
def staff(client_for_role: Any) -> Client:
    client: Client = client_for_role(Role.OPERATOR)
    return client


def carried(staff: Client, order: Order, step: str) -> dict[str, str]:
    """What the button to this address carries on the page of its order."""
    page = staff.get(f"/orders/{order.pk}/").content.decode()
    found = re.search(rf'formaction="{step}[^"]*"\s+name="shown" value="([^"]*)"', page)
    return {"shown": found[1]} if found else {}


def closed_in_doubt() -> tuple[Refill, RequestCall]:
    """The machine of a refill died with the answer on its disk, and a person stopped looking."""
    refill = make_refill(RefillStatus.QUEUED)
    claimed = claim(REFILLS, refill.provider, now=NOON)
    assert claimed is not None
    assert runs.reap_lost_requests(now=NOON + 2 * MINUTE) == 1
    refill.refresh_from_db()
    assert refill.status == RefillStatus.UNCONFIRMED
    assert withdraw_refill(refill, actor=make_user(), now=NOON + 3 * MINUTE)
    refill.refresh_from_db()
    return refill, claimed.call


def late_answer(refill: Refill, call: RequestCall) -> None:
    """That machine is back."""
    kept = outcome_to_json(Answered({refill.order.external_id: RefillStarted("77")}))
    assert take_in_kept({"call": call.idempotency_key, "outcome": kept}, now=NOON + 9 * MINUTE)
    told = refill.order.events.filter(kind=EventKind.REFILL).latest("pk")
    assert "took the refill on as 77" in told.text


def where(refill: Refill) -> str:
    return Refill.objects.get(pk=refill.pk).status


def test_withdraw_of_a_waiting_refill_does_not_close_one_in_doubt(staff: Client) -> None:
    refill = make_refill(RefillStatus.WAITING)
    step = f"/orders/refills/{refill.pk}/withdraw/"
    seen = carried(staff, refill.order, step)
    Refill.objects.update(status=RefillStatus.UNCONFIRMED, requests=1)
    assert CHANGED in staff.post(step, seen, follow=True).content.decode()
    assert where(refill) == RefillStatus.UNCONFIRMED
    staff.post(step, carried(staff, refill.order, step))
    assert where(refill) == RefillStatus.WITHDRAWN


def test_a_refill_of_which_a_machine_told_since_that_it_was_sent_is_not_asked_for_again(
    staff: Client,
) -> None:
    """The page shows it as taken back; it was given back its send, and has ended by now."""
    refill = make_refill(RefillStatus.WITHDRAWN, order=make_order(Status.COMPLETED))
    step = f"/orders/{refill.order_id}/refill/"
    seen = carried(staff, refill.order, step)
    assert seen
    Refill.objects.update(status=RefillStatus.COMPLETED, requests=1)
    assert CHANGED in answers(staff, step, seen)
    assert Refill.objects.count() == 1
    staff.post(step, carried(staff, refill.order, step))
    assert Refill.objects.count() == 2, "the page of now asks"


def test_nor_one_that_was_closed_in_doubt_and_whose_answer_came_since(staff: Client) -> None:
    """Its row is the one it was: the history alone tells of it."""
    refill, call = closed_in_doubt()
    step = f"/orders/{refill.order_id}/refill/"
    seen = carried(staff, refill.order, step)
    assert seen
    row = Refill.objects.values().get()
    late_answer(refill, call)
    assert Refill.objects.values().get() == row
    assert CHANGED in answers(staff, step, seen)
    assert Refill.objects.count() == 1
    staff.post(step, carried(staff, refill.order, step))
    assert Refill.objects.count() == 2, "the page of now asks"


def test_a_page_of_the_release_before_asks_to_look_once_more_before_another_refill(
    staff: Client,
) -> None:
    refill, _ = closed_in_doubt()
    step = f"/orders/{refill.order_id}/refill/"
    assert CHANGED in answers(staff, step, {"shown": f"{refill.pk}.{refill.requests}"})
    assert Refill.objects.count() == 1
    staff.post(step, carried(staff, refill.order, step))
    assert Refill.objects.count() == 2, "once"


def test_after_a_refill_that_has_no_line_in_the_history_another_one_is_asked_for(
    staff: Client,
) -> None:
    refill = make_refill(RefillStatus.COMPLETED, order=make_order(Status.COMPLETED))
    step = f"/orders/{refill.order_id}/refill/"
    seen = carried(staff, refill.order, step)
    staff.post(step, seen)
    assert Refill.objects.count() == 2
    Refill.objects.update(status=RefillStatus.COMPLETED)
    staff.post(step, seen)
    assert Refill.objects.count() == 2


def test_nor_does_withdraw_the_selected(staff: Client) -> None:
    refill = make_refill(RefillStatus.WAITING)
    ticked = {"step": "withdraw", "refill": [refill.pk]}
    seen = {f"shown-{refill.pk}": refill.shown}
    Refill.objects.update(status=RefillStatus.UNCONFIRMED, requests=1)
    staff.post("/orders/refills/selected/", ticked | seen)
    assert where(refill) == RefillStatus.UNCONFIRMED
    refill.refresh_from_db()
    staff.post("/orders/refills/selected/", ticked | {f"shown-{refill.pk}": refill.shown})
    assert where(refill) == RefillStatus.WITHDRAWN


def test_a_refill_that_was_given_the_number_of_another_since_is_not_taken_back(
    staff: Client,
) -> None:
    shown = make_refill()
    step = f"/orders/refills/{shown.pk}/withdraw/"
    seen = carried(staff, shown.order, step)
    Refill.objects.all().delete()
    other = make_refill(pk=shown.pk, requested_at=LATER)
    staff.post(step, seen)
    assert where(other) == RefillStatus.QUEUED


def test_a_cancel_that_was_given_the_number_of_another_since_is_not_taken_back(
    staff: Client,
) -> None:
    shown = make_cancel()
    step = f"/orders/cancels/{shown.pk}/withdraw/"
    seen = carried(staff, shown.order, step)
    CancelRequest.objects.all().delete()
    other = make_cancel(order=make_order(Status.IN_PROGRESS), requested_at=LATER, pk=shown.pk)
    staff.post(step, seen)
    assert CancelRequest.objects.get().status == CancelStatus.QUEUED
    staff.post(step, carried(staff, other.order, step))
    assert CancelRequest.objects.get().status == CancelStatus.ENDED


def answers(staff: Client, step: str, seen: dict[str, str]) -> str:
    return staff.post(step, seen, follow=True).content.decode()


@pytest.mark.parametrize("is_lost", [False, True], ids=["refused", "given up"])
def test_a_cancel_that_has_ended_since_is_not_asked_for_again_from_the_page_of_before_it(
    staff: Client, is_lost: bool
) -> None:
    """A slow page clicked once more, *Back*, or a colleague's tab."""
    account = make_provider(add_spacing_ms=0, calls_per_minute=60_000)
    order, desk = make_order(Status.IN_PROGRESS, service=make_service(account)), FakeDesk()
    step = f"/orders/{order.pk}/cancel/"
    seen = carried(staff, order, step)
    staff.post(step, seen)
    CancelRequest.objects.update(requests=cancel_sends.MOST_REQUESTS - 1)
    desk.says = {order.external_id: Refused("Too late", RefusalCode.NOT_ALLOWED)}
    desk.then = lost_answer() if is_lost else None
    runs.send_requests(account, desk, clock=timezone.now, seconds=0)
    assert CancelRequest.objects.get().status == CancelStatus.REFUSED
    assert CHANGED in answers(staff, step, seen)
    assert CancelRequest.objects.count() == 1
    staff.post(step, carried(staff, order, step))
    assert CancelRequest.objects.count() == 2, "the page of now asks"


def test_nor_one_that_was_taken_back_since(staff: Client) -> None:
    order = make_order(Status.IN_PROGRESS)
    step = f"/orders/{order.pk}/cancel/"
    seen = carried(staff, order, step)
    staff.post(step, seen)
    back = f"/orders/cancels/{CancelRequest.objects.get().pk}/withdraw/"
    staff.post(back, carried(staff, order, back))
    assert CHANGED in answers(staff, step, seen)
    assert CancelRequest.objects.get().status == CancelStatus.ENDED


def test_a_second_click_while_the_cancel_is_under_way_says_so(staff: Client) -> None:
    order = make_order(Status.IN_PROGRESS)
    step = f"/orders/{order.pk}/cancel/"
    seen = carried(staff, order, step)
    staff.post(step, seen)
    assert ASKED_FOR in answers(staff, step, seen)
    assert CancelRequest.objects.count() == 1


@pytest.mark.parametrize("seen", [{}, {"shown": ""}], ids=["nothing", "of today's release"])
def test_a_page_that_does_not_say_what_it_has_shown_of_cancels_asks_to_look_once_more(
    staff: Client, seen: dict[str, str]
) -> None:
    order = make_order(Status.IN_PROGRESS)
    step = f"/orders/{order.pk}/cancel/"
    assert CHANGED in answers(staff, step, seen)
    assert not CancelRequest.objects.exists()
