"""Zeros before a number make no other order of it: wherever two ids are compared they are one."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from core import clocks
from core.roles import Role
from orders.models import Attempt, Order, PollSchedule, ReconcileRun, UnmatchedOrder
from orders.polling import child_orders
from orders.recovery import link_orders
from orders.recovery.search.id_owners import names_of
from orders.recovery.search.id_range import claimed
from orders.restores.note_unmatched import _note_unmatched, _unknown_here
from orders.sending import record_outcome, reopen
from orders.sending.outcome import SendOutcome, id_known_already
from orders.sending.reused_id import IdTaken
from orders.status import Flag, Outcome, Status
from providers.models import Service
from providers.same_ids import plain_id, spellings
from tests.builders import (
    NOON,
    make_attempt,
    make_order,
    make_provider,
    make_service,
    make_unmatched_order,
    make_user,
)
from tests.fake_provider import FakeProvider, progress

pytestmark = [pytest.mark.django_db, pytest.mark.services]
LATER = NOON + timedelta(seconds=clocks.NOT_PLACED_GRACE_SECONDS + 1)
BOTH = pytest.mark.parametrize(("stored", "told"), [("42", "0042"), ("0042", "42")])


@pytest.fixture
def service() -> Service:
    return make_service(make_provider())


def lost(service: Service) -> Order:
    order = make_order(Status.UNCONFIRMED, service=service)
    make_attempt(order, outcome=Outcome.UNKNOWN, started_at=NOON, unknown_at=NOON)
    return order


def link(order: Order, typed: str, provider: FakeProvider) -> bool:
    return link_orders.link_order(
        order, typed, actor=make_user(Role.MANAGER), client=provider, clock=lambda: LATER
    )


def knowing(*ids: str) -> FakeProvider:
    provider = FakeProvider()
    provider.says = {one: progress(charge="0.9", remains=10) for one in ids}
    return provider


@pytest.mark.parametrize(
    ("written", "plain"),
    [("42", "42"), ("0042", "42"), ("0", "0"), ("00", "00"), ("a042", "a042"), ("0x1f", "0x1f")],
)
def test_only_a_number_loses_the_zeros_before_it(written, plain):
    assert plain_id(written) == plain
    assert written in spellings([written])
    assert ("0042" in spellings([written])) == (plain == "42")


def test_two_orders_are_not_linked_to_one_that_is_typed_in_two_ways(service):
    """A panel that casts what it is asked about to a number knows both."""
    provider = knowing("0042", "42")
    first, second = lost(service), lost(service)
    assert link(first, "0042", provider)
    with pytest.raises(link_orders.CannotLink, match=f"already our order #{first.pk}"):
        link(second, "42", provider)
    assert claimed([service.provider_id], ["42"]) == {"42"}
    first.refresh_from_db()
    assert first.external_id == "42", "as the search and every answer write it"
    assert PollSchedule.objects.get(order=first).external_id == "42"


def test_a_provider_that_knows_only_the_zeros_is_asked_with_them(service):
    order = lost(service)
    assert link(order, "0042", knowing("0042"))
    order.refresh_from_db()
    assert order.external_id == "0042"


@BOTH
def test_an_id_is_taken_however_it_was_stored(service, stored, told):
    order = make_order(Status.PENDING, service=service, external_id=stored)
    assert claimed([service.provider_id], [told, "43", "a42"]) == {told}
    with pytest.raises(link_orders.CannotLink, match=f"already our order #{order.pk}"):
        link(lost(service), told, knowing("42", "0042"))
    assert _unknown_here(service.provider, [told, "43"]) == ["43"]


@BOTH
def test_a_send_that_is_answered_with_the_id_of_another_order_is_shown_to_a_person(
    service, stored, told
):
    other = make_order(Status.PENDING, service=service, external_id=stored)
    attempt = make_attempt(make_order(Status.SENDING, service=service), started_at=NOON)
    accepted = SendOutcome(Outcome.ACCEPTED, Status.PENDING, external_id=told)
    with pytest.raises(IdTaken):
        record_outcome.record(attempt, accepted, now=NOON)
    record_outcome.record(attempt, id_known_already(accepted), now=NOON, reused=told)
    other.refresh_from_db()
    order = Order.objects.get(pk=attempt.order_id)
    assert (order.status, order.flag, other.flag) == (
        Status.UNCONFIRMED,
        Flag.ID_REUSED,
        Flag.ID_REUSED,
    )


def test_an_answer_that_is_recorded_again_is_not_another_orders(service):
    attempt = make_attempt(make_order(Status.SENDING, service=service), started_at=NOON)
    accepted = SendOutcome(Outcome.ACCEPTED, Status.PENDING, external_id="0042")
    assert record_outcome.record(attempt, accepted, now=NOON)
    assert record_outcome.record(attempt, accepted, now=NOON)


@BOTH
def test_what_an_answer_has_named_in_one_way_is_given_to_no_other_send_in_the_other(
    service, stored, told
):
    order = lost(service)
    Attempt.objects.filter(order=order).update(evidence={"candidate_id": stored})
    assert plain_id(told) in names_of(order.attempts.get())


@BOTH
def test_an_order_of_ours_does_not_become_a_child_of_another(service, stored, told):
    parent = make_order(Status.IN_PROGRESS, service=service, external_id="7", payload={"runs": "2"})
    make_order(Status.PENDING, service=service, external_id=stored)
    assert child_orders.add_children([(parent.pk, (told, "43"))], now=NOON) == 1
    parent.refresh_from_db()
    assert parent.flag == Flag.CHILD_TAKEN
    assert set(parent.children.values_list("external_id", flat=True)) == {"43"}


@BOTH
def test_what_became_another_orders_speaks_against_no_decision(service, stored, told):
    order = make_order(Status.NOT_PLACED, service=service)
    seen = {"seen_there": told}
    make_attempt(order, outcome=Outcome.NOT_PLACED, started_at=NOON, evidence=seen)
    assert reopen.contradicted(order) is not None
    make_order(Status.PENDING, service=service, external_id=stored)
    assert reopen.contradicted(order) is None


@BOTH
def test_what_an_order_has_by_now_is_left_over_no_more(service, stored, told):
    """An order that a provider told of after the database had been put back, linked since."""
    account = service.provider
    make_unmatched_order(account, external_id=told)
    others = [make_unmatched_order(account, external_id=one) for one in ("43", "420", "a42", "00")]
    unnumbered = make_unmatched_order(account, external_id="")
    elsewhere = make_unmatched_order(make_provider(), external_id=told)
    for number in (stored, "0", "4200", "0a42"):
        make_order(Status.PENDING, service=service, external_id=number)
    assert set(UnmatchedOrder.objects.left()) == {*others, unnumbered, elsewhere}


@BOTH
def test_what_is_listed_already_is_not_listed_again_in_another_way(service, stored, told):
    """A machine tells of its send, and the provider of the order: in either order."""
    account = service.provider
    first = make_unmatched_order(account, external_id=stored)
    send = UnmatchedOrder(
        halt=first.halt, account=account.pk, external_id=told, token="f0-1", sent_at=NOON
    )
    UnmatchedOrder.objects.list_send(send)
    run = ReconcileRun.objects.create(halt=first.halt, started_by=make_user(), created_at=NOON)
    _note_unmatched(run, account, told, progress(charge="0.9", remains=10))
    listed = UnmatchedOrder.objects.get()
    assert (listed.external_id, listed.token, listed.charge) == (stored, "f0-1", Decimal("0.9"))


@pytest.mark.parametrize(
    ("stored", "told"), [("90420042", "0090420042"), ("0090420042", "90420042")]
)
def test_an_order_is_found_by_its_number_however_it_is_typed(service, stored, told):
    order = make_order(Status.PENDING, service=service, external_id=stored)
    make_order(Status.PENDING, service=service, external_id="904200420")
    for text in (told, f"#{told}"):
        assert list(Order.objects.searching(text)) == [order]
        assert list(Order.objects.known_as(text)) == [order]
    assert list(Order.objects.searching(f"{told}, 43")) == [order]
