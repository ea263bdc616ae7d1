"""What the palette finds, and for whom."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from core.roles import Role
from orders.links import link_key
from orders.models import Order
from orders.status import Status
from tests.builders import make_order, make_provider, make_service, make_user
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]
ForRole = Callable[[Role], Client]


def found(client: Client, words: str) -> dict[str, list[str]]:
    groups = client.get("/palette/", {"q": words}).context["groups"]
    return {group.title: [entry.title for entry in group.entries] for group in groups}


@pytest.mark.parametrize(
    "words", ["#{pk}", "{pk}", "9912984", "INV-7", "www.lumen.example/spring/"]
)
def test_an_order_is_found_by_what_is_known_of_it(client_for_role: ForRole, words: str) -> None:
    service = make_service(name="App page visits")
    order = make_order(
        Status.PENDING,
        service=service,
        external_id="9912984",
        reference="INV-7",
        link="https://lumen.example/spring",
        link_key=link_key("https://lumen.example/spring"),
    )
    browser = client_for_role(Role.VIEWER)
    titles = found(browser, words.format(pk=order.pk))["Orders"]
    assert titles == [f"{order} · App page visits"]


def test_services_lead_to_their_order_form_for_those_who_place(client_for_role: ForRole) -> None:
    service = make_service(name="Video plays · France")
    for role, address in (
        (Role.OPERATOR, f"/orders/new/?service={service.pk}"),
        (Role.VIEWER, f"/services/{service.pk}/"),
    ):
        groups = client_for_role(role).get("/palette/?q=france").context["groups"]
        (entry,) = next(group.entries for group in groups if group.title == "Services")
        assert entry.address == address


def test_only_what_one_may_see_is_named(client_for_role: ForRole) -> None:
    make_user(username="lumen-person")
    make_provider(name="Lumen provider")
    admin, operator = client_for_role(Role.ADMIN), client_for_role(Role.OPERATOR)
    assert found(admin, "lumen")["People"] == ["lumen-person"]
    assert "People" not in found(operator, "lumen")
    assert found(operator, "lumen")["Providers"] == ["Lumen provider"]
    assert "Add a provider" in found(admin, "")["Steps"]
    assert "Add a provider" not in found(operator, "")["Steps"]
    assert "People" not in found(operator, "peop").get("Pages", [])


def test_a_search_for_the_words_is_always_offered(client_for_role: ForRole) -> None:
    groups = client_for_role(Role.VIEWER).get("/palette/", {"q": "a&b"}).context["groups"]
    assert groups[-1].entries[0].address == "/orders/?q=a%26b"


def test_ten_orders_cost_what_one_costs(client_for_role: ForRole) -> None:
    browser = client_for_role(Role.MANAGER)
    make_order(reference="INV-1")
    one = queries_of(lambda: browser.get("/palette/?q=INV"))
    for number in range(9):
        make_order(reference=f"INV-{number + 2}")
    assert len(queries_of(lambda: browser.get("/palette/?q=INV"))) == len(one)
    assert Order.objects.known_as("INV").count() == 10
