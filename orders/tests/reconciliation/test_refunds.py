"""Money that comes back apart from the charge: what an order has cost, and who says so."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from core.roles import Role
from dashboard import overview
from orders.lists.csv_export import export_lines
from orders.models import ChargeEntry, Order, StatementState
from orders.models.spend import due_by_currency
from orders.polling import poll_batch, poll_schedule
from orders.polling.final_charge import ASK_FOR_STYLE
from orders.reconciliation import reconcile, refund_evidence, refunds
from orders.reconciliation.movements import known_movements
from orders.status import Flag, Status
from providers.actions.accounts import change_address, change_settings
from providers.models import BalanceReading, Provider, RefundStyle
from providers.panel_api import OrderState
from tests.builders import NOON, make_charge, make_order, make_provider, make_service, make_user
from tests.drawn_forms import send
from tests.fake_provider import progress

pytestmark = [pytest.mark.django_db, pytest.mark.services]

HOUR = timedelta(hours=1)
PRICE = Decimal("4.25")


def account(style: RefundStyle = RefundStyle.UNKNOWN) -> Provider:
    return make_provider(refund_style=style, refunds_booked_as=style)


def running(provider: Provider, **over) -> Order:
    """1,000 units for 4.25, which the provider has charged."""
    service = make_service(provider, rate=PRICE)
    over.setdefault("charge", PRICE)
    over.setdefault("sent_at", NOON)
    return make_order(Status.IN_PROGRESS, service=service, **over)


def hear(order: Order, word: OrderState, **said) -> Order:
    (schedule,) = poll_schedule.due_batch(order.provider, NOON + timedelta(days=300))
    answer = progress(word, raw=str(word), **said)
    poll_batch.record_answers([schedule], {schedule.external_id: answer}, now=NOON + HOUR)
    return Order.objects.get(pk=order.pk)


def ended(provider: Provider, status: Status = Status.CANCELED, **over) -> Order:
    over.setdefault("remains", 0)
    over.setdefault("charge", PRICE)
    over.setdefault("sent_at", NOON)
    over.setdefault("ended_at", NOON + HOUR)
    return make_order(status, service=make_service(provider, rate=PRICE), **over)


def read(provider: Provider, *amounts: tuple[float, str]) -> None:
    for hours, amount in amounts:
        BalanceReading.objects.create(
            provider=provider, amount=Decimal(amount), currency="USD", read_at=NOON + hours * HOUR
        )


def said_of(order: Order) -> list[str]:
    kinds = ("flagged", "evidence")
    return list(order.events.filter(kind__in=kinds).order_by("pk").values_list("text", flat=True))


def test_a_canceled_order_that_keeps_its_price_is_never_without_a_remark():
    order = hear(running(account()), OrderState.CANCELED, charge="4.25", remains=0)
    assert (order.flag, order.cost) == (Flag.CHARGE_DIFFERS, PRICE)
    assert said_of(order)[0].endswith(ASK_FOR_STYLE)


def test_nor_where_the_last_answer_tells_no_charge_at_all():
    order = hear(running(account()), OrderState.CANCELED, charge=None, remains=0)
    assert (order.flag, order.charge) == (Flag.CHARGE_DIFFERS, PRICE)


def test_nor_is_a_package_whose_price_is_not_by_units():
    order = running(account(), estimate=Decimal(7), estimate_high=Decimal(7), charge=Decimal(7))
    order = hear(order, OrderState.CANCELED, charge="7", remains=0)
    assert order.flag == Flag.CHARGE_DIFFERS


def test_a_canceled_order_costs_nothing_where_the_refund_comes_apart():
    order = hear(running(account(RefundStyle.APART)), OrderState.CANCELED, charge="4.25", remains=0)
    assert (order.charge, order.refund, order.cost) == (PRICE, PRICE, Decimal(0))
    assert order.flag == Flag.NONE
    assert said_of(order) == [
        "The charge stays at 4.25, as this provider does it; 4.25 comes back apart. It cost 0."
    ]
    assert [entry.amount for entry in ChargeEntry.objects.all()] == [-PRICE]


def test_a_partial_order_costs_what_was_delivered_and_is_not_flagged():
    order = running(account(RefundStyle.APART))
    order = hear(order, OrderState.PARTIAL, charge="4.25000", remains=333)
    assert (order.charge, order.refund) == (PRICE, PRICE - Decimal("2.83475"))
    assert (order.cost, order.flag) == (Decimal("2.83475"), Flag.NONE)


@pytest.mark.parametrize("style", [RefundStyle.UNKNOWN, RefundStyle.LOWERED])
def test_a_partial_order_with_its_whole_price_is_flagged_elsewhere(style):
    order = hear(running(account(style)), OrderState.PARTIAL, charge="4.25", remains=500)
    assert (order.flag, order.refund, order.cost) == (Flag.CHARGE_DIFFERS, None, PRICE)
    assert said_of(order)[0].startswith("The final charge is 4.25. It should be 2.125.")
    assert said_of(order)[0].endswith(ASK_FOR_STYLE) is (style == RefundStyle.UNKNOWN)


@pytest.mark.parametrize("known", [PRICE, Decimal("2.125")], ids=["at its end", "before its end"])
def test_a_charge_that_was_lowered_all_the_same_is_not_refunded_twice(known):
    order = running(account(RefundStyle.APART), charge=known)
    order = hear(order, OrderState.PARTIAL, charge="2.125", remains=500)
    assert (order.refund, order.cost, order.flag) == (Decimal(0), Decimal("2.125"), Flag.NONE)


@pytest.mark.parametrize("remains", [None, 1001], ids=["untold", "more than was ordered"])
def test_what_cannot_be_told_is_left_and_flagged(remains):
    order = running(account(RefundStyle.APART))
    order = hear(order, OrderState.PARTIAL, charge="4.25", remains=remains)
    assert (order.refund, order.flag) == (None, Flag.CHARGE_DIFFERS)


def test_a_higher_last_charge_is_neither_taken_over_nor_given_back():
    order = running(account(RefundStyle.APART))
    order = hear(order, OrderState.CANCELED, charge="5", remains=0)
    assert (order.charge, order.refund) == (PRICE, PRICE)


def test_an_order_first_heard_of_at_its_end_is_charged_and_refunded():
    order = running(account(RefundStyle.APART), charge=None)
    hear(order, OrderState.CANCELED, charge="4.25", remains=0)
    assert sorted(entry.amount for entry in ChargeEntry.objects.all()) == [-PRICE, PRICE]


def test_ended_orders_are_booked_once_after_staff_have_said_so():
    provider = account()
    order = ended(provider, flag=Flag.CHARGE_DIFFERS)
    make_charge(order, amount=PRICE)
    change_settings(
        provider, {"refund_style": RefundStyle.APART}, actor=make_user(), now=NOON + 2 * HOUR
    )
    assert refunds.book_refunds(provider, now=NOON + 2 * HOUR) == 1
    order.refresh_from_db()
    assert (order.refund, order.cost, order.flag) == (PRICE, Decimal(0), Flag.NONE)
    provider.refresh_from_db()
    assert provider.refunds_booked_as == RefundStyle.APART
    assert refunds.book_refunds(provider, now=NOON + 3 * HOUR) == 0
    assert ChargeEntry.objects.filter(amount__lt=0).count() == 1


def test_an_answer_checked_before_the_word_of_staff_is_booked_after_it():
    provider = account(RefundStyle.APART)
    order = ended(provider)  # written by a worker that had read the account before
    assert refunds.book_refunds(provider, now=NOON + 2 * HOUR) == 1
    order.refresh_from_db()
    assert order.refund == PRICE


def test_a_wrong_word_of_staff_can_be_taken_back():
    provider = account(RefundStyle.APART)
    order = ended(provider)
    refunds.book_refunds(provider, now=NOON + 2 * HOUR)
    change_settings(
        provider, {"refund_style": RefundStyle.LOWERED}, actor=None, now=NOON + 3 * HOUR
    )
    assert refunds.book_refunds(provider, now=NOON + 3 * HOUR) == 1
    order.refresh_from_db()
    assert (order.refund, order.cost, order.flag) == (None, PRICE, Flag.CHARGE_DIFFERS)
    assert sum(entry.amount for entry in ChargeEntry.objects.all()) == 0


def test_what_was_booked_stays_where_nobody_says_any_more_how_it_is():
    provider = account(RefundStyle.APART)
    order = ended(provider)
    refunds.book_refunds(provider, now=NOON + 2 * HOUR)
    provider.refund_style = RefundStyle.UNKNOWN
    provider.save(update_fields=["refund_style"])
    assert refunds.book_refunds(provider, now=NOON + 3 * HOUR) == 0
    order.refresh_from_db()
    assert (order.refund, order.flag) == (PRICE, Flag.NONE)


def test_a_refund_that_somebody_booked_meanwhile_is_not_booked_again():
    provider = account(RefundStyle.APART)
    order = ended(provider)
    anomaly = None
    assert refunds._book(order, PRICE, anomaly, NOON + 2 * HOUR)
    assert not refunds._book(order, PRICE, anomaly, NOON + 2 * HOUR)
    assert ChargeEntry.objects.count() == 1


def test_the_refund_is_a_refund_of_the_statement_and_not_money_put_in():
    provider = account(RefundStyle.APART)
    read(provider, (-13, "100"))
    reconcile.keep_ledger(provider, now=NOON - 13 * HOUR)
    order = ended(provider)
    make_charge(order, amount=PRICE, at_low=NOON, at_high=NOON + timedelta(minutes=1))
    read(provider, (0.5, "95.75"), (2, "100"))
    refunds.book_refunds(provider, now=NOON + 2 * HOUR)
    reconcile.keep_ledger(provider, now=NOON + 24 * HOUR)
    made = provider.statements.latest("day")
    assert (made.charged, made.refunded, made.added) == (PRICE, PRICE, 0)
    assert (made.state, made.low, made.high) == (StatementState.FITS, 0, 0)


def test_before_anybody_has_said_it_the_money_may_have_come_back():
    provider = account()
    ended(provider)
    known = known_movements(provider.pk, NOON - HOUR, NOON + 2 * HOUR)
    assert [(one.least, one.most) for one in known.movements] == [(Decimal(0), PRICE)]
    Provider.objects.update(refund_style=RefundStyle.LOWERED)
    assert known_movements(provider.pk, NOON - HOUR, NOON + 2 * HOUR).movements == []


def test_what_orders_have_cost_is_told_everywhere(client_for_role):
    order = ended(account(RefundStyle.APART), refund=Decimal("4"))
    assert due_by_currency(Order.objects.all()) == {"USD": Decimal("0.25")}
    figures = overview.figures(NOON + HOUR)
    assert figures.spend == {"USD": Decimal("0.25")}
    heading, line = "".join(export_lines(Order.objects.all())).splitlines()
    told = dict(zip(heading.removeprefix("\ufeff").split(","), line.split(","), strict=True))
    assert (told['"charge"'], told['"refund_apart"']) == ("4.25", "4")
    page = client_for_role(Role.MANAGER).get(reverse("order", args=[order.pk])).content.decode()
    assert "came back apart" in page


def proposed(provider: Provider) -> str:
    refund_evidence.gather_evidence(provider, now=NOON + 10 * HOUR)
    provider.refresh_from_db()
    return str(provider.refund_evidence["proposed"])


def test_the_page_says_when_it_was_counted_and_what_saving_keeps(client_for_role):
    provider = account()
    order = ended(provider)
    make_charge(order, amount=PRICE, at_low=NOON, at_high=NOON + timedelta(minutes=1))
    read(provider, (-1, "100"), (0.5, "95.75"), (2, "100"))
    assert proposed(provider) == RefundStyle.APART
    page = client_for_role(Role.MANAGER).get(reverse("provider", args=[provider.pk]))
    card = page.content.decode().partition('id="refunds"')[2]
    assert "what ended since is not in it" in card and (NOON + 10 * HOUR).isoformat()[:16] in card
    assert "not what is proposed above" in card and 'value="apart" selected' not in card


def test_a_balance_that_rises_by_what_was_kept_proposes_apart():
    provider = account()
    order = ended(provider)
    make_charge(order, amount=PRICE, at_low=NOON, at_high=NOON + timedelta(minutes=1))
    read(provider, (-1, "100"), (0.5, "95.75"), (2, "100"))
    assert proposed(provider) == RefundStyle.APART
    assert provider.refund_style == RefundStyle.UNKNOWN
    assert provider.refund_evidence["samples"] == [
        {
            "order": order.pk,
            "status": "Canceled",
            "charge": "4.25",
            "remains": 0,
            "refund": "4.25",
            "balance": "came_back",
        }
    ]


def test_a_balance_that_does_not_rise_proposes_nothing():
    provider = account()
    order = ended(provider)
    make_charge(order, amount=PRICE, at_low=NOON, at_high=NOON + timedelta(minutes=1))
    read(provider, (-1, "100"), (0.5, "95.75"), (2, "95.75"))
    assert proposed(provider) == ""
    assert provider.refund_evidence["stayed_away"] == 1


def test_a_top_up_at_the_same_time_proves_nothing():
    provider = account()
    order = ended(provider)
    make_charge(order, amount=PRICE, at_low=NOON, at_high=NOON + timedelta(minutes=1))
    read(provider, (-1, "100"), (2, "600"))
    assert proposed(provider) == ""
    assert provider.refund_evidence["samples"][0]["balance"] == "unclear"


def test_lowered_charges_propose_lowered_and_both_propose_nothing():
    provider = account()
    ended(provider, Status.PARTIAL, charge=PRICE / 2, remains=500)
    assert proposed(provider) == RefundStyle.LOWERED
    Provider.objects.update(refund_evidence={})
    provider.refresh_from_db()
    order = ended(provider)
    make_charge(order, amount=PRICE, at_low=NOON, at_high=NOON + timedelta(minutes=1))
    read(provider, (-1, "100"), (0.5, "95.75"), (2, "100"))
    assert proposed(provider) == ""
    evidence = provider.refund_evidence
    assert (evidence["lowered"], evidence["came_back"]) == (1, 1)


def test_staff_accept_what_is_proposed_on_the_page(client_for_role):
    provider = account()
    order = ended(provider)
    make_charge(order, amount=PRICE, at_low=NOON, at_high=NOON + timedelta(minutes=1))
    read(provider, (-1, "100"), (2, "100"))
    proposed(provider)
    manager = client_for_role(Role.MANAGER)
    page = manager.get(reverse("provider", args=[provider.pk])).content.decode()
    assert "It looks like this: the charge stays, the refund comes apart." in page
    assert f'href="/orders/{order.pk}/"' in page
    there, to = (reverse(name, args=[provider.pk]) for name in ("provider", "provider-refunds"))
    answer = send(manager, to, {"refund_style": "apart"}, page=there)
    assert answer.redirect_chain == [(f"{there}#refunds", 302)], "to where the button was"
    provider.refresh_from_db()
    assert provider.refund_style == RefundStyle.APART
    assert "“Not known yet” → “The charge stays" in provider.events.latest("pk").text
    assert not refund_evidence.gather_evidence(provider, now=NOON + 20 * HOUR)


def test_another_address_forgets_how_the_old_one_refunded():
    provider = account(RefundStyle.APART)
    change_address(provider, "https://other.example/api/v2", actor=None, now=NOON)
    provider.refresh_from_db()
    assert (provider.refund_style, provider.refunds_booked_as) == ("", "")


def test_nothing_is_booked_while_nobody_has_said_how_an_account_refunds():
    order = ended(account(), refund=PRICE)
    assert refunds.book_refunds(order.provider, now=NOON + 2 * HOUR) == 0
    assert Order.objects.get().refund == PRICE
    assert not ChargeEntry.objects.exists()


def test_a_refund_that_another_worker_took_back_is_not_taken_back_twice():
    order = ended(account(RefundStyle.APART), refund=PRICE)
    assert refunds._take_back(Order.objects.get(), NOON + 2 * HOUR)
    assert not refunds._take_back(order, NOON + 2 * HOUR)
    assert [entry.amount for entry in ChargeEntry.objects.all()] == [PRICE]
