"""The staff guide: everybody may read it, and it speaks of what is there."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from core.roles import Role
from dashboard.help import statuses
from dashboard.help.pages import PAGES
from orders.status import COLORS, CancelStatus, Flag, HoldReason, RefillStatus, Status
from tests.builders import log_in, make_user
from tests.one_line import one_line

pytestmark = pytest.mark.django_db

LONGEST = 250  # words; a page is read at a glance


def text_of(client: Client, slug: str) -> str:
    page = client.get(f"/help/{slug}/").content.decode()
    return page[page.index("<article") : page.index("card-footer", page.index("<article"))]


def test_each_page_is_short_and_leads_on(client_for_role: Callable[[Role], Client]) -> None:
    client = client_for_role(Role.ADMIN)
    listed = client.get("/help/").content.decode()
    assert len(PAGES) == 14  # twelve to read, the keys and the statuses
    for page in PAGES:
        assert f'href="/help/{page.slug}/"' in listed
        text = text_of(client, page.slug)
        assert page.slug == "statuses" or len(re.sub("<[^>]+>", " ", text).split()) < LONGEST
    assert client.get("/help/no-such-page/").status_code == 404


def test_a_place_is_a_link_only_for_who_may_go_there(
    client_for_role: Callable[[Role], Client],
) -> None:
    assert '<a href="/people/">People</a>' in text_of(client_for_role(Role.ADMIN), "people")
    assert "<strong>People</strong>" in text_of(client_for_role(Role.OPERATOR), "people")
    without_role = Client()
    log_in(without_role, make_user(None))
    assert "<strong>Orders</strong>" in text_of(without_role, "start")


def test_every_status_is_explained_by_the_name_that_the_pages_use(
    client_for_role: Callable[[Role], Client],
) -> None:
    assert statuses.ORDER.keys() == set(Status)
    assert statuses.REFILL.keys() == set(RefillStatus)
    assert statuses.CANCEL.keys() == set(CancelStatus)
    page = one_line(text_of(client_for_role(Role.VIEWER), "statuses"))
    for status in Status:
        badge = f'bg-{COLORS[status]}-lt"><span class="badge-dot"></span>{status.label}<'
        assert badge in page, status
    named = [*RefillStatus, *CancelStatus, *filter(None, HoldReason), *filter(None, Flag)]
    assert [one for one in named if one.label.replace("'", "&#x27;") not in page] == []


def test_what_a_status_costs_is_told_by_the_table_of_statuses() -> None:
    money = {one.label: one.money for one in statuses.orders()}
    assert money["Rejected"] == "Costs nothing" and money["Held"] == "Nothing spent yet"
    assert money["Unconfirmed"] == "May have cost money" and money["Completed"] == "Costs money"
    assert {one.label: one.group for one in statuses.orders()}["Unconfirmed"] == "Needs attention"


def test_the_page_of_the_keys_is_the_sheet(client_for_role: Callable[[Role], Client]) -> None:
    client = client_for_role(Role.OPERATOR)
    sheet = client.get("/").content.decode().partition('id="key-sheet"')[2]
    keys = re.findall(r"<dt>(.*?)</dt>", sheet)
    assert keys and re.findall(r"<dt>(.*?)</dt>", text_of(client, "shortcuts")) == keys
