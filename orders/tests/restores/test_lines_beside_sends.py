"""A line of a mass order that is meant is asked about what a restore has found since."""

from __future__ import annotations

from typing import Any

import pytest

from orders.links import link_key
from orders.mass.check_lines import check
from orders.mass.forms import Repeated
from orders.models import Order, UnmatchedOrder
from orders.placing import place_orders
from orders.placing.left_sends import name_of
from orders.status import Status
from orders.tests.mass.test_place_lines import make_batch
from orders.tests.mass.test_repeated_lines import paste, place
from orders.tests.restores.test_placed_again import bought_without_order
from tests.builders import NOON, make_order, make_service

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def test_a_line_that_is_meant_is_asked_about_what_is_found_later_and_has_no_order_here() -> None:
    service = make_service()
    same: dict[str, Any] = {
        "link": "https://a.example/1",
        "link_key": link_key("https://a.example/1"),
    }
    make_order(Status.IN_PROGRESS, service=service, **same)
    batch = make_batch(paste(service, range(1, 2)))
    [line] = batch.lines.all()
    line.is_meant = True
    check([line], batch, person=batch.created_by, now=NOON)
    line.save()
    assert line.is_good
    bought_without_order(service, "https://a.example/1")
    place(batch)  # as the page was drawn
    line.refresh_from_db()
    assert (line.order, line.is_meant) == (None, False) and "777" in str(line.problems)
    line.is_meant = True
    check([line], batch, person=batch.created_by, now=NOON)
    line.save()
    place(batch)
    assert Order.objects.count() == 2


def test_what_is_found_while_a_line_that_is_meant_is_placed_is_asked_about(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = make_service()
    batch = make_batch("\n".join([paste(service, range(1))] * 2))
    line = batch.lines.order_by("number")[1]
    line.is_meant = True
    check([line], batch, person=batch.created_by, now=NOON, with_others=True)
    line.save()
    real, found = place_orders.place_order, list[UnmatchedOrder]()

    def interrupted(*args: Any, **more: Any) -> Any:
        if more["batch"].orders.exists():
            found.append(bought_without_order(service, "https://a.example/0"))
        return real(*args, **more)

    monkeypatch.setattr(place_orders, "place_order", interrupted)
    place(batch)
    line.refresh_from_db()
    assert found and (line.order, line.is_meant) == (None, False)
    assert name_of(found[0]) in line.told_of and "777" in str(line.problems)


def test_all_repeated_lines_are_meant_speaks_of_what_had_been_found_by_then() -> None:
    service = make_service()
    batch = make_batch("\n".join([paste(service, range(1))] * 2))
    drawn = Repeated.among(batch.lines.order_by("number"))
    bought_without_order(service, "https://a.example/0")
    line = batch.lines.order_by("number")[1]
    check([line], batch, person=batch.created_by, now=NOON, with_others=True)
    line.save()
    assert drawn.count == 1
    assert drawn.digest != Repeated.among(batch.lines.order_by("number")).digest
