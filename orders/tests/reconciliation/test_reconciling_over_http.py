"""A provider that keeps its own ledger, and a day of orders: our ledger says what it says."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from orders.draft import OrderDraft
from orders.models import Discrepancy, Order, PollSchedule, Statement, StatementState
from orders.placing import place_orders
from orders.polling import poll_cycle
from orders.reconciliation import reconcile
from orders.reconciliation.refund_evidence import gather_evidence
from orders.reconciliation.refunds import book_refunds
from orders.sending import send_run
from orders.status import Flag, Status
from providers.actions.accounts import change_settings
from providers.actions.balances import read_balance
from providers.connect import client_for, shared_transport
from providers.models import Provider, RefundStyle, Service
from providers.panel_api import DefaultPayload, Progress
from sandbox import Sandbox
from tests.builders import make_provider, make_service

pytestmark = [pytest.mark.django_db, pytest.mark.services]
MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)


class Day:
    """An account at a sandbox and a clock that both of them go by."""

    def __init__(self, box: Sandbox) -> None:
        self.box, self.began, self.pushed = box, time.monotonic(), 0.0
        self.account = make_provider(
            url=box.url, key=box.key, add_spacing_ms=0, calls_per_minute=60_000
        )
        self.client = client_for(self.account)
        item = box.service("Default")
        self.service = make_service(
            self.account,
            external_id=str(item["id"]),
            rate=Decimal(item["rate"]),
            min=item["min"],
            max=item["max"],
        )

    def now(self) -> datetime:
        return MIDNIGHT + timedelta(seconds=self.pushed + time.monotonic() - self.began)

    def go_on(self, minutes: float) -> None:
        self.pushed += minutes * 60
        self.box.advance(minutes * 60)

    def place(self, quantity: int) -> Order:
        link = f"https://lumen.example/p/{uuid.uuid4()}"
        service = self.service.external_id
        payload = DefaultPayload(service_id=service, link=link, quantity=quantity)
        draft = OrderDraft(self.service, payload, uuid.uuid4())
        order = place_orders.place_order(draft, placed_by=None, now=self.now())[0]
        send_run.send_queued(self.account, self.client, clock=self.now, seconds=5)
        return order

    def look(self) -> None:
        PollSchedule.objects.update(next_at=self.now() - timedelta(seconds=1))
        poll_cycle.poll_account(self.account, self.client, clock=self.now, seconds=5)

    def read(self) -> None:
        read_balance(self.account, self.client, clock=self.now)

    def begin(self) -> None:
        self.read()
        reconcile.keep_ledger(self.account, now=self.now())

    def close(self) -> Statement:
        """Read once more late in the evening, and look at the day after midnight."""
        self.go_on(30)
        self.look()
        self.go_on(30)
        self.read()
        after = MIDNIGHT + timedelta(days=1, minutes=20)
        reconcile.keep_ledger(self.account, now=after)
        return Statement.objects.get()


@pytest.fixture
def day(settings) -> Iterator[Day]:
    with Sandbox(seed=11, services=40, speed=0, partial=0.35, canceled=0.25) as box:
        settings.SANDBOX_URL = box.url
        shared_transport.cache_clear()
        yield Day(box)
    shared_transport.cache_clear()


@pytest.fixture
def plain_day(settings) -> Iterator[Day]:
    """Where every order completes."""
    with Sandbox(seed=7, services=40, speed=0, partial=0, canceled=0) as box:
        settings.SANDBOX_URL = box.url
        shared_transport.cache_clear()
        yield Day(box)
    shared_transport.cache_clear()


def test_a_whole_day_adds_up_to_the_last_digit(day):
    day.begin()
    for hour in range(20):
        day.go_on(60)
        if hour < 14:
            day.place(day.service.min * (hour + 3) + hour)
        day.look()
        day.read()
    made = day.close()
    ends = set(Order.objects.values_list("status", flat=True))
    assert ends == {Status.COMPLETED, Status.PARTIAL, Status.CANCELED}
    truth = day.box.ledger()
    assert made.charged == sum(Decimal(one["charge"]) for one in truth)
    assert made.refunded == sum(Decimal(one["refunded"]) for one in truth) > 0
    assert made.low == made.high == made.actual == day.box.balance() - made.opening
    assert (made.state, made.difference) == (StatementState.FITS, 0)
    assert made.movements == 14 + sum(Decimal(one["refunded"]) > 0 for one in truth)
    assert set(Order.objects.values_list("flag", flat=True)) == {Flag.NONE}


def test_money_that_disappears_is_a_case_to_the_last_digit(plain_day):
    day = plain_day
    day.begin()
    day.go_on(60)
    day.place(day.service.min * 5)
    day.box.set_balance(day.box.balance() - Decimal("0.12345"))
    made = day.close()
    assert (made.state, made.difference) == (StatementState.DIFFERS, Decimal("-0.12345"))
    assert Discrepancy.objects.get().numbers["difference"] == "-0.12345"


def test_a_top_up_is_shown_as_money_put_in(plain_day):
    day = plain_day
    day.begin()
    day.go_on(60)
    day.place(day.service.min * 5)
    day.look()
    day.read()
    day.go_on(60)
    day.box.set_balance(day.box.balance() + 500)
    made = day.close()
    assert (made.state, made.added, made.difference) == (StatementState.ADDED, 500, 0)
    assert not Discrepancy.objects.exists()


def test_an_order_whose_answer_was_lost_is_within_the_interval(plain_day):
    day = plain_day
    day.begin()
    day.go_on(60)
    day.box.fault("close_after_request", "after", action="add")
    order = day.place(day.service.min * 5)
    made = day.close()
    order.refresh_from_db()
    assert order.status == Status.UNCONFIRMED
    assert made.low < made.actual < made.high == 0
    assert (made.state, made.difference) == (StatementState.FITS, 0)


def test_a_balance_that_lags_behind_a_charge_is_no_case(plain_day):
    day = plain_day
    day.begin()
    day.go_on(60)
    day.place(day.service.min * 5)
    day.look()
    day.box.fault("balance_lag", action="balance", seconds=120)
    day.go_on(1)
    day.read()
    after = MIDNIGHT + timedelta(days=1, minutes=20)
    reconcile.keep_ledger(day.account, now=after)
    made = Statement.objects.get()
    assert made.actual == 0
    assert (made.state, made.difference) == (StatementState.FITS, 0)
    assert made.low < made.high == 0


def test_a_charge_that_drifts_is_kept_as_it_was_and_flagged(plain_day):
    day = plain_day
    day.begin()
    order = day.place(day.service.min * 50)
    day.look()
    known = Order.objects.get().charge
    day.box.fault("charge_drift", action="status")
    day.go_on(30)
    day.look()
    order.refresh_from_db()
    assert (order.charge, order.flag) == (known, Flag.CHARGE_CHANGED)
    event = order.events.get(kind="flagged")
    drifted = known * Decimal("1.37") + Decimal("0.01")
    assert Decimal(event.evidence["said"]) == drifted
    day.go_on(240)
    day.look()
    order.refresh_from_db()
    assert (order.status, order.charge) == (Status.COMPLETED, known)


def test_a_status_that_goes_back_is_flagged_and_does_not_count(plain_day):
    day = plain_day
    order = day.place(day.service.min * 5)
    day.go_on(20)
    day.look()
    order.refresh_from_db()
    assert order.status == Status.IN_PROGRESS
    day.box.force(order.external_id, status="Pending")
    day.go_on(1)
    day.look()
    order.refresh_from_db()
    assert (order.status, order.flag) == (Status.IN_PROGRESS, Flag.WENT_BACKWARDS)


def test_a_completed_order_said_to_run_is_not_followed_any_more(plain_day):
    day = plain_day
    order = day.place(day.service.min * 5)
    day.go_on(180)
    day.look()
    day.box.fault("status_regress", action="status")
    day.go_on(10)
    day.look()
    order.refresh_from_db()
    assert (order.status, order.flag) == (Status.COMPLETED, Flag.NONE)


def test_remains_above_what_was_ordered_is_never_a_number(plain_day):
    day = plain_day
    order = day.place(day.service.min * 5)
    day.box.fault("remains_above_quantity", action="status")
    day.look()
    order.refresh_from_db()
    assert (order.flag, order.delivered) == (Flag.ODD_REMAINS, None)


def test_an_id_given_twice_flags_both_orders_and_changes_neither(plain_day):
    day = plain_day
    first = day.place(day.service.min * 5)
    day.box.fault("reused_id", action="add")
    second = day.place(day.service.min * 6)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, first.flag) == (Status.PENDING, Flag.ID_REUSED)
    assert (second.status, second.flag) == (Status.UNCONFIRMED, Flag.ID_REUSED)
    assert second.external_id == ""
    told = first.events.get(kind="flagged")
    assert told.evidence == {"external_id": first.external_id, "other_order": second.pk}
    told = second.events.get(kind="flagged")
    assert told.evidence == {"external_id": first.external_id, "other_order": first.pk}


@pytest.fixture
def apart_day(settings) -> Iterator[Day]:
    """Where a canceled order keeps its charge, and only the balance goes back up."""
    with Sandbox(seed=7, services=40, speed=0, partial=0, canceled=0, dialect="apart") as box:
        settings.SANDBOX_URL = box.url
        shared_transport.cache_clear()
        yield Day(box)
    shared_transport.cache_clear()


def cancel_an_order_of_4_25(day: Day) -> tuple[Order, Decimal]:
    """The order, and the balance before it was placed."""
    day.begin()
    day.go_on(60)
    day.service.rate = Decimal("4.25")
    day.service.save()
    day.box.edit_service(int(day.service.external_id), rate="4.25", min=10, max=5000)
    Service.objects.update(min=10, max=5000)
    day.service.refresh_from_db()
    before = day.box.balance()
    order = day.place(1000)
    day.go_on(1)
    day.look()
    order.refresh_from_db()
    day.go_on(59)
    day.read()
    day.box.force(order.external_id, status="Canceled", progress=0)
    day.go_on(60)
    day.look()
    order.refresh_from_db()
    said = day.client.statuses_once([order.external_id])[order.external_id]
    assert isinstance(said, Progress)
    assert (said.charge, said.remains) == (Decimal("4.25"), 0)
    assert (order.status, order.charge) == (Status.CANCELED, Decimal("4.25"))
    assert day.box.balance() == before
    return order, before


def test_what_comes_back_apart_is_a_refund_once_staff_have_said_so(apart_day):
    day = apart_day
    order, _ = cancel_an_order_of_4_25(day)
    assert order.flag == Flag.CHARGE_DIFFERS
    day.go_on(7 * 60)
    day.read()
    assert gather_evidence(day.account, now=day.now())
    day.account.refresh_from_db()
    evidence = day.account.refund_evidence
    assert (evidence["proposed"], evidence["came_back"]) == (RefundStyle.APART, 1)
    made = day.close()
    assert (made.added, made.state) == (0, StatementState.FITS)
    change_settings(day.account, {"refund_style": RefundStyle.APART}, actor=None, now=day.now())
    assert book_refunds(day.account, now=day.now()) == 1
    made = reconcile.make_statement(made, now=MIDNIGHT + timedelta(days=1, hours=1))
    order.refresh_from_db()
    assert (order.charge, order.refund, order.cost) == (
        Decimal("4.25"),
        Decimal("4.25"),
        Decimal(0),
    )
    assert order.flag == Flag.NONE
    assert (made.charged, made.refunded, made.added) == (Decimal("4.25"), Decimal("4.25"), 0)
    assert (made.state, made.low, made.high, made.actual) == (StatementState.FITS, 0, 0, Decimal(0))


def test_where_it_is_known_nothing_is_flagged_and_the_day_adds_up(apart_day):
    day = apart_day
    Provider.objects.update(refund_style=RefundStyle.APART)
    order, _ = cancel_an_order_of_4_25(day)
    partial = day.place(1000)
    day.look()
    partial.refresh_from_db()
    day.box.force(partial.external_id, status="Partial", progress=0.667)
    day.go_on(60)
    day.look()
    made = day.close()
    partial.refresh_from_db()
    assert (order.flag, order.cost) == (Flag.NONE, Decimal(0))
    assert (partial.flag, partial.cost) == (Flag.NONE, Decimal("2.83475"))
    truth = day.box.ledger()
    assert made.refunded == sum(Decimal(one["refunded"]) for one in truth)
    assert (made.state, made.low, made.high) == (StatementState.FITS, made.actual, made.actual)
