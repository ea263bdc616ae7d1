"""The list of orders: what it shows, what it costs, when it falls silent."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.test import Client

from core.models import User
from core.roles import Role
from dashboard.health.attention import order_counts
from orders.links import link_key
from orders.lists import tabs
from orders.models import Order
from orders.pages import list_views
from orders.status import FINAL, GROUPS, Flag, HoldReason, Status
from orders.terms import Terms
from providers.models import Service
from tests.builders import NOON, make_order, make_provider, make_service, make_user
from tests.one_line import one_line
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]

HTMX = {"HX-Request": "true"}
HOSTILE = "<img src=x onerror=alert(1)>"
POLLS = 'hx-trigger="every 3s"'


def shown(client: Client, address: str = "/orders/") -> set[int]:
    answer = client.get(address)
    assert answer.status_code == 200
    return {order.pk for order in answer.context["page"].rows}


def rows_of(page: str) -> str:
    return page[page.index('id="order-list"') :]


def test_a_row_says_how_the_order_is_going(staff: Client) -> None:
    make_order(
        Status.IN_PROGRESS,
        external_id="9912984",
        remains=425,
        units=500,
        start_count=1234,
        charge=Decimal("0.7637"),
        link="https://lumen.example/daily",
    )
    page = one_line(rows_of(staff.get("/orders/").content.decode()))
    for words in (
        "9912984",
        "In progress",
        "75 / 500",
        "Start count 1,234",
        "425 remaining",
        "$0.7637",
        "$0.76<",
    ):
        assert words in page
    assert '<progress class="bar bar-blue" value="75" max="500">' in page
    assert "lumen.example/daily" in page


@pytest.mark.parametrize(
    ("status", "remains", "told"),
    [
        (Status.COMPLETED, 300, ("700 / 1,000", "300 not delivered")),
        (Status.PARTIAL, 300, ("700 / 1,000", "300 not delivered")),
        (Status.COMPLETED, None, ("1,000 / 1,000",)),
        (Status.COMPLETED, 0, ("1,000 / 1,000",)),
        (Status.COMPLETED, -20, ("1,000 / 1,000",)),
        (Status.COMPLETED, 5000, ("1,000 / 1,000",)),
    ],
)
def test_what_an_ended_order_lacks_is_not_shown_as_delivered(
    staff: Client, status: Status, remains: int | None, told: tuple[str, ...]
) -> None:
    order = make_order(status, remains=remains)
    for address in ("/orders/", f"/orders/{order.pk}/"):
        page = one_line(staff.get(address).content.decode())
        assert [words in page for words in told] == [True] * len(told)
        assert ("not delivered" in page) == (len(told) > 1)


def test_an_order_keeps_the_name_its_service_had(staff: Client) -> None:
    order = make_order(Status.COMPLETED)
    agreed = Terms.of(order.service).as_json() | {"name": "Visits of then"}
    Order.objects.filter(pk=order.pk).update(terms=agreed)
    Service.objects.filter(pk=order.service_id).update(name="Another product")
    assert "Visits of then" in rows_of(staff.get("/orders/").content.decode())
    page = one_line(staff.get(f"/orders/{order.pk}/").content.decode())
    assert "Visits of then" in page
    assert "The provider calls it “<bdi>Another product</bdi>” now" in page


def test_ten_rows_cost_what_one_row_costs(staff: Client) -> None:
    make_order(Status.IN_PROGRESS)
    one = queries_of(lambda: staff.get("/orders/"))
    for status in (Status.QUEUED, Status.COMPLETED, Status.IN_PROGRESS) * 3:
        make_order(status, placed_by=make_user())
    assert len(queries_of(lambda: staff.get("/orders/"))) == len(one)


def test_the_fragment_is_part_of_the_page(staff: Client) -> None:
    for status in (Status.QUEUED, Status.IN_PROGRESS, Status.COMPLETED):
        make_order(status)
    page = staff.get("/orders/?group=open").content.decode()
    part = staff.get("/orders/?group=open", headers=HTMX).content.decode()
    assert part.strip().startswith('<div id="order-list"')
    assert part.strip() in page
    boosted = staff.get("/orders/", headers={**HTMX, "HX-Boosted": "true"}).content.decode()
    assert "<html" in boosted
    assert "HX-Request" in staff.get("/orders/").headers["Vary"]


@pytest.mark.parametrize("status", [Status.QUEUED, Status.UNCONFIRMED])
def test_it_asks_again_while_something_moves(staff: Client, status: Status) -> None:
    make_order(Status.COMPLETED)
    make_order(status)
    page = rows_of(staff.get("/orders/?group=open").content.decode())
    newest = Order.objects.order_by("-pk").values_list("pk", flat=True)[0]
    assert POLLS in page and f'hx-get="/orders/?group=open&amp;top={newest}"' in page


@pytest.mark.parametrize("status", sorted(FINAL | {Status.NOT_PLACED}))
def test_it_falls_silent_when_nothing_moves(staff: Client, status: Status) -> None:
    make_order(status)
    assert POLLS not in rows_of(staff.get("/orders/").content.decode())


def test_tabs_count_and_divide(staff: Client) -> None:
    open_order, ended = make_order(Status.QUEUED), make_order(Status.COMPLETED)
    lost = make_order(Status.UNCONFIRMED)
    flagged = make_order(Status.COMPLETED, flag=Flag.LATE_ANSWER)
    counts = {tab.group: tab.count for tab in staff.get("/orders/").context["tabs"]}
    assert counts == {"": 4, "open": 2, "attention": 2, "ended": 2}
    assert shown(staff, "/orders/?group=open") == {open_order.pk, lost.pk}
    assert shown(staff, "/orders/?group=attention") == {lost.pk, flagged.pk}
    assert shown(staff, "/orders/?group=ended") == {ended.pk, flagged.pk}


def test_an_order_that_waits_for_a_decision_is_counted_where_it_is_listed(staff: Client) -> None:
    waiting = make_order(Status.HELD, hold_reason=HoldReason.TERMS)
    make_order(Status.HELD, hold_reason=HoldReason.SCHEDULED)
    assert shown(staff, "/orders/?group=attention") == {waiting.pk}
    counts = {tab.group: tab.count for tab in staff.get("/orders/").context["tabs"]}
    assert counts["attention"] == order_counts().total == 1


@pytest.mark.parametrize("cap", [0, 100], ids=["a large group", "a small group"])
@pytest.mark.parametrize("group", ["", *GROUPS])
def test_a_tab_holds_the_same_orders_whichever_way_they_are_found(
    staff: Client, monkeypatch: pytest.MonkeyPatch, cap: int, group: str
) -> None:
    monkeypatch.setattr(tabs, "COUNT_CAP", cap)
    for status in Status:
        make_order(status)
    wanted = {order.pk for order in Order.objects.in_group(group)}
    assert shown(staff, f"/orders/?group={group}") == wanted


def test_counting_stops_at_the_cap(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabs, "COUNT_CAP", 2)
    for _ in range(4):
        make_order()
    shown = {tab.group: tab for tab in staff.get("/orders/").context["tabs"]}
    assert (shown["open"].count, shown["open"].shown, shown["ended"].shown) == (3, "2+", "0")


def test_a_narrowed_list_does_not_show_counts_of_everything(staff: Client) -> None:
    make_order()
    uncounted = staff.get("/orders/?q=lumen").context["tabs"]
    assert {tab.count for tab in uncounted} == {None}


def test_filters_narrow(staff: Client) -> None:
    me = User.objects.get(pk=staff.session["_auth_user_id"])
    mine = make_order(Status.QUEUED, placed_by=me, created_at=NOON)
    early = make_order(Status.COMPLETED, created_at=NOON - timedelta(days=1))
    assert shown(staff) == {mine.pk, early.pk}
    assert shown(staff, "/orders/?mine=on") == {mine.pk}
    assert shown(staff, "/orders/?status=completed") == {early.pk}
    assert shown(staff, f"/orders/?provider={early.provider_id}") == {early.pk}
    assert shown(staff, f"/orders/?service={mine.service_id}") == {mine.pk}
    assert shown(staff, "/orders/?since=2026-11-23") == {mine.pk}
    assert shown(staff, "/orders/?until=2026-11-22") == {early.pk}
    assert shown(staff, "/orders/?since=2026-11-22&until=2026-11-23") == {mine.pk, early.pk}


def test_searching_finds_our_id_their_id_and_the_link(staff: Client) -> None:
    order = make_order(Status.PENDING, external_id="abc123", link="https://lumen.example/Daily")
    make_order(Status.PENDING, link="https://harbor.example/x")
    for words in (f"{order.pk}", f"%23{order.pk}", "abc123", "LUMEN.example/da"):
        assert shown(staff, f"/orders/?q={words}") == {order.pk}
    assert shown(staff, "/orders/?q=nothing-like-it") == set()


@pytest.mark.parametrize("between", [",", ", ", " ", ";", "\n", "\u00a0", ",\u200b"])
def test_several_ids_are_a_list_of_which_each_is_found(staff: Client, between: str) -> None:
    ours = make_order()
    theirs = make_order(Status.PENDING, external_id="7001")
    referred = make_order(reference="7002")
    make_order(Status.PENDING, external_id="70017002", reference="17002")
    ids = between.join([f"#{ours.pk}", "7001", "7002", "9" * 40, "7001"])
    assert shown(staff, f"/orders/?{urlencode({'q': ids})}") == {ours.pk, theirs.pk, referred.pk}


@pytest.mark.parametrize(
    "spelling", ["https://lumen.example/home/", "HTTP://www.Lumen.example/home#top"]
)
def test_searching_finds_a_link_however_it_is_spelled(spelling: str) -> None:
    link = "https://lumen.example/home"
    order = make_order(link=link, link_key=link_key(link))
    make_order(link="https://lumen.example/other")
    assert [found.pk for found in Order.objects.searching(spelling)] == [order.pk]


def test_searching_finds_the_name_of_the_service(staff: Client) -> None:
    service = make_service(name="Harbor views, slow", search_text="9 harbor views, slow visits")
    order = make_order(service=service)
    make_order()
    for words in ("Harbor VIEWS", "slow harbor"):
        assert shown(staff, f"/orders/?q={words}") == {order.pk}


def test_a_narrowed_list_says_how_many(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_views, "PAGE_SIZE", 2)
    monkeypatch.setattr(tabs, "COUNT_CAP", 4)
    service = make_service()
    for count, said in ((1, "1 order matches."), (3, "3 orders match."), (5, "4+ orders match.")):
        while Order.objects.count() < count:
            make_order(service=service)
        cache.clear()
        assert said in staff.get(f"/orders/?service={service.pk}").content.decode()
    make_order()
    page = staff.get("/orders/").content.decode()
    assert 'id="matching"' not in page  # the tabs count already


def test_many_ids_are_found_by_index_alone() -> None:
    make_order()
    rows = Order.objects.searching("7001,7002,7003").order_by("-pk")[:50]
    plan = rows.explain()
    assert "SCAN orders_order\n" not in plan + "\n"


def test_parents_and_what_they_started_are_told_apart(staff: Client) -> None:
    plain = make_order(Status.QUEUED)
    feed = make_order(Status.ACTIVE, payload={"service": "1", "link": "x", "runs": "3"})
    asked = {"username": "lumen", "min": "1", "max": "2"}
    watcher = make_order(Status.ACTIVE, type="Subscriptions", payload=asked)
    begun = make_order(Status.ACTIVE, parts_done=2)
    part = make_order(Status.PENDING, parent=begun, payload={"service": "1", "runs": "3"})
    mentions = make_order(Status.QUEUED, payload={"username": "lumen", "quantity": "5"})
    placed = {plain.pk, feed.pk, watcher.pk, begun.pk, mentions.pk}
    assert shown(staff) == {*placed, part.pk}
    assert shown(staff, "/orders/?kin=placed") == placed
    assert shown(staff, "/orders/?kin=parents") == {feed.pk, watcher.pk, begun.pk}
    assert shown(staff, "/orders/?kin=parts") == {part.pk}
    assert shown(staff, "/orders/?kin=sideways") == {*placed, part.pk}
    page = staff.get("/orders/?kin=parts").content.decode()
    assert "<strong><bdi>Only what they started</bdi></strong>" in page and "Clear filters" in page


@pytest.mark.parametrize(
    "nonsense",
    [
        "status=x",
        "provider=x",
        f"provider={'9' * 40}",
        "service=x",
        "group=x",
        "since=x",
        "until=9999-12-31",
        "since=0001-01-01",
        "cursor=x",
        "q=%00",
        f"q={'x' * 2001}",
        "mine=x",
    ],
)
def test_nonsense_in_the_address_narrows_nothing(staff: Client, nonsense: str) -> None:
    order = make_order()
    order.placed_by = User.objects.get(pk=staff.session["_auth_user_id"])
    order.save(update_fields=["placed_by"])
    assert shown(staff, f"/orders/?{nonsense}") == {order.pk}


def test_a_slip_in_a_filter_is_said(staff: Client) -> None:
    page = staff.get("/orders/?since=tomorrow").content.decode()
    assert "From: This is not a date." in page


def test_pages_lead_to_both_ends(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_views, "PAGE_SIZE", 2)
    ids = [make_order().pk for _ in range(5)]
    first = staff.get("/orders/").context["page"]
    assert [order.pk for order in first.rows] == [ids[4], ids[3]]
    second = staff.get("/orders/", {"cursor": first.next}).context["page"]
    assert [order.pk for order in second.rows] == [ids[2], ids[1]]
    last = staff.get("/orders/?cursor=last").context["page"]
    assert [order.pk for order in last.rows] == [ids[1], ids[0]]
    assert last.is_last and not last.is_first


def test_an_order_is_withdrawn_from_its_row(staff: Client) -> None:
    order = make_order(Status.HELD, hold_reason=HoldReason.FUNDS)
    page = staff.get("/orders/?group=open").content.decode()
    assert f'formaction="/orders/{order.pk}/withdraw/?of=' in page and 'value="group=open"' in page
    answer = staff.post(f"/orders/{order.pk}/withdraw/", {"back": "group=open"})
    assert answer.headers["Location"] == "/orders/?group=open"
    order.refresh_from_db()
    assert order.status == Status.WITHDRAWN


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "a\r\nSet-Cookie: x"])
def test_the_way_back_leads_nowhere_else(staff: Client, back: str) -> None:
    answer = staff.post(f"/orders/{make_order().pk}/withdraw/", {"back": back})
    assert answer.headers["Location"].startswith("/orders/?")
    assert not answer.cookies.get("x")


def test_viewers_see_rows_without_buttons(client_for_role: Any) -> None:
    make_order()
    page = rows_of(client_for_role(Role.VIEWER).get("/orders/").content.decode())
    assert "withdraw" not in page and "again=" not in page


def test_what_others_wrote_is_only_ever_text(staff: Client) -> None:
    make_order(
        Status.IN_PROGRESS,
        service=make_service(make_provider(name=HOSTILE), name=HOSTILE),
        external_id=HOSTILE,
        link=HOSTILE,
        raw_status=HOSTILE,
        flag=Flag.UNKNOWN_WORD,
    )
    page = rows_of(staff.get("/orders/").content.decode())
    assert "<img" not in page and page.count("&lt;img") >= 5
    assert "status word we do not know" in page


def test_an_empty_desk_says_so(staff: Client) -> None:
    assert "No orders yet" in staff.get("/orders/").content.decode()
    assert "No matching orders" in staff.get("/orders/?group=open").content.decode()
    assert not Order.objects.exists()
