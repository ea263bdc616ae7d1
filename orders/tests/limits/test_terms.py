"""Consent is to terms: an order is not sent under others than were agreed to."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from core.roles import Role
from orders import link_queue
from orders.draft import OrderDraft
from orders.limits import agree_terms, check_limits
from orders.models import Order, PriceTolerance, SpendLimit
from orders.placing import place_orders
from orders.sending import claims
from orders.sending.send_orders import send_order
from orders.status import HoldReason, Status
from orders.terms import Terms, differences, faults
from providers.models import Provider, ProviderState, Service
from providers.panel_api import CostRange, DefaultPayload
from providers.panel_api.order_types.table import PAYLOADS
from tests.builders import NOON, make_order, make_provider, make_service, make_user
from tests.fake_provider import FakeProvider

pytestmark = [pytest.mark.django_db, pytest.mark.services]
CHANGES: list[dict[str, Any]] = [
    {"rate": Decimal("9")},
    {"rate": Decimal("0.946")},
    {"rate": None},
    {"name": "Another product"},
    {"type": "Package"},
    {"min": 5000},
    {"max": 400},
    {"gone_at": NOON},
    {"dripfeed": False},
]
COVERED: list[dict[str, Any]] = [
    {},
    {"rate": Decimal("0.945")},  # the 5 % that staff have not set otherwise, over 0.9
    {"rate": Decimal("0.1")},
    {"name": "  WEBSITE visits ★ mixed "},
    {"min": 400},
    {"max": 600_000},
]


def placed(service: Service | None = None, **over: Any) -> Order:
    service = service or make_service(name="Website visits · Mixed", dripfeed=True)
    payload = DefaultPayload(
        service_id=service.external_id,
        link="https://lumen.example/home",
        quantity=500,
        runs=2,
        interval=60,
    )
    draft = OrderDraft(service, payload, uuid.uuid4())
    return place_orders.place_order(draft, placed_by=make_user(), now=NOON, **over)[0]


def change(order: Order, **changes: Any) -> None:
    Service.objects.filter(pk=order.service_id).update(**changes)


def sent(order: Order) -> bool:
    return send_order(order, order.provider, FakeProvider(), clock=lambda: NOON)


@pytest.mark.parametrize("changes", CHANGES, ids=str)
def test_an_order_is_held_when_its_terms_no_longer_cover_it(changes):
    order = placed()
    change(order, **changes)
    assert not sent(order)
    order.refresh_from_db()
    assert (order.status, order.hold_reason) == (Status.HELD, HoldReason.TERMS)
    assert not order.attempts.exists()


@pytest.mark.parametrize("changes", COVERED, ids=str)
def test_an_order_is_sent_under_terms_that_are_covered(changes):
    order = placed()
    change(order, **changes)
    assert sent(order)


def test_the_claim_reads_the_service_in_its_own_transaction(monkeypatch):
    """The catalog changes after everything that is asked before the claim."""
    order = placed()
    claim = claims.claim

    def late(*args: Any, **more: Any) -> Any:
        change(order, rate=Decimal("9"))
        return claim(*args, **more)

    monkeypatch.setattr(claims, "claim", late)
    assert not sent(order)
    order.refresh_from_db()
    assert order.hold_reason == HoldReason.TERMS


def test_the_price_with_which_it_leaves_is_the_one_that_was_checked(monkeypatch):
    """A catalog commits between the check and the move, in the middle of the claim."""
    order = placed()
    change(order, rate=Decimal("0.93"))
    real = check_limits.why_hold

    def why_hold(*args: Any) -> HoldReason:
        reason = real(*args)
        change(order, rate=Decimal("9"))
        return reason

    monkeypatch.setattr(check_limits, "why_hold", why_hold)
    assert sent(order)
    order.refresh_from_db()
    assert (order.rate, order.estimate) == (Decimal("0.93"), Decimal("0.93"))


def test_a_scheduled_order_is_looked_at_when_its_time_comes():
    order = placed(starts_at=NOON + timedelta(hours=1))
    change(order, name="Another product")
    assert link_queue.start_scheduled(now=NOON + timedelta(hours=2)) == 1
    assert not sent(Order.objects.select_related("provider").get(pk=order.pk))
    order.refresh_from_db()
    assert order.hold_reason == HoldReason.TERMS


def test_an_order_that_waited_for_its_link_is_looked_at_when_it_is_its_turn():
    order = placed()
    order.move(Status.HELD, now=NOON, hold_reason=HoldReason.LINK_BUSY)
    change(order, rate=Decimal("9"))
    assert link_queue.release_free(now=NOON)
    order.refresh_from_db()
    assert not sent(order)


def test_staff_set_how_much_dearer_is_dearer():
    order = placed()
    change(order, rate=Decimal("0.99"))
    PriceTolerance.objects.create(percent=Decimal(10))
    assert not agree_terms.what_changed(order, Service.objects.get(pk=order.service_id))
    PriceTolerance.objects.update(percent=Decimal("9.99"))
    assert agree_terms.what_changed(order, Service.objects.get(pk=order.service_id))


def test_the_order_keeps_the_terms_that_were_agreed_to():
    order = placed()
    change(order, name="Another product", rate=Decimal("9"), max=7)
    kept = agree_terms.agreed(Order.objects.get(pk=order.pk))
    assert (kept.name, kept.rate, kept.min, kept.max) == (
        "Website visits · Mixed",
        Decimal("0.9"),
        10,
        100_000,
    )
    assert kept.type == "Default"


def test_a_service_that_changes_during_the_click_is_asked_about_again():
    service = make_service()
    seen = Service.objects.get(pk=service.pk)
    Service.objects.filter(pk=service.pk).update(rate=Decimal("9"))
    with pytest.raises(place_orders.NotAgreed, match="terms"):
        placed(seen)
    assert not Order.objects.exists()


def test_new_terms_are_agreed_to_and_the_order_goes():
    order, person = placed(), make_user()
    change(order, rate=Decimal("1.80"), name="Another product")
    sent(order)
    shown = Terms.of(Service.objects.get(pk=order.service_id))
    assert agree_terms.accept_terms(order.pk, shown.digest, actor=person, now=NOON) == ""
    order = Order.objects.select_related("provider").get(pk=order.pk)
    assert (order.rate, order.estimate) == (Decimal("1.8"), Decimal("1.8"))
    assert agree_terms.agreed(order) == shown
    assert order.events.latest("pk").evidence["before"]["rate"] == "0.9"
    assert sent(order)


def test_terms_that_changed_once_more_are_not_agreed_to():
    order, person = placed(), make_user()
    change(order, rate=Decimal("1.80"))
    sent(order)
    shown = Terms.of(Service.objects.get(pk=order.service_id)).digest
    change(order, rate=Decimal("18"))
    assert "once more" in agree_terms.accept_terms(order.pk, shown, actor=person, now=NOON)
    order.refresh_from_db()
    assert order.status == Status.HELD


@pytest.mark.parametrize("changes", [{"type": "Package"}, {"rate": None}])
def test_what_cannot_be_asked_for_any_more_cannot_be_agreed_to(changes):
    order = placed()
    change(order, **changes)
    sent(order)
    shown = Terms.of(Service.objects.get(pk=order.service_id)).digest
    assert agree_terms.accept_terms(order.pk, shown, actor=make_user(), now=NOON)
    order.refresh_from_db()
    assert order.status == Status.HELD


def test_nobody_agrees_for_a_paused_provider():
    order = placed()
    change(order, rate=Decimal("1.80"))
    sent(order)
    Provider.objects.filter(pk=order.provider_id).update(state=ProviderState.PAUSED)
    shown = Terms.of(Service.objects.get(pk=order.service_id)).digest
    assert "paused" in agree_terms.accept_terms(order.pk, shown, actor=make_user(), now=NOON)
    order.refresh_from_db()
    assert order.status == Status.HELD


def test_of_two_who_agree_the_second_is_told_that_it_is_done():
    order = placed()
    change(order, rate=Decimal("1.80"))
    sent(order)
    shown = Terms.of(Service.objects.get(pk=order.service_id)).digest
    assert agree_terms.accept_terms(order.pk, shown, actor=make_user(), now=NOON) == ""
    told = agree_terms.accept_terms(order.pk, shown, actor=make_user(), now=NOON)
    assert told == "It no longer waits for this."
    assert order.events.filter(text="Agreed to the new terms.").count() == 1


def test_no_release_without_a_look_at_the_terms():
    order = placed()
    change(order, rate=Decimal("9"))
    sent(order)
    order = Order.objects.select_related("provider").get(pk=order.pk)
    assert not place_orders.release_order(order, actor=make_user(Role.ADMIN), now=NOON)
    assert place_orders.withdraw_order(order, actor=make_user(), now=NOON)


def test_a_limit_counts_the_dearer_of_what_was_agreed_to_and_what_it_is_now():
    order = placed()
    SpendLimit.objects.create(role=Role.OPERATOR.value, currency="USD", per_order=Decimal("0.92"))
    assert check_limits.why_hold(order, agree_terms.service_now(order), NOON) is HoldReason.NONE
    change(order, rate=Decimal("0.93"))
    assert (
        check_limits.why_hold(order, agree_terms.service_now(order), NOON) is HoldReason.SPEND_LIMIT
    )
    Order.objects.update(estimate=Decimal("0.95"), estimate_high=Decimal("0.95"))
    change(order, rate=Decimal("0.1"))
    order.refresh_from_db()
    assert (
        check_limits.why_hold(order, agree_terms.service_now(order), NOON) is HoldReason.SPEND_LIMIT
    )


def test_terms_come_back_from_the_row_as_they_were():
    terms = Terms.of(make_service(rate=Decimal("0.900000000000")))
    assert Terms.read(terms.as_json()) == terms
    assert Terms.read({"rate": "x"}) is None and Terms.read(None) is None
    assert terms.digest == Terms.of(make_service(rate=Decimal("0.9"))).digest


def test_what_changed_is_told_side_by_side():
    before = Terms("A", "Default", Decimal("0.9"), 10, 1000)
    after = Terms("A", "Default", Decimal("1"), 10, None)
    assert differences(before, after) == [("Price", "0.9", "1"), ("Max", "1,000", "not said")]


def test_limits_are_compared_with_lines_and_with_the_posts_of_a_subscription():
    no_tolerance = Decimal(0)
    was = Terms("A", "Custom Comments", Decimal(1), 1, 100)
    now = Terms("A", "Custom Comments", Decimal(1), 3, 100)
    assert faults(was, now, {"comments": "a\nb"}, tolerance=no_tolerance)
    assert not faults(was, now, {"comments": "a\nb\nc"}, tolerance=no_tolerance)
    was = Terms("A", "Subscriptions", Decimal(1), 10, 100)
    now = Terms("A", "Subscriptions", Decimal(1), 20, 100)
    assert faults(was, now, {"min": "10", "max": "50"}, tolerance=no_tolerance)
    assert not faults(was, now, {"min": "20", "max": "50"}, tolerance=no_tolerance)


def test_upgrading_gives_waiting_orders_their_terms_and_every_fresh_one_its_day():
    waiting = make_order(Status.HELD, created_at=NOON, spend_day=None)
    import_module("orders.migrations.0013_agreed_terms").give_terms(apps, None)
    waiting.refresh_from_db()
    assert agree_terms.agreed(waiting) == replace(Terms.of(waiting.service), currency=None)
    assert waiting.spend_day == NOON.date()


def test_an_order_from_before_terms_were_kept_goes_by_its_type_and_price():
    order = make_order(provider=make_provider())
    assert agree_terms.agreed(order) == Terms(type="Default", rate=Decimal("0.9"))
    change(order, name="Another product")
    assert sent(order)


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("Subscriptions", {"posts": None, "old_posts": None}),
        ("Subscriptions", {"posts": 10, "old_posts": None}),
        ("Subscriptions", {"posts": 10, "old_posts": 2}),
        ("Subscriptions", {"posts": None, "old_posts": 2}),
        ("Subscriptions, old posts only", {"old_posts": 5}),
    ],
)
def test_a_free_subscription_that_has_a_price_now_costs_what_a_new_one_does(name, more):
    service = make_service(type=name, rate=Decimal(0), min=1, max=1000)
    payload = replace(PAYLOADS[name].example(service.external_id), **more)
    nothing = payload.cost(Decimal(0))
    assert isinstance(nothing, CostRange)
    order = make_order(
        Status.HELD,
        service=service,
        hold_reason=HoldReason.TERMS,
        payload=payload.wire(),
        units=None,
        estimate=nothing.low,
        estimate_high=nothing.high,
        terms=Terms.of(service).as_json(),
    )
    change(order, rate=Decimal("1.8"))
    shown = Terms.known(Order.objects.get(pk=order.pk).service).digest
    assert agree_terms.accept_terms(order.pk, shown, actor=make_user(), now=NOON) == ""
    order.refresh_from_db()
    cost = payload.cost(Decimal("1.8"))
    assert isinstance(cost, CostRange)
    assert (order.estimate, order.estimate_high) == (cost.low, cost.high)
