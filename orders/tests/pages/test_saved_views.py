"""Views of the list under a name: whose they are, who sees them, and how many orders each holds."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.models import User
from core.roles import Role
from orders.models import SavedFilter
from orders.status import Status
from tests.builders import log_in, make_order, make_provider, make_saved_filter, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]

COUNT = re.compile(r'class="tab-count">([\d,+]+)<')


@pytest.fixture
def ada() -> User:
    return make_user(Role.OPERATOR, username="ada")


@pytest.fixture
def browser(ada: User) -> Client:
    browser = Client()
    log_in(browser, ada)
    cache.clear()
    return browser


def tabs_of(browser: Client, query: str = "") -> str:
    return browser.get(f"/orders/views/{query}").content.decode()


def list_of(browser: Client, query: str = "") -> str:
    return browser.get(f"/orders/{query}").content.decode()


def test_a_view_is_shared_when_its_owner_says_so(browser: Client, ada: User) -> None:
    make_order()
    browser.post("/orders/?status=queued", {"name": "Waiting", "is_shared": "on"})
    browser.post("/orders/?status=held", {"name": "Held ones"})
    other = Client()
    log_in(other, make_user(Role.VIEWER))
    page = list_of(other)
    assert "Waiting, shared by ada" in page and "Held ones" not in page


def test_ones_own_views_stand_before_those_of_others(browser: Client, ada: User) -> None:
    make_order()
    make_saved_filter(make_user(), name="A of others", query="status=held", is_shared=True)
    make_saved_filter(ada, name="Z of mine")
    page = list_of(browser)
    assert page.index("Z of mine") < page.index("A of others")


def test_tabs_of_views_count_what_the_lists_hold(browser: Client, ada: User) -> None:
    make_saved_filter(ada, name="Open of mine", query="mine=on&group=open")
    make_saved_filter(ada, name="Done", query="status=completed")
    for _ in range(3):
        make_order(Status.IN_PROGRESS, placed_by=ada)
    make_order(Status.IN_PROGRESS)
    make_order(Status.COMPLETED)
    assert COUNT.findall(tabs_of(browser)) == ["1", "3"]


def test_what_each_person_placed_is_counted_for_each(browser: Client, ada: User) -> None:
    other = make_user(Role.VIEWER)
    make_saved_filter(ada, query="mine=on", is_shared=True)
    make_order(placed_by=ada)
    assert COUNT.findall(tabs_of(browser)) == ["1"]
    browser = Client()
    log_in(browser, other)
    assert COUNT.findall(tabs_of(browser)) == ["0"]


def test_the_list_waits_for_no_count_and_shows_what_is_known(browser: Client, ada: User) -> None:
    make_saved_filter(ada)
    make_order(Status.COMPLETED)
    saved = re.compile(r'id="saved-views".*?</ul>', re.DOTALL)
    before = saved.search(list_of(browser))
    assert before and not COUNT.findall(before[0])
    tabs_of(browser)
    after = saved.search(list_of(browser))
    assert after and COUNT.findall(after[0]) == ["1"]


def test_many_views_cost_the_list_no_query_more(browser: Client, ada: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            list_of(browser)
        return len(asked)

    make_order()
    make_saved_filter(ada, name="View 0")
    list_of(browser)
    one = queries()
    for number in range(1, 10):
        make_saved_filter(ada, name=f"View {number}", query=f"q=word{number}")
    assert queries() == one


def test_a_view_of_a_provider_that_is_gone_counts_nothing(browser: Client, ada: User) -> None:
    make_saved_filter(ada, query=f"provider={make_provider().pk + 1_000}")
    make_order()
    assert COUNT.findall(tabs_of(browser)) == []


def test_only_owners_and_admins_delete_a_shared_view(
    browser: Client, client_for_role: Callable[[Role], Client]
) -> None:
    theirs = make_saved_filter(make_user(), is_shared=True)
    private = make_saved_filter(make_user(), name="Private")
    make_order(Status.COMPLETED)
    assert browser.post(f"/orders/filters/{theirs.pk}/delete/").status_code == 404
    assert "Delete view" not in list_of(browser, f"?{theirs.query}")
    admin = client_for_role(Role.ADMIN)
    assert admin.post(f"/orders/filters/{private.pk}/delete/").status_code == 404
    assert "Delete it for all?" in list_of(admin, f"?{theirs.query}")
    assert admin.post(f"/orders/filters/{theirs.pk}/delete/").status_code == 302
    assert list(SavedFilter.objects.all()) == [private]


def test_the_view_that_is_shown_stays_marked(browser: Client, ada: User) -> None:
    make_saved_filter(ada)
    assert 'aria-current="true"' in tabs_of(browser, "?status=completed")
    assert 'aria-current="true"' not in tabs_of(browser)


def test_a_view_that_shows_something_else_is_given_away_only_by_who_says_so(
    browser: Client, ada: User
) -> None:
    make_saved_filter(ada, name="Waiting", query="status=queued", is_shared=True)
    typed = {"name": "Waiting", "is_shared": "on"}
    refused = browser.post("/orders/?status=held", typed)
    assert refused.status_code == 422 and "shows something else" in refused.content.decode()
    assert SavedFilter.objects.get().query == "status=queued"
    assert "Show this filter under it instead" in refused.content.decode()
    assert browser.post("/orders/?status=held", typed | {"instead": "on"}).status_code == 302
    assert SavedFilter.objects.get().query == "status=held"
    assert browser.post("/orders/?status=held", {"name": "Waiting"}).status_code == 302
    assert not SavedFilter.objects.get().is_shared  # the same filter: nothing is asked
    assert "instead" not in list_of(browser, "?status=held")
