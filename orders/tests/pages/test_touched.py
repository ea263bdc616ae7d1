"""What the changes of a catalog touch, and in which currency their prices are told."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from orders.models import FavouriteService, Recipe
from orders.status import Status
from orders.templatetags.touched import touched
from providers.models import CatalogRun, ChangeKind, Provider, RunState, Service, ServiceChange
from tests.builders import NOON, make_order, make_provider, make_service, make_user
from tests.one_line import one_line
from tests.query_counts import queries_of
from tests.query_plans import scans_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]

CHANGES = "/services/changes/"


def change_of(service: Service, kind: str = ChangeKind.RATE, **over: object) -> ServiceChange:
    words = {"before": "0.9", "after": "1.25"} | over
    return ServiceChange.objects.create(
        service=service, provider=service.provider, kind=kind, seen_at=NOON, **words
    )


def touching(provider: Provider | None = None) -> Service:
    """A service that changed, with an open order, a favourite and a recipe."""
    service, person = make_service(provider), make_user()
    make_order(Status.IN_PROGRESS, service=service)
    FavouriteService.objects.create(person=person, service=service)
    Recipe.objects.create(person=person, service=service, name="Mine")
    change_of(service)
    return service


@pytest.mark.parametrize("kind", [ChangeKind.RATE, ChangeKind.GONE, ChangeKind.NEW])
def test_a_price_change_is_told_in_the_currency_of_its_account(staff: Client, kind: str) -> None:
    euros, yen = make_provider(currency="EUR"), make_provider(currency="JPY")
    services = [make_service(account) for account in (euros, yen)]
    for service in services:
        change_of(service, kind)
    page = one_line(staff.get(CHANGES).content.decode())
    for words in ("€0.90", "€1.25", "0.90 JPY", "1.25 JPY"):
        assert f'<bdi class="money">{words}</bdi>' in page
    assert '<td data-label="After" class="cell-end">' in page
    own = one_line(staff.get(f"/services/{services[0].pk}/").content.decode())
    assert "€1.25" in own and "JPY" not in own


def test_a_price_that_was_not_told_is_a_dash_and_no_zero(staff: Client) -> None:
    change_of(make_service(), before="", after="NaN")
    page = one_line(staff.get(CHANGES).content.decode())
    assert '<td data-label="Before" class="cell-end">—</td>' in page
    assert '<td data-label="After" class="cell-end">—</td>' in page


def test_prices_are_amounts_only_where_the_change_is_of_prices() -> None:
    service = make_service()
    price, name = change_of(service), change_of(service, ChangeKind.MIN, before="10", after="20")
    assert [price.price_before, price.price_after] == [Decimal("0.9"), Decimal("1.25")]
    assert [name.price_before, name.price_after] == [None, None]


def test_a_change_names_the_open_orders_favourites_and_recipes_it_touches(staff: Client) -> None:
    service = touching()
    for status in (Status.QUEUED, Status.UNCONFIRMED, Status.COMPLETED, Status.WITHDRAWN):
        make_order(status, service=service)
    FavouriteService.objects.create(person=make_user(), service=service)
    page = one_line(staff.get(CHANGES).content.decode())
    address = f"/orders/?service={service.pk}&group=open"
    assert f'<a href="{address.replace("&", "&amp;")}">3 open orders</a>' in page
    assert "2 favourites · 1 recipe" in page
    assert len(staff.get(address).context["page"].rows) == 3


def test_what_a_change_touches_stands_beside_the_run_that_found_it(staff: Client) -> None:
    service = touching()
    run = CatalogRun.objects.create(
        provider=service.provider, state=RunState.APPLIED, started_at=NOON
    )
    ServiceChange.objects.update(run=run)
    page = one_line(staff.get(f"/catalog-runs/{run.pk}/").content.decode())
    assert "1 open order<" in page and "1 favourite · 1 recipe" in page


def test_a_change_that_touches_nothing_says_nothing(staff: Client) -> None:
    touching()
    change = change_of(make_service(), ChangeKind.NAME)
    make_order(Status.COMPLETED, service=change.service)
    assert staff.get(CHANGES).content.decode().count("group=open") == 1
    [(_change, nothing)] = touched([change])
    assert not nothing


def test_ten_changes_cost_the_queries_of_one(staff: Client) -> None:
    provider = make_provider()
    touching(provider)
    one = queries_of(lambda: staff.get(CHANGES))
    for _ in range(9):
        touching(provider)
    assert len(queries_of(lambda: staff.get(CHANGES))) == len(one)
    assert staff.get(CHANGES).content.decode().count("group=open") == 10


def test_open_orders_are_counted_without_the_ended_ones() -> None:
    """A service may have a hundred thousand orders that ended."""
    changes = [change_of(touching())]
    assert scans_of(lambda: touched(changes)) == []
