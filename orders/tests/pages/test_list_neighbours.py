"""From the page of an order to the ones above and below it in the list it was opened from."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from core.clocks import database_now
from core.roles import Role
from orders.models import Order, PollSchedule
from orders.status import Status
from tests.builders import make_order
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def staff(client_for_role: Callable[[Role], Client]) -> Client:
    return client_for_role(Role.OPERATOR)


def ways(staff: Client, order: Order, query: str = "") -> list[str]:
    """Above, below: the addresses, empty where the list ends."""
    page = one_line(staff.get(f"/orders/{order.pk}/{query}").content.decode())
    links = re.findall(r"<a [^>]*data-(?:above|below)[^>]*>", page)
    return ["".join(re.findall(r'href="([^"]*)"', link)) for link in links]


def test_the_list_of_all_is_walked(staff: Client) -> None:
    oldest, order, newest = (make_order(Status.COMPLETED) for _ in range(3))
    assert ways(staff, order) == [f"/orders/{newest.pk}/", f"/orders/{oldest.pk}/"]
    assert ways(staff, newest) == ["", f"/orders/{order.pk}/"]
    assert ways(staff, oldest) == [f"/orders/{order.pk}/", ""]


def test_a_narrowed_list_is_walked_as_it_was_narrowed(staff: Client) -> None:
    older = make_order(Status.IN_PROGRESS, reference="INV-7")
    make_order(Status.IN_PROGRESS)
    order = make_order(Status.IN_PROGRESS, reference="INV-7")
    make_order(Status.COMPLETED, reference="INV-7")
    newer = make_order(Status.IN_PROGRESS, reference="INV-7")
    rows = one_line(staff.get("/orders/?q=INV-7&group=open").content.decode())
    [opened] = re.findall(rf'href="/orders/{order.pk}/(\?[^"]*)"', rows)
    above, below = ways(staff, order, opened)
    assert above.startswith(f"/orders/{newer.pk}/?list=")
    assert below.startswith(f"/orders/{older.pk}/?list=")
    assert ways(staff, order, opened + "%26sort%3Doldest")[0].startswith(f"/orders/{older.pk}/")
    back = one_line(staff.get(f"/orders/{order.pk}/{opened}").content.decode())
    assert '<a href="/orders/?q=INV-7&amp;group=open">Orders</a>' in back


@pytest.mark.parametrize(
    "query", ["?list=%00", "?list=status=none", "?list=%25%25&list=x", "?list"]
)
def test_a_list_that_makes_no_sense_is_the_list_of_all(staff: Client, query: str) -> None:
    older, order = make_order(Status.COMPLETED), make_order(Status.COMPLETED)
    assert ways(staff, order, query)[1].startswith(f"/orders/{older.pk}/")


def test_the_page_tells_when_it_asks_next_and_why(staff: Client) -> None:
    order = make_order(Status.IN_PROGRESS)
    now = database_now()
    schedule = PollSchedule.objects.filter(order=order)

    def told() -> str:
        return one_line(staff.get(f"/orders/{order.pk}/").content.decode())

    schedule.update(next_at=now + timedelta(seconds=5), changed_at=now, failures=0)
    assert "next check<time" in told() and "less often" not in told()
    schedule.update(next_at=now + timedelta(hours=2), changed_at=now - timedelta(hours=20))
    assert "what is quiet is asked about less often" in told()
    schedule.update(failures=3)
    assert "The last 3 answers about it could not be read." in told()
    schedule.update(failures=1)
    assert "The last answer about it could not be read." in told()
    assert "next check" not in one_line(
        staff.get(f"/orders/{make_order(Status.COMPLETED).pk}/").content.decode()
    )


def test_a_step_that_cannot_be_taken_is_there_with_its_reason(staff: Client) -> None:
    page = one_line(staff.get(f"/orders/{make_order(Status.QUEUED).pk}/").content.decode())
    assert re.search(r"disabled><svg[^>]*>.{0,120}Refresh status", page)
    assert "Refresh status: The provider has given it no id, so there is nothing to ask" in page


@pytest.mark.parametrize("step", ["hold", "withdraw", "refresh", "about", "cancel", "comment"])
def test_a_step_comes_back_to_the_list_it_was_taken_from(staff: Client, step: str) -> None:
    order = make_order(Status.QUEUED, reference="INV-7")
    page = one_line(staff.get(f"/orders/{order.pk}/?list=q%3DINV-7").content.decode())
    carried = '<input type="hidden" name="list" value="q=INV-7">'
    assert page.count(carried) == page.count('name="csrfmiddlewaretoken"') - 1  # that of log out
    sent = {"list": "q=INV-7", "reference": "INV-7", "comment": "Seen."}
    answer = staff.post(f"/orders/{order.pk}/{step}/", sent)
    assert answer.headers["Location"] == f"/orders/{order.pk}/?list=q%3DINV-7"


def test_a_form_that_comes_back_keeps_the_list(staff: Client) -> None:
    order = make_order(Status.QUEUED, reference="INV-7")
    answer = staff.post(f"/orders/{order.pk}/comment/", {"list": "q=INV-7", "comment": ""})
    assert answer.status_code == 422
    assert 'href="/orders/?q=INV-7"' in answer.content.decode()
