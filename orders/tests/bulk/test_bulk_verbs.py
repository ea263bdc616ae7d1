"""Hold, release, withdraw, reference and tags for many: each order by the rule of its own page."""

from __future__ import annotations

from collections import defaultdict

import pytest

from core.models import User
from core.roles import Role
from orders.bulk import apply_step
from orders.bulk.chosen_orders import spelled
from orders.bulk.tasks import run_job
from orders.models import BulkItem, Order
from orders.placing import before_sending, place_orders
from orders.status import HoldReason, JobKind, Status
from providers.models import ProviderState
from tests.builders import NOON, make_job, make_order, make_provider, make_service, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def done(kind: JobKind, *orders: Order, by: User | None = None, **terms: object) -> list[str]:
    """What came of each order: nothing, or the words why not."""
    job = make_job(*orders, kind=kind, terms=terms, started_by=by or make_user(Role.OPERATOR))
    run_job(job_id=job.pk)
    items = BulkItem.objects.filter(job=job).order_by("order")
    assert all(item.ok is (not item.words) for item in items)
    return [item.words for item in items]


def as_shown(*orders: Order) -> dict[str, str]:
    """What the confirmation showed: each waits for what it is made to wait for."""
    holds = defaultdict[str, list[int]](list)
    for order in orders:
        holds[order.hold_reason].append(order.pk)
    return {reason: spelled(ids) for reason, ids in holds.items()}


def statuses(*orders: Order) -> list[tuple[str, str]]:
    rows = Order.objects.in_bulk([order.pk for order in orders])
    return [(rows[order.pk].status, rows[order.pk].hold_reason) for order in orders]


def test_only_queued_orders_are_held_and_the_others_say_why_not() -> None:
    queued, held = make_order(Status.QUEUED), make_order(Status.HELD, hold_reason=HoldReason.FUNDS)
    sending, there = make_order(Status.SENDING), make_order(Status.PENDING)
    person = make_user(Role.OPERATOR)
    assert done(JobKind.HOLD, queued, held, sending, there, by=person) == [
        "",
        before_sending.GOES_ON,
        "It is being sent at this moment.",
        "Only a queued order can be held: it is pending.",
    ]
    assert statuses(queued, held) == [("held", "staff"), ("held", "funds")]
    assert queued.events.get(after=Status.HELD).actor == person


def test_what_was_held_is_released_and_its_account_rung(
    doorbell_rung: list[tuple[str, dict[str, int]]],
) -> None:
    order = make_order(Status.HELD, hold_reason=HoldReason.STAFF)
    assert done(JobKind.RELEASE, order, shown_holds=as_shown(order)) == [""]
    assert statuses(order) == [("queued", "")]
    assert ("orders.dispatch", {"provider_id": order.provider_id}) in doorbell_rung


@pytest.mark.parametrize("reason", before_sending.BECAUSE)
def test_what_a_limit_holds_is_released_by_those_who_may(reason: HoldReason) -> None:
    order = make_order(Status.HELD, hold_reason=reason)
    [words] = done(JobKind.RELEASE, order, shown_holds=as_shown(order))
    assert "only managers and admins may release it" in words
    manager = make_user(Role.MANAGER)
    assert done(JobKind.RELEASE, order, by=manager, shown_holds=as_shown(order)) == [""]


def test_what_cannot_be_released_says_why() -> None:
    account = make_provider(state=ProviderState.PAUSED)
    paused = make_order(Status.HELD, service=make_service(account), hold_reason=HoldReason.STAFF)
    terms = make_order(Status.HELD, hold_reason=HoldReason.TERMS)
    queued = make_order(Status.QUEUED)
    held = as_shown(paused, terms)
    assert done(JobKind.RELEASE, paused, terms, queued, shown_holds=held) == [
        "Its provider is paused, so it cannot be released now.",
        before_sending.TERMS_FIRST,
        "Only a held order can be released: it is queued.",
    ]


def test_a_hold_that_nobody_confirmed_to_release_stays() -> None:
    """It waited for funds when that was confirmed, and a person has held it since."""
    order = make_order(Status.HELD, hold_reason=HoldReason.STAFF)
    shown = {"funds": str(order.pk)}
    assert done(JobKind.RELEASE, order, shown_holds=shown) == [apply_step.WAITS_ANEW]
    assert statuses(order) == [("held", "staff")]


def test_what_was_not_sent_is_withdrawn() -> None:
    orders = [make_order(status) for status in (Status.QUEUED, Status.HELD, Status.NOT_PLACED)]
    there = make_order(Status.PENDING)
    assert done(JobKind.WITHDRAW, *orders, there) == [
        "",
        "",
        "",
        "Only an order that was not sent can be withdrawn: it is pending.",
    ]
    assert {status for status, _ in statuses(*orders)} == {"withdrawn"}


@pytest.mark.parametrize("reason", [one for one in HoldReason if one])
def test_what_goes_on_by_itself_is_not_called_held_already(reason: HoldReason) -> None:
    """Whoever wants to keep it back must not think that it is kept back."""
    order = make_order(Status.HELD, hold_reason=reason)
    by_people = reason in before_sending.BECAUSE or reason in {HoldReason.STAFF, HoldReason.TERMS}
    words = "It is held already." if by_people else before_sending.GOES_ON
    assert done(JobKind.HOLD, order) == [words]


@pytest.mark.parametrize("kind", [JobKind.HOLD, JobKind.RELEASE, JobKind.WITHDRAW])
def test_what_changes_at_the_same_moment_is_left_as_it_is(
    kind: JobKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = Status.HELD if kind == JobKind.RELEASE else Status.QUEUED
    order = make_order(status)
    monkeypatch.setattr(place_orders, f"{kind}_order", lambda *_, **__: False)
    assert done(kind, order, shown_holds=as_shown(order)) == [apply_step.CHANGED_NOW]


def test_a_reference_is_written_on_each_and_the_history_keeps_the_old_one() -> None:
    orders = [make_order(reference="old"), make_order()]
    assert done(JobKind.REFERENCE, *orders, reference="INV-7") == ["", ""]
    assert set(Order.objects.values_list("reference", flat=True)) == {"INV-7"}
    assert "Reference: old → INV-7" in orders[0].events.get().text


def test_tags_are_added_and_taken_off() -> None:
    one, other = make_order(tags=" old spring "), make_order(tags=" old ")
    assert done(JobKind.UNTAG, one, other, tags=" spring urgent ") == [
        "",
        apply_step.HAS_NONE_OF_THEM,
    ]
    assert done(JobKind.TAG, one, other, tags=" new ") == ["", ""]
    assert list(Order.objects.order_by("pk").values_list("tags", flat=True)) == [" old new "] * 2


def test_the_step_of_a_held_order_is_taken_once_by_two_people() -> None:
    order = make_order(Status.HELD, hold_reason=HoldReason.STAFF)
    late = Order.objects.get(pk=order.pk)
    assert place_orders.release_order(order, actor=make_user(), now=NOON)
    assert not place_orders.release_order(late, actor=make_user(), now=NOON)
