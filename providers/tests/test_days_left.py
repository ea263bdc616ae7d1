"""For how many days the balances of the accounts last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from core.clocks import database_now
from core.regional.desk_days import day_start, desk_day
from core.roles import Role
from providers.actions.accounts import change_address, set_key
from providers.days_left import DaysLeft, days_left
from providers.models import BalanceReading, Provider
from tests.builders import NOON, make_provider
from tests.one_line import one_line
from tests.query_counts import queries_of

from .conftest import LogIn

pytestmark = [pytest.mark.django_db, pytest.mark.services]

HOURS_OF_A_PART = 4


def make_account(
    falls: Sequence[float], *, balance: float = 100, now: datetime = NOON, **over: Any
) -> Provider:
    """An account whose balance fell by so much on each of the last days, at noon, up to now."""
    over.setdefault("balance_currency", "USD")
    over.setdefault("balance_at", now)
    account = make_provider(balance=Decimal(str(balance)), **over)
    start = day_start(desk_day(now) - timedelta(days=len(falls)))
    amount = Decimal(str(balance + sum(falls)))
    read(account, start - timedelta(hours=1), amount)
    for number, fall in enumerate(falls):
        for hours in range(2, 24, HOURS_OF_A_PART):
            if hours == 14:
                amount -= Decimal(str(fall))
            read(account, start + timedelta(days=number, hours=hours), amount)
    return account


def read(account: Provider, at: datetime, amount: Decimal | int, currency: str = "USD") -> None:
    BalanceReading.objects.create(provider=account, amount=amount, currency=currency, read_at=at)


def left_of(account: Provider, *, now: datetime = NOON) -> DaysLeft | None:
    return days_left([account], now=now).get(account.pk)


def test_a_balance_lasts_as_long_as_it_falls_by_the_mean_of_its_days() -> None:
    assert left_of(make_account([10, 20, 30, 0, 20])) == DaysLeft(days=5, a_day=Decimal(20))
    assert left_of(make_account([10, 10, 10], balance=9)) == DaysLeft(days=0, a_day=Decimal(10))


@pytest.mark.parametrize("put_in", [500, 5], ids=["more than the fall", "less than the fall"])
def test_a_day_with_a_top_up_is_not_counted(put_in: int) -> None:
    account = make_account([20, 20, 20, 10])
    last = day_start(desk_day(NOON)) - timedelta(days=1)
    later = BalanceReading.objects.filter(provider=account, read_at__gte=last + timedelta(hours=18))
    for reading in later:
        reading.amount += put_in
        reading.save()
    assert left_of(account) == DaysLeft(days=5, a_day=Decimal(20))


@pytest.mark.parametrize("falls", [[], [10, 10], [0, 0, 0, 0], [10, 0, 10, 0, 0], [-5, -5, -5]])
def test_too_few_days_say_nothing(falls: list[float]) -> None:
    assert left_of(make_account(falls)) is None


def test_a_day_that_was_not_read_through_is_not_counted() -> None:
    """What falls while nobody looks would be counted to the day on which somebody does."""
    account = make_account([10, 10, 10])
    first = day_start(desk_day(NOON)) - timedelta(days=3)
    unread = BalanceReading.objects.filter(
        provider=account, read_at__range=(first, first + timedelta(hours=9))
    )
    assert unread.delete()[0]
    assert left_of(account) is None


def test_today_and_what_is_older_than_a_week_are_not_counted() -> None:
    account = make_account([500] + [10] * 7)
    read(account, NOON, Decimal(1))
    assert left_of(account) == DaysLeft(days=10, a_day=Decimal(10))


@pytest.mark.parametrize(
    "over",
    [
        {"balance_currency": "EUR"},
        {"balance_at": NOON - timedelta(days=2)},
        {"balance_at": None},
        {"balance": 0},
        {"balance": -3},
        {"moved_at": NOON - timedelta(days=2)},
    ],
    ids=["another currency", "old", "never read", "nothing", "less", "another address"],
)
def test_what_is_not_known_of_now_is_not_told(over: dict[str, Any]) -> None:
    assert left_of(make_account([10, 10, 10, 10], **over)) is None


def test_readings_in_another_currency_are_not_counted() -> None:
    account = make_account([10, 10, 10])
    BalanceReading.objects.update(currency="RUB")
    assert left_of(account) is None


def test_a_day_is_one_of_the_desk(settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"
    assert left_of(make_account([10, 20, 30])) == DaysLeft(days=5, a_day=Decimal(20))


def test_ten_accounts_cost_the_queries_of_one(client_for_role: LogIn) -> None:
    browser: Client = client_for_role(Role.MANAGER)
    now = database_now()
    make_account([10, 10, 10], now=now)
    one = queries_of(lambda: browser.get("/providers/"))
    for _ in range(9):
        make_account([10, 10, 10], now=now)
    assert len(queries_of(lambda: browser.get("/providers/"))) == len(one)
    assert browser.get("/providers/").content.decode().count("about 10 days left") == 10
    accounts = list(Provider.objects.all())
    assert len(queries_of(lambda: days_left(accounts, now=now))) == 1


def test_few_days_are_a_warning(client_for_role: LogIn) -> None:
    browser = client_for_role(Role.MANAGER)
    make_account([50, 50, 50], now=database_now())
    page = one_line(browser.get("/providers/").content.decode())
    assert 'class="cell-sub text-warning">about 2 days left at' in page
    assert '<bdi class="money">$50.00</bdi>a day' in page


def test_days_left_are_for_those_who_may_see_balances(client_for_role: LogIn) -> None:
    make_account([10, 10, 10], now=database_now())
    assert "days left" in client_for_role(Role.MANAGER).get("/providers/").content.decode()
    assert "days left" not in client_for_role(Role.VIEWER).get("/providers/").content.decode()


@pytest.mark.parametrize("moves", ["address", "key"])
def test_the_step_from_one_account_at_a_panel_to_another_is_no_fall(moves: str) -> None:
    """Ten a day there; since the fifth day it is one with a thousand less."""
    account = make_account([10, 10, 10, 10, 1010, 10], balance=100)
    at = day_start(desk_day(NOON) - timedelta(days=2)) + timedelta(hours=14)
    if moves == "address":
        assert change_address(account, "https://other.example/api/v2", actor=None, now=at)
        Provider.objects.filter(pk=account.pk).update(moved_at=None)  # its catalog is approved
    else:
        assert set_key(account, "another-key-of-this-panel", actor=None, now=at)
    assert left_of(Provider.objects.get(pk=account.pk)) is None, "one day says nothing"
