"""Races around lines, set times, children and words, with real threads on a real database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.roles import Role
from orders import link_queue
from orders.links import link_key
from orders.models import Order, OrderEvent, PollSchedule
from orders.placing import place_orders
from orders.polling import poll_batch, poll_schedule
from orders.sending import sweep_due
from orders.status import HoldReason, Status
from orders.tests.sending.test_races import THREADS, at_once
from providers.actions import status_aliases
from providers.models import Provider
from providers.panel_api import Dialect, OrderState, Progress
from tests.builders import NOON, make_order, make_provider, make_service, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]

LINK = "https://lumen.example/home"


def in_line(service, number: int) -> list[Order]:
    return [
        make_order(
            Status.HELD,
            service=service,
            hold_reason=HoldReason.LINK_BUSY,
            link=LINK,
            link_key=link_key(LINK),
        )
        for _ in range(number)
    ]


def test_eight_sweeps_let_one_of_a_line_go():
    line = in_line(make_service(), 5)
    released = at_once(lambda number: len(link_queue.release_free(now=NOON)))
    assert sum(released) == 1
    queued = Order.objects.get(status=Status.QUEUED)
    assert queued.pk == line[0].pk
    assert OrderEvent.objects.filter(after=Status.QUEUED).count() == 1


def test_the_end_of_the_blocker_is_seen_by_run_and_sweep_at_once():
    service = make_service()
    first = make_order(Status.IN_PROGRESS, service=service, link=LINK, link_key=link_key(LINK))
    line = in_line(service, 3)
    Order.objects.filter(pk__in=[o.pk for o in line]).update(blocked_by=first)
    schedules = poll_schedule.due_batch(service.provider, NOON)
    ended = Progress(OrderState.COMPLETED, "Completed")

    def act(number: int) -> None:
        if number % 2:
            sweep_due.hold_and_release(now=NOON)
        else:
            poll_batch.record_answers(schedules, {first.external_id: ended}, now=NOON)

    at_once(act)
    sweep_due.hold_and_release(now=NOON)
    statuses = [Order.objects.get(pk=o.pk).status for o in line]
    assert statuses == [Status.QUEUED, Status.HELD, Status.HELD]


def test_withdrawing_and_releasing_a_waiting_order_have_one_winner():
    person = make_user(Role.OPERATOR)
    for _ in range(5):
        (order,) = in_line(make_service(), 1)

        def act(number: int, order: Order = order) -> int:
            mine = Order.objects.select_related("provider").get(pk=order.pk)
            if mine.status != Status.HELD:
                return 0
            if number % 2:
                return place_orders.withdraw_order(mine, actor=person, now=NOON)
            return place_orders.release_order(mine, actor=person, now=NOON)

        outcomes = at_once(act, threads=4)
        order.refresh_from_db()
        moved = order.events.filter(before=Status.HELD)
        assert moved.count() == 1 and sum(outcomes) >= 1
        assert order.status == moved.get().after


def test_starting_now_and_the_time_itself_queue_a_scheduled_order_once():
    person = make_user(Role.OPERATOR)
    order = make_order(
        Status.HELD, hold_reason=HoldReason.SCHEDULED, starts_at=NOON - timedelta(seconds=1)
    )

    def act(number: int) -> None:
        if number % 2:
            link_queue.start_scheduled(now=NOON)
            return
        mine = Order.objects.select_related("provider").get(pk=order.pk)
        place_orders.release_order(mine, actor=person, now=NOON)

    at_once(act)
    order.refresh_from_db()
    assert order.status == Status.QUEUED
    assert order.events.filter(after=Status.QUEUED).count() == 1


def test_children_told_to_eight_workers_at_once_are_born_once():
    service = make_service(make_provider())
    parent = make_order(Status.IN_PROGRESS, service=service, payload={"runs": "9", "quantity": "1"})
    schedules = poll_schedule.due_batch(service.provider, NOON)
    ids = tuple(f"c{n}" for n in range(9))
    said = Progress(OrderState.IN_PROGRESS, "In progress", children=ids)
    at_once(lambda _: poll_batch.record_answers(schedules, {parent.external_id: said}, now=NOON))
    parent.refresh_from_db()
    assert (parent.children.count(), parent.parts_done, parent.flag) == (9, 9, "")
    assert PollSchedule.objects.filter(order__parent=parent).count() == 9
    assert OrderEvent.objects.filter(order__parent=parent).count() == 9


def test_aliases_added_by_many_at_once_are_all_kept():
    provider = make_provider()

    def add(number: int) -> bool:
        mine = Provider.objects.get(pk=provider.pk)
        return status_aliases.add_alias(
            mine, f"Word {number}", OrderState.PARTIAL, actor=None, now=NOON
        )

    assert all(at_once(add))
    known = status_aliases.aliases_of(Dialect.from_profile(Provider.objects.get().dialect))
    assert set(known) == {f"word {number}" for number in range(THREADS)}
