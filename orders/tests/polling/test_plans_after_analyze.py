"""Few rows are found by their index also once the database knows how its rows are spread."""

from __future__ import annotations

import pytest

from orders.oldest_work import oldest_held
from orders.polling.status_aliases import make_known_words_due, unknown_words
from orders.sending.invariants import _in_doubt
from orders.status import Flag, HoldReason, Outcome, Status
from providers.models import Provider
from tests.builders import NOON, make_attempt, make_order
from tests.query_plans import plans_of, scans_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def test_unknown_words_are_found_by_their_flag(many_orders: None) -> None:
    flagged = make_order(
        Status.IN_PROGRESS,
        provider=Provider.objects.earliest("pk"),
        flag=Flag.UNKNOWN_WORD,
        raw_status="Resting",
    )
    flagged.provider.dialect = {"status_words": {"resting": "in_progress"}}
    flagged.provider.save()
    looks = [
        plan
        for work in (
            lambda: unknown_words(flagged.provider),
            lambda: make_known_words_due(now=NOON),
        )
        for plan in plans_of(work)
        if "orders_order" in plan
    ]
    assert len(looks) == 3
    assert all("order_by_flag" in plan for plan in looks), looks


def test_held_orders_are_found_by_their_status(many_orders: None) -> None:
    make_order(Status.HELD, hold_reason=HoldReason.PROVIDER_PAUSED)
    (look,) = plans_of(lambda: list(oldest_held(NOON)))
    assert look.count("order_by_status") == 3
    assert scans_of(lambda: list(oldest_held(NOON))) == []


def test_sends_out_of_step_are_found_by_the_index_of_unknown_sends(many_orders: None) -> None:
    make_attempt(make_order(Status.UNCONFIRMED), outcome=Outcome.UNKNOWN)
    *_, sends = plans_of(lambda: list(_in_doubt()))
    assert "attempt_to_recover" in sends
    assert scans_of(lambda: list(_in_doubt())) == []
