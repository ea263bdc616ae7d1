"""How many orders the tabs of the list say."""

from __future__ import annotations

import pytest

from orders.lists.tabs import tabs
from orders.models import Order
from orders.status import Flag, HoldReason, Status
from tests.builders import make_order

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def test_an_order_that_needs_a_person_for_two_reasons_counts_once() -> None:
    for status, reason, flag in (
        (Status.UNCONFIRMED, HoldReason.NONE, Flag.UNKNOWN_WORD),
        (Status.NOT_PLACED, HoldReason.NONE, Flag.NONE),
        (Status.HELD, HoldReason.TERMS, Flag.UNKNOWN_WORD),
        (Status.HELD, HoldReason.TERMS, Flag.NONE),
        (Status.COMPLETED, HoldReason.NONE, Flag.UNKNOWN_WORD),
        (Status.COMPLETED, HoldReason.NONE, Flag.NONE),
    ):
        make_order(status, hold_reason=reason, flag=flag)
    counts = {tab.group: tab.count for tab in tabs(counted=True)}
    assert counts["attention"] == Order.objects.needing_a_person().count() == 5
