"""Release of many from a page of an hour ago: each beside the order that it waited behind then."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.models import User
from orders.bulk.apply_step import ON_ITS_PAGE, WAITS_ANEW
from orders.bulk.outlook import MOST_REASONS, OTHERS, Outlook, outlook
from orders.link_queue import ahead_of, numbers_ahead
from orders.links import link_key
from orders.models import Order, UnmatchedOrder
from orders.shown import of_hold
from orders.status import HoldReason, JobKind, Status
from orders.tests.bulk.test_bulk_verbs import done, statuses
from orders.tests.placing.test_two_rows import LINK, same_service_twice
from tests.builders import (
    NOON,
    make_order,
    make_provider,
    make_service,
    make_unmatched_order,
    make_user,
)
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]

LONG_AGO = NOON - timedelta(days=3)


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
    waiting = beside(make_order(status), reason)
    [words] = done(JobKind.RELEASE, waiting, shown_holds={of_hold(waiting): f"{waiting.pk}"})
    assert "for this service and link" in words and ON_ITS_PAGE in words
    assert statuses(waiting) == [("held", reason)]


def beside(first: Order, reason: HoldReason = HoldReason.LINK_BUSY) -> Order:
    """One that is held, for the same service and link."""
    [waiting] = in_line(first, 1)
    Order.objects.filter(pk=waiting.pk).update(service=first.service, hold_reason=reason)
    return Order.objects.get(pk=waiting.pk)


def looked_at(*orders: Order, by: User | None = None) -> Outlook:
    parts, person = [Order.objects.filter(pk__in=[one.pk for one in orders])], by or make_user()
    return outlook(JobKind.RELEASE, parts, lambda order: "", person=person, now=NOON)


@pytest.mark.parametrize("reason", [HoldReason.LINK_BUSY, HoldReason.STAFF])
@pytest.mark.parametrize("status", [Status.UNCONFIRMED, Status.GIVEN_UP, Status.IN_PROGRESS])
def test_the_confirmation_leaves_out_what_the_step_leaves_out_with_its_words(
    reason: HoldReason, status: Status
) -> None:
    waiting = beside(make_order(status), reason)
    [(words, count, named, more)] = looked_at(waiting).why_not
    assert (count, named, more) == (1, [waiting.pk], 0)
    assert [words] == done(
        JobKind.RELEASE, waiting, shown_holds={of_hold(waiting): f"{waiting.pk}"}
    )


def test_what_it_left_out_is_left_out_with_the_same_words_when_others_are_released() -> None:
    waiting, [other] = (
        beside(make_order(Status.IN_PROGRESS)),
        in_line(make_order(Status.PENDING), 1),
    )
    seen = looked_at(waiting, other)
    assert (seen.possible, dict(seen.released)) == (1, {HoldReason.LINK_BUSY.label: 1})
    words = done(JobKind.RELEASE, waiting, other, shown_holds={of_hold(other): f"{other.pk}"})
    assert words == [seen.why_not[0][0], ""]


def test_what_ended_since_is_not_released_by_a_confirmation_that_left_it_out() -> None:
    first = make_order(Status.IN_PROGRESS, created_at=LONG_AGO)
    waiting = beside(first, HoldReason.STAFF)
    assert looked_at(waiting).possible == 0
    Order.objects.filter(pk=first.pk).update(status=Status.COMPLETED, ended_at=NOON)
    assert looked_at(waiting).possible == 1
    assert done(JobKind.RELEASE, waiting, shown_holds={}) == [WAITS_ANEW]


def test_the_confirmation_counts_the_other_row_of_an_account_and_what_has_no_order_here() -> None:
    first, second = same_service_twice()
    same: dict[str, Any] = {"link": LINK, "link_key": link_key(LINK), "created_at": LONG_AGO}
    twin = make_order(Status.IN_PROGRESS, service=first, **same)
    waiting = make_order(Status.HELD, service=second, hold_reason=HoldReason.STAFF, **same)
    assert f"Order #{twin.pk} for this service" in looked_at(waiting).why_not[0][0]
    Order.objects.filter(pk=twin.pk).update(status=Status.CANCELED, ended_at=LONG_AGO)
    assert looked_at(waiting).possible == 1
    send = make_unmatched_order(first.provider, service_id="7", link=LINK)
    [words] = done(JobKind.RELEASE, waiting, shown_holds={"staff": f"{waiting.pk}"})
    assert words == looked_at(waiting).why_not[0][0] and "may be bought already" in words
    UnmatchedOrder.objects.filter(pk=send.pk).update(form_key=waiting.form_key)  # its own
    assert looked_at(waiting).possible == 1


def test_what_ended_lately_counts_with_as_many_units_only() -> None:
    ended = make_order(Status.COMPLETED, created_at=NOON - timedelta(hours=2))
    waiting = beside(ended, HoldReason.STAFF)
    assert f"Order #{ended.pk}" in looked_at(waiting).why_not[0][0]
    Order.objects.filter(pk=ended.pk).update(units=7)
    assert looked_at(waiting).possible == 1


def test_as_many_reasons_as_orders_do_not_make_the_page_long() -> None:
    waiting = [beside(make_order(Status.IN_PROGRESS)) for _ in range(MOST_REASONS + 2)]
    reasons = looked_at(*waiting).why_not
    assert [count for _, count, _, _ in reasons] == [1] * MOST_REASONS + [2]
    assert reasons[-1][0] == OTHERS


def test_a_confirmation_asks_as_often_for_one_order_as_for_many() -> None:
    account, person = make_provider(), make_user()
    services = [make_service(account) for _ in range(6)]
    waiting = [beside(make_order(Status.IN_PROGRESS, service=one)) for one in services]

    def asked(*orders: Order) -> int:
        return len(queries_of(lambda: looked_at(*orders, by=person)))

    assert asked(*waiting) == asked(waiting[0]) <= 6


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
