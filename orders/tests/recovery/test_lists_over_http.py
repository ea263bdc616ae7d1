"""What a provider's own list of our newest orders proves, and what it does not."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core import clocks
from orders.draft import OrderDraft
from orders.links import link_key
from orders.models import Attempt, Order
from orders.placing import place_orders
from orders.recovery.search.list_rows import Likeness, likeness
from orders.status import RECALLED, Doubt, Outcome, Resolution, Status
from providers.connect import client_for
from providers.models import Service
from providers.panel_api import DefaultPayload, PanelClient, Progress, RecentOrder, WrittenPayload
from providers.panel_api.answers import decode_orders
from tests.builders import NOON, make_attempt, make_order, make_service

from .bench import GRACE, Bench, running_box

pytestmark = [pytest.mark.django_db, pytest.mark.services]
FIRST, SECOND = clocks.SEARCH_AFTER_SECONDS
LISTS = {"recent_orders": True}
Rows = tuple[RecentOrder, ...]


@pytest.fixture
def box(settings):
    with running_box(settings) as box:
        box.dialect(recent_orders=True)
        yield box


def bench_at(box, orders: int = 4) -> Bench:
    """Its numbers prove nothing; some orders of ours are known."""
    bench = Bench(box, dialect=LISTS, least_adds=50)
    for _ in range(orders):
        bench.send()
    return bench


def read(order: Order) -> tuple[Order, Attempt]:
    return Order.objects.get(pk=order.pk), Attempt.objects.get(order=order)


def go_on(bench: Bench) -> None:
    """The looks, a later order, and some minutes in which the desk may draw its conclusions."""
    for after in (FIRST, SECOND, GRACE):
        bench.recover(after=after)
    assert bench.may_buy()
    bench.send()
    for _ in range(4):
        bench.recover(after=31)


def lists(monkeypatch, change: Callable[[Rows], Rows]) -> None:
    honest = PanelClient.recent_orders
    monkeypatch.setattr(PanelClient, "recent_orders", lambda self: change(honest(self)))


def test_an_order_that_was_taken_is_found_in_the_list(box):
    bench = bench_at(box)
    lost = bench.lose(taken=True)
    assert bench.recover(after=FIRST).found == 1
    order, attempt = read(lost)
    assert (order.external_id, attempt.resolution) == (bench.upstream()[-1], Resolution.LISTING)


def test_an_order_that_was_not_taken_is_shown_not_to_be_there_by_a_later_one(box):
    bench = bench_at(box)
    lost = bench.lose(taken=False)
    for after in (FIRST, SECOND, GRACE):
        bench.recover(after=after)
    assert read(lost)[0].status == Status.UNCONFIRMED, "nothing shows yet that the list is fresh"
    bench.send()
    assert bench.recover().absent == 1
    order, attempt = read(lost)
    assert (order.status, attempt.resolution) == (Status.NOT_PLACED, Resolution.LISTING)
    assert attempt.calls <= 4


def test_an_order_whose_answer_has_named_a_number_is_not_shown_not_to_be_there(box):
    """With calls left for the list, in which it would be shown not to be there."""
    bench = bench_at(box)
    lost = bench.lose(taken=False)
    bench.recover(after=FIRST + GRACE)
    Attempt.objects.filter(order=lost).update(evidence={"candidate_id": "7"})
    bench.send()
    for _ in range(4):
        assert bench.recover(after=31).absent == 0
    order, attempt = read(lost)
    assert order.status == Status.UNCONFIRMED and attempt.calls <= 4


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("https://lumen.example/p/One", "lumen.example/p/One"),
        ("https://lumen.example/p/One/", "https://lumen.example/p/One"),
        ("https://lumen.example/p/One", "https://LUMEN.Example/p/One"),
        ("https://lumen.example/p?a=1&b=2", "https://lumen.example/p?a=1&amp;b=2"),
        ("anna", "https://lumen.example/anna"),
        ("https://lumen.example/anna/", "@Anna"),
    ],
    ids=["no scheme", "no closing slash", "case of the host", "escaped", "profile", "user name"],
)
def test_a_link_that_is_spelled_differently_is_still_ours(box, monkeypatch, sent, said):
    bench = bench_at(box)
    lost = bench.lose(taken=True, order=bench.place(link=sent))
    newest = bench.upstream()[-1]
    lists(
        monkeypatch,
        lambda rows: tuple(
            replace(row, link=said) if row.order_id == newest else row for row in rows
        ),
    )
    assert bench.recover(after=FIRST).found == 1
    assert read(lost)[0].external_id == newest


@pytest.mark.parametrize("link", ["", "https://short.example/x1"], ids=["no link", "another link"])
def test_a_row_that_nobody_explains_keeps_the_order_in_doubt(box, monkeypatch, link):
    bench = bench_at(box)
    lost = bench.lose(taken=True)
    newest = bench.upstream()[-1]
    lists(
        monkeypatch,
        lambda rows: tuple(
            replace(row, link=link) if row.order_id == newest else row for row in rows
        ),
    )
    go_on(bench)
    order, attempt = read(lost)
    assert order.status == Status.UNCONFIRMED
    assert [row["id"] for row in attempt.candidates] == [newest]
    assert attempt.calls <= 4


def test_a_row_without_a_readable_number_keeps_the_order_in_doubt(box, monkeypatch):
    """It may be what is looked for. It was left out, and the order taken for not placed."""
    bench = bench_at(box)
    lost = bench.lose(taken=True)
    newest = bench.upstream()[-1]
    honest = decode_orders._recent_order

    def nameless(row, dialect):
        return honest({**row, "order": "№ 7"} if str(row["order"]) == newest else row, dialect)

    monkeypatch.setattr(decode_orders, "_recent_order", nameless)
    go_on(bench)
    assert read(lost)[0].status == Status.UNCONFIRMED


def test_a_row_that_may_be_another_lost_order_explains_nothing_and_proves_nobody_absent(
    box, monkeypatch
):
    """The provider counts the units of the first one as it likes. Its row is all that tells of it,
    and by its quantity it could only be the second one."""
    bench = bench_at(box)
    least = bench.service.min or 100
    there = bench.lose(taken=True, order=bench.place(quantity=least * 3))
    newest = bench.upstream()[-1]
    bench.lift_halt()
    bench.lose(taken=False, order=bench.place(quantity=least))

    def miscounted(row: RecentOrder) -> RecentOrder:
        says_little = Progress(None, "Pending")
        return replace(row, quantity=least, progress=says_little) if row.order_id == newest else row

    lists(monkeypatch, lambda rows: tuple(map(miscounted, rows)))
    go_on(bench)
    assert read(there)[0].status == Status.UNCONFIRMED, "it would be bought a second time"


def test_an_order_of_somebody_else_is_not_what_we_lost_and_proves_nothing(box):
    bench = bench_at(box)
    lost = bench.lose(taken=False)
    client_for(bench.provider).add(WrittenPayload(bench.place(quantity=700).payload))
    go_on(bench)
    assert read(lost)[0].status == Status.UNCONFIRMED


def test_a_drip_feed_that_the_list_counts_in_all_is_not_bought_twice(box):
    bench = bench_at(box)
    item = box.service("Default", dripfeed=True)
    known = Service.objects.filter(provider=bench.provider, external_id=str(item["id"])).first()
    service = known or make_service(bench.provider, external_id=str(item["id"]), rate=item["rate"])
    payload = DefaultPayload(
        service_id=service.external_id,
        link="https://lumen.example/d",
        quantity=int(item["min"]),
        runs=3,
        interval=1,
    )
    draft = OrderDraft(service, payload, uuid.uuid4())
    feed = place_orders.place_order(draft, placed_by=None, now=bench.clock())[0]
    lost = bench.lose(taken=True, order=feed)
    [bought] = [row for row in client_for(bench.provider).recent_orders() if row.link == feed.link]
    assert bought.quantity == feed.units != payload.quantity
    go_on(bench)
    order, attempt = read(lost)
    assert (order.status, order.external_id) == (Status.PENDING, bought.order_id)
    assert attempt.resolution == Resolution.LISTING


def test_a_row_that_a_drip_feed_may_have_started_before_its_end_is_not_taken_for_the_order(box):
    """It ended after our last order from before: what it has started may be as new as the order."""
    bench, link = bench_at(box, 2), "https://lumen.example/d"
    known: dict[str, Any] = {"external_id": "7", "link": link, "payload": {"runs": "3"}}
    feed = make_order(Status.COMPLETED, provider=bench.provider, ended_at=bench.clock(), **known)
    Order.objects.filter(pk=feed.pk).update(link_key=link_key(link))
    lost = bench.lose(taken=True, order=bench.place(link=link))
    assert bench.recover(after=FIRST).found == 0
    assert [row["id"] for row in read(lost)[1].candidates] == [bench.upstream()[-1]]
    Order.objects.filter(pk=feed.pk).update(ended_at=bench.now - timedelta(hours=1))
    Attempt.objects.filter(order=lost).update(calls=0)
    assert bench.recover(after=SECOND).found == 1


def test_a_list_that_lacks_the_newest_rows_proves_nothing(box, monkeypatch):
    bench = bench_at(box)
    old = client_for(bench.provider).recent_orders()
    lost = bench.lose(taken=True)
    lists(monkeypatch, lambda rows: old)
    go_on(bench)
    assert read(lost)[0].status == Status.UNCONFIRMED
    assert read(lost)[1].calls <= 4


@pytest.mark.parametrize(
    "known", [{"code": RECALLED}, {"code": Doubt.IS_THERE, "recalled_at": NOON}]
)
def test_no_list_is_read_while_a_send_of_an_unknown_time_may_be_any_of_its_rows(box, known):
    bench = bench_at(box)
    lost = bench.lose(taken=True)
    recalled = make_order(Status.UNCONFIRMED, provider=bench.provider)
    make_attempt(recalled, outcome=Outcome.UNKNOWN, **known)
    assert bench.recover(after=FIRST).found == 0
    assert (read(lost)[0].status, read(lost)[1].calls) == (Status.UNCONFIRMED, 0)


def test_an_order_from_before_the_send_is_not_linked(box):
    bench = Bench(box, dialect=LISTS, least_adds=50)
    wanted = bench.place()
    client_for(bench.provider).add(WrittenPayload(wanted.payload))  # long ago, by hand
    for _ in range(3):
        bench.send()
    lost = bench.lose(taken=False, order=wanted)
    go_on(bench)
    assert read(lost)[0].status == Status.NOT_PLACED
    assert read(lost)[0].external_id == ""


def test_the_first_order_of_a_desk_links_nothing(box):
    bench = Bench(box, dialect=LISTS, least_adds=50)
    wanted = bench.place()
    client_for(bench.provider).add(WrittenPayload(wanted.payload))
    lost = bench.lose(taken=False, order=wanted)
    go_on(bench)
    order, attempt = read(lost)
    assert order.status == Status.UNCONFIRMED
    assert [row["id"] for row in attempt.candidates] == bench.upstream()[:1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: (rows[1], rows[0], *rows[2:]), "as they were sent"),
        (lambda rows: tuple(replace(row, quantity=7) for row in rows), "not what was ordered"),
        (lambda rows: (*rows, rows[0]), "twice"),
        (lambda rows: rows[:1], "too few"),
        (
            lambda rows: tuple(
                replace(row, created_at=f"2026-01-0{place}") for place, row in enumerate(rows, 1)
            ),
            "order of their times",
        ),
    ],
    ids=["out of order", "other quantities", "one twice", "too few of ours", "times rise"],
)
def test_a_list_that_is_wrong_about_our_own_orders_proves_nothing(box, monkeypatch, change, words):
    bench = bench_at(box)
    lost = bench.lose(taken=False)
    lists(monkeypatch, change)
    go_on(bench)
    assert read(lost)[0].status == Status.UNCONFIRMED
    assert lost.events.filter(text__contains=words).exists()


def test_oldest_first_is_an_order_too(box, monkeypatch):
    bench = bench_at(box)
    lost = bench.lose(taken=True)
    lists(monkeypatch, lambda rows: rows[::-1])
    assert bench.recover(after=FIRST).found == 1
    assert read(lost)[0].external_id == bench.upstream()[-1]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"quantity": 300}, Likeness.IS),
        ({"quantity": 100}, Likeness.IS),
        ({"quantity": 200}, Likeness.IS_NOT),
        ({"link": ""}, Likeness.MAY_BE),
        ({"link": "https://other.example/x"}, Likeness.MAY_BE),
        ({"service_id": "9"}, Likeness.IS_NOT),
        ({"service_id": "", "quantity": None}, Likeness.IS),
    ],
)
def test_how_like_a_row_is(said, found):
    order = make_order(
        link="https://lumen.example/d",
        units=300,
        payload={"service": "7", "link": "https://lumen.example/d", "quantity": "100", "runs": "3"},
    )
    row = RecentOrder("1", Progress(None, "New"), order.link, 300, "7")
    assert likeness(order, replace(row, **said)) is found
