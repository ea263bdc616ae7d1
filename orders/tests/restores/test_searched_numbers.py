"""What a search, a wait or a person says of a lost send is written to that very send: its number
may stand for another one by now, for the database was put back since it was read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import pytest

from orders.models import Attempt, Order, Recovery
from orders.recovery import not_placed, resolve, run
from orders.recovery.search import contradictions, provider_list, search_schedule, wait_clock
from orders.recovery.search.find_lost import Search
from orders.recovery.search.id_range import IdRange
from orders.recovery.search.match_ids import IdMatch
from orders.recovery.search.recovery_run import RecoveryRun
from orders.recovery.search.search_types import Seen
from orders.sending import reopen
from orders.status import Flag, Outcome, Resolution, Status
from orders.tests.restores.test_reused_numbers import lost_while_its_number_is_reused
from orders.tests.sending.test_restore_guard import LATER
from tests.builders import make_user
from tests.fake_provider import progress

pytestmark = [pytest.mark.django_db, pytest.mark.services]
Act = Callable[[Attempt], object]


@pytest.fixture
def ours() -> Attempt:
    return lost_while_its_number_is_reused()


def searching(known: Attempt) -> Search:
    account, rules = known.provider, Recovery(provider=known.provider)
    return Search(RecoveryRun(account, cast(Any, None), rules, [account.pk], lambda: LATER))


def show_absent(known: Attempt) -> None:
    id_range = IdRange(known, 1, 5, 1, ())
    searching(known)._show_absent(id_range, [known], Seen(2, 4), IdMatch())


def keep_balance(known: Attempt) -> None:
    known.provider.balance_at = LATER + timedelta(hours=1)
    run._keep_balance(known, known.provider)


def pass_on(known: Attempt) -> None:
    known.search_at = LATER
    search_schedule.pass_on([known], Recovery(provider=known.provider), LATER)


def say_first_of_two(known: Attempt) -> None:
    said = not_placed._first_of_two(known.order, known, make_user(), LATER, None)
    assert said is not not_placed.Confirmed.DONE


LOST: dict[str, Act] = {
    "candidates": lambda known: resolve.keep_candidates([known], {"77": progress()}),
    "calls": lambda known: resolve.count_calls([known], 2),
    "shared calls": lambda known: resolve.count_calls([known], 2, shared=True),
    "put off": lambda known: search_schedule.put_off([known], LATER),
    "to its next moment": lambda known: searching(known)._put_off([known], 0),
    "left to a person": lambda known: searching(known)._leave([known], "No more."),
    "range closed": show_absent,
    "first moment": lambda known: search_schedule.schedule(
        [known], Recovery(provider=known.provider), LATER
    ),
    "next moment": pass_on,
    "list asked later": lambda known: provider_list._ask_later_again([known], LATER),
    "waited": lambda known: wait_clock._step(known, LATER),
    "balance": keep_balance,
    "first of two": say_first_of_two,
}


@pytest.mark.parametrize("act", LOST.values(), ids=LOST)
def test_what_is_said_of_a_lost_send_is_written_to_no_other(act: Act, ours: Attempt) -> None:
    other = Attempt.objects.values().get()
    act(ours)
    assert Attempt.objects.values().get() == other


@pytest.mark.parametrize("act", LOST.values(), ids=LOST)
def test_it_is_written_to_the_send_itself(act: Act, ours: Attempt) -> None:
    Attempt.objects.all().delete()
    ours.save(force_insert=True)
    before = Attempt.objects.values().get()
    act(ours)
    assert Attempt.objects.values().get() != before


# an id that speaks against a decision


@pytest.fixture
def other(ours: Attempt) -> Order:
    """Shown not to be there, by a proof that an id would put in doubt."""
    Attempt.objects.update(outcome=Outcome.NOT_PLACED, resolution=Resolution.CLOSED_RANGE)
    Order.objects.filter(attempts__isnull=False).update(status=Status.NOT_PLACED)
    return Order.objects.get(attempts__isnull=False)


def test_an_id_that_could_be_ours_puts_no_other_order_in_doubt(ours: Attempt, other: Order) -> None:
    before = Attempt.objects.values().get()
    assert not contradictions.reopen_contradicted(ours.provider, {ours: "77"}, now=LATER)
    with pytest.raises(Attempt.DoesNotExist):
        contradictions.reopen_one(ours, "77", now=LATER)
    reopen.note_seen(ours, "77")
    assert Attempt.objects.values().get() == before
    other.refresh_from_db()
    assert (other.status, other.flag) == (Status.NOT_PLACED, Flag.NONE)
    assert not Recovery.objects.get(provider=ours.provider).stopped_because


def test_lost_sends_that_changed_numbers_with_one_another_are_both_still_known(
    ours: Attempt,
) -> None:
    there = Attempt.objects.get()
    assert not Attempt.objects.among([ours]).exists()
    assert Attempt.objects.among([ours, there]).get() == there
    assert not Attempt.objects.among([]).exists()


def test_a_later_claim_of_the_same_order_is_another_send(ours: Attempt) -> None:
    Attempt.objects.update(order=ours.order_id)
    assert not Attempt.objects.among([ours]).exists()
    assert not Attempt.objects.same_as(ours).exists()
    assert resolve.reread([ours]) == []
