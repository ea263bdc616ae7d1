"""While a halt is closed nothing is bought behind it, whoever asks."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError

from core import clocks
from core.roles import Role
from orders.models import DatabaseId, Halt, Order, Recovery
from orders.recovery import not_placed
from orders.sending import claims, halts, send_orders, send_run, sweep_due
from orders.status import HaltKind, Outcome, Status, Write
from providers.actions import token_bucket
from providers.models import ProviderHealth
from tests.builders import (
    NOON,
    make_halt,
    make_order,
    make_provider,
    make_service,
    make_user,
)
from tests.fake_provider import FakeProvider, lost_answer

pytestmark = [pytest.mark.django_db, pytest.mark.services]
LATER = NOON + timedelta(seconds=clocks.NOT_PLACED_GRACE_SECONDS + 1)


def noon():
    return NOON


def lose_one(service, *, at=NOON, **over) -> Order:
    """An order whose answer was lost at that moment, whatever halts were closed before."""
    halts.lift_halt(HaltKind.ANSWER_LOST, now=at, provider=service.provider)
    fake = FakeProvider()
    fake.then = lost_answer()
    order = make_order(service=service, **over)
    assert send_orders.send_order(order, service.provider, fake, clock=lambda: at)
    return Order.objects.get(pk=order.pk)


def closed(provider) -> set[str]:
    return set(Halt.objects.standing().for_provider(provider.pk).values_list("kind", flat=True))


@pytest.mark.parametrize("everywhere", [True, False], ids=["for all", "one account"])
def test_behind_a_closed_halt_nothing_is_claimed_or_rung_for(everywhere):
    order = make_order()
    halts.place_halt(
        HaltKind.STOP if everywhere else HaltKind.INCIDENT,
        now=NOON,
        provider=None if everywhere else order.provider,
    )
    assert claims.claim(order, order.provider, now=NOON) is None
    assert sweep_due.providers_to_ring(LATER) == []
    assert send_run.send_queued(order.provider, FakeProvider(), clock=noon, seconds=1) == 0
    assert Order.objects.get().status == Status.QUEUED


def test_another_account_goes_on():
    order = make_order()
    halts.place_halt(HaltKind.INCIDENT, now=NOON, provider=make_provider())
    assert sweep_due.providers_to_ring(LATER) == [order.provider_id]
    assert claims.claim(order, order.provider, now=NOON)


def test_a_halt_that_closes_after_the_claim_stops_the_first_byte():
    class StopsJustThen(FakeProvider):
        def add(self, payload, **how):
            halts.place_halt(HaltKind.STOP, now=NOON)
            return super().add(payload, **how)

    order, fake = make_order(), StopsJustThen()
    assert send_orders.send_order(order, order.provider, fake, clock=noon)
    order = Order.objects.get()
    assert fake.placed == []
    assert (order.status, order.attempts.get().outcome) == (Status.QUEUED, Outcome.NOT_SENT)


def test_a_halt_is_closed_once_and_its_history_kept():
    boss = make_user(Role.MANAGER)
    assert halts.place_halt(HaltKind.STOP, now=NOON, actor=boss, reason="A price went wrong.")
    assert not halts.place_halt(HaltKind.STOP, now=NOON)
    with pytest.raises(IntegrityError):
        Halt.objects.create(kind=HaltKind.STOP, placed_at=NOON)


def test_opening_says_who_and_only_once():
    boss = make_user(Role.MANAGER)
    halts.place_halt(HaltKind.STOP, now=NOON)
    assert halts.lift_halt(HaltKind.STOP, now=LATER, actor=boss, note="All is well.")
    assert not halts.lift_halt(HaltKind.STOP, now=LATER)
    halt = Halt.objects.get()
    assert (halt.lifted_by, halt.note) == (boss, "All is well.")


def test_a_lost_answer_holds_its_account_until_it_is_resolved():
    order = lose_one(make_service())
    assert closed(order.provider) == {HaltKind.ANSWER_LOST}
    not_placed.confirm_not_placed(order, actor=make_user(Role.MANAGER), now=LATER)
    assert closed(order.provider) == set()


def test_the_third_lost_answer_in_ten_minutes_stops_the_account_until_a_person_opens_it():
    service, boss = make_service(), make_user(Role.MANAGER)
    provider = service.provider
    for _ in range(2):
        lose_one(service)
    assert HaltKind.EXPOSURE not in closed(provider)
    orders = [lose_one(service)]
    assert HaltKind.EXPOSURE in closed(provider)
    for order in Order.objects.unconfirmed():
        not_placed.confirm_not_placed(order, actor=boss, now=LATER)
    assert closed(provider) == {HaltKind.EXPOSURE}
    halts.lift_halt(HaltKind.EXPOSURE, now=LATER, provider=provider, actor=boss)
    lose_one(service, at=LATER + timedelta(seconds=1))
    assert HaltKind.EXPOSURE not in closed(provider), "what was acknowledged counts no more"
    assert orders


def test_lost_answers_far_apart_do_not_add_up():
    service = make_service()
    apart = timedelta(seconds=clocks.EXPOSURE_WINDOW_SECONDS)
    for number in range(4):
        lose_one(service, at=NOON + number * apart)
    assert HaltKind.EXPOSURE not in closed(service.provider)


def test_too_much_money_in_lost_answers_stops_the_account():
    service = make_service(rate=Decimal("100"))
    Recovery.objects.create(provider=service.provider, lost_amount=Decimal("150"))
    lose_one(service)
    assert HaltKind.EXPOSURE not in closed(service.provider)
    lose_one(service)
    assert HaltKind.EXPOSURE in closed(service.provider)
    assert "200 USD" in Halt.objects.get(kind=HaltKind.EXPOSURE).reason


@pytest.mark.parametrize("no_limit", [False, True], ids=["a limit", "no limit"])
def test_a_lost_order_that_may_cost_any_amount_is_over_each_limit(no_limit):
    service = make_service()
    amount = None if no_limit else Decimal("150")
    Recovery.objects.create(provider=service.provider, lost_amount=amount)
    lose_one(service, estimate=Decimal("0.2"), estimate_high=None)
    assert (HaltKind.EXPOSURE in closed(service.provider)) != no_limit


def test_after_an_incident_orders_go_out_far_apart_for_a_while():
    provider = make_provider(add_spacing_ms=1000)
    halts.place_halt(HaltKind.INCIDENT, now=NOON, provider=provider)
    halts.lift_halt(HaltKind.INCIDENT, now=NOON, provider=provider)
    assert token_bucket.next_add(provider, now=NOON) == 0
    assert token_bucket.next_add(provider, now=NOON) == clocks.EASED_SPACING
    ProviderHealth.objects.update(next_add_at=None)
    much_later = NOON + timedelta(seconds=clocks.EASED_SECONDS)
    assert token_bucket.next_add(provider, now=much_later) == 0
    assert token_bucket.next_add(provider, now=much_later) == 1


@pytest.mark.parametrize("lets_cancels", [True, False])
@pytest.mark.parametrize("write", Write)
def test_a_halt_that_was_read_holds_what_the_database_says_that_it_holds(write, lets_cancels):
    rows = [make_halt(kind=kind, lets_cancels=lets_cancels) for kind in HaltKind]
    free = {HaltKind.ANSWER_LOST} if write is not Write.ADD else set()
    if write is Write.CANCEL and lets_cancels:
        free = set(HaltKind)
    holding = {halt.kind for halt in rows if halt.holds(write)}
    assert holding == set(HaltKind) - free
    assert holding == set(Halt.objects.holding(write).values_list("kind", flat=True))


def test_a_limit_of_losses_that_a_clock_ahead_has_lifted_holds_again():
    service = make_service(make_provider(add_spacing_ms=0))
    Recovery.objects.create(provider=service.provider, lost_in_a_row=2)
    ahead = NOON + timedelta(minutes=10)
    halts.place_halt(HaltKind.EXPOSURE, now=ahead, provider=service.provider)
    halts.lift_halt(HaltKind.EXPOSURE, now=ahead, provider=service.provider, actor=make_user())
    lose_one(service)
    assert HaltKind.EXPOSURE not in closed(service.provider)
    lose_one(service)
    assert HaltKind.EXPOSURE in closed(service.provider)


@pytest.mark.parametrize(
    ("minutes", "is_doubted"), [(-10, True), (-0.4, False), (0, False), (0.4, False), (10, True)]
)
def test_a_database_that_a_clock_ahead_has_compared_was_compared_by_nobody(minutes, is_doubted):
    compared_at = NOON + timedelta(minutes=minutes)
    DatabaseId.objects.update_or_create(pk=1, defaults={"compared_at": compared_at})
    assert halts.may_be_another_database(NOON) is is_doubted
