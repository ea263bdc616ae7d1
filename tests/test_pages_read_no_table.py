"""No page reads orders, attempts or events in proportion to how many there are."""

from __future__ import annotations

from functools import partial

import pytest
from django.core.cache import cache

from core.roles import Role
from dashboard.tests.test_policy import OURS, TABLE, address, browser_of
from orders.models import Attempt, Order

from .big_desk import analyze, fill
from .builders import make_attempt, make_event, make_order
from .query_plans import scans_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]

PAGES = sorted(
    name
    for name, (_, methods) in TABLE.items()
    if "GET" in methods and name in OURS and not name.startswith(("moved-", "log-"))
)


@pytest.mark.parametrize("page", PAGES)
def test_it_finds_its_rows_by_an_index(page: str) -> None:
    order = make_order()
    make_attempt(order)
    make_event(order)
    browser, where = browser_of(Role.ADMIN), address(page)
    assert not (found := scans_of(lambda: browser.get(where))), "\n\n".join(found)


def test_each_still_does_once_the_database_knows_how_its_rows_are_spread() -> None:
    fill()
    make_event(make_order())
    browser, addresses = browser_of(Role.ADMIN), {page: address(page) for page in PAGES}
    analyze()

    def opened_cold(page: str) -> None:
        cache.clear()
        browser.get(addresses[page])

    found = [f"{page}: {scan}" for page in PAGES for scan in scans_of(partial(opened_cold, page))]
    assert not found, "\n\n".join(found)


def test_a_query_that_reads_the_whole_table_is_seen() -> None:
    assert len(scans_of(Order.objects.exclude(flag="").count)) == 1
    assert scans_of(lambda: Order.objects.filter(flag__gt="").count()) == []


def test_a_walk_to_a_limit_that_throws_rows_away_is_seen() -> None:
    """As the look for lost sends was, which read every send on SQLite."""
    walk = Attempt.objects.filter(number__gt=1).order_by("pk")
    assert len(scans_of(lambda: list(walk[:9]))) == 1
    assert scans_of(lambda: list(Attempt.objects.order_by("pk")[:9])) == []
    inside = Order.objects.filter(pk__in=walk.values("order")[:9])
    assert len(scans_of(lambda: list(inside))) == 1


def test_a_search_for_what_nearly_all_rows_have_is_seen() -> None:
    """As the look for lost answers was: for sends that nobody has resolved."""
    unresolved = Attempt.objects.filter(resolved_by=None)
    assert len(scans_of(lambda: list(unresolved))) == 1
    assert scans_of(lambda: list(Attempt.objects.filter(resolved_by=1))) == []
