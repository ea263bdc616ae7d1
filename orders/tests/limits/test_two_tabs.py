"""Two people with one page of rules: what the second saves undoes nothing of the first."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.roles import Role
from orders.models import BlockedLink, PriceTolerance, Recovery, SpendLimit
from providers.models import Provider
from tests.builders import make_blocked_link, make_provider
from tests.drawn_forms import hidden_in, hidden_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]
LIMITS, LIMIT = "/orders/limits/", "/orders/limits/limit/"
RULES = {
    "enabled": "on",
    "key_is_ours_alone": "on",
    "idempotency_parameter": "ref",
    "replays_are_safe": "on",
    "least_adds": "50",
    "grace_seconds": "600",
    "calls_per_hour": "240",
    "lost_in_a_row": "3",
    "lost_amount": "",
    "two_people_above": "",
}


@pytest.fixture
def admin(client_for_role: Any) -> Any:
    return client_for_role(Role.ADMIN)


@pytest.fixture
def rules() -> Recovery:
    account = make_provider(dialect={"idempotency_parameter": "ref"})
    made = Recovery(provider=account, grace_seconds=600, key_is_ours_alone=True)
    made.replays_are_safe = True
    made.promise_replays(account)
    made.save()
    return made


def test_a_rule_saved_in_an_old_tab_makes_replays_safe_no_more(admin: Any, rules: Recovery) -> None:
    """They would be sent again to a provider that makes two orders of them."""
    to = f"/orders/recovery/{rules.pk}/"
    old = hidden_in(admin, to)
    Recovery.objects.update(replays_are_safe=False, two_people_above=50, calls_per_hour=10)
    assert admin.post(to, RULES | {"grace_seconds": "900"} | old).status_code == 302
    rules.refresh_from_db()
    assert not rules.replays_are_safe and rules.two_people_above == 50
    assert (rules.grace_seconds, rules.calls_per_hour) == (900, 10)


def test_replays_are_called_safe_of_the_parameter_that_was_shown(
    admin: Any, rules: Recovery
) -> None:
    Recovery.objects.update(replays_are_safe=False)
    to = f"/orders/recovery/{rules.pk}/"
    old = hidden_in(admin, to)
    Provider.objects.update(dialect={"idempotency_parameter": "other"})
    answer = admin.post(to, RULES | old)
    assert answer.status_code == 422 and "now it is “other”" in answer.content.decode()
    assert not Recovery.objects.get().replays_are_safe


def test_a_search_that_is_off_for_something_else_stays_off(admin: Any, rules: Recovery) -> None:
    page = f"/orders/recovery/{rules.pk}/"
    Recovery.objects.update(stopped_because="A number nobody knows.")
    old = hidden_in(admin, page, f"{page}resume/")
    Recovery.objects.update(stopped_because="An order of others.")
    answer = admin.post(f"{page}resume/", old, follow=True)
    assert "Something changed" in answer.content.decode()
    assert Recovery.objects.get().stopped_because == "An order of others."
    admin.post(f"{page}resume/", hidden_in(admin, page, f"{page}resume/"))
    assert Recovery.objects.get().stopped_because == ""


def test_a_limit_that_was_not_shown_is_not_taken_away(admin: Any) -> None:
    """A form of both amounts, of which one was left empty where nobody had set it yet."""
    make_provider(currency="USD")
    old = hidden_in(admin, LIMITS, LIMIT)
    SpendLimit.objects.create(role="operator", currency="USD", per_day=Decimal(20))
    typed = {"role": "operator", "currency": "USD", "per_order": "5", "per_day": ""}
    answer = admin.post(LIMIT, typed | old)
    page = answer.content.decode()
    assert answer.status_code == 422 and "one day: 20" in page and 'value="5"' in page
    assert SpendLimit.objects.get().per_day == 20
    page = admin.post(LIMIT, typed | hidden_of(page, LIMIT)).content.decode()
    assert "Take the limit of $20.00 a day away" in page and SpendLimit.objects.get().per_day == 20
    ticked = typed | {"taken_away": "operator USD per_day: 20"}
    assert admin.post(LIMIT, ticked | hidden_of(page, LIMIT)).status_code == 302
    assert (SpendLimit.objects.get().per_order, SpendLimit.objects.get().per_day) == (5, None)


def test_a_tolerance_that_somebody_narrowed_is_not_widened_by_an_old_page(admin: Any) -> None:
    to = "/orders/limits/tolerance/"
    old = hidden_in(admin, LIMITS, to)
    PriceTolerance.objects.update_or_create(pk=1, defaults={"percent": 0})
    answer = admin.post(to, {"percent": "20"} | old)
    assert answer.status_code == 422 and "now it is “0”" in answer.content.decode()
    assert PriceTolerance.objects.get().percent == 0
    assert admin.post(to, {"percent": "5"} | old).status_code == 302  # as it was drawn
    assert PriceTolerance.objects.get().percent == 0


def test_an_old_button_unblocks_no_other_rule(admin: Any) -> None:
    """A database that was put back gives its number to another."""
    rule = make_blocked_link("first.example")
    to = f"/orders/limits/{rule.pk}/unblock/"
    old = hidden_in(admin, LIMITS, to)
    BlockedLink.objects.update(pattern="second.example")
    assert "Something changed" in admin.post(to, old, follow=True).content.decode()
    assert BlockedLink.objects.exists()
    admin.post(to, hidden_in(admin, LIMITS, to))
    assert not BlockedLink.objects.exists()
