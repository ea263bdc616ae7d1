"""Several at once, with real threads on a real database: one refill, one cancel."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.clocks import database_now
from core.roles import Role
from orders.aftersales import request_cancels, request_refills, runs
from orders.aftersales import tasks as aftersales_tasks
from orders.aftersales.refill_sends import REFILLS
from orders.aftersales.send_requests import claim
from orders.models import CancelRequest, Order, Refill
from orders.status import REFILLS_TO_SEND, CancelStatus, RefillStatus, Status
from orders.tests.aftersales.test_requests_over_http import bought
from orders.tests.sending.test_races import at_once
from providers.connect import shared_transport
from providers.models import Lease, Provider
from sandbox import Sandbox
from tests.builders import make_order, make_refill, make_service, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


@pytest.fixture
def box(settings) -> Iterator[Sandbox]:
    with Sandbox(seed=7, services=120, speed=0, partial=0, canceled=0, latency=0.02) as running:
        settings.SANDBOX_URL = running.url
        shared_transport.cache_clear()
        yield running
    shared_transport.cache_clear()


def test_two_people_press_refill_and_the_provider_hears_one(box, account):
    order, people = bought(box, account, "Completed"), [make_user(Role.OPERATOR) for _ in range(8)]

    def press(number: int) -> str:
        mine = Order.objects.for_list().get(pk=order.pk)
        words = request_refills.request_refill(mine, actor=people[number], now=database_now())
        aftersales_tasks.send_requests(provider_id=account.pk)
        return words

    assert at_once(press).count("") == 1
    aftersales_tasks.send_requests(provider_id=account.pk)
    assert Refill.objects.get().status == RefillStatus.PENDING
    assert box.calls("refill") == 1
    assert len(box.provider.refills.tasks) == 1


def test_many_workers_without_a_lease_send_each_refill_once(box, account):
    orders = [bought(box, account, "Completed") for _ in range(12)]
    for order in orders:
        make_refill(order=order)
    Provider.objects.update(batch_size=3)

    def work(number: int) -> int:
        Lease.objects.all().update(holder="", held_until=None)  # every lease ran out
        aftersales_tasks.send_requests(provider_id=account.pk)
        return number

    at_once(work, threads=6)
    # A claim that grew too old on a busy machine was put back: its pause is over.
    Refill.objects.filter(status__in=REFILLS_TO_SEND).update(due_at=database_now())
    aftersales_tasks.send_requests(provider_id=account.pk)
    assert set(Refill.objects.values_list("status", flat=True)) == {RefillStatus.PENDING}
    assert set(Refill.objects.values_list("requests", flat=True)) == {1}
    assert len(box.provider.refills.tasks) == 12


def test_two_people_press_cancel_and_the_provider_hears_one(box, account):
    order, person = bought(box, account), make_user()

    def press(number: int) -> str:
        mine = Order.objects.for_list().get(pk=order.pk)
        words = request_cancels.request_cancel(mine, actor=person, now=database_now())
        aftersales_tasks.send_requests(provider_id=account.pk)
        return words

    assert at_once(press).count("") == 1
    aftersales_tasks.send_requests(provider_id=account.pk)
    assert CancelRequest.objects.get().status == CancelStatus.ACCEPTED
    assert box.calls("cancel") == 1


def test_taking_back_and_claiming_a_refill_have_one_winner():
    person, service = make_user(), make_service()
    for _ in range(5):
        refill = make_refill(order=make_order(Status.COMPLETED, service=service))

        def act(number: int, refill: Refill = refill) -> bool:
            if number % 2:
                mine = Refill.objects.select_related("order").get(pk=refill.pk)
                return request_refills.withdraw_refill(mine, actor=person, now=database_now())
            return claim(REFILLS, refill.provider, now=database_now()) is not None

        assert sum(at_once(act, threads=4)) == 1
        refill.refresh_from_db()
        assert refill.status in (RefillStatus.WITHDRAWN, RefillStatus.SENDING)


def test_a_sweep_in_every_worker_ends_a_cancel_once():
    order = make_order(Status.IN_PROGRESS)
    request_cancels.request_cancel(order, actor=make_user(), now=database_now())
    Order.objects.update(status=Status.CANCELED)
    assert sum(at_once(lambda _: runs.end_cancels(now=database_now()))) == 1
    assert order.events.filter(text__contains="is over").count() == 1
