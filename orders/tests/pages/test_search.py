"""Orders found by the provider they are at, and by the person who placed them."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client

from orders.models import Order
from tests.builders import make_order, make_provider, make_user
from tests.query_counts import queries_of
from tests.query_plans import scans_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def shown(client: Client, words: str) -> set[int]:
    answer = client.get("/orders/", {"q": words})
    assert answer.status_code == 200
    return {order.pk for order in answer.context["page"].rows}


@pytest.mark.parametrize(
    "words", ["Harborline", "harborLINE", "arborli", "Line Media", "HARborline  media"]
)
def test_an_order_is_found_by_its_provider(staff: Client, words: str) -> None:
    order = make_order(provider=make_provider(name="Harborline Media"))
    make_order(provider=make_provider(name="Media Harbor"))
    assert shown(staff, words) == {order.pk}


@pytest.mark.parametrize(
    "words", ["okafor", "Okaf", "ngozi", "n.okafor", "Ngozi Okafor", "okafor ngozi"]
)
def test_an_order_is_found_by_who_placed_it(staff: Client, words: str) -> None:
    person = make_user(username="n.okafor", first_name="Ngozi", last_name="Okafor")
    order = make_order(placed_by=person)
    make_order(placed_by=make_user(username="ngoz", first_name="Ada"))
    make_order()  # a run that the provider started: nobody placed it
    assert shown(staff, words) == {order.pk}


def test_the_order_of_somebody_who_may_not_log_in_any_more_is_found(staff: Client) -> None:
    order = make_order(placed_by=make_user(username="gone-since", is_active=False))
    assert shown(staff, "gone-since") == {order.pk}


def test_a_tag_beside_a_name_narrows_it(staff: Client) -> None:
    provider = make_provider(name="Harborline")
    order = make_order(provider=provider, tags=" spring ")
    make_order(provider=provider)
    assert shown(staff, "tag:spring harborline") == {order.pk}


@pytest.mark.parametrize("words", ["987654", "ha", "da"])
def test_a_number_is_still_found_by_index_alone(staff: Client, words: str) -> None:
    """Numbers and short words name no provider and nobody: those stand in any list by the
    thousand, and only what an index finds is asked for."""
    make_order(
        provider=make_provider(name="Harbor 987654"), placed_by=make_user(username="ada987654")
    )
    found = Order.objects.searching(words)
    assert not found.exists()
    if connection.vendor == "sqlite":  # PostgreSQL reads so few rows whole
        assert scans_of(lambda: list(found)) == []


def test_a_name_costs_no_query_more_than_another_word(staff: Client) -> None:
    """Providers and people are looked up once, in the query of the list."""
    for number in range(3):
        make_order(provider=make_provider(name=f"Harborline {number}"))
    named = queries_of(lambda: staff.get("/orders/", {"q": "harborline"}))
    other = queries_of(lambda: staff.get("/orders/", {"q": "lumen"}))
    assert len(named) == len(other)
    if connection.vendor == "sqlite":
        plan = Order.objects.searching("harborline").order_by("-pk")[:50].explain()
        assert "CORRELATED" not in plan
