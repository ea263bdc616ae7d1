"""Lines of one paste that buy the same: each is asked about the others once, and by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from core.roles import Role
from orders.mass.check_lines import check
from orders.mass.mass_order import digest_of_good
from orders.models import BatchLine, Order, OrderBatch
from orders.tests.mass.test_meant_lines import mean
from orders.tests.mass.test_place_lines import make_batch
from orders.tests.mass.test_repeated_lines import address, bought, lines_of, paste, place
from tests.builders import NOON, make_service
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def corrected(line: BatchLine, other: BatchLine) -> BatchLine:
    """As if somebody had typed the cells of the other one into it."""
    line.cells = {**other.cells}
    check([line], line.batch, person=line.batch.created_by, now=NOON, with_others=True)
    line.save()
    return line


def test_a_line_that_is_corrected_to_what_another_is_meant_to_buy_is_asked_about_it() -> None:
    service = make_service()
    bought(service, 2)
    batch = make_batch(f"{service.external_id}|{address(1)}|5\n{paste(service, range(2, 3))}")
    one, two = lines_of(batch)
    two.is_meant = True
    check([two], batch, person=batch.created_by, now=NOON, with_others=True)
    two.save()
    Order.objects.update(created_at=NOON - timedelta(days=2))
    one = corrected(one, two)
    assert not one.is_good and "Line 2 orders this service" in str(one.problems)
    check([one, two], batch, person=batch.created_by, now=NOON)
    assert (one.is_good, two.is_good) == (True, False), "the second was not meant beside the first"
    assert "Line 1 orders this service" in str(two.problems)
    two.is_meant = True
    check([one, two], batch, person=batch.created_by, now=NOON)
    assert one.is_good and two.is_good
    for line in (one, two):
        line.save()
    for line in (one, two):
        check([line], batch, person=batch.created_by, now=NOON, with_others=True)
        assert line.is_good, "and stay so where each is looked at alone"


def test_lines_that_were_said_to_be_meant_together_stay_so_however_they_are_looked_at() -> None:
    service = make_service()
    bought(service, 1)
    batch = make_batch("\n".join([paste(service, range(1, 2))] * 3))
    lines = mean(batch)
    assert all(line.is_good for line in lines)
    for some in ([line] for line in lines):
        check(some, batch, person=batch.created_by, now=NOON, with_others=True)
        assert some[0].is_good and some[0].is_meant
    place(batch)
    assert Order.objects.count() == 4


def test_a_line_looked_at_alone_has_the_warnings_it_has_among_all_of_them() -> None:
    service = make_service()
    batch = make_batch("\n".join([paste(service, range(1, 2))] * 2))
    one, two = lines_of(batch)
    assert not two.is_good
    two.is_meant = True
    check([two], batch, person=batch.created_by, now=NOON, with_others=True)
    two.save()
    alone = two.warnings
    assert "will wait for line 1" in str(alone)
    check([one, two], batch, person=batch.created_by, now=NOON)
    assert two.is_good and two.warnings == alone


WAITS = "Line 2 will wait for this one: it has the same link at"


def drawn(staff: Client, batch: OrderBatch) -> str:
    answer = staff.get(reverse("mass-order", args=[batch.pk]), {"tab": "all"})
    return one_line(answer.content.decode())


def test_a_line_that_comes_before_one_for_its_link_says_so_as_long_as_it_does(
    client_for_role: Callable[[Role], Client],
) -> None:
    staff, service = client_for_role(Role.MANAGER), make_service()
    other, elsewhere = make_service(service.provider), make_service()
    last = f"{other.external_id}|{address(1)}|300\n{elsewhere.external_id}|{address(1)}|300"
    batch = make_batch(f"{paste(service, range(1, 2))}\n{last}")
    one, two, three = lines_of(batch)
    assert one.is_good and two.is_good and three.is_good and not one.warnings
    assert drawn(staff, batch).count(f"{WAITS} {service.provider}.") == 1
    assert "Line 3 will wait" not in drawn(staff, batch), "it is at another provider"
    shown = digest_of_good(batch, None)
    staff.post(reverse("mass-order-check", args=[batch.pk]))
    assert WAITS in drawn(staff, batch) and digest_of_good(batch, None) == shown
    corrected(one, one)
    assert WAITS in drawn(staff, batch) and digest_of_good(batch, None) == shown
    alone = staff.get(reverse("mass-order-line", args=[one.pk]))
    assert WAITS in one_line(alone.content.decode())
    two.cells = {**two.cells, "link": address(2)}
    corrected(two, two)
    assert two.is_good and WAITS not in drawn(staff, batch)


def test_lines_that_are_placed_each_by_itself_wait_for_one_another() -> None:
    service = make_service()
    batch = make_batch("\n".join([paste(service, range(1, 2))] * 2))
    mean(batch)
    _one, two = lines_of(batch)
    [found] = check([two], batch, person=batch.created_by, now=NOON, as_agreed=True)
    assert found.shares_link
