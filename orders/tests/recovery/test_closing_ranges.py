"""A lost order between two of ours: what each answer about the ids between makes of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from core import clocks
from orders.models import Attempt, Order, Recovery
from orders.recovery.search.find_lost import MOST_CALLS, Search
from orders.recovery.search.recovery_run import RecoveryRun
from orders.status import RECALLED, Doubt, Outcome, Status
from orders.tests.recovery.test_asking_ids import DOWN, ODD, UNKNOWN, Answer, Panel, started
from providers.panel_api import Dialect
from tests.builders import NOON, make_attempt, make_order, make_provider
from tests.fake_provider import progress

pytestmark = [pytest.mark.django_db, pytest.mark.services]
SECOND = timedelta(seconds=1)
LATER = NOON + 900 * SECOND


class Asked(Panel):
    dialect = Dialect()

    def recent_orders(self) -> tuple[()]:
        return ()


class Between:
    """One order that is lost, looked for already, and sent between our orders 10 and `before`."""

    def __init__(self, before: int, has_drip_feed: bool = False, /, **knows: Answer) -> None:
        self.provider, self.panel = make_provider(), Asked(knows)
        if has_drip_feed:
            self._lose_a_drip_feed()
        self._sent(NOON, Outcome.ACCEPTED, external_id="10")
        self.lost = self._sent(NOON + 2 * SECOND, Outcome.UNKNOWN, searched_at=NOON + 600 * SECOND)
        self._sent(NOON + 700 * SECOND, Outcome.ACCEPTED, external_id=str(before))
        self.rules, _ = Recovery.objects.get_or_create(provider=self.provider)
        waited = {"waited_seconds": self.rules.grace_seconds, "surely_after": self.lost.pk}
        Attempt.objects.filter(pk=self.lost.pk).update(**waited)

    def _sent(self, at: Any, outcome: Outcome, external_id: str = "", **over: Any) -> Attempt:
        there = outcome == Outcome.ACCEPTED
        status = Status.IN_PROGRESS if there else Status.UNCONFIRMED
        ids: dict[str, Any] = {"external_id": external_id} if there else {}
        order = make_order(status, provider=self.provider, **ids)
        return make_attempt(order, outcome=outcome, started_at=at, **ids, **over)

    def _lose_a_drip_feed(self) -> None:
        """Before order 10; that 5 may be it is known, and no more."""
        lost = self._sent(NOON - SECOND, Outcome.UNKNOWN, searched_at=NOON, range_closed_at=NOON)
        Order.objects.filter(pk=lost.order_id).update(payload={"service": "1", "runs": "3"})
        known = {
            "candidates": [{"id": "5", "status": "Active"}],
            "waited_seconds": 900,
            "surely_after": lost.pk,
        }
        Attempt.objects.filter(pk=lost.pk).update(**known)

    def run_drip_feed(self, external_id: str, ended_at: datetime | None = None) -> Order:
        known: dict[str, Any] = {
            "external_id": external_id,
            "payload": {"service": "1", "runs": "3"},
        }
        status = Status.IN_PROGRESS if ended_at is None else Status.COMPLETED
        return make_order(status, provider=self.provider, ended_at=ended_at, **known)

    def search(self) -> None:
        panel: Any = self.panel
        run = RecoveryRun(self.provider, panel, self.rules, [self.provider.pk], lambda: LATER)
        Search(run).go()
        self.lost.refresh_from_db()

    @property
    def status(self) -> str:
        return Order.objects.get(pk=self.lost.order_id).status

    def was_told(self, words: str) -> bool:
        return self.lost.order.events.filter(text__contains=words).exists()


def between(before: int = 14, **knows: Answer) -> Between:
    return Between(before, **{number.removeprefix("id"): said for number, said in knows.items()})


def test_where_no_id_between_is_ours_it_is_not_there():
    found = between()
    found.search()
    assert found.status == Status.NOT_PLACED
    assert found.panel.asked == ["10", "11", "12", "13"]


def test_where_there_is_no_id_between_it_is_not_there_and_nobody_is_asked():
    found = between(before=11)
    found.search()
    assert (found.status, found.panel.asked) == (Status.NOT_PLACED, [])
    assert found.was_told("No id between the orders before and after is left to ask about.")


def test_an_id_that_another_order_got_while_we_asked_is_not_offered():
    found = between(id12=progress())

    def given_away() -> None:
        make_order(Status.IN_PROGRESS, provider=found.provider, external_id="12")

    found.panel.afterwards = given_away
    found.search()
    assert found.status == Status.NOT_PLACED and found.lost.candidates == []


def test_where_the_provider_stops_answering_half_way_it_is_asked_again_later():
    found = between(id12=ODD)
    found.panel.afterwards = lambda: found.panel.knows.update({"10": DOWN})
    found.search()
    assert (found.status, found.lost.range_closed_at) == (Status.UNCONFIRMED, None)
    assert found.lost.search_at == LATER + clocks.BREAKER_SECONDS[1] * SECOND


def test_what_the_last_call_could_not_read_is_left_to_a_person():
    found = between(id12=ODD)
    found.search()
    assert (found.status, found.lost.range_closed_at) == (Status.UNCONFIRMED, LATER)
    assert found.was_told("Some answers could not be read") and found.lost.calls == 4


def test_a_provider_that_does_not_know_our_own_order_closes_no_range():
    found = between(id10=UNKNOWN)
    found.search()
    assert (found.status, found.lost.range_closed_at) == (Status.UNCONFIRMED, None)
    assert found.was_told("does not even know 10")


def test_an_id_that_no_order_of_ours_can_have_closes_no_range():
    found = between(id12=progress(charge="990"))
    found.search()
    assert (found.status, found.lost.range_closed_at) == (Status.UNCONFIRMED, None)
    assert Recovery.objects.get(provider=found.provider).stopped_because


def test_where_its_free_calls_are_used_up_a_person_is_left_to_tell():
    found = between()
    Attempt.objects.filter(pk=found.lost.pk).update(calls=MOST_CALLS)
    found.search()
    assert (found.status, found.panel.asked) == (Status.UNCONFIRMED, [])
    assert found.lost.range_closed_at == LATER
    assert found.was_told("Its free calls do not reach any id that could be it.")
    assert found.was_told("3 ids lie between the orders before and after")


@pytest.mark.parametrize(
    ("status", "outcome", "known"),
    [
        (Status.UNCONFIRMED, Outcome.UNKNOWN, {"code": RECALLED}),
        (Status.UNCONFIRMED, Outcome.UNKNOWN, {"code": Doubt.IS_THERE, "recalled_at": NOON}),
        (Status.SENDING, Outcome.IN_FLIGHT, {}),
    ],
    ids=["sent nobody knows when", "in doubt anew", "on its way"],
)
def test_nothing_is_asked_while_a_send_may_stand_anywhere_among_the_ids(status, outcome, known):
    found = between()
    order = make_order(status, provider=found.provider)
    make_attempt(order, outcome=outcome, searched_at=NOON, **known)
    found.search()
    assert (found.status, found.panel.asked) == (Status.UNCONFIRMED, [])


@pytest.mark.parametrize("named", ["7", "99", "12-A"])
def test_an_order_whose_answer_names_an_id_elsewhere_is_not_shown_not_to_be_there(named):
    """Numbers that rise do not always rise: the provider may have it under that id."""
    found = between()
    Attempt.objects.filter(pk=found.lost.pk).update(evidence={"candidate_id": named})
    found.search()
    assert (found.status, found.lost.range_closed_at) == (Status.UNCONFIRMED, LATER)
    assert found.was_told(f"An answer to it has named {named}")


def test_an_order_whose_answer_names_an_id_of_another_order_is_not_shown_not_to_be_there():
    """Which of the two the provider has is not known, wherever the number stands."""
    found = between()
    make_order(Status.IN_PROGRESS, provider=found.provider, external_id="12")
    Attempt.objects.filter(pk=found.lost.pk).update(evidence={"candidate_id": "12"})
    found.search()
    assert (found.status, found.lost.range_closed_at) == (Status.UNCONFIRMED, LATER)
    assert found.was_told("An answer to it has named 12")


def test_an_id_that_its_answer_names_and_the_provider_does_not_know_is_not_there():
    found = between()
    Attempt.objects.filter(pk=found.lost.pk).update(evidence={"candidate_id": "12"})
    found.search()
    assert found.status == Status.NOT_PLACED


def test_what_an_earlier_search_has_found_and_the_provider_denies_now_is_left_to_a_person():
    found = between()
    Attempt.objects.filter(pk=found.lost.pk).update(seen_ids=["12"])
    found.search()
    assert (found.status, found.lost.range_closed_at) == (Status.UNCONFIRMED, LATER)
    assert found.was_told("An earlier search has found 12")


def test_what_an_earlier_search_has_found_and_is_another_order_by_now_proves_nothing():
    found = between()
    make_order(Status.IN_PROGRESS, provider=found.provider, external_id="12")
    Attempt.objects.filter(pk=found.lost.pk).update(seen_ids=["12"])
    found.search()
    assert found.status == Status.NOT_PLACED


def test_what_a_drip_feed_that_is_lost_itself_has_started_is_not_taken_for_another_lost_order():
    knows: dict[str, Answer] = {"5": started("12"), "12": progress()}
    found = Between(14, True, **knows)
    found.search()
    assert (found.status, found.lost.candidates) == (Status.NOT_PLACED, [])
    found = Between(14, True, **{"12": progress()})
    found.search()
    assert (found.status, found.lost.range_closed_at) == (Status.UNCONFIRMED, None)
    assert found.was_told("did not say what 5 has started")


def test_a_drip_feed_that_was_given_up_and_is_known_no_more_stops_no_search():
    found = Between(14, True)
    Order.objects.filter(payload__has_key="runs").update(status=Status.GIVEN_UP)
    found.search()
    assert found.status == Status.NOT_PLACED
    found = Between(14, True, **{"5": ODD})
    Order.objects.filter(payload__has_key="runs").update(status=Status.GIVEN_UP)
    found.search()
    assert (found.status, found.lost.range_closed_at) == (Status.UNCONFIRMED, None)


def test_an_order_whose_provider_names_nothing_that_a_drip_feed_starts_goes_to_a_person():
    """What it has started without a word looks like the lost order."""
    found = between(id9=progress(), id12=progress())
    found.run_drip_feed("9")
    found.search()
    assert (found.status, found.lost.range_closed_at) == (Status.UNCONFIRMED, LATER)
    assert found.was_told("12 may be an order that 9 has started")
    assert [row["id"] for row in found.lost.candidates] == ["12"]
    assert not Recovery.objects.get(provider=found.provider).stopped_because


def test_what_a_drip_feed_has_started_that_has_ended_since_goes_to_a_person_too():
    """It is asked about no more, and its last run may stand above our order from before."""
    found = between(id12=progress())
    found.run_drip_feed("9", ended_at=NOON + SECOND)
    found.search()
    assert found.status == Status.UNCONFIRMED
    assert found.was_told("12 may be an order that 9 has started")


def test_a_provider_that_names_what_subscriptions_start_may_not_name_the_runs_of_a_drip_feed():
    found = between(id9=progress(), id12=progress())
    found.run_drip_feed("9")
    known: dict[str, Any] = {"type": "Subscriptions", "payload": {}, "ended_at": NOON - SECOND}
    subscribed = make_order(Status.COMPLETED, provider=found.provider, external_id="7", **known)
    make_order(Status.COMPLETED, provider=found.provider, external_id="8", parent=subscribed)
    found.search()
    assert found.status == Status.UNCONFIRMED
    assert found.was_told("12 may be an order that 9 has started")


@pytest.mark.parametrize(
    "why", ["it has named another", "it is younger", "it tells", "it had ended", "it named all"]
)
def test_what_no_drip_feed_can_have_started_unnamed_is_linked(why):
    said = started("20") if why == "it tells" else progress()
    parent = "13" if why == "it is younger" else "9"
    knows: dict[str, Answer] = {"12": progress(), parent: said}
    found = Between(14, **knows)
    ended = {"it had ended": NOON - SECOND, "it named all": NOON + SECOND}.get(why)
    feed = found.run_drip_feed(parent, ended_at=ended)
    if why in ("it has named another", "it named all"):
        make_order(Status.COMPLETED, provider=found.provider, external_id="8", parent=feed)
    found.search()
    assert found.status == Status.IN_PROGRESS
