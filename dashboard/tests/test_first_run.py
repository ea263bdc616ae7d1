"""From an empty desk to the first order that has ended: each step is done by a row alone."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.models import User
from core.roles import Role
from dashboard.first_run.steps import FirstRun, first_run_of
from orders.models import Order
from orders.status import ENDED_THERE, Status
from providers.models import Provider, ProviderHealth
from tests.builders import make_order, make_provider, make_service, make_user
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]
ForRole = Callable[[Role | None], Client]
STEPS_DONE = 6


@pytest.fixture
def admin() -> User:
    return make_user(Role.ADMIN)


def led(run: FirstRun) -> tuple[str, str]:
    """Where the next step leads, and how many are done."""
    assert run.next is not None
    return run.next.action, f"{run.done}: {run.next.address}"


def test_each_step_is_done_by_what_the_database_has(admin: User) -> None:
    assert led(first_run_of(admin)) == ("Add a provider", "0: /providers/new/")
    provider = make_provider(key="")
    page = f"/providers/{provider.pk}/"
    assert led(first_run_of(admin)) == ("Enter the key", f"1: {page}key/")
    Provider.objects.update(key_ciphertext=make_provider().key_ciphertext)
    assert led(first_run_of(admin)) == ("Check the connection", f"1: {page}")
    ProviderHealth.objects.update(last_ok_at=timezone.now())
    assert led(first_run_of(admin)) == ("Open the provider", f"2: {page}")
    service = make_service(provider)
    assert led(first_run_of(admin)) == ("Open the provider", f"3: {page}")
    Provider.objects.update(balance=Decimal(0))
    assert led(first_run_of(admin)) == ("New order", "4: /orders/new/")
    order = make_order(service=service)
    assert led(first_run_of(admin)) == ("Open the order", f"5: /orders/{order.pk}/")
    Order.objects.update(status=Status.COMPLETED, external_id="71", ended_at=timezone.now())
    run = first_run_of(admin)
    assert (run.is_over, run.next, run.done) == (True, None, STEPS_DONE)


@pytest.mark.parametrize("status", Status)
def test_only_an_order_that_ended_at_its_provider_ends_it(admin: User, status: Status) -> None:
    order = make_order(status)
    run = first_run_of(admin)
    assert run.is_over is (status in ENDED_THERE)
    if status in (Status.REJECTED, Status.WITHDRAWN, Status.GIVEN_UP):
        assert f"Order #{order.pk} was rejected" in run.steps[-1].why
        assert run.steps[-1].address == "/orders/new/"


def test_a_service_can_be_ordered_though_its_provider_is_silent(admin: User) -> None:
    assert first_run_of(admin).missing is not None
    make_service()
    run = first_run_of(admin)
    assert run.missing is None and run.next is not None and run.next.title == "Connect to it"


@pytest.mark.parametrize(("role", "is_told"), [(Role.OPERATOR, False), (Role.MANAGER, True)])
def test_an_empty_balance_is_told_to_those_who_may_see_it(role: Role, is_told: bool) -> None:
    make_service(make_provider(balance=Decimal(0)))
    place = first_run_of(make_user(role)).steps[4]
    assert ("The balance is empty" in place.why) is is_told


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("address", ["/", "/start/"])
def test_the_next_step_is_a_link_for_who_may_and_names_who_may_for_others(
    client_for_role: ForRole, role: Role, address: str
) -> None:
    drawn = client_for_role(role).get(address).content.decode()
    may = role is Role.ADMIN
    assert ('<a class="btn btn-primary" href="/providers/new/">' in drawn) is may
    assert ("Only admins may set a provider&#x27;s address and key." in drawn) is not may
    assert "0 of 6 done" in drawn


@pytest.mark.parametrize("address", ["/orders/", "/orders/new/", "/services/", "/providers/"])
def test_an_empty_list_leads_to_what_is_missing_before_an_order(
    client_for_role: ForRole, address: str
) -> None:
    way_on = 'href="/providers/new/">Add a provider</a>'
    assert way_on in client_for_role(Role.ADMIN).get(address).content.decode()
    drawn = client_for_role(Role.OPERATOR).get(address).content.decode()
    assert way_on not in drawn and "Only admins may set a provider" in drawn


@pytest.mark.parametrize(
    ("address", "whole", "words"),
    [
        ("/orders/?q=zebra", "/orders/", "No matching orders"),
        ("/orders/?group=open", "/orders/", "No order is in this tab now."),
        ("/orders/refills/?status=pending", "/orders/refills/", "No matching refills"),
        ("/orders/new/?q=zebra", "/orders/new/", "No matching services"),
        ("/services/?q=zebra", "/services/", "No matching services"),
        ("/services/changes/?kind=new", "/services/changes/", "No matching changes"),
        ("/orders/discrepancies/?show=closed", "/orders/discrepancies/", "No matching discrep"),
    ],
)
def test_a_list_that_filters_have_emptied_leads_back_to_the_whole(
    client_for_role: ForRole, address: str, whole: str, words: str
) -> None:
    drawn = client_for_role(Role.ADMIN).get(address).content.decode()
    assert words in drawn and f'<a class="btn" href="{whole}">' in drawn


def test_a_person_hides_it_from_their_own_overview_and_has_it_back(
    client_for_role: ForRole,
) -> None:
    mine, other = client_for_role(Role.VIEWER), client_for_role(Role.ADMIN)
    answer = mine.post("/start/overview/", {"hide": "yes"}, follow=True).content.decode()
    assert 'id="start-title"' not in answer and "The steps are hidden" in answer
    assert 'id="start-title"' in other.get("/").content.decode()
    assert "Show on the overview" in mine.get("/start/").content.decode()
    mine.post("/start/overview/", {"show": "yes"})
    assert 'id="start-title"' in mine.get("/").content.decode()


def test_it_is_one_query_and_none_once_it_is_over(client_for_role: ForRole) -> None:
    browser = client_for_role(Role.ADMIN)
    order = make_order(Status.PENDING)
    asked = [sql for sql in queries_of(lambda: browser.get("/")) if "has_followed" in sql]
    assert len(asked) == 1
    Order.objects.filter(pk=order.pk).update(status=Status.PARTIAL, ended_at=timezone.now())
    first = queries_of(lambda: browser.get("/start/"))  # it empties what was remembered before
    assert sum("has_followed" in sql for sql in first) == 1
    with CaptureQueriesContext(connection) as later:
        drawn = browser.get("/").content.decode()
    assert 'id="start-title"' not in drawn
    assert not any("has_followed" in query["sql"] for query in later.captured_queries)
    assert "This desk is at work" in browser.get("/start/").content.decode()


def test_nobody_without_a_role_is_led_anywhere(client_for_role: ForRole) -> None:
    assert "Get started" not in client_for_role(None).get("/").content.decode()
