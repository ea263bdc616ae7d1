"""*Order again* for many says that it was done before, and does nothing twice without a word."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from core import clocks
from core.roles import Role
from orders.bulk import tasks as bulk_tasks
from orders.bulk.ordered_again import may_repeat
from orders.limits import check_limits
from orders.models import Attempt, BulkItem, BulkJob, Order
from orders.status import COSTS_NOTHING, JobKind, JobState, Outcome, Status
from orders.tests.bulk.test_bulk_actions import run, start
from providers.models import Service
from tests.builders import (
    NOON,
    make_attempt,
    make_job,
    make_order,
    make_provider,
    make_service,
    make_user,
)
from tests.one_line import one_line
from tests.query_counts import queries_of
from tests.query_plans import scans_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]
PAGE = "/orders/bulk/?kind=reorder&scope=all&status=completed"
DAY = timedelta(seconds=clocks.SAME_LINE_SECONDS)


@pytest.fixture
def staff(client_for_role: Callable[[Role], Client], monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(bulk_tasks, "ring_job", lambda pk: None)
    return client_for_role(Role.MANAGER)


def an_ended_order() -> Order:
    return make_order(Status.COMPLETED, created_at=NOON - 30 * DAY)


def done_before(
    *orders: Order, at: datetime = NOON, status: Status = Status.PARTIAL
) -> tuple[BulkJob, list[Order]]:
    """An earlier job that has ordered these again, and what it bought has ended too."""
    job = make_job(
        *orders, kind=JobKind.REORDER, state=JobState.DONE, created_at=at, started_by=make_user()
    )
    bought = list[Order]()
    for item in BulkItem.objects.filter(job=job).select_related("order__service"):
        item.made = make_order(status, service=item.order.service, created_at=at)
        item.ok = True
        item.save()
        bought.append(item.made)
    return job, bought


def test_the_confirmation_names_the_action_that_has_done_it_before(staff: Client) -> None:
    twice, once, new = an_ended_order(), an_ended_order(), an_ended_order()
    long_ago, _ = done_before(twice, at=timezone.now() - 3 * DAY)
    lately, _ = done_before(twice, once, at=timezone.now())
    answer = staff.get(PAGE)
    page, seen = one_line(answer.content.decode()), answer.context["seen"]
    assert seen.done_before == [(lately, 2), (long_ago, 1)]
    assert (seen.possible, seen.beside_open, seen.alone) == (3, 2, 1)
    assert "2 of those that can be done were ordered again before" in page
    assert (
        f'href="/orders/bulk-actions/{long_ago.pk}/"' in page
        and "with the box checked all 3" in page
    )
    assert new.status == Status.COMPLETED


def test_what_was_ordered_again_long_ago_is_named_and_not_left_out(staff: Client) -> None:
    job, _ = done_before(an_ended_order(), at=timezone.now() - 3 * DAY)
    answer = staff.get(PAGE)
    assert (answer.context["seen"].alone, answer.context["done_before"]) == (1, [(job, 1)])
    assert "was ordered again before" in one_line(answer.content.decode())


@pytest.mark.parametrize("status", sorted(COSTS_NOTHING))
def test_what_bought_nothing_is_no_matter(staff: Client, status: Status) -> None:
    done_before(an_ended_order(), at=timezone.now(), status=status)
    answer = staff.get(PAGE)
    assert answer.context["seen"].alone == 1 and not answer.context["done_before"]


def test_a_table_says_of_each_what_becomes_of_it_and_at_which_price(staff: Client) -> None:
    plain, again = an_ended_order(), an_ended_order()
    done_before(again, at=timezone.now())
    gone = an_ended_order()
    Service.objects.filter(pk=plain.service_id).update(rate=Decimal("7.5"))
    Service.objects.filter(pk=gone.service_id).update(gone_at=timezone.now())
    answer = staff.get(PAGE)
    seen, page = answer.context["seen"], one_line(answer.content.decode())
    lines = {line.order.pk: line for line in seen.again_lines}
    assert (lines[plain.pk].why_not, lines[plain.pk].why_asked) == ("", "")
    assert lines[plain.pk].is_dearer and not lines[again.pk].is_dearer
    assert "24 hours" in lines[again.pk].why_asked and lines[gone.pk].why_not
    assert len(lines) + seen.lines_more == seen.total
    said = [line for line in lines.values() if line.why_asked]
    assert (len(said), sum(bool(line.why_not) for line in lines.values())) == (
        seen.beside_open,
        seen.impossible,
    )
    assert 'id="again-lines"' in page and "$7.50" in page and lines[gone.pk].why_not in page


def test_there_is_no_button_that_buys_none_of_them(staff: Client) -> None:
    done_before(an_ended_order(), at=timezone.now())
    page = one_line(staff.get(PAGE).content.decode())
    assert "None of them is bought unless a second time is meant" in page
    assert "Buy 1 order a second time</button>" in page
    assert "Order again</button>" not in page and 'type="checkbox" name="beside_open"' not in page


def test_the_second_time_is_bought_only_by_the_button_that_says_so(staff: Client) -> None:
    done_before(an_ended_order(), at=timezone.now())
    context = staff.get(PAGE).context
    names = ("form_key", "chosen", "shown_terms", "shown_beside", "left_out", "left_unless_meant")
    form = {name: context[name] for name in names}
    staff.post(PAGE, form | {"beside_open": "on"})
    job = BulkJob.objects.order_by("-pk")[0]
    assert job.terms["beside_open"] is True


def test_what_another_action_has_ordered_again_is_left_out_unless_it_is_meant() -> None:
    order = an_ended_order()
    _, (bought,) = done_before(order)
    job = start(JobKind.REORDER)
    job.items.exclude(order=order).delete()
    run(job)
    item = job.items.get()
    assert item.ok is False and f"ordered again a short while ago, as order {bought}" in item.words
    meant = start(JobKind.REORDER, beside_open=True, shown_beside=f"{bought.pk};")
    meant.items.exclude(order=order).delete()
    run(meant)
    assert meant.items.get().made not in (None, bought)


@pytest.mark.parametrize("is_meant", [False, True], ids=["not meant", "meant"])
@pytest.mark.parametrize("is_noted", [False, True], ids=["not noted yet", "noted"])
def test_what_another_action_buys_between_the_question_and_the_insert_is_asked_about(
    monkeypatch: pytest.MonkeyPatch, is_noted: bool, is_meant: bool
) -> None:
    """Two tabs of two people are confirmed at the same moment; what the first buys has ended before
    the second, which was asked already, writes its order."""
    earlier = an_ended_order()
    mine, theirs = (start(JobKind.REORDER, beside_open=is_meant) for _ in range(2))
    objection = check_limits.objection

    def buys_at_this_moment(*args: Any, **more: Any) -> str:
        monkeypatch.setattr(check_limits, "objection", objection)
        run(theirs)
        Order.objects.exclude(pk=earlier.pk).update(status=Status.COMPLETED, external_id="97")
        if not is_noted:
            theirs.items.update(ok=None, made=None)
        return objection(*args, **more)

    monkeypatch.setattr(check_limits, "objection", buys_at_this_moment)
    run(mine)
    assert Order.objects.count() == 2
    item = mine.items.get()
    assert item.ok is False and item.words


def test_looking_for_it_costs_the_same_for_one_order_and_for_ten(staff: Client) -> None:
    done_before(an_ended_order())
    one = len(queries_of(lambda: staff.get(PAGE)))
    for _ in range(9):
        done_before(an_ended_order())
    done_before(*Order.objects.filter(status=Status.COMPLETED))
    assert len(queries_of(lambda: staff.get(PAGE))) == one


def test_the_same_at_the_other_row_of_the_account_is_shown_and_can_be_meant(
    staff: Client,
) -> None:
    rows = [make_provider(url="https://north.example/api/v2") for _ in range(2)]
    assert rows[0].upstream == rows[1].upstream != ""
    one, twin = (make_service(row, external_id="12") for row in rows)
    long_ago = timezone.now() - timedelta(days=30)
    order = make_order(Status.COMPLETED, service=one, link_key="k", created_at=long_ago)
    there = make_order(Status.IN_PROGRESS, service=twin, link_key="k", created_at=long_ago)
    page = staff.get(f"/orders/bulk/?kind=reorder&scope=picked&order={order.pk}")
    assert page.context["seen"].beside_ids == [order.pk]
    assert str(there.pk) in page.context["shown_beside"]
    [line] = page.context["again_lines"]
    assert line.beside == (there,)
    shown = page.context["shown_beside"]
    meant = start(JobKind.REORDER, beside_open=True, shown_beside=shown)
    meant.items.exclude(order=order).delete()
    run(meant)
    assert meant.items.get().made not in (None, order, there)


def test_among_many_orders_it_is_found_by_its_link() -> None:
    """Of a few rows PostgreSQL reads all attempts once: that is less."""
    order = an_ended_order()
    sent = make_attempt(order, outcome=Outcome.ACCEPTED)
    rows, attempts = list[Order](), list[Attempt]()
    for number in range(1000):
        row, attempt = copy(order), copy(sent)
        row.pk, row.form_key, row.link_key, row.external_id = (
            None,
            uuid4(),
            f"k{number}",
            f"{number}",
        )
        attempt.pk = None
        rows.append(row)
        attempts.append(attempt)
    Order.objects.bulk_create(rows)
    for row, attempt in zip(rows, attempts, strict=True):
        attempt.order = row
    Attempt.objects.bulk_create(attempts)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ANALYZE")
    these = Order.objects.filter(pk=order.pk)
    assert scans_of(lambda: may_repeat([these], timezone.now())) == []
