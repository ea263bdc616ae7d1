"""What the list of orders is sorted by, and that a sort costs the database little."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from core.models import User
from core.roles import Role
from orders.lists import filters
from orders.lists.sorting import SORTS
from orders.models import Order
from orders.pages import list_views
from orders.pages.related_figures import sum_parts
from orders.status import Status
from tests.builders import NOON, make_order, make_service
from tests.one_line import one_line
from tests.query_counts import queries_of
from tests.query_plans import scans_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def staff(client_for_role: Callable[[Role], Client]) -> Client:
    return client_for_role(Role.OPERATOR)


def ids(client: Client, query: str = "") -> list[int]:
    return [order.pk for order in client.get(f"/orders/{query}").context["page"].rows]


def two(**of_each: tuple[object, object]) -> tuple[Order, Order]:
    """Two ended orders that differ in this alone, the older first."""

    def one(place: int) -> Order:
        values: dict[str, Any] = {name: pair[place] for name, pair in of_each.items()}
        return make_order(**{"status": Status.COMPLETED} | values)

    return one(0), one(1)


@pytest.mark.parametrize(
    ("sort", "of_each"),
    [
        ("changed", {"changed_at": (NOON + timedelta(hours=1), NOON)}),
        ("reference", {"reference": ("a-2", "B-1")}),
        ("reference", {"reference": ("z", "")}),
        ("status", {"status": (Status.IN_PROGRESS, Status.COMPLETED)}),
        ("remaining", {"remains": (300, 20)}),
        ("remaining", {"remains": (0, None)}),
        ("dearest", {"charge": (Decimal("10.5"), Decimal("9.75"))}),
        ("dearest", {"charge": (Decimal(9), Decimal(10)), "refund": (None, Decimal(2))}),
        ("dearest", {"charge": (None, Decimal(1)), "estimate": (Decimal(2), Decimal(3))}),
        ("cheapest", {"charge": (Decimal("9.75"), Decimal("10.5"))}),
    ],
)
def test_the_first_of_two_stands_first(
    sort: str, of_each: dict[str, tuple[object, object]], staff: Client
) -> None:
    first, second = two(**of_each)
    assert ids(staff) == [second.pk, first.pk], "by number it is the other way round"
    assert ids(staff, f"?sort={sort}") == [first.pk, second.pk]


def test_services_stand_by_the_name_that_was_agreed_to(staff: Client) -> None:
    last, first = make_service(name="Visits"), make_service(name="listings")
    orders = [make_order(service=service) for service in (first, last)]
    assert ids(staff, "?sort=service") == [order.pk for order in orders]


@pytest.mark.parametrize("sort", SORTS)
def test_every_row_comes_once_on_the_pages_of_each_sort(
    sort: str, staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_views, "PAGE_SIZE", 2)
    orders = {make_order(reference="INV" if n % 2 else "").pk for n in range(5)}
    seen, query = list[int](), f"?sort={sort}"
    while query:
        page = staff.get(f"/orders/{query}").context["page"]
        seen += [order.pk for order in page.rows]
        query = f"?sort={sort}&cursor={page.next}" if page.next else ""
    assert (len(seen), set(seen)) == (5, orders)


@pytest.mark.parametrize("query", ["?q=INV&sort=dearest", "?group=ended&sort=dearest"])
def test_a_list_that_is_too_long_stands_by_number_and_says_so(
    query: str, staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (filters, list_views):
        monkeypatch.setattr(module, "COUNT_CAP", 2)
    orders = [
        make_order(Status.COMPLETED, reference="INV", charge=Decimal(9 - n)) for n in range(2)
    ]
    numbers = [order.pk for order in orders]
    assert ids(staff, query) == numbers
    numbers.append(make_order(Status.COMPLETED, reference="INV", charge=Decimal(1)).pk)
    cache.clear()  # the count of a narrowed list is remembered for a moment
    page = one_line(staff.get(f"/orders/{query}").content.decode())
    assert "There are more than 2 orders here" in page and 'aria-sort="descending"' in page
    assert ids(staff, query) == numbers[::-1]


def test_a_head_sorts_turns_around_and_tells_which_way(staff: Client) -> None:
    make_order(reference="INV")

    def head(query: str) -> tuple[str, ...]:
        page = one_line(staff.get(f"/orders/{query}").content.decode())
        found = re.search(r'<th class="col-cost cell-end"([^>]*)><a [^>]*href="([^"]*)"', page)
        assert found
        return found.groups()

    assert head("") == ("", "?sort=dearest")
    assert head("?sort=dearest") == (' aria-sort="descending"', "?sort=cheapest")
    assert head("?q=INV&sort=dearest")[1] == "?q=INV&amp;sort=cheapest"
    assert head("?sort=cheapest") == (' aria-sort="ascending"', "?sort=dearest")


def test_each_person_has_a_sort_of_their_own_until_an_address_says_otherwise(
    client_for_role: Callable[[Role], Client], staff: Client
) -> None:
    first, second = two(charge=(Decimal(9), Decimal(1)))
    staff.post("/orders/layout/", {"columns": ["cost"], "density": "dense", "sort": "dearest"})
    assert ids(staff) == [first.pk, second.pk]
    assert ids(staff, "?sort=newest") == [second.pk, first.pk]
    assert ids(client_for_role(Role.MANAGER)) == [second.pk, first.pk]
    staff.post("/orders/layout/", {"columns": ["cost"], "density": "dense"})  # a page of before
    assert ids(staff) == [first.pk, second.pk]


def test_a_sort_that_is_gone_is_the_newest_first(staff: Client) -> None:
    first, second = two()
    person = User.objects.get(pk=staff.session["_auth_user_id"])
    person.preferences = {"list_sort": "by colour"}
    person.save()
    assert ids(staff) == ids(staff, "?sort=by+colour") == [second.pk, first.pk]


def test_what_comes_since_is_told_and_pushes_no_row_away(staff: Client) -> None:
    first, second = two(charge=(Decimal(9), Decimal(1)))
    top = staff.get("/orders/?sort=dearest").context["top"]
    assert top == second.pk
    make_order(charge=Decimal(99))
    assert ids(staff, f"?sort=dearest&top={top}") == [first.pk, second.pk]


def test_the_orders_above_and_below_are_those_of_the_sorted_list(staff: Client) -> None:
    dear = make_order(Status.COMPLETED, charge=Decimal(9))
    cheap = make_order(Status.COMPLETED, charge=Decimal(1))
    order = make_order(Status.COMPLETED, charge=Decimal(5))
    page = one_line(staff.get(f"/orders/{order.pk}/?list=sort%3Ddearest").content.decode())
    links = re.findall(r"<a [^>]*data-(?:above|below)[^>]*>", page)
    ways = ["".join(re.findall(r'href="([^"?]*)', link)) for link in links]
    assert ways == [f"/orders/{dear.pk}/", f"/orders/{cheap.pk}/"]


def test_a_sorted_list_asks_as_much_for_ten_as_for_one(staff: Client) -> None:
    make_order(reference="INV")
    one = queries_of(lambda: staff.get("/orders/?q=INV&sort=dearest"))
    for _ in range(9):
        make_order(reference="INV")
    ten = queries_of(lambda: staff.get("/orders/?q=INV&sort=dearest"))
    assert len(ten) == len(one)


@pytest.mark.parametrize(
    "narrowed", ["mine=on", "status=completed", "provider=1", "group=attention"]
)
def test_a_narrowed_list_is_found_by_its_index_and_then_sorted(
    narrowed: str, staff: Client
) -> None:
    order = make_order(Status.COMPLETED, reference="INV")
    narrowed = narrowed.replace("provider=1", f"provider={order.provider_id}")
    assert scans_of(lambda: staff.get(f"/orders/?{narrowed}&sort=dearest")) == []


def test_orders_that_leave_while_a_sorted_list_is_drawn_break_no_page(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_order()

    def leave(rows: list[Order]) -> None:
        sum_parts(rows)
        Order.objects.all().delete()

    monkeypatch.setattr(list_views, "sum_parts", leave)
    assert staff.get("/orders/?sort=dearest").status_code == 200
