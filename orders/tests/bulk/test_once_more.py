"""After *Back*, *Order again* for many says what it has just bought, and asks for a tick."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core import clocks
from core.roles import Role
from orders.bulk import apply_step
from orders.bulk import tasks as bulk_tasks
from orders.bulk.once_more import FEW, NOT_TICKED, once_more
from orders.links import link_key
from orders.models import BulkJob, Order
from orders.placing.order_again import draft_again
from orders.status import COSTS_NOTHING, JobKind, Status
from orders.tests.bulk.test_bulk_actions import run
from tests.builders import make_order
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db, pytest.mark.services]
LEFT = ("left_out", "left_unless_meant")
CARRIED = ("form_key", "chosen", "shown_terms", "shown_beside", *LEFT)


@pytest.fixture
def staff(client_for_role: Callable[[Role], Client], monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(bulk_tasks, "ring_job", lambda pk: None)
    return client_for_role(Role.MANAGER)


def two_open(count: int = 2) -> str:
    made = []
    for number in range(count):
        link = f"https://lumen.example/home/{number}"
        made.append(make_order(Status.IN_PROGRESS, link=link, link_key=link_key(link)))
    Order.objects.update(created_at=timezone.now() - timedelta(days=30))
    return "/orders/bulk/?kind=reorder&scope=picked&" + "&".join(f"order={one.pk}" for one in made)


def run_newest() -> None:
    act = apply_step.act_for(JobKind.REORDER, draft_again, timezone.now)
    run(BulkJob.objects.order_by("-pk")[0], now=timezone.now(), act=act)


def pressed(page: Any, **more: str) -> dict[str, Any]:
    return {name: page.context[name] for name in CARRIED} | {"beside_open": "on"} | more


def buy(staff: Client, url: str, **more: str) -> list[Order]:
    """What the button of a page that is opened now buys."""
    known = list(Order.objects.values_list("pk", flat=True))
    assert staff.post(url, pressed(staff.get(url), **more)).status_code == 302
    run_newest()
    return list(Order.objects.exclude(pk__in=known).order_by("-pk"))


@pytest.mark.parametrize("is_over", [False, True], ids=["still open", "ended"])
def test_after_back_the_same_button_buys_nothing_a_third_time_without_a_tick(
    staff: Client, is_over: bool
) -> None:
    url = two_open()
    newest, other = buy(staff, url)
    if is_over:
        for one in (newest, other):
            ended = {"status": Status.COMPLETED, "external_id": f"9{one.pk}"}
            Order.objects.filter(pk=one.pk).update(**ended)
    page = staff.get(url)
    words = one_line(page.content.decode())
    assert "You bought these" in words and "Buy 2 orders once more" in words
    assert f"You bought #{newest.pk}, #{other.pk} for these already. Buy them once more" in words
    assert "a second time</button>" not in words and "required" in words
    refused = staff.post(url, pressed(page))
    assert refused.status_code == 422 and NOT_TICKED in refused.content.decode()
    assert BulkJob.objects.count() == 1
    consent = refused.context["once_more"].consent
    assert staff.post(url, pressed(refused, once_more=consent)).status_code == 302
    run_newest()
    assert Order.objects.count() == 6


def test_a_tick_speaks_of_what_was_bought_as_it_was_drawn_and_of_nothing_later(
    staff: Client,
) -> None:
    url = two_open()
    buy(staff, url)
    consent = staff.get(url).context["once_more"].consent
    buy(staff, url, once_more=consent)
    assert staff.post(url, pressed(staff.get(url), once_more=consent)).status_code == 422
    assert BulkJob.objects.count() == 2


LONG_AGO = timedelta(seconds=clocks.SAME_LINE_SECONDS + 60)


@pytest.mark.parametrize("which", [0, -1], ids=["newest", "oldest"])
@pytest.mark.parametrize("gone", ["costs nothing", "a day old"])
def test_a_tick_holds_although_some_of_what_was_bought_is_none_any_more(
    staff: Client, gone: str, which: int
) -> None:
    url = two_open(FEW + 2)
    bought = buy(staff, url)
    page = staff.get(url)
    again = page.context["once_more"]
    assert (again.count, again.of_orders, again.more, again.is_own) == (FEW + 2, FEW + 2, 2, True)
    assert list(again.named) == bought[:FEW]
    one = Order.objects.filter(pk=bought[which].pk)
    if gone == "costs nothing":
        one.update(status=min(COSTS_NOTHING))
    else:
        one.update(created_at=timezone.now() - LONG_AGO)
    assert staff.post(url, pressed(page, once_more=again.consent)).status_code == 302


@pytest.mark.parametrize("ticked", ["", "on", "0" * 32, "chosen"])
def test_a_tick_that_names_nothing_bought_says_nothing(staff: Client, ticked: str) -> None:
    url = two_open()
    chosen = Order.objects.order_by("pk")[0].form_key.hex
    buy(staff, url)
    said = pressed(staff.get(url), once_more=chosen if ticked == "chosen" else ticked)
    assert staff.post(url, said).status_code == 422


def test_of_what_was_bought_only_those_that_are_named_are_read_whole(staff: Client) -> None:
    bought = buy(staff, two_open(7))
    beside, person = {one.pk for one in bought}, bought[0].placed_by
    assert person
    with CaptureQueriesContext(connection) as asked:
        again = once_more([Order.objects.all()], beside, person, timezone.now())
    assert again.count == 7 and list(again.named) == bought[:FEW]
    rows, named = (one["sql"].partition(" FROM ")[0] for one in asked)
    assert "link" in named and "link" not in rows


def test_without_a_second_time_no_tick_is_asked_for(staff: Client) -> None:
    url = two_open()
    buy(staff, url)
    said = pressed(staff.get(url))
    del said["beside_open"]
    assert staff.post(url, said).status_code == 302
    run_newest()
    assert Order.objects.count() == 4


def test_what_a_colleague_has_bought_is_not_said_to_be_yours(
    staff: Client, client_for_role: Callable[[Role], Client]
) -> None:
    url = two_open()
    buy(staff, url)
    words = one_line(client_for_role(Role.ADMIN).get(url).content.decode())
    assert "These were bought again" in words and "You bought" not in words


def test_where_a_part_was_bought_the_page_says_how_many_and_that_all_are_bought(
    staff: Client,
) -> None:
    url = two_open()
    newest, other = buy(staff, url)
    words = one_line(staff.get(f"{url}&order={newest.pk}").content.decode())
    assert "For 2 of these 3 you bought the same" in words
    assert "Buy all 3, these once more?" in words
    told = f"Bought already for 2 of these 3: #{newest.pk}, #{other.pk}. Buy all 3?"
    assert told in words and "Buy 3 orders once more" in words


def test_what_bought_nothing_or_is_long_ago_asks_for_no_tick(staff: Client) -> None:
    url = two_open()
    newest, other = buy(staff, url)
    day = timedelta(seconds=clocks.SAME_LINE_SECONDS + 60)
    Order.objects.filter(pk=newest.pk).update(status=min(COSTS_NOTHING))
    Order.objects.filter(pk=other.pk).update(created_at=timezone.now() - day)
    page = staff.get(url)
    assert not page.context["once_more"] and page.context["is_second_time"]
    assert staff.post(url, pressed(page)).status_code == 302


def test_each_line_names_the_orders_that_a_second_time_would_be_beside(staff: Client) -> None:
    url = two_open()
    bought = buy(staff, url)
    Order.objects.filter(pk=bought[0].pk).update(status=Status.COMPLETED, external_id="97")
    page = staff.get(url)
    lines = page.context["again_lines"]
    assert {one.pk for line in lines for one in line.named} == set(
        Order.objects.values_list("pk", flat=True)
    )
    words = one_line(page.content.decode())
    assert f'<a href="/orders/{bought[0].pk}/">#{bought[0].pk}</a>Completed,' in words
    assert words.count("only when a second time is meant") == 1 and "Can be done" not in words
    assert words.count("per 1,000") == 4
