"""How each person has the list of orders."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from core.models import User
from core.preferences import Preferences
from core.roles import Role
from orders.status import HoldReason, Status
from tests.builders import NOON, make_order, make_service
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db, pytest.mark.services]

DRAWN = 'id="order-list" class="order-list'


def page_of(client: Client, query: str = "") -> str:
    return one_line(client.get(f"/orders/{query}").content.decode())


def ids(client: Client, query: str = "") -> list[int]:
    return [order.pk for order in client.get(f"/orders/{query}").context["page"].rows]


def test_each_person_has_their_own_columns_and_density(
    client_for_role: Callable[[Role], Client], staff: Client
) -> None:
    make_order(reference="INV-7")
    assert ">Reference</a>" in page_of(staff) and f"{DRAWN} is-dense" in page_of(staff)
    chosen = {"columns": ["cost", "person"], "density": "comfortable", "back": "group=open"}
    answer = staff.post("/orders/layout/", chosen)
    assert answer.headers["Location"] == "/orders/?group=open"
    page = page_of(staff)
    assert ">Reference</a>" not in page and "Placed by</th>" in page and f'{DRAWN}"' in page
    assert ">Reference</a>" in page_of(client_for_role(Role.MANAGER))


def test_a_column_that_is_gone_leaves_the_layout_as_it_was(staff: Client) -> None:
    staff.post("/orders/layout/", {"columns": ["cost"], "density": "dense"})
    answer = staff.post("/orders/layout/", {"columns": ["colour"], "density": "dense"}, follow=True)
    assert "choose the columns again" in answer.content.decode()
    assert User.objects.get(pk=staff.session["_auth_user_id"]).chosen.hidden_columns is not None


@pytest.mark.parametrize("kept", [[], "x", {"density": "thin", "hidden_columns": "age"}, None])
def test_what_another_version_kept_is_the_default(kept: Any) -> None:
    assert Preferences.read(kept) == Preferences()


def test_orders_that_came_since_are_counted_and_not_shown(staff: Client) -> None:
    first = make_order()
    for _ in range(2):
        make_order()
    assert ids(staff, f"?top={first.pk}") == [first.pk]
    assert "↑ 2 new" in page_of(staff, f"?top={first.pk}")
    assert f"top={first.pk}" in page_of(staff, f"?top={first.pk}")  # the next refresh asks the same
    assert len(ids(staff, "?top=x")) == len(ids(staff, f"?sort=oldest&top={first.pk}")) == 3


def test_no_link_of_a_refreshed_list_keeps_what_came_since_away(staff: Client) -> None:
    first = make_order(status=Status.QUEUED, reference="INV-7")
    page = page_of(staff, f"?q=INV&top={first.pk}")
    assert page.count("top=") == 1  # the next refresh alone
    assert 'name="back" value="q=INV"' in page


def test_a_saved_view_is_the_one_tab_that_is_shown(staff: Client) -> None:
    make_order(reference="INV-7")
    staff.post("/orders/?q=INV", {"name": "Invoices"})
    shown = 'nowrap active" aria-current="true"'
    assert page_of(staff).count('aria-current="true"') == 1
    page = page_of(staff, "?q=INV")
    assert page.count('aria-current="true"') == 1 and shown in page


def test_the_list_turns_around(staff: Client) -> None:
    orders = [make_order().pk for _ in range(3)]
    assert ids(staff) == orders[::-1]
    assert ids(staff, "?sort=oldest") == orders


def test_each_filter_is_a_chip_that_can_be_taken_off(staff: Client) -> None:
    make_order()
    page = page_of(staff, "?q=lumen&status=queued&mine=on&group=open")
    for chip in ("Search<strong><bdi>lumen", "Status<strong><bdi>Queued", "Placed by me"):
        assert chip in page
    assert (
        'href="?q=lumen&amp;mine=on&amp;group=open" aria-label="Remove the filter Status"' in page
    )


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"status": Status.HELD, "hold_reason": HoldReason.FUNDS}, "Waits until the balance pays"),
        ({"status": Status.NOT_PLACED, "reason": "Link is private"}, "Link is private"),
        ({"status": Status.PARTIAL, "units": 500, "remains": 157}, "157 not delivered"),
    ],
)
def test_the_reason_stands_beside_the_status(
    staff: Client, more: dict[str, Any], said: str
) -> None:
    make_order(**more)
    assert said in page_of(staff)


def test_a_scheduled_order_says_until_when(staff: Client) -> None:
    later = NOON + timedelta(days=9_000)
    make_order(Status.HELD, hold_reason=HoldReason.SCHEDULED, starts_at=later)
    assert "Starts<time" in page_of(staff)


@pytest.mark.parametrize(
    ("charge", "shown"),
    [("14.74475", "$14.74"), ("0.001234", "$0.001234"), ("0", "$0.00")],
)
def test_costs_stand_under_each_other_with_the_exact_one_behind(
    staff: Client, charge: str, shown: str
) -> None:
    make_order(Status.COMPLETED, service=make_service(), charge=Decimal(charge))
    assert f">{shown}</bdi>" in page_of(staff)


def test_a_tab_leaves_a_saved_view_and_counts_all_that_it_holds(staff: Client) -> None:
    make_order(Status.QUEUED, link="https://lumen.example/1")
    make_order(Status.QUEUED, link="https://other.example/1")
    address = "/orders/?q=lumen&group=open"
    narrowed = staff.get(address)
    assert 'href="?q=lumen&amp;group=ended"' in narrowed.content.decode()
    staff.post(address, {"name": "Lumen"})
    page = staff.get(address)
    assert 'href="/orders/?group=ended"' in page.content.decode()
    assert [tab.count for tab in page.context["tabs"]] == [2, 2, 0, 0]
    assert (len(page.context["page"].rows), page.context["results"]) == (1, "1")
    assert staff.get("/orders/").context["results"] == "2"
