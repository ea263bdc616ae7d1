"""Release of many from a page of an hour ago: each beside the order that it waited behind then."""

from __future__ import annotations

from typing import Any

import pytest

from orders.bulk.apply_step import ON_ITS_PAGE, WAITS_ANEW
from orders.bulk.outlook import outlook
from orders.link_queue import ahead_of, numbers_ahead
from orders.models import Order
from orders.status import HoldReason, JobKind, Status
from orders.tests.bulk.test_bulk_verbs import done, statuses
from tests.builders import NOON, make_order, make_service, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def in_line(first: Order, count: int) -> list[Order]:
    """So many that wait behind it, one behind the other, each for a service of its own."""
    same: dict[str, Any] = {"link": first.link, "link_key": first.link_key, "blocked_by": first}
    same["hold_reason"] = HoldReason.LINK_BUSY
    services = [make_service(first.provider) for _ in range(count)]
    return [make_order(Status.HELD, service=service, **same) for service in services]


def shown(*orders: Order, label: str = HoldReason.LINK_BUSY.label) -> dict[str, str]:
    """What a confirmation that is drawn now carries."""
    parts = [Order.objects.filter(pk__in=[order.pk for order in orders])]
    seen = outlook(JobKind.RELEASE, parts, lambda order: "", person=make_user(), now=NOON)
    assert dict(seen.released) == {label: len(orders)}
    words = (part.partition(":") for part in seen.shown_holds.split(";"))
    return {word: ids for word, _, ids in words}


def test_many_are_not_released_beside_an_order_that_was_never_shown() -> None:
    first = make_order(Status.IN_PROGRESS)
    [waiting] = in_line(first, 1)
    holds = shown(waiting)
    Order.objects.filter(pk=first.pk).update(status=Status.COMPLETED, ended_at=NOON)
    make_order(Status.IN_PROGRESS, service=first.service, link=first.link, link_key=first.link_key)
    assert done(JobKind.RELEASE, waiting, shown_holds=holds) == [WAITS_ANEW]
    assert statuses(waiting) == [("held", "link_busy")]


def test_a_whole_line_that_was_shown_is_released() -> None:
    waiting = in_line(make_order(Status.IN_PROGRESS), 3)
    assert done(JobKind.RELEASE, *waiting, shown_holds=shown(*waiting)) == ["", "", ""]


def behind_a_newer_one(count: int) -> list[Order]:
    """A line whose link an order keeps busy that is newer than all of them."""
    waiting = in_line(make_order(Status.COMPLETED), count)
    busy = make_order(Status.IN_PROGRESS, service=make_service(waiting[0].provider))
    Order.objects.filter(pk=busy.pk).update(link=waiting[0].link, link_key=waiting[0].link_key)
    return waiting


def test_a_whole_line_is_released_behind_an_order_that_is_newer_than_all_of_it() -> None:
    waiting = behind_a_newer_one(3)
    assert done(JobKind.RELEASE, *waiting, shown_holds=shown(*waiting)) == ["", "", ""]
    assert statuses(*waiting) == [("queued", "")] * 3


def test_but_not_one_whose_line_was_not_shown_as_far_as_that_order() -> None:
    first, second, third = behind_a_newer_one(3)
    holds = shown(second, third)
    Order.objects.filter(pk=first.pk).update(status=Status.WITHDRAWN, ended_at=NOON)
    released = done(JobKind.RELEASE, second, third, shown_holds=holds)
    assert released == [WAITS_ANEW, ""]  # the third still waits behind the second


@pytest.mark.parametrize("reason", [HoldReason.LINK_BUSY, HoldReason.STAFF])
@pytest.mark.parametrize("status", [Status.UNCONFIRMED, Status.GIVEN_UP, Status.IN_PROGRESS])
def test_many_are_not_released_beside_the_same_without_a_word(
    reason: HoldReason, status: Status
) -> None:
    first = make_order(status)
    [waiting] = in_line(first, 1)
    Order.objects.filter(pk=waiting.pk).update(service=first.service, hold_reason=reason)
    [words] = done(JobKind.RELEASE, waiting, shown_holds=shown(waiting, label=reason.label))
    assert f"Order #{first.pk} for this service and link" in words and ON_ITS_PAGE in words
    assert statuses(waiting) == [("held", reason)]


def test_whom_many_wait_behind_is_what_each_alone_waits_behind() -> None:
    service = make_service()
    lines = [in_line(make_order(Status.IN_PROGRESS, service=service), n) for n in (1, 3)]
    for line in list(lines):
        child = make_order(Status.IN_PROGRESS, service=service, parent=line[0])
        Order.objects.filter(pk=child.pk).update(link=line[0].link, link_key=line[0].link_key)
    free = in_line(make_order(Status.COMPLETED, service=service), 1)
    waiting = [*lines[0], *lines[1], *free]
    alone = {order.pk: ahead_of(order) for order in waiting}
    assert numbers_ahead(waiting) == {pk: one.pk for pk, one in alone.items() if one}
    assert alone[free[0].pk] is None
