"""The table of statuses says what the design says."""

from __future__ import annotations

import pytest

from core import clocks
from orders.status import (
    AT_PROVIDER,
    COLORS,
    ENDED_THERE,
    FINAL,
    GROUPS,
    LIVE_OUTCOMES,
    MOVES,
    NEEDS_A_PERSON,
    OPEN,
    Outcome,
    Status,
)
from providers.panel_api import OrderState


def test_every_status_can_be_reached():
    reached = {status for targets in MOVES.values() for status in targets}
    assert set(Status) - reached == set(), "placing reaches queued and held besides"


def test_nothing_leaves_what_has_ended_at_the_provider():
    assert not ENDED_THERE & MOVES.keys()


def test_only_a_proof_leaves_what_has_ended_here_and_it_only_puts_it_in_doubt():
    for status in FINAL - ENDED_THERE - {Status.GIVEN_UP}:
        assert MOVES[status] == {Status.UNCONFIRMED}


def test_a_given_up_order_can_still_be_found_but_never_sent():
    assert MOVES[Status.GIVEN_UP] == AT_PROVIDER | ENDED_THERE


def test_only_queued_orders_are_sent():
    assert [status for status, targets in MOVES.items() if Status.SENDING in targets] == [
        Status.QUEUED
    ]


@pytest.mark.parametrize("status", [Status.UNCONFIRMED, Status.GIVEN_UP, *sorted(AT_PROVIDER)])
def test_what_may_be_at_the_provider_is_never_queued_again(status):
    assert not MOVES[status] & {Status.QUEUED, Status.HELD, Status.SENDING}


def test_groups_do_not_overlap():
    assert not OPEN & FINAL
    assert {Status.UNCONFIRMED, Status.NOT_PLACED} == NEEDS_A_PERSON
    assert set(GROUPS) == {"open", "attention", "ended"}


def test_every_word_of_the_client_is_a_status():
    assert {state.value for state in OrderState} == AT_PROVIDER | ENDED_THERE


def test_every_status_has_a_color():
    assert COLORS.keys() == set(Status)


def test_a_live_outcome_is_one_that_may_have_bought():
    assert set(Outcome) - set(LIVE_OUTCOMES) == {
        Outcome.REJECTED,
        Outcome.NOT_SENT,
        Outcome.NOT_PLACED,
    }


def test_clocks_of_a_send_stand_in_order():
    assert list(clocks.SEND_CLOCKS) == sorted(set(clocks.SEND_CLOCKS))
    assert clocks.NOT_PLACED_GRACE_SECONDS > clocks.SEND_LEASE_SECONDS
