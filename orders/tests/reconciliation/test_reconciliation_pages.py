"""Statements and discrepancies as people meet them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from core.roles import Role
from dashboard.health.attention import matters, order_counts
from orders.models import Discrepancy, Order, Statement, StatementState
from orders.status import Outcome, Status
from providers.models import BalanceReading, ProviderState
from tests.builders import (
    NOON,
    make_attempt,
    make_charge,
    make_discrepancy,
    make_order,
    make_provider,
    make_service,
    make_statement,
    make_user,
)
from tests.drawn_forms import send
from tests.one_line import one_line
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]
HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def manager(client_for_role: Callable[[Role], Client]) -> Client:
    return client_for_role(Role.MANAGER)


def drawn(browser: Client, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_account_leads_to_its_days_and_a_day_to_its_orders(manager: Client) -> None:
    order = make_order(Status.COMPLETED, created_at=NOON)
    make_charge(order)
    made = make_statement(order.provider, low=Decimal("-0.9"), high=Decimal("-0.9"), movements=1)
    days = f"/orders/statements/{order.provider_id}/"
    assert days in drawn(manager, f"/providers/{order.provider_id}/")
    assert f"/orders/statements/day/{made.pk}/" in drawn(manager, days)
    page = drawn(manager, f"/orders/statements/day/{made.pk}/")
    assert f'href="/orders/{order.pk}/"' in page
    assert "counted both ways" not in page


def test_a_charge_near_midnight_is_said_to_be_counted_both_ways(manager: Client) -> None:
    made = make_statement()
    order = make_order(Status.COMPLETED, provider=made.provider)
    make_charge(order, at_low=made.closing_at - timedelta(hours=1), at_high=made.closing_at)
    assert "counted both ways" in drawn(manager, f"/orders/statements/day/{made.pk}/")


def test_the_step_in_which_money_went_is_shown(manager: Client) -> None:
    made = make_statement(closing=Decimal(93), state=StatementState.DIFFERS)
    for hours, amount in ((-2, 100), (0, 93), (11, 93)):
        BalanceReading.objects.create(
            provider=made.provider, amount=amount, read_at=NOON + timedelta(hours=hours)
        )
    page = drawn(manager, f"/orders/statements/day/{made.pk}/")
    assert "10:00:00 – 12:00:00" in page
    assert "−$7.00" in page


def test_money_put_in_is_written_down_once_and_counted(manager: Client) -> None:
    made = make_statement(closing=Decimal(150), state=StatementState.ADDED)
    BalanceReading.objects.create(provider=made.provider, amount=150, read_at=made.closing_at)
    address = f"/orders/statements/day/{made.pk}/top-up/"
    day = f"/orders/statements/day/{made.pk}/"
    assert send(manager, address, {"amount": "50", "note": "invoice 7"}, page=day).redirect_chain
    made.refresh_from_db()
    assert (made.state, made.added) == (StatementState.FITS, 50)
    assert "invoice 7" in drawn(manager, f"/orders/statements/day/{made.pk}/")


@pytest.mark.parametrize("amount", ["", "0", "much", "1e400", "NaN"])
def test_an_amount_that_is_none_comes_back(manager: Client, amount: str) -> None:
    made = make_statement()
    answer = manager.post(f"/orders/statements/day/{made.pk}/top-up/", {"amount": amount})
    assert answer.status_code == 422
    assert not made.top_ups.exists()


def test_a_person_opens_a_case_about_money_that_came_in(manager: Client) -> None:
    made = make_statement(closing=Decimal(150), added=Decimal(50), state=StatementState.ADDED)
    manager.post(f"/orders/statements/day/{made.pk}/discrepancy/")
    discrepancy = Discrepancy.objects.get()
    assert (discrepancy.kind, discrepancy.difference) == ("surplus", 50)
    quiet = make_statement()
    manager.post(f"/orders/statements/day/{quiet.pk}/discrepancy/")
    assert Discrepancy.objects.count() == 1


def test_a_case_is_closed_with_a_note_and_once(manager: Client) -> None:
    discrepancy = make_discrepancy()
    assert (
        manager.post(f"/orders/discrepancies/{discrepancy.pk}/close/", {"note": ""}).status_code
        == 422
    )
    there = f"/orders/discrepancies/{discrepancy.pk}/"
    send(manager, f"{there}close/", {"note": "They paid it back."}, page=there)
    page = manager.post(
        f"/orders/discrepancies/{discrepancy.pk}/close/", {"note": "No."}, follow=True
    )
    assert "had been closed already" in page.content.decode()
    assert "They paid it back." in page.content.decode()


def test_the_list_shows_open_cases_and_can_be_narrowed(manager: Client) -> None:
    running, over = make_discrepancy(), make_discrepancy(closed_at=NOON, note="Done.")
    assert f'id="discrepancy-{running.pk}"' in drawn(manager, "/orders/discrepancies/")
    assert f'id="discrepancy-{over.pk}"' not in drawn(manager, "/orders/discrepancies/")
    assert f'id="discrepancy-{over.pk}"' in drawn(manager, "/orders/discrepancies/?show=closed")
    other = f"/orders/discrepancies/?show=all&provider={running.provider_id}"
    assert f'id="discrepancy-{over.pk}"' not in drawn(manager, other)
    assert f'id="discrepancy-{running.pk}"' in drawn(manager, other)


def test_an_empty_list_says_until_when_it_was_counted_and_clears_nothing_after(
    manager: Client,
) -> None:
    first = make_provider()
    make_statement(first, state=StatementState.RUNNING)
    page = one_line(drawn(manager, "/orders/discrepancies/"))
    assert "Nothing is counted yet. A day is counted a quarter of an hour after" in page
    assert "adds up" not in page and "circle-check" not in page
    make_statement(first, closing_at=NOON + timedelta(days=1))
    make_statement(first, closing_at=NOON + timedelta(days=2), state=StatementState.RUNNING)
    make_statement(first, closing_at=NOON + timedelta(days=3), state=StatementState.UNREAD)
    page = one_line(drawn(manager, "/orders/discrepancies/"))
    assert "Until 24 Nov 2026, 12:00 everything adds up at the active providers, but for" in page
    assert "What was charged since is not counted." in page and "account is not" not in page
    make_statement(closing_at=NOON + timedelta(hours=1))
    make_provider()
    make_provider(state=ProviderState.PAUSED)
    page = one_line(drawn(manager, "/orders/discrepancies/"))
    assert "Until 23 Nov 2026, 13:00 everything" in page and "1 account is not counted yet." in page


def test_an_empty_list_names_the_days_before_that_nobody_could_compare(manager: Client) -> None:
    """Another currency; more than is known to have been put in; and none of its own reading."""
    account, day = make_provider(), timedelta(days=1)
    read = {"opening_at": NOON, "closing_at": NOON + day}
    make_statement(account, state=StatementState.UNREAD, **read)
    make_statement(account, state=StatementState.UNREAD, opening_at=NOON, closing_at=NOON)
    more = {"opening_at": NOON + day, "closing_at": NOON + 2 * day, "state": StatementState.ADDED}
    risen = [make_statement(account, **more) for _ in range(3)]
    asked = make_discrepancy(risen[0], closed_at=NOON, note="An invoice.")
    Discrepancy.objects.filter(pk=asked.pk).update(closed_by=make_user())
    make_statement(account, opening_at=NOON + 2 * day, closing_at=NOON + 3 * day)
    after = {"opening_at": NOON + 3 * day, "closing_at": NOON + 4 * day}
    make_statement(account, state=StatementState.UNREAD, **after)
    page = one_line(drawn(manager, "/orders/discrepancies/"))
    assert (
        "Until 26 Nov 2026, 12:00 everything adds up at the active providers, but for what "
        "somebody has closed and for 1 day of which it cannot be told and for 2 days on which "
        "more came in than is explained."
    ) in page


def test_the_overview_names_open_cases_to_those_who_see_balances() -> None:
    make_discrepancy(make_statement())
    make_discrepancy(make_statement())
    said = {
        role: [one.title for one in matters(make_user(role), order_counts(), [], NOON)]
        for role in (Role.MANAGER, Role.OPERATOR)
    }
    assert "2 discrepancies to look at" in said[Role.MANAGER]
    assert not any("discrepancy" in title for title in said[Role.OPERATOR])


def test_a_day_can_be_taken_away_as_a_file(manager: Client) -> None:
    order = make_order(Status.COMPLETED, external_id="=1+1", created_at=NOON)
    make_charge(order, amount=Decimal("0.123456789012"))
    make_charge(order, amount=Decimal("-0.1"))
    made = make_statement(order.provider)
    answer = manager.get(f"/orders/statements/day/{made.pk}/export/")
    assert f"charges-{order.provider_id}-2026-11-23.csv" in answer["Content-Disposition"]
    heading, back, paid, end = b"".join(answer.streaming_content).decode().split("\r\n")  # type: ignore[attr-defined]  # it streams
    assert heading.startswith('\ufeff"order","provider_order"')
    assert (",-0.1," in back, ",0.123456789012," in paid, end) == (True, True, "")
    assert '"\'=1+1"' in paid


def test_hostile_words_stay_text(manager: Client) -> None:
    provider = make_provider(name=HOSTILE)
    service = make_service(provider, name=HOSTILE)
    make_charge(make_order(Status.COMPLETED, service=service))
    made = make_statement(provider)
    discrepancy = make_discrepancy(
        made, words=HOSTILE, note=HOSTILE, closed_at=NOON, numbers={"opening": HOSTILE}
    )
    for address in (
        "/orders/discrepancies/?show=all",
        f"/orders/discrepancies/{discrepancy.pk}/",
        f"/orders/statements/{provider.pk}/",
        f"/orders/statements/day/{made.pk}/",
    ):
        assert "<script>alert" not in drawn(manager, address)


@pytest.mark.usefixtures("watchdog_has_looked")
@pytest.mark.parametrize("page", ["discrepancies", "statements", "day"])
def test_ten_rows_cost_the_queries_of_one(manager: Client, page: str) -> None:
    provider = make_provider()
    made = make_statement(provider)

    def more(number: int) -> None:
        for _ in range(number):
            make_discrepancy(make_statement(provider), closed_by=make_user())
            make_charge(make_order(Status.COMPLETED, provider=provider))

    address = {
        "discrepancies": "/orders/discrepancies/?show=all",
        "statements": f"/orders/statements/{provider.pk}/",
        "day": f"/orders/statements/day/{made.pk}/",
    }[page]
    more(1)
    one = queries_of(lambda: drawn(manager, address))
    more(9)
    ten = queries_of(lambda: drawn(manager, address))
    assert len(ten) == len(one)


def test_the_resolve_page_shows_both_orders_of_an_id_given_twice(manager: Client) -> None:
    first = make_order(Status.IN_PROGRESS)
    second = make_order(Status.UNCONFIRMED, provider=first.provider)
    make_attempt(
        second,
        outcome=Outcome.UNKNOWN,
        evidence={"bytes_left": True, "candidate_id": first.external_id},
    )
    page = one_line(drawn(manager, f"/orders/{second.pk}/resolve/"))
    assert f'is already<a href="/orders/{first.pk}/">order {first}</a>' in page
    Order.objects.filter(pk=first.pk).update(external_id="777")
    assert "is already" not in drawn(manager, f"/orders/{second.pk}/resolve/")


def test_what_cannot_remain_is_said_in_words(manager: Client) -> None:
    order = make_order(Status.IN_PROGRESS, remains=99_999_999)
    page = drawn(manager, f"/orders/{order.pk}/")
    assert "99,999,999" not in page
    assert "which cannot be" in page


def test_a_day_that_runs_is_counted_on_demand(manager: Client) -> None:
    made = make_statement(state=StatementState.RUNNING)
    assert manager.post(f"/orders/statements/day/{made.pk}/again/").status_code == 302
    assert Statement.objects.get().made_at > made.made_at
