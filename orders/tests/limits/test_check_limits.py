"""What may not be ordered, at placing and before sending."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.roles import Role
from orders.draft import OrderDraft
from orders.limits import agree_terms, check_limits
from orders.limits.check_limits import matches, objection, why_hold
from orders.models import BlockedLink, Order, SpendLimit
from orders.placing import place_orders
from orders.sending.send_orders import send_order
from orders.status import HoldReason, Status
from orders.terms import Terms
from providers.models import Service
from providers.panel_api import DefaultPayload, SubscriptionPayload
from tests.builders import NOON, make_order, make_service, make_user, terms_shown
from tests.fake_provider import FakeProvider

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def draft(quantity=1000, link="https://lumen.example/home", service=None) -> OrderDraft:
    service = service or make_service(rate=Decimal("1"))
    payload = DefaultPayload(service_id=service.external_id, link=link, quantity=quantity)
    return OrderDraft(service, payload, uuid.uuid4())


def block(pattern: str, reason: str = "") -> BlockedLink:
    return BlockedLink.objects.create(pattern=pattern, reason=reason, added_at=NOON)


def limit(role=Role.OPERATOR, currency="USD", **over) -> SpendLimit:
    return SpendLimit.objects.create(role=role.value, currency=currency, **over)


@pytest.mark.parametrize(
    ("pattern", "link"),
    [
        ("bad.example", "https://bad.example/p/1"),
        ("BAD.example", "https://www.Bad.Example/p/1"),
        ("https://www.bad.example/", "http://bad.example/p/1"),
        ("bad.example/*/private", "bad.example/u/7/private?x=1"),
        ("bad.example", "https://user@bad.example:443/"),
        ("bad.example/secret", "https://bad.example/%73ecret"),
        ("@someone", "@Someone"),
        ("*casino*", "https://lumen.example/Casino-night"),
        ("http://", "http://lumen.example/"),
    ],
)
def test_a_blocked_link_is_found_however_it_is_spelled(pattern, link):
    block(pattern)
    words = objection(draft(link=link), person=make_user(), now=NOON)
    assert "block list" in words
    assert pattern in words


@pytest.mark.parametrize(
    ("pattern", "link"),
    [
        ("bad.example", "https://good.example/"),
        ("bad.example/a*b", "https://bad.example/b/a"),
        ("http://", "https://lumen.example/"),
        ("b.d", "https://bad.example/"),
        ("[a-z]", "https://lumen.example/"),
    ],
)
def test_other_links_pass(pattern, link):
    block(pattern)
    assert objection(draft(link=link), person=make_user(), now=NOON) == ""


def test_a_pattern_cannot_be_made_slow():
    assert not matches("*a" * 100 + "!", "a" * 2048)


def test_the_account_of_a_subscription_is_looked_at_too():
    block("@watched")
    service = make_service(type="Subscriptions")
    payload = SubscriptionPayload(
        service_id=service.external_id, username="@Watched", min=10, max=20, delay=0
    )
    assert "block list" in objection(
        OrderDraft(service, payload, uuid.uuid4()), person=make_user(), now=NOON
    )


def test_one_order_may_cost_what_the_role_may_spend_and_no_more():
    limit(per_order=Decimal("1.5"))
    operator, manager = make_user(Role.OPERATOR), make_user(Role.MANAGER)
    assert objection(draft(1500), person=operator, now=NOON) == ""
    assert "at most 1.5 USD on one order" in objection(draft(1501), person=operator, now=NOON)
    assert objection(draft(1501), person=manager, now=NOON) == ""


def test_a_limit_counts_in_its_currency():
    limit(currency="EUR", per_order=Decimal("1"))
    assert objection(draft(5000), person=make_user(), now=NOON) == ""


@pytest.mark.parametrize("named", ["per_order", "per_day"])
def test_what_has_no_highest_cost_does_not_fit_a_limit(named):
    limit(**{named: Decimal("100")})
    service = make_service(type="Subscriptions")
    payload = SubscriptionPayload(
        service_id=service.external_id, username="@them", min=10, max=20, delay=0
    )
    words = objection(OrderDraft(service, payload, uuid.uuid4()), person=make_user(), now=NOON)
    assert "no upper bound" in words
    endless = make_order(
        service=service, placed_by=make_user(), estimate=Decimal("1"), estimate_high=None
    )
    assert why_hold(endless, agree_terms.service_now(endless), NOON) == HoldReason.SPEND_LIMIT


def test_a_limit_that_was_overruled_holds_again_at_a_price_that_somebody_else_agreed_to():
    limit(per_order=Decimal("0.5"))
    service, provider = make_service(rate=Decimal("1")), FakeProvider()
    order = make_order(
        service=service,
        placed_by=make_user(),
        terms=Terms.of(service).as_json(),
    )

    def sent() -> HoldReason:
        now = Order.objects.get(pk=order.pk)
        send_order(now, now.provider, provider, clock=lambda: NOON)
        return HoldReason(Order.objects.get(pk=order.pk).hold_reason)

    assert sent() == HoldReason.SPEND_LIMIT
    held = Order.objects.get(pk=order.pk)
    assert place_orders.release_order(held, actor=make_user(Role.MANAGER), now=NOON)
    Service.objects.filter(pk=service.pk).update(rate=Decimal("10"))
    assert sent() == HoldReason.TERMS
    shown = Terms.known(Service.objects.get(pk=service.pk)).digest
    assert agree_terms.accept_terms(order.pk, shown, actor=make_user(), now=NOON) == ""
    assert sent() == HoldReason.SPEND_LIMIT and not provider.placed
    held = Order.objects.get(pk=order.pk)
    assert place_orders.release_order(held, actor=make_user(Role.MANAGER), now=NOON)
    assert sent() == HoldReason.NONE and len(provider.placed) == 1


def test_the_day_is_added_up_exactly_and_only_what_may_cost():
    limit(per_day=Decimal("3"))
    person, service = make_user(), make_service(rate=Decimal("1"))
    mine: dict[str, Any] = {"service": service, "placed_by": person}
    make_order(Status.PENDING, estimate=Decimal("1"), charge=Decimal("0.999999999999"), **mine)
    make_order(Status.QUEUED, estimate=Decimal("1"), **mine)
    for status in (Status.REJECTED, Status.WITHDRAWN, Status.NOT_PLACED):
        make_order(status, estimate=Decimal("50"), **mine)
    make_order(Status.QUEUED, created_at=NOON - timedelta(days=1), estimate=Decimal("50"), **mine)
    make_order(Status.QUEUED, service=service, placed_by=make_user(), estimate=Decimal("50"))
    assert objection(draft(1000, service=service), person=person, now=NOON) == ""
    words = objection(draft(1001, service=service), person=person, now=NOON)
    assert words.startswith("With it 3.000999999999 USD would be spent today: an operator")


def test_a_rule_made_after_placing_holds_before_sending():
    order, provider = make_order(link="https://bad.example/x"), FakeProvider()
    block("bad.example")
    assert not send_order(order, order.provider, provider, clock=lambda: NOON)
    order.refresh_from_db()
    assert (order.status, order.hold_reason) == (Status.HELD, HoldReason.BLOCKED_LINK)
    assert provider.placed == []


def test_of_two_orders_that_are_too_much_together_the_first_goes():
    limit(per_day=Decimal("1"))
    mine: dict[str, Any] = {"service": make_service(), "placed_by": make_user()}
    first = make_order(estimate=Decimal("0.6"), **mine)
    second = make_order(estimate=Decimal("0.6"), **mine)
    third = make_order(estimate=Decimal("0.4"), **mine)
    assert why_hold(first, agree_terms.service_now(first), NOON) is HoldReason.NONE
    assert why_hold(second, agree_terms.service_now(second), NOON) is HoldReason.SPEND_LIMIT
    second.move(Status.HELD, now=NOON, hold_reason=HoldReason.SPEND_LIMIT)
    assert (
        why_hold(third, agree_terms.service_now(third), NOON) is HoldReason.NONE
    )  # the held one is not spent


def test_only_who_may_change_the_rules_releases_and_then_it_goes():
    order, provider = make_order(link="https://bad.example/x"), FakeProvider()
    block("bad.example")
    send_order(order, order.provider, provider, clock=lambda: NOON)
    order = Order.objects.get(pk=order.pk)
    assert not place_orders.release_order(order, actor=make_user(Role.OPERATOR), now=NOON)
    assert place_orders.release_order(order, actor=make_user(Role.MANAGER), now=NOON)
    assert check_limits.was_released(order, HoldReason.BLOCKED_LINK)
    assert send_order(order, order.provider, provider, clock=lambda: NOON)
    assert len(provider.placed) == 1


def test_a_release_for_one_reason_is_not_a_release_for_another():
    person = make_user()
    order = make_order(Status.HELD, hold_reason=HoldReason.LINK_BUSY, placed_by=person)
    place_orders.release_order(order, actor=make_user(Role.ADMIN), now=NOON)
    limit(per_order=Decimal("0.01"))
    assert why_hold(order, agree_terms.service_now(order), NOON) is HoldReason.SPEND_LIMIT


def test_the_form_says_why_and_keeps_what_was_typed(client):
    block("bad.example", "asked by legal")
    service = make_service()
    client.force_login(make_user())
    typed = {
        "service": service.pk,
        "form_key": str(uuid.uuid4()),
        "link": "https://bad.example/x",
        "quantity": "777",
        "terms": terms_shown(service),
    }
    answer = client.post("/orders/new/", typed)
    assert answer.status_code == 422
    assert "asked by legal" in answer.content.decode()
    assert 'value="777"' in answer.content.decode()
    assert not Order.objects.exists()
