"""A person resolves what the machine cannot know."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core import clocks
from core.failpoints import armed
from core.roles import Role
from orders.models import Attempt, Order, PollSchedule, Recovery
from orders.placing import place_orders
from orders.recovery import link_orders, not_placed, resolve
from orders.recovery.not_placed import Confirmed
from orders.sending import claims, record_outcome, reopen, replays
from orders.sending.outcome import SendOutcome
from orders.status import Flag, Outcome, Status
from providers.panel_api import (
    NOT_AN_ID,
    Evidence,
    OrderState,
    RefusalCode,
    Rejected,
    Unavailable,
    Unreadable,
)
from tests.builders import (
    NOON,
    make_attempt,
    make_order,
    make_provider,
    make_service,
    make_user,
)
from tests.fake_provider import FakeProvider, progress

pytestmark = [pytest.mark.django_db, pytest.mark.services]
LATER = NOON + timedelta(seconds=clocks.NOT_PLACED_GRACE_SECONDS + 1)


def later():
    return LATER


def make_unconfirmed(**over) -> Order:
    order = make_order(**over)
    attempt = claims.claim(order, order.provider, now=NOON)
    assert attempt is not None
    record_outcome.record(
        attempt, SendOutcome(Outcome.UNKNOWN, Status.UNCONFIRMED, "timeout"), now=NOON
    )
    order.refresh_from_db()
    return order


@pytest.fixture
def manager():
    return make_user(Role.MANAGER)


@pytest.fixture
def provider():
    fake = FakeProvider()
    fake.says["555"] = progress(OrderState.IN_PROGRESS, charge="0.9", remains=10)
    return fake


def test_a_linked_order_is_polled(manager, provider):
    order = make_unconfirmed()
    assert link_orders.link_order(order, "555", actor=manager, client=provider, clock=later)
    order.refresh_from_db()
    assert (order.status, order.external_id, order.charge) == (
        Status.IN_PROGRESS,
        "555",
        Decimal("0.9"),
    )
    attempt = order.attempts.get()
    assert (attempt.outcome, attempt.resolved_by) == (Outcome.ACCEPTED, manager)
    assert PollSchedule.objects.get(order=order).external_id == "555"


def test_linking_an_ended_order_does_not_follow_it(manager, provider):
    provider.says["555"] = progress(OrderState.COMPLETED, charge="0.9")
    order = make_unconfirmed()
    link_orders.link_order(order, "555", actor=manager, client=provider, clock=later)
    order.refresh_from_db()
    assert (order.status, order.ended_at) == (Status.COMPLETED, LATER)
    assert not PollSchedule.objects.exists()


def test_a_flag_that_is_raised_while_the_provider_is_asked_stays(manager, provider, monkeypatch):
    """Although what it says is odd as well: canceled at the full price."""
    order = make_unconfirmed()
    price = str(order.estimate)
    provider.says["555"] = progress(OrderState.CANCELED, charge=price, remains=0)
    answered = provider.statuses_once

    def flagged_meanwhile(ids):
        Order.objects.filter(pk=order.pk).update(flag=Flag.BOUGHT_TWICE)
        return answered(ids)

    monkeypatch.setattr(provider, "statuses_once", flagged_meanwhile)
    assert link_orders.link_order(order, "555", actor=manager, client=provider, clock=later)
    order.refresh_from_db()
    assert (order.status, order.flag) == (Status.CANCELED, Flag.BOUGHT_TWICE)
    assert order.events.filter(text__contains="is still charged").exists()


def test_an_odd_end_flags_the_order_that_is_linked(manager, provider):
    order = make_unconfirmed()
    provider.says["555"] = progress(OrderState.CANCELED, charge=str(order.estimate), remains=0)
    assert link_orders.link_order(order, "555", actor=manager, client=provider, clock=later)
    order.refresh_from_db()
    assert order.flag == Flag.CHARGE_DIFFERS


def test_a_provider_that_was_not_asked_is_not_said_to_know_nothing(manager, provider):
    order = make_unconfirmed()
    provider.says["-1"] = Unreadable(NOT_AN_ID, is_no_id=True)
    with pytest.raises(link_orders.CannotLink, match=r"^-1 was not asked about: This is not an id"):
        link_orders.link_order(order, "-1", actor=manager, client=provider, clock=later)


def test_an_id_the_provider_does_not_know_is_not_linked(manager, provider):
    order = make_unconfirmed()
    with pytest.raises(link_orders.CannotLink, match="does not know 777"):
        link_orders.link_order(order, "777", actor=manager, client=provider, clock=later)
    order.refresh_from_db()
    assert order.status == Status.UNCONFIRMED


@pytest.mark.parametrize("typed", ["555", "00555"])
def test_an_id_that_is_another_order_of_ours_is_not_linked(manager, provider, typed):
    """With zeros before it the provider may read the same number."""
    service = make_service(make_provider())
    other = make_order(Status.PENDING, service=service, external_id="555")
    order = make_unconfirmed(service=service)
    with pytest.raises(link_orders.CannotLink, match=f"already our order #{other.pk}"):
        link_orders.link_order(order, typed, actor=manager, client=provider, clock=later)
    assert provider.asked == []


def test_a_different_charge_must_be_accepted_knowingly(manager, provider):
    provider.says["555"] = progress(charge="9")
    order = make_unconfirmed()
    with pytest.raises(link_orders.ChargeDiffers, match=r"charged 9 .*should cost [\d.]+\.$"):
        link_orders.link_order(order, "555", actor=manager, client=provider, clock=later)
    provider.says["556"] = progress(OrderState.PARTIAL, charge="0.1")
    with pytest.raises(link_orders.ChargeDiffers, match="It ended early, which may be why"):
        link_orders.link_order(order, "556", actor=manager, client=provider, clock=later)
    for meant, linked in (("556:9", False), ("555:90", False), ("555:9", True)):
        with nullcontext() if linked else pytest.raises(link_orders.ChargeDiffers):
            assert link_orders.link_order(
                order,
                "555",
                actor=manager,
                client=provider,
                clock=later,
                although_charge_differs=meant,
            )


@pytest.mark.parametrize(
    ("charge", "estimate"), [(None, "0.9"), ("9", None)], ids=["no charge", "no cost"]
)
def test_where_there_is_nothing_to_compare_a_charge_with_a_person_may_link_it(
    manager, provider, charge, estimate
):
    provider.says["555"] = progress(charge=charge)
    order = make_unconfirmed(estimate=estimate, estimate_high=estimate)
    assert link_orders.link_order(order, "555", actor=manager, client=provider, clock=later)


def test_what_may_cost_any_amount_is_linked_from_its_least_charge_on(manager, provider):
    """A subscription without an end."""
    provider.says = {"555": progress(charge="7"), "556": progress(charge="0.1")}
    order = make_unconfirmed(estimate=Decimal("0.2"), estimate_high=None)
    with pytest.raises(link_orders.ChargeDiffers, match=r"charged 0\.1 .*cost at least 0\.2\.$"):
        link_orders.link_order(order, "556", actor=manager, client=provider, clock=later)
    assert link_orders.link_order(order, "555", actor=manager, client=provider, clock=later)


def test_a_provider_that_cannot_be_asked_links_nothing(manager, provider):
    provider.down = Unavailable("down")
    order = make_unconfirmed()
    with pytest.raises(link_orders.CannotLink, match="could not be asked"):
        link_orders.link_order(order, "555", actor=manager, client=provider, clock=later)


def test_not_placed_is_confirmed_only_after_the_grace_period(manager):
    order = make_unconfirmed()
    with pytest.raises(not_placed.TooEarly) as early:
        not_placed.confirm_not_placed(order, actor=manager, now=NOON)
    assert early.value.until == NOON + timedelta(seconds=clocks.NOT_PLACED_GRACE_SECONDS)
    assert not_placed.confirm_not_placed(order, actor=manager, now=LATER) is Confirmed.DONE
    order.refresh_from_db()
    assert order.status == Status.NOT_PLACED
    assert order.attempts.get().outcome == Outcome.NOT_PLACED
    assert order.reason == f"Confirmed by {manager} not to be at the provider."


def test_after_not_placed_a_new_attempt_may_be_made(manager):
    order = make_unconfirmed()
    not_placed.confirm_not_placed(order, actor=manager, now=LATER)
    place_orders.requeue_order(order, actor=manager, now=LATER)
    attempt = claims.claim(order, order.provider, now=LATER)
    assert attempt is not None
    assert attempt.number == 2


def test_a_given_up_order_can_never_be_sent_again_but_can_be_found(manager, provider):
    order = make_unconfirmed()
    assert not_placed.give_up(order, actor=manager, note="ticket closed", now=LATER)
    order.refresh_from_db()
    assert order.status == Status.GIVEN_UP
    assert order.attempts.get().outcome == Outcome.UNKNOWN
    assert link_orders.link_order(order, "555", actor=manager, client=provider, clock=later)
    order.refresh_from_db()
    assert (order.status, order.ended_at) == (Status.IN_PROGRESS, None)


def test_of_two_who_say_at_the_same_moment_that_it_is_not_there_one_is_the_second(
    manager, monkeypatch
):
    order, other = make_unconfirmed(), make_user(Role.MANAGER)

    def the_other_says_so(_: Order) -> bool:
        order.attempts.update(confirmed_by=other, confirmed_at=LATER)
        return True

    monkeypatch.setattr(not_placed, "takes_two", the_other_says_so)
    assert not_placed.confirm_not_placed(order, actor=manager, now=LATER) is Confirmed.DONE
    order.refresh_from_db()
    assert order.status == Status.NOT_PLACED
    assert str(other) in order.reason


def test_a_word_that_comes_after_the_answer_is_not_noted(manager, monkeypatch):
    order = make_unconfirmed()
    taken = SendOutcome(Outcome.ACCEPTED, Status.PENDING, external_id="77")

    def the_answer_comes(_: Order) -> bool:
        record_outcome.record(order.attempts.get(), taken, now=LATER)
        return True

    monkeypatch.setattr(not_placed, "takes_two", the_answer_comes)
    assert not_placed.confirm_not_placed(order, actor=manager, now=LATER) is Confirmed.TOO_LATE
    order.refresh_from_db()
    assert (order.status, order.external_id) == (Status.PENDING, "77")
    assert order.attempts.get().confirmed_by is None


def test_two_people_resolve_it_once(manager, provider):
    order = make_unconfirmed()
    seen_by_the_second = Order.objects.get(pk=order.pk)
    assert not_placed.confirm_not_placed(order, actor=manager, now=LATER) is Confirmed.DONE
    second = make_user(Role.MANAGER)
    assert not link_orders.link_order(
        seen_by_the_second, "555", actor=second, client=provider, clock=later
    )
    assert not not_placed.give_up(seen_by_the_second, actor=second, note="late", now=LATER)
    order.refresh_from_db()
    assert (order.status, order.external_id) == (Status.NOT_PLACED, "")


def test_an_id_that_another_order_gets_this_moment_is_not_linked(manager, provider):
    order = make_unconfirmed()

    def the_other_gets_it() -> None:
        make_order(Status.IN_PROGRESS, service=order.service, external_id="555")

    with (
        armed("link.attempt", the_other_gets_it),
        pytest.raises(link_orders.CannotLink, match="linked to another order a moment ago"),
    ):
        link_orders.link_order(order, "555", actor=manager, client=provider, clock=later)
    order.refresh_from_db()
    assert (order.status, order.external_id) == (Status.UNCONFIRMED, "")
    assert order.attempts.get().outcome == Outcome.UNKNOWN


def test_an_order_that_is_moved_while_it_is_linked_is_left_where_it_is(manager, provider):
    order = make_unconfirmed()

    def moved() -> None:
        Order.objects.filter(pk=order.pk).update(status=Status.GIVEN_UP)

    with armed("link.attempt", moved):
        assert not link_orders.link_order(order, "555", actor=manager, client=provider, clock=later)
    assert order.attempts.get().outcome == Outcome.UNKNOWN


def test_from_the_limit_of_the_account_on_a_second_person_has_to_say_so_too(manager):
    order = make_unconfirmed()
    Recovery.objects.filter(provider=order.provider).update(two_people_above=Decimal("0.5"))
    for _ in range(2):
        said = not_placed.confirm_not_placed(order, actor=manager, now=LATER)
        assert said is Confirmed.ONE_OF_TWO, "whoever says it again is still the first"
    assert order.events.filter(text__startswith="Said not to be at the provider").count() == 1
    second = make_user(Role.MANAGER)
    assert not_placed.confirm_not_placed(order, actor=second, now=LATER) is Confirmed.DONE
    order.refresh_from_db()
    assert not_placed.confirm_not_placed(order, actor=second, now=LATER) is Confirmed.TOO_LATE


def replayed(known: Attempt) -> None:
    replays.begin(known, now=LATER)


def found(known: Attempt) -> None:
    resolve.keep_candidates([known], {"555": progress(charge="0.9")})


def taken_since(known: Attempt) -> None:
    reopen.note_taken_since(known.order, "555")


def heard_late(known: Attempt) -> None:
    """Of the first send itself, from a file on disk: it proves nothing, and names an id."""
    seen = Evidence("It breaks off.", bytes_left=True, candidate_id="555")
    heard = SendOutcome(Outcome.UNKNOWN, Status.UNCONFIRMED, "It breaks off.", evidence=seen)
    record_outcome.record(known, heard, now=LATER)


def said_to_be_there(known: Attempt) -> None:
    refusal = Rejected("It exists already.", RefusalCode.DUPLICATE)
    make_attempt(known.order, outcome=Outcome.NOT_PLACED, number=9)
    told: dict[str, Any] = {"actor": make_user(Role.MANAGER), "now": LATER, "text": ""}
    told["evidence"] = {}
    Recovery.objects.update(two_people_above=None)
    assert not not_placed.resolve_refused(known.order, known, refusal, **told)
    Recovery.objects.update(two_people_above=Decimal("0.5"))


@pytest.mark.parametrize("then", [replayed, found, taken_since, heard_late, said_to_be_there])
def test_what_the_first_of_two_has_said_does_not_count_for_what_came_after(manager, then):
    order = make_unconfirmed()
    Recovery.objects.filter(provider=order.provider).update(two_people_above=Decimal("0.5"))
    said = not_placed.confirm_not_placed(order, actor=manager, now=LATER)
    assert said is Confirmed.ONE_OF_TWO
    then(order.attempts.get())
    Attempt.objects.update(waited_seconds=10_000)
    second, later = make_user(Role.MANAGER), LATER + timedelta(hours=1)
    assert not_placed.confirm_not_placed(order, actor=second, now=later) is Confirmed.ONE_OF_TWO
    assert not_placed.confirm_not_placed(order, actor=manager, now=later) is Confirmed.DONE


def found_no_more(known: Attempt) -> None:
    resolve.keep_candidates([known], {})
    assert known.order.attempts.get().candidates == []


@pytest.mark.parametrize("meanwhile", [found, found_no_more])
def test_what_is_seen_once_more_asks_nobody_anew(manager, meanwhile):
    order = make_unconfirmed()
    found(order.attempts.get())
    Recovery.objects.filter(provider=order.provider).update(two_people_above=Decimal("0.5"))
    said = not_placed.confirm_not_placed(order, actor=manager, now=LATER)
    assert said is Confirmed.ONE_OF_TWO
    meanwhile(order.attempts.get())
    found(order.attempts.get())
    second = make_user(Role.MANAGER)
    assert not_placed.confirm_not_placed(order, actor=second, now=LATER) is Confirmed.DONE


@pytest.mark.parametrize(
    ("least", "most", "two"), [("0.2", None, True), (None, None, True), ("0.2", "0.3", False)]
)
def test_an_order_that_may_cost_any_amount_takes_two_people(manager, least, most, two):
    """A subscription without an end, and one whose price nobody has told."""
    order = make_unconfirmed(estimate=least, estimate_high=most)
    Recovery.objects.filter(provider=order.provider).update(two_people_above=Decimal(50))
    said = not_placed.confirm_not_placed(order, actor=manager, now=LATER)
    assert said is (Confirmed.ONE_OF_TWO if two else Confirmed.DONE)


@pytest.mark.parametrize(("cost", "two"), [("49.99", False), ("50", True), ("50.01", True)])
def test_an_order_takes_two_people_from_the_cost_on_that_is_set(manager, cost, two):
    order = make_unconfirmed(estimate=cost, estimate_high=cost)
    Recovery.objects.filter(provider=order.provider).update(two_people_above=Decimal(50))
    said = not_placed.confirm_not_placed(order, actor=manager, now=LATER)
    assert said is (Confirmed.ONE_OF_TWO if two else Confirmed.DONE)


def test_who_says_it_again_once_one_is_enough_is_no_second_person(manager):
    order = make_unconfirmed()
    rules = Recovery.objects.filter(provider=order.provider)
    rules.update(two_people_above=Decimal("0.5"))
    said = not_placed.confirm_not_placed(order, actor=manager, now=LATER)
    assert said is Confirmed.ONE_OF_TWO
    rules.update(two_people_above=None)
    assert not_placed.confirm_not_placed(order, actor=manager, now=LATER) is Confirmed.DONE
    order.refresh_from_db()
    assert order.reason == f"Confirmed by {manager} not to be at the provider."


def test_an_order_that_was_moved_meanwhile_is_not_said_to_be_not_there(manager):
    order = make_unconfirmed()
    Order.objects.filter(pk=order.pk).update(status=Status.WITHDRAWN)
    assert not_placed.confirm_not_placed(order, actor=manager, now=LATER) is Confirmed.TOO_LATE
    order.refresh_from_db()
    assert (order.status, order.attempts.get().outcome) == (Status.WITHDRAWN, Outcome.UNKNOWN)
