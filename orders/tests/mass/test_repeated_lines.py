"""A line that was bought in the last day is left out until somebody says that it is meant."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from core import clocks
from orders.links import link_key
from orders.mass.check_lines import check
from orders.mass.mass_order import bought_before, digest_of_good, start_placing
from orders.mass.place_lines import place_run, take_batch
from orders.mass.tasks import check_again
from orders.models import BatchLine, Order, OrderBatch
from orders.status import COSTS_NOTHING, Status
from orders.tests.mass.test_place_lines import make_batch
from providers.models import Service
from tests.builders import NOON, make_order, make_service, make_user
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]
DAY = timedelta(seconds=clocks.SAME_LINE_SECONDS)


def address(number: int) -> str:
    return f"https://a.example/{number}"


def paste(service: Service, numbers: range) -> str:
    return "\n".join(f"{service.external_id}|{address(n)}|{100 + n}" for n in numbers)


def bought(service: Service, number: int, status: Status = Status.COMPLETED, **over: Any) -> Order:
    link = address(number)
    usual: dict[str, Any] = {"created_at": NOON - timedelta(hours=3), "placed_by": make_user()}
    usual |= {"link": link, "link_key": link_key(link), "units": 100 + number}
    return make_order(status, service=service, **(usual | over))


def lines_of(batch: OrderBatch) -> list[BatchLine]:
    return list(batch.lines.order_by("number"))


def test_a_paste_with_one_line_less_does_not_buy_the_others_again() -> None:
    service = make_service()
    orders = [bought(service, number) for number in range(3)]
    batch = make_batch(paste(service, range(1, 4)))
    repeated, again, new = lines_of(batch)
    assert (repeated.is_good, again.is_good, new.is_good) == (False, False, True)
    [problem] = repeated.problems
    assert problem["field"] == "is_meant" and f"Order {orders[1]} " in problem["words"]
    assert "placed already" in problem["words"]
    place(batch)
    assert Order.objects.count() == 4


def test_lines_that_are_meant_are_placed_beside_the_orders_they_repeat() -> None:
    service = make_service()
    bought(service, 1)
    batch = make_batch(paste(service, range(1, 2)))
    [line] = lines_of(batch)
    line.is_meant = True
    check([line], batch, person=batch.created_by, now=NOON)
    assert line.is_good
    line.save()
    place(batch)
    assert Order.objects.count() == 2


@pytest.mark.parametrize("status", sorted(COSTS_NOTHING))
def test_what_bought_nothing_is_placed(status: Status) -> None:
    service = make_service()
    bought(service, 1, status)
    [line] = lines_of(make_batch(paste(service, range(1, 2))))
    assert line.is_good


def test_another_quantity_another_service_and_what_is_older_than_a_day_is_placed() -> None:
    service = make_service()
    bought(service, 1, created_at=NOON - DAY - timedelta(seconds=1))
    other = make_service(service.provider)
    text = paste(service, range(1, 2)) + f"\n{other.external_id}|{address(2)}|102"
    text += f"\n{service.external_id}|{address(3)}|999"
    bought(service, 2)
    bought(service, 3)
    assert all(line.is_good for line in lines_of(make_batch(text)))


def test_an_order_that_was_placed_and_ended_since_the_dry_run_is_asked_about() -> None:
    service = make_service()
    batch = make_batch(paste(service, range(1, 3)))
    bought(service, 1, created_at=NOON)
    place(batch)
    left, placed = lines_of(batch)
    assert left.order is None and placed.order is not None
    assert left.problems[0]["field"] == "is_meant"


def test_ten_lines_are_compared_with_as_many_queries_as_one() -> None:
    service = make_service()
    for number in range(10):
        bought(service, number)
    costs = []
    for count in (1, 10):
        batch = make_batch(paste(service, range(count)))
        rows = lines_of(batch)
        costs.append(len(queries_of(partial(check, rows, batch, person=None, now=NOON))))
        assert not any(row.is_good for row in rows)
    assert costs[0] == costs[1]


def place(batch: OrderBatch, again: bool = False) -> None:
    shown = digest_of_good(batch, bought_before(batch))
    words = start_placing(batch, by=batch.created_by, again=again, now=NOON, shown=shown)
    assert not words
    held = take_batch(batch.pk, now=NOON)
    assert held
    place_run(held, check_again, clock=lambda: NOON, seconds=60)
