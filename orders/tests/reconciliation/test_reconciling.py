"""Statements and discrepancies: made once a day, the same when made again, closed once."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from core.roles import Role
from orders.models import ChargeEntry, Discrepancy, Order, Statement, StatementState
from orders.reconciliation import discrepancies, reconcile
from orders.reconciliation.movements import known_movements
from orders.status import Status
from providers.models import BalanceReading, Provider
from tests.builders import NOON, make_order, make_provider, make_service, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]

DAY = date(2026, 11, 23)
MIDNIGHT = datetime(2026, 11, 23, tzinfo=timezone.get_default_timezone())
HOUR = timedelta(hours=1)
NEXT_DAY = MIDNIGHT + 24 * HOUR + timedelta(minutes=20)


def read(provider: Provider, amount: str, at: datetime, currency: str = "USD") -> None:
    BalanceReading.objects.create(
        provider=provider, amount=Decimal(amount), currency=currency, read_at=at
    )


def pay(provider: Provider, amount: str, at: datetime, order: Order | None = None) -> None:
    order = order or make_order(Status.COMPLETED, provider=provider)
    ChargeEntry.objects.create(
        order=order,
        provider=provider,
        amount=Decimal(amount),
        at_low=at,
        at_high=at + timedelta(minutes=1),
    )


def a_day(provider: Provider, *readings: tuple[float, str]) -> Statement:
    """The statement of a day with 100 at its beginning and these balances at these hours."""
    read(provider, "100", MIDNIGHT)
    reconcile.keep_ledger(provider, now=MIDNIGHT)
    for hours, amount in readings:
        read(provider, amount, MIDNIGHT + hours * HOUR)
    return end_of_day(provider)


def end_of_day(provider: Provider) -> Statement:
    reconcile.keep_ledger(provider, now=NEXT_DAY)
    return Statement.objects.get(provider=provider, day=DAY)


def test_the_ledger_begins_with_the_newest_reading():
    provider = make_provider()
    assert reconcile.keep_ledger(provider, now=NOON) == []
    read(provider, "250", MIDNIGHT)
    read(provider, "100", NOON - HOUR)
    (begun,) = reconcile.keep_ledger(provider, now=NOON)
    assert (begun.opening, begun.day, begun.state) == (100, DAY, "running")
    assert reconcile.keep_ledger(provider, now=NOON) == []


def test_a_day_that_adds_up_is_explained_to_the_last_digit():
    provider = make_provider()
    pay(provider, "12.345678", NOON)
    pay(provider, "-2.000001", NOON + HOUR)
    made = a_day(provider, (23, "89.654323"))
    assert (made.state, made.difference) == (StatementState.FITS, 0)
    assert (made.low, made.high, made.actual) == (Decimal("-10.345677"),) * 3
    assert (made.charged, made.refunded) == (Decimal("12.345678"), Decimal("2.000001"))
    assert not Discrepancy.objects.exists()


def test_missing_money_opens_a_case_with_its_numbers():
    provider = make_provider()
    pay(provider, "10", NOON)
    made = a_day(provider, (23, "87.5"))
    assert (made.state, made.difference) == (StatementState.DIFFERS, Decimal("-2.5"))
    discrepancy = Discrepancy.objects.get()
    assert (discrepancy.day, discrepancy.provider, discrepancy.kind) == (DAY, provider, "missing")
    assert discrepancy.words.startswith("The balance fell by 2.5 USD more than")
    assert (discrepancy.numbers["actual"], discrepancy.numbers["low"]) == ("-12.5", "-10")


def test_a_difference_in_the_last_place_is_rounding():
    provider = make_provider()
    pay(provider, "10.004", NOON)
    made = a_day(provider, (23, "89.99"))
    assert (made.state, made.difference) == (StatementState.FITS, 0)


def test_making_it_again_changes_nothing_and_opens_no_second_case():
    provider = make_provider()
    made = a_day(provider, (23, "90"))
    again = reconcile.make_statement(made, now=NEXT_DAY + HOUR)
    assert again.made_at == NEXT_DAY + HOUR
    for name in ("opening", "closing", "low", "high", "difference", "state"):
        assert getattr(again, name) == getattr(made, name)
    assert reconcile.make_statement(made, now=NEXT_DAY + HOUR).made_at == NEXT_DAY + HOUR
    assert Discrepancy.objects.count() == 1


def test_of_two_that_make_a_day_at_once_the_first_stays():
    stale = a_day(make_provider(), (23, "90"))
    reconcile.make_statement(Statement.objects.get(), now=NEXT_DAY + HOUR)
    late = reconcile.make_statement(stale, now=NEXT_DAY + 2 * HOUR)
    assert late.made_at == NEXT_DAY + HOUR


def test_days_hang_together_and_a_gap_falls_between_none():
    provider = make_provider()
    a_day(provider, (23, "90"))
    later = MIDNIGHT + 72 * HOUR
    read(provider, "70", later)
    reconcile.keep_ledger(provider, now=later + HOUR)
    reconcile.keep_ledger(provider, now=later + 25 * HOUR)
    first, second = Statement.objects.order_by("day")
    assert (second.day, second.opening, second.opening_at) == (
        DAY + timedelta(days=3),
        90,
        first.closing_at,
    )
    assert (second.actual, second.state) == (Decimal(-20), "differs")


def test_a_day_is_looked_at_only_when_its_charges_have_been_heard_of():
    provider = make_provider()
    read(provider, "100", MIDNIGHT)
    reconcile.keep_ledger(provider, now=MIDNIGHT)
    read(provider, "90", NOON)
    early = MIDNIGHT + 24 * HOUR + timedelta(minutes=1)
    assert reconcile.keep_ledger(provider, now=early) == []
    assert not Discrepancy.objects.exists()


def test_what_is_learned_later_closes_the_case():
    provider = make_provider()
    a_day(provider, (23, "90"))
    pay(provider, "10", NOON)
    reconcile.keep_ledger(provider, now=NEXT_DAY + 2 * HOUR)
    assert Statement.objects.get().state == StatementState.FITS
    discrepancy = Discrepancy.objects.get()
    assert (discrepancy.is_open, discrepancy.closed_by) == (False, None)


def test_a_case_that_a_person_closed_is_not_opened_again_for_the_same_amount():
    provider, person = make_provider(), make_user(Role.MANAGER)
    made = a_day(provider, (23, "90"))
    assert discrepancies.close_discrepancy(
        Discrepancy.objects.get(), by=person, note="Told them.", now=NEXT_DAY
    )
    again = reconcile.make_statement(made, now=NEXT_DAY + HOUR)
    assert Discrepancy.objects.count() == 1
    pay(provider, "1", NOON)
    reconcile.make_statement(again, now=NEXT_DAY + 2 * HOUR)
    assert Discrepancy.objects.open().get().difference == -9


def test_a_case_is_closed_once():
    a_day(make_provider(), (23, "90"))
    discrepancy, person = Discrepancy.objects.get(), make_user(Role.MANAGER)
    assert discrepancies.close_discrepancy(discrepancy, by=person, note="One.", now=NEXT_DAY)
    assert not discrepancies.close_discrepancy(discrepancy, by=person, note="Two.", now=NEXT_DAY)
    assert Discrepancy.objects.get().note == "One."


def test_money_put_in_is_shown_and_is_no_case():
    made = a_day(make_provider(), (10, "150"), (23, "150"))
    assert (made.state, made.added, made.difference) == (StatementState.ADDED, 50, 0)
    assert not Discrepancy.objects.exists()


def test_a_loss_on_the_day_of_a_top_up_is_still_a_case():
    made = a_day(make_provider(), (10, "150"), (23, "147"))
    assert (made.state, made.added, made.difference) == (StatementState.DIFFERS, 50, -3)


def test_staff_say_what_was_put_in_and_the_loss_behind_the_jump_shows():
    provider = make_provider()
    made = a_day(provider, (10, "147"), (23, "147"))
    assert (made.state, made.added) == (StatementState.ADDED, 47)
    told = reconcile.add_top_up(
        made, Decimal(50), note="invoice 7", by=make_user(Role.MANAGER), now=NEXT_DAY + HOUR
    )
    assert (told.state, told.added, told.difference) == (StatementState.DIFFERS, 50, -3)
    put_right = reconcile.add_top_up(
        told, Decimal(-3), note="a slip", by=make_user(Role.MANAGER), now=NEXT_DAY + 2 * HOUR
    )
    assert (put_right.state, put_right.difference) == (StatementState.FITS, 0)
    assert not Discrepancy.objects.open().exists()
    assert provider.events.filter(text__contains="invoice 7").exists()


def test_what_was_put_in_counts_although_the_day_is_made_at_the_same_moment(monkeypatch):
    """By the task, which has read the day before and writes while the top-up is being counted."""
    made = a_day(make_provider(), (10, "147"), (23, "147"))
    counted = reconcile._figures
    read_before = counted(made, reconcile._readings(made))
    same = Statement.objects.filter(pk=made.pk, made_at=made.made_at)

    def task_writes_first(statement, found):
        figures = counted(statement, found)
        same.update(made_at=NEXT_DAY + HOUR, **read_before)
        return figures

    monkeypatch.setattr(reconcile, "_figures", task_writes_first)
    told = reconcile.add_top_up(
        made, Decimal(50), note="", by=make_user(Role.MANAGER), now=NEXT_DAY + 2 * HOUR
    )
    assert (told.state, told.added, told.difference) == (StatementState.DIFFERS, 50, -3)


def test_a_person_may_want_money_that_came_in_looked_into():
    made, person = a_day(make_provider(), (10, "150"), (23, "150")), make_user(Role.MANAGER)
    discrepancy = discrepancies.ask_about(made, by=person, now=NEXT_DAY)
    assert (discrepancy.kind, discrepancy.difference, discrepancy.opened_by) == (
        "surplus",
        50,
        person,
    )
    assert discrepancies.ask_about(made, by=person, now=NEXT_DAY) == discrepancy


def test_an_order_in_doubt_widens_what_is_expected():
    provider = make_provider()
    order = make_order(Status.UNCONFIRMED, provider=provider, sent_at=NOON)
    made = a_day(provider, (23, "99.10"))
    assert (made.low, made.high) == (Decimal("-0.909"), 0)
    assert made.state == StatementState.FITS
    Order.objects.filter(pk=order.pk).update(status=Status.NOT_PLACED)
    assert reconcile.make_statement(made, now=NEXT_DAY + HOUR).state == StatementState.DIFFERS


def test_an_order_that_was_not_priced_yet_counts_with_its_estimate():
    provider = make_provider()
    make_order(Status.IN_PROGRESS, provider=provider, sent_at=NOON, created_at=NOON)
    made = a_day(provider, (23, "99.10"))
    assert (made.low, made.high) == (Decimal("-0.909"), Decimal("-0.891"))


def test_orders_nobody_can_price_are_counted():
    make_order(
        Status.IN_PROGRESS, provider=(provider := make_provider()), sent_at=NOON, estimate=None
    )
    assert a_day(provider, (23, "100")).unpriced == 1


def test_another_currency_cannot_be_compared():
    provider = make_provider()
    read(provider, "100", MIDNIGHT)
    reconcile.keep_ledger(provider, now=MIDNIGHT)
    read(provider, "9000", NOON, currency="INR")
    assert end_of_day(provider).state == StatementState.UNREAD
    assert not Discrepancy.objects.exists()


def test_a_family_pays_once():
    provider = make_provider()
    drip = make_order(Status.IN_PROGRESS, provider=provider, charge=Decimal(4))
    run = make_order(Status.COMPLETED, provider=provider, parent=drip)
    service = make_service(provider, type="Subscriptions")
    watching = make_order(Status.ACTIVE, service=service, charge=Decimal(3))
    post = make_order(Status.COMPLETED, service=service, parent=watching)
    for order, amount in ((drip, "4"), (run, "2"), (watching, "3"), (post, "1.5")):
        pay(provider, amount, NOON, order)
    known = known_movements(provider.pk, MIDNIGHT, NEXT_DAY)
    assert known.charged == Decimal("5.5")
    Order.objects.filter(pk=drip.pk).update(charge=None)
    ChargeEntry.objects.filter(order=drip)._raw_delete("default")  # its provider never said one
    known = known_movements(provider.pk, MIDNIGHT, NEXT_DAY)
    assert known.charged == Decimal("3.5")
