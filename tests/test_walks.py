"""The walks of `make bench`, counted on the test database: none gets longer by the way."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from benchmarks.walks import BARS, Walk, walking, walks
from core import texts
from orders.sending.outcome import SendOutcome
from orders.status import Outcome, Status

pytestmark = pytest.mark.django_db(transaction=True)

# What each walk takes today. A shorter one takes its number down; the aims are BARS.
LONGEST = {"click": 308, "status": 76, "recovery": 242}


@pytest.fixture
def hop_counts(settings: Settings) -> dict[str, Walk]:
    return walks(settings)


def test_no_walk_goes_through_more_files_than_it_did(hop_counts: dict[str, Walk]) -> None:
    longer = {
        name: f"{walk.length} hops, and not {LONGEST[name]}: {walk.pairs.most_common(8)}"
        for name, walk in hop_counts.items()
        if walk.length > LONGEST[name]
    }
    assert not longer
    assert hop_counts.keys() == LONGEST.keys() == BARS.keys()


def test_a_call_into_another_file_is_a_hop_and_one_within_a_file_is_none() -> None:
    with walking() as walk:
        SendOutcome(Outcome.NOT_SENT, Status.QUEUED)
        texts.readable_json(["a", ["b"]])
    assert walk.pairs == {("orders/sending/outcome.py", "core/texts.py"): walk.length}
    assert walk.length > 0
