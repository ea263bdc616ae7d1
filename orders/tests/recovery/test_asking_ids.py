"""What the answers to questions about ids prove, and what they leave open; without a provider."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from orders.recovery.search import ask_ids, id_range, list_trust
from orders.recovery.search.ask_singly import search_singly
from orders.recovery.search.search_types import CannotSearch, Seen
from providers.panel_api import (
    Dialect,
    Progress,
    RecentOrder,
    RefusalCode,
    Unavailable,
    Unreadable,
)
from tests.fake_provider import progress

UNKNOWN = Unreadable("Incorrect order ID", RefusalCode.UNKNOWN_ORDER)
ODD = Unreadable("Something went wrong")
OURS = progress()
DOWN = Unavailable("down")
Answer = Progress | Unreadable | Exception
Said = dict[str, Progress | Unreadable]


def started(*children: str) -> Progress:
    return Progress(OURS.status, OURS.raw_status, children=children)


class Panel:
    """It knows order 10 of ours and no other, but for what `knows` says; an error is raised."""

    def __init__(self, knows: Mapping[str, Answer]) -> None:
        self.knows: dict[str, Answer] = {"10": OURS, **knows}
        self.asked: list[str] = []
        self.afterwards: Callable[[], object] = lambda: None

    def statuses_once(self, ids: Sequence[str]) -> Said:
        self.asked += ids
        said: Said = {}
        for one in ids:
            answer = self.knows.get(one, UNKNOWN)
            if isinstance(answer, Exception):
                raise answer
            said[one] = answer
        self.afterwards()
        return said


# one id a call


def look_one_by_one(
    panel: Panel, *wanted: str, parents: Sequence[str] = (), most: int = 4, spare: int = 1
) -> Seen:
    seen = Seen(int(wanted[0]), int(wanted[-1]))
    ask = panel.statuses_once
    search_singly(seen, ask, wanted, control="10", parents=parents, most=most, spare=spare)
    return seen


def test_ids_that_are_nobodys_are_cleared_once_an_order_of_ours_is_known():
    panel = Panel({})
    assert look_one_by_one(panel, "11", "12").cleared == 12
    assert panel.asked == ["11", "12", "10"]


def test_an_id_that_cannot_be_read_is_asked_about_no_further_and_not_cleared():
    panel = Panel({"12": ODD})
    seen = look_one_by_one(panel, "11", "12", "13")
    assert (seen.doubtful, seen.cleared, seen.is_patchy) == (["12"], 11, True)


def test_a_provider_that_stops_answering_has_cleared_nothing():
    panel = Panel({"12": DOWN})
    seen = look_one_by_one(panel, "11", "12")
    assert (seen.cleared, seen.is_cut, seen.asked) == (10, True, [11])
    assert panel.asked == ["11", "12"], "and is not asked on"


def test_one_that_does_not_answer_at_all_is_no_look():
    with pytest.raises(Unavailable):
        look_one_by_one(Panel({"11": DOWN}), "11", "12")


@pytest.mark.parametrize("control", [ODD, DOWN], ids=["unreadable", "unanswered"])
def test_nothing_is_cleared_while_nothing_shows_that_our_own_orders_are_known(control):
    seen = look_one_by_one(Panel({"10": control}), "11", "12")
    assert (seen.cleared, seen.is_cut) == (10, True)


def test_one_that_does_not_know_our_own_order_proves_nothing_of_the_others():
    with pytest.raises(CannotSearch, match="not even know 10"):
        look_one_by_one(Panel({"10": UNKNOWN}), "11")


def test_what_a_drip_feed_has_started_is_no_lost_order():
    panel = Panel({"3": started("12"), "12": OURS})
    seen = look_one_by_one(panel, "11", "12", "13", parents=["3"])
    assert (seen.candidates, seen.last, panel.asked) == ({}, 12, ["11", "12", "3"])


def test_while_it_does_not_tell_what_it_has_started_nobody_knows_whose_an_id_is():
    seen, panel = Seen(11, 12), Panel({"12": OURS, "3": ODD})
    with pytest.raises(CannotSearch, match="what 3 has started"):
        search_singly(
            seen,
            panel.statuses_once,
            ["11", "12"],
            control="10",
            parents=["3"],
            most=4,
            spare=1,
        )
    assert seen.candidates == {}


@pytest.mark.parametrize(("said", "is_told"), [(UNKNOWN, True), (ODD, False)])
def test_what_may_be_a_given_up_order_need_not_be_known_any_more(said, is_told):
    seen, ask = Seen(11, 12), Panel({"12": OURS, "3": said, "4": started()}).statuses_once
    how: dict[str, Any] = {"control": "10", "parents": ["3", "4"], "gone": {"3"}}
    if not is_told:
        with pytest.raises(CannotSearch, match="what 3 has started"):
            search_singly(seen, ask, ["11", "12"], most=5, spare=1, **how)
        return
    assert search_singly(seen, ask, ["11", "12"], most=5, spare=1, **how) == {"4": started()}
    assert sorted(seen.candidates) == ["12"]


def test_where_the_calls_are_needed_for_what_starts_others_nothing_is_asked():
    panel = Panel({})
    with pytest.raises(CannotSearch, match="asking about each takes a call"):
        look_one_by_one(panel, "11", parents=["3", "4"], most=2, spare=0)
    assert panel.asked == []


# many ids a call


@pytest.fixture
def parents(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Orders of ours that start others; nothing else is claimed."""
    found = SimpleNamespace(ids=[], gone=frozenset(), may_turn_up=False, are_named=True, ended=[])
    monkeypatch.setattr(id_range, "parents", lambda rows, most, **after: found)
    monkeypatch.setattr(id_range, "claimed", lambda rows, asked: set())
    return found


def look_at_many(panel: Panel, *, size: int = 100, most: int = 1, last: int = 13) -> Seen:
    client = SimpleNamespace(dialect=Dialect(batch_size=size), statuses_once=panel.statuses_once)
    run: Any = SimpleNamespace(rows=[], client=client, ask=lambda question: question())
    seen = Seen(11, last)
    ask_ids.search_between(run, seen, canaries=[10], most=most, spare=1)
    return seen


def test_what_an_order_of_ours_names_as_its_own_is_no_candidate(parents):
    seen = look_at_many(Panel({"10": started("12"), "12": OURS, "13": OURS}))
    assert sorted(seen.candidates) == ["13"]


def test_what_a_drip_feed_starts_between_two_questions_is_no_candidate(parents):
    parents.ids.append("3")
    panel = Panel({"3": started()})
    panel.afterwards = lambda: panel.knows.update({"3": started("15"), "15": OURS})
    seen = look_at_many(panel, size=5, most=3, last=16)
    assert (sorted(seen.candidates), seen.cleared) == ([], 16)


def test_what_a_lost_drip_feed_starts_between_two_questions_is_no_candidate(parents):
    """That 11 may be the lost one is news of this very search."""
    parents.may_turn_up = True
    panel = Panel({"11": started("9")})
    panel.afterwards = lambda: panel.knows.update({"11": started("15"), "15": OURS})
    seen = look_at_many(panel, size=4, most=3, last=16)
    assert (sorted(seen.candidates), seen.last) == (["11"], 16)


@pytest.mark.parametrize("said", [UNKNOWN, ODD], ids=["known no more", "unreadable"])
def test_once_it_does_not_tell_the_search_ends_before_what_it_may_have_started(parents, said):
    parents.may_turn_up = True
    panel = Panel({"11": started("9")})
    panel.afterwards = lambda: panel.knows.update({"11": said, "15": OURS})
    seen = look_at_many(panel, size=4, most=3, last=16)
    assert (sorted(seen.candidates), seen.last, seen.is_cut) == (["11"], 13, True)


def test_what_a_lost_drip_feed_may_be_is_asked_along_as_far_as_there_is_room(parents):
    parents.may_turn_up = True
    panel = Panel({"11": started("9"), "12": started("9"), "13": started("9")})
    seen = look_at_many(panel, size=4, most=2, last=16)
    assert (sorted(seen.candidates), seen.last, seen.calls) == (["11", "12", "13"], 13, 1)


def test_what_a_second_question_cannot_clear_stays_as_doubtful_as_it_is(parents):
    panel = Panel({"12": ODD})
    panel.afterwards = lambda: panel.knows.update({"10": DOWN})
    seen = look_at_many(panel)
    assert (seen.doubtful, seen.cleared, seen.is_cut) == (["12"], 11, True)


def test_where_there_is_no_room_for_a_second_question_it_stays_as_doubtful(parents):
    parents.may_turn_up = True
    panel = Panel({"11": ODD, "12": started("9"), "13": started("9"), "14": started("9")})
    seen = look_at_many(panel, size=4, most=2, last=14)
    assert (seen.doubtful, seen.is_cut, seen.calls) == (["11"], True, 2)


def test_one_that_can_be_read_the_second_time_is_cleared(parents):
    panel = Panel({"12": ODD})
    panel.afterwards = lambda: panel.knows.pop("12", None)
    assert look_at_many(panel).cleared == 13


def test_a_provider_that_says_nothing_even_of_our_own_order_clears_nothing(parents):
    with pytest.raises(CannotSearch, match="said nothing even of 10"):
        look_at_many(Panel({"10": ODD}))


def test_where_too_many_orders_start_others_nothing_is_asked(monkeypatch, parents):
    monkeypatch.setattr(id_range, "parents", lambda rows, most, **after: None)
    panel = Panel({})
    with pytest.raises(CannotSearch, match="Too many drip-feeds"):
        look_at_many(panel)
    assert panel.asked == []


# the provider's own list


@pytest.mark.parametrize(
    ("times", "falls"),
    [
        (("2026-11-23 12:09", "2026-11-23 12:08"), True),
        (("2026-11-23 12:08", "2026-11-23 12:09"), False),
        (("2026-11-23 9:08", "2026-11-23 12:09"), True),
        (("12:08 23.11.2026", "12:09 23.11.2026"), True),
        (("2026-11-23 12:08", "yesterday", "2026-11-23 12:09"), True),
    ],
    ids=["falling", "rising", "of two lengths", "day first", "one in words"],
)
def test_only_times_that_are_written_alike_say_how_a_list_is_ordered(times, falls):
    rows = [RecentOrder("1", OURS, created_at=time) for time in times]
    assert list_trust._falls(rows) is falls
