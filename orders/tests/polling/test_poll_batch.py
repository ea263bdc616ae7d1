"""Following: one call for many, only changes written, one bad row spoils nothing."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import count

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clocks
from orders.models import Order, OrderEvent, PollSchedule
from orders.polling import poll_batch, poll_cycle, poll_schedule, write_answers
from orders.sending import sweep_due
from orders.status import Flag, Status
from providers.actions import leases, token_bucket
from providers.models import LeaseKind, ProviderHealth
from providers.panel_api import (
    BatchRefused,
    Credentials,
    Dialect,
    OrderState,
    PanelClient,
    RefusalCode,
    SlowDown,
    Unavailable,
    Unreadable,
)
from providers.panel_api.tests.stub import KEY, URL, StubTransport, said
from tests.builders import NOON, make_order, make_provider, make_service
from tests.fake_provider import FakeProvider, progress

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def noon():
    return NOON


def ticking(step=timedelta(milliseconds=1)):
    """A clock that goes on a little whenever it is looked at, as clocks do."""
    ticks = count()
    return lambda: NOON + next(ticks) * step


def make_orders(number: int, *, status=Status.PENDING, **provider):
    provider.setdefault("calls_per_minute", 60_000)
    service = make_service(make_provider(**provider))
    return [make_order(status, service=service) for _ in range(number)]


def poll(orders, provider: FakeProvider, clock=noon) -> None:
    poll_cycle.poll_account(orders[0].provider, provider, clock=clock, seconds=5)


def follow(orders, provider: FakeProvider, clock=noon) -> None:
    poll(orders, provider, clock)
    for order in orders:
        order.refresh_from_db()


def test_what_the_provider_says_is_taken_over():
    (order,) = make_orders(1)
    provider = FakeProvider()
    provider.says[order.external_id] = progress(
        OrderState.IN_PROGRESS, raw="In progress", charge="0.27819", start_count=3572, remains=157
    )
    follow([order], provider)
    assert (order.status, order.charge) == (Status.IN_PROGRESS, Decimal("0.27819"))
    assert (order.start_count, order.remains, order.delivered) == (3572, 157, 843)
    event = order.events.get(kind="moved")
    assert (event.before, event.after) == ("pending", "in_progress")
    assert event.evidence["charge"] == "0.27819"


def test_a_hundred_orders_are_one_call():
    orders = make_orders(100)
    provider = FakeProvider()
    provider.says = {o.external_id: progress() for o in orders}
    follow(orders, provider)
    assert [len(ids) for ids in provider.asked] == [100]
    assert {o.status for o in orders} == {Status.IN_PROGRESS}


def test_an_ended_order_is_not_followed_any_more():
    (order,) = make_orders(1)
    provider = FakeProvider()
    provider.says[order.external_id] = progress(OrderState.COMPLETED, charge="0.9", remains=0)
    follow([order], provider)
    assert (order.status, order.ended_at) == (Status.COMPLETED, NOON)
    assert not PollSchedule.objects.exists()


def test_nothing_new_writes_no_order_and_no_event():
    (order,) = make_orders(1, status=Status.IN_PROGRESS)
    provider = FakeProvider()
    provider.says[order.external_id] = progress(raw=order.raw_status or "in_progress")
    follow([order], provider)
    before = OrderEvent.objects.count()
    PollSchedule.objects.update(next_at=NOON)
    with CaptureQueriesContext(connection) as queries:
        follow([order], provider)
    writes = [q["sql"] for q in queries if q["sql"].startswith("UPDATE")]
    assert not [sql for sql in writes if '"orders_order"' in sql]
    assert OrderEvent.objects.count() == before


def test_what_is_not_said_does_not_overwrite_what_is_known():
    (order,) = make_orders(1)
    provider = FakeProvider()
    provider.says[order.external_id] = progress(charge="0.5", start_count=10, remains=40)
    follow([order], provider)
    provider.says[order.external_id] = progress(OrderState.PROCESSING)
    PollSchedule.objects.update(next_at=NOON)
    follow([order], provider)
    assert (order.status, order.charge, order.start_count, order.remains) == (
        Status.PROCESSING,
        Decimal("0.5"),
        10,
        40,
    )


def test_remains_of_zero_does_not_mean_delivered():
    (order,) = make_orders(1)
    provider = FakeProvider()
    provider.says[order.external_id] = progress(OrderState.PENDING, remains=0)
    follow([order], provider)
    assert (order.status, order.delivered) == (Status.PENDING, None)


def test_an_unknown_word_keeps_the_order_open_and_flags_it():
    (order,) = make_orders(1, status=Status.IN_PROGRESS)
    provider = FakeProvider()
    provider.says[order.external_id] = progress(None, raw="Awaiting moon")
    follow([order], provider)
    assert (order.status, order.flag, order.raw_status) == (
        Status.IN_PROGRESS,
        Flag.UNKNOWN_WORD,
        "Awaiting moon",
    )
    assert "Awaiting moon" in order.events.get(kind="flagged").text
    assert PollSchedule.objects.filter(order=order).exists()
    provider.says[order.external_id] = progress(OrderState.COMPLETED)
    PollSchedule.objects.update(next_at=NOON)
    follow([order], provider)
    assert (order.status, order.flag) == (Status.COMPLETED, "")


def test_one_unreadable_row_does_not_touch_the_others():
    orders = make_orders(3)
    provider = FakeProvider()
    provider.says = {o.external_id: progress() for o in orders}
    provider.says[orders[1].external_id] = Unreadable("charge is a list")
    follow(orders, provider)
    assert [o.status for o in orders] == [Status.IN_PROGRESS, Status.PENDING, Status.IN_PROGRESS]
    assert PollSchedule.objects.get(order=orders[1]).failures == 1


def test_a_provider_that_does_not_know_an_order_three_times_gets_it_flagged():
    (order,) = make_orders(1)
    provider = FakeProvider()
    provider.says[order.external_id] = Unreadable("Incorrect order ID", RefusalCode.UNKNOWN_ORDER)
    for _ in range(poll_batch.STRIKES):
        PollSchedule.objects.update(next_at=NOON)
        follow([order], provider)
    assert (order.status, order.flag) == (Status.PENDING, Flag.NOT_KNOWN_THERE)


@pytest.mark.parametrize("place", [0, 33, 99])
@pytest.mark.parametrize("number", [2, 7, 100])
def test_one_poisoned_id_is_found_by_halving(number, place):
    orders = make_orders(number)
    bad = orders[place * number // 100]
    provider = FakeProvider()
    provider.says = {o.external_id: progress() for o in orders}
    provider.poison = {bad.external_id}
    follow(orders, provider, ticking())
    assert {o.status for o in orders if o != bad} == {Status.IN_PROGRESS}
    assert bad.status == Status.PENDING
    assert len(provider.asked) <= 3 * 7 + 1


class RefusesAll(FakeProvider):
    """Answers whatever it is asked with one and the same error."""

    def __init__(self, code=RefusalCode.UNLISTED):
        super().__init__()
        self.code = code

    def statuses_once(self, order_ids):
        self.asked.append(list(order_ids))
        raise BatchRefused(f"Out of order ({len(order_ids)})", code=self.code)


def poll_for(seconds, orders, provider):
    """The loop of a lease again and again, as the sweep rings it, with a fifth of a second to each
    look at the clock."""
    clock = ticking(timedelta(milliseconds=200))
    while clock() < NOON + timedelta(seconds=seconds):
        poll(orders, provider, clock)


@pytest.mark.parametrize(("one_a_call", "calls"), [(False, 3), (True, 5)])
def test_one_error_for_everything_is_about_the_account_and_is_asked_about_less_often(
    one_a_call, calls
):
    orders = make_orders(100, dialect={"batch_size": 1} if one_a_call else {})
    provider = RefusesAll()
    provider.dialect = Dialect(batch_size=1 if one_a_call else 100)
    poll_for(45, orders, provider)
    assert len(provider.asked) == calls
    health = ProviderHealth.objects.get(provider=orders[0].provider)
    assert "answers every question about orders with: “Out of order" in health.last_error
    assert health.open_until is None  # placing goes on
    assert token_bucket.next_add(orders[0].provider, now=NOON) == 0


@pytest.mark.parametrize("number", [100, 250])
def test_an_error_about_the_account_makes_few_requests(number):
    """With the client that people use, counted where its requests leave."""
    orders = make_orders(number)
    transport = StubTransport(by=lambda fields: said('{"error":"Out of order"}'))
    client = PanelClient(Credentials(URL, KEY), Dialect(), transport)
    poll_for(45, orders, client)
    assert len(transport.asked) == 3
    alone = [fields["order"] for fields in transport.asked[1:]]
    assert len(set(alone)) == 2 and set(alone) <= set(transport.asked[0]["orders"].split(","))
    poll_for(600, orders, client)
    assert len(transport.asked) <= 1 + 600 / clocks.SAME_REFUSAL_PAUSE_SECONDS * 4


@pytest.mark.parametrize(
    ("spoilt", "minutes"),
    [
        ([0, 50], 1),
        ([0, 1], 3),
        ([0, 1, 2, 3], 5),
        ([10, 11, 12, 60], 3),
        (list(range(0, 100, 9)), 12),
    ],
)
def test_several_poisoned_ids_keep_nobody_else_waiting_for_long(spoilt, minutes):
    """Also where they are the two that are asked about alone: after a pause it is two others."""
    orders = make_orders(100)
    start = 2 * int(NOON.timestamp() // clocks.SAME_REFUSAL_PAUSE_SECONDS)
    bad = [orders[(start + place) % 100] for place in spoilt]
    provider = FakeProvider()
    provider.says = {o.external_id: progress() for o in orders}
    provider.poison = {o.external_id for o in bad}
    poll_for(minutes * 60, orders, provider)
    for order in orders:
        order.refresh_from_db()
    assert {o.status for o in orders if o not in bad} == {Status.IN_PROGRESS}
    assert {o.status for o in bad} == {Status.PENDING}


def test_after_the_pause_everything_is_followed_again():
    orders = make_orders(20)
    follow(orders, RefusesAll(), ticking())
    later = NOON + timedelta(seconds=clocks.SAME_REFUSAL_PAUSE_SECONDS + 60)
    well = FakeProvider()
    well.says = {o.external_id: progress() for o in orders}
    follow(orders, well, lambda: later)
    assert {o.status for o in orders} == {Status.IN_PROGRESS}
    assert set(PollSchedule.objects.values_list("batch_cap", flat=True)) == {0}


def test_words_that_are_about_an_id_are_followed_to_each_of_them():
    orders = make_orders(8)
    provider = RefusesAll(RefusalCode.UNKNOWN_ORDER)
    follow(orders, provider, ticking())
    assert {ids[0] for ids in provider.asked if len(ids) == 1} == {o.external_id for o in orders}


def test_orders_due_soon_fill_the_batch_up():
    orders = make_orders(5)
    soon = NOON + timedelta(seconds=clocks.POLL_LOOKAHEAD_SECONDS - 1)
    late = NOON + timedelta(seconds=clocks.POLL_LOOKAHEAD_SECONDS + 60)
    PollSchedule.objects.filter(order__in=orders[1:4]).update(next_at=soon)
    PollSchedule.objects.filter(order=orders[4]).update(next_at=late)
    batch = poll_schedule.due_batch(orders[0].provider, NOON)
    assert {w.order_id for w in batch} == {o.pk for o in orders[:4]}


def test_nothing_is_asked_when_nothing_is_due_yet():
    orders = make_orders(2)
    PollSchedule.objects.update(next_at=NOON + timedelta(seconds=5))
    provider = FakeProvider()
    follow(orders, provider)
    assert provider.asked == []


@pytest.mark.parametrize(
    ("unchanged_for", "seconds"),
    [
        (0, clocks.POLL_FLOOR_SECONDS),
        (600, 60),
        (3600, 360),
        (30 * 86400, clocks.POLL_CEILING_SECONDS),
    ],
)
def test_the_longer_nothing_changes_the_rarer_it_is_asked(unchanged_for, seconds):
    wait = poll_schedule.next_check_in(timedelta(seconds=unchanged_for)).total_seconds()
    assert seconds / poll_schedule.STEP < wait <= seconds


def test_orders_that_changed_a_little_apart_come_due_together():
    waits = {poll_schedule.next_check_in(timedelta(seconds=age)) for age in range(1000, 1010)}
    assert len(waits) == 1


def test_a_provider_that_is_down_changes_no_order_and_closes_its_breaker():
    orders = make_orders(2)
    provider = FakeProvider()
    provider.down = Unavailable("connection refused")
    follow(orders, provider)
    assert {o.status for o in orders} == {Status.PENDING}
    health = ProviderHealth.objects.get(provider=orders[0].provider)
    assert health.open_until is not None
    assert health.open_until > NOON
    assert health.last_error == "connection refused"
    follow(orders, provider)
    assert len(provider.asked) == 1, "the breaker keeps the second run from calling"


def test_a_provider_that_asks_for_fewer_calls_gets_them():
    orders = make_orders(2)
    provider = FakeProvider()
    provider.down = SlowDown("Too many requests", until=NOON + timedelta(seconds=30))
    follow(orders, provider)
    health = ProviderHealth.objects.get(provider=orders[0].provider)
    assert health.slow_until == NOON + timedelta(seconds=30)
    assert health.pace == 0.5


def test_two_leases_never_follow_one_account():
    orders = make_orders(1)
    leases.acquire_lease(orders[0].provider_id, LeaseKind.POLLING, now=NOON, seconds=60)
    provider = FakeProvider()
    follow(orders, provider)
    assert provider.asked == []


def test_accounts_wait_for_free_leases_longest_first():
    accounts = [make_orders(1)[0].provider for _ in range(3)]
    for number, account in enumerate(accounts):
        leases.ensure_leases(account.pk)
        account.leases.filter(kind=LeaseKind.POLLING).update(
            due_at=NOON - timedelta(seconds=number)
        )
    assert sweep_due.accounts_to_poll(NOON, leases=2) == [accounts[2].pk, accounts[1].pk]
    leases.acquire_lease(accounts[2].pk, LeaseKind.POLLING, now=NOON, seconds=60)
    assert sweep_due.accounts_to_poll(NOON, leases=2) == [accounts[1].pk]
    assert sweep_due.accounts_to_poll(NOON, leases=1) == []


def test_an_answer_that_comes_after_the_end_changes_nothing():
    (order,) = make_orders(1)
    schedules = poll_schedule.due_batch(order.provider, NOON)
    PollSchedule.objects.all().delete()
    Order.objects.update(status=Status.COMPLETED)
    poll_batch.record_answers(schedules, {order.external_id: progress()}, now=NOON)
    order.refresh_from_db()
    assert order.status == Status.COMPLETED


def test_an_order_that_has_ended_is_neither_revived_nor_watched_any_more():
    (order,) = make_orders(1)
    Order.objects.update(status=Status.COMPLETED)
    provider = FakeProvider()
    provider.says[order.external_id] = progress()
    follow([order], provider)
    assert order.status == Status.COMPLETED
    assert not PollSchedule.objects.exists()
    assert not order.events.filter(kind="moved", after=Status.IN_PROGRESS).exists()


def test_orders_that_stand_still_are_written_with_one_statement():
    orders = make_orders(10, status=Status.IN_PROGRESS)
    provider = FakeProvider()
    provider.says = {o.external_id: progress(raw="in_progress") for o in orders}
    follow(orders, provider)
    PollSchedule.objects.update(next_at=NOON, batch_cap=7)
    with CaptureQueriesContext(connection) as queries:
        follow(orders, provider)
    watched = [
        q["sql"] for q in queries if q["sql"].startswith("UPDATE") and "_pollschedule" in q["sql"]
    ]
    assert len(watched) == 2, "seven after a refused batch, then the other three"
    assert set(PollSchedule.objects.values_list("batch_cap", flat=True)) == {0}


def test_ten_orders_cost_the_queries_of_one():
    def queries(number):
        orders = make_orders(number)
        provider = FakeProvider()
        provider.says = {o.external_id: progress() for o in orders}
        with CaptureQueriesContext(connection) as captured:
            follow(orders, provider)
        return len(captured) - 2 * number  # refresh_from_db of this test; executemany rows

    if connection.vendor == "postgresql":
        assert queries(10) <= queries(1)
    else:
        assert queries(10) <= queries(1) + 2 * 9


def test_an_order_moved_while_its_answer_was_read_is_left_alone_and_leaves_no_history(monkeypatch):
    orders = make_orders(2)
    provider = FakeProvider()
    provider.says = {o.external_id: progress() for o in orders}
    real = write_answers.Writes.drop_overtaken

    def somebody_else_first(writes):
        Order.objects.filter(pk=orders[0].pk).update(status=Status.COMPLETED)
        real(writes)

    monkeypatch.setattr(write_answers.Writes, "drop_overtaken", somebody_else_first)
    follow(orders, provider)
    assert [o.status for o in orders] == [Status.COMPLETED, Status.IN_PROGRESS]
    assert not orders[0].events.filter(kind="moved").exists()
    assert orders[1].events.filter(kind="moved").exists()


@pytest.fixture
def just_before_writing(monkeypatch):
    """Once, between the reading of an order and the transaction that writes its answer."""

    def happen(**changes):
        real, left = write_answers.Writes.drop_overtaken, [changes]

        def somebody_else_first(writes):
            if left:
                Order.objects.update(**left.pop())
            real(writes)

        monkeypatch.setattr(write_answers.Writes, "drop_overtaken", somebody_else_first)

    return happen


def test_a_flag_that_is_raised_while_its_answer_was_read_stays(just_before_writing):
    (order,) = make_orders(1)
    provider = FakeProvider()
    provider.says[order.external_id] = progress(raw="In progress", charge="0.5")
    just_before_writing(flag=Flag.ID_REUSED)
    follow([order], provider)
    assert order.flag == Flag.ID_REUSED
    assert (order.status, order.charge) == (Status.IN_PROGRESS, Decimal("0.5"))
    assert order.events.filter(kind="moved").count() == 1


def test_a_flag_that_is_cleared_while_its_answer_was_read_is_not_put_back(just_before_writing):
    (order,) = make_orders(1)
    Order.objects.update(flag=Flag.CHARGE_CHANGED)
    provider = FakeProvider()
    provider.says[order.external_id] = progress()
    just_before_writing(flag=Flag.NONE)
    follow([order], provider)
    assert (order.flag, order.status) == (Flag.NONE, Status.IN_PROGRESS)


def test_an_answer_that_was_overtaken_is_taken_over_when_it_comes_again(just_before_writing):
    (order,) = make_orders(1)
    provider = FakeProvider()
    provider.says[order.external_id] = progress(raw="In progress", charge="0.5", remains=7)
    just_before_writing(status=Status.PAUSED)
    follow([order], provider)
    assert (order.status, order.charge) == (Status.IN_PROGRESS, Decimal("0.5"))
    assert order.remains == 7


def test_an_account_whose_dialect_takes_one_id_a_call_is_asked_about_one_at_a_time():
    provider = make_provider(dialect={"batch_size": 1})
    for _ in range(3):
        make_order(Status.PENDING, provider=provider)
    assert len(poll_schedule.due_batch(provider, NOON)) == 1


def test_only_accounts_whose_lease_is_free_are_rung() -> None:
    order = make_order(Status.QUEUED)
    assert sweep_due.providers_to_ring(NOON) == [order.provider_id]
    holder = leases.acquire_lease(order.provider_id, LeaseKind.PLACING, now=NOON, seconds=60)
    assert holder is not None
    assert sweep_due.providers_to_ring(NOON) == []
    leases.release_lease(order.provider_id, LeaseKind.PLACING, holder)
    assert sweep_due.providers_to_ring(NOON) == [order.provider_id]


def test_an_order_whose_row_is_never_readable_again_is_flagged_until_it_is() -> None:
    order = make_order(Status.IN_PROGRESS, external_id="71")
    PollSchedule.objects.update(failures=poll_batch.STRIKES_UNREADABLE - 1)
    broken = Unreadable("The row cannot be read.")
    batch = poll_schedule.due_batch(order.provider, NOON)
    poll_batch.record_answers(batch, {"71": broken}, now=NOON)
    order.refresh_from_db()
    assert order.flag == Flag.UNREADABLE
    PollSchedule.objects.update(next_at=NOON)
    batch = poll_schedule.due_batch(order.provider, NOON)
    poll_batch.record_answers(batch, {"71": progress()}, now=NOON)
    order.refresh_from_db()
    assert order.flag == Flag.NONE
