"""What a release up to 0.2.0 has flagged is not flagged once more after an upgrade."""

from __future__ import annotations

import pytest

from orders.models import EventKind, Order
from orders.recovery.search.contradictions import _tell_of_two
from orders.sending.replays import note_second_id
from orders.status import Outcome, Resolution, Status
from tests.builders import NOON, make_attempt, make_order

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def told_before(number: str) -> Order:
    """Its evidence was the number and no more."""
    order = make_order(Status.PENDING, external_id="500")
    seen = {"candidate_id": number}
    order.remember(EventKind.FLAGGED, now=NOON, text="It came back as two.", evidence=seen)
    return order


def test_a_replay_that_came_back_as_another_order() -> None:
    order = told_before("501")
    note_second_id(order, "501", "500", now=NOON)
    order.refresh_from_db()
    assert (order.flag, order.events.filter(kind=EventKind.FLAGGED).count()) == ("", 1)
    note_second_id(order, "502", "500", now=NOON)
    order.refresh_from_db()
    assert order.flag, "of another number nothing was told"


def test_an_id_that_an_earlier_try_could_be() -> None:
    order = told_before("501")
    attempt = make_attempt(order, outcome=Outcome.NOT_PLACED, resolution=Resolution.PERSON)
    _tell_of_two(attempt, order, "501", NOON)
    order.refresh_from_db()
    assert (order.flag, order.events.filter(kind=EventKind.FLAGGED).count()) == ("", 1)
    _tell_of_two(attempt, order, "502", NOON)
    order.refresh_from_db()
    assert order.flag
