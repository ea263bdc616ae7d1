"""What an earlier release left on the disk is read by this one, or its orders are bought again.

Releases up to 0.1.0 wrote `wish` for the payload of a send and `settlement` for its outcome.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orders.models import Order, UnmatchedOrder
from orders.sending import answer_spool, send_journal
from orders.sending.restore_check import guard
from orders.status import Outcome, Status
from orders.tests.sending.test_answer_spool import crash_at, files
from orders.tests.sending.test_restore_guard import (
    LATER,
    forget,
    quarantined,
    send,
    take_back,
)
from tests.builders import NOON, make_order
from tests.fake_provider import FakeProvider, lost_answer

pytestmark = [pytest.mark.django_db, pytest.mark.services]
NAMES_THEN = {"payload": "wish", "send_outcome": "settlement"}


def as_then(written: dict[str, Any]) -> dict[str, Any]:
    return {NAMES_THEN.get(name, name): value for name, value in written.items()}


def write_as_then(path: Path) -> None:
    lines = [as_then(json.loads(line)) for line in path.read_text().splitlines() if line]
    assert any(name in line for line in lines for name in NAMES_THEN.values())
    path.write_text("".join(f"\n{json.dumps(line)}\n" for line in lines))


def journal_of(order: Order) -> Path:
    return send_journal.directory() / f"{order.provider_id}.jsonl"


def test_an_order_sent_by_an_earlier_release_is_not_sent_again_by_a_restored_database():
    provider, order = FakeProvider(), make_order()
    send(order, provider)
    write_as_then(journal_of(order))
    take_back(order)
    guard.check_database(now=LATER)
    order.refresh_from_db()
    assert quarantined()
    assert (order.status, order.external_id) == (Status.PENDING, "23501"), "by what was kept"
    send(order, provider, LATER)
    assert len(provider.placed) == 1


def test_nor_is_one_whose_answer_it_had_lost():
    provider, order = FakeProvider(), make_order()
    provider.then = lost_answer()
    send(order, provider)
    write_as_then(journal_of(order))
    take_back(order)
    guard.check_database(now=LATER)
    order.refresh_from_db()
    assert order.status == Status.UNCONFIRMED
    assert order.attempts.get().outcome == Outcome.UNKNOWN


def test_a_send_is_remembered_although_what_was_ordered_cannot_be_read():
    provider, order = FakeProvider(), make_order()
    provider.then = lost_answer()
    send(order, provider)
    file = journal_of(order)
    file.write_text(file.read_text().replace('"payload"', '"another_name"'))
    take_back(order)
    guard.check_database(now=LATER)
    order.refresh_from_db()
    assert order.status == Status.UNCONFIRMED


def test_an_order_that_a_restored_database_has_lost_altogether_is_listed():
    order = make_order()
    send(order, FakeProvider())
    write_as_then(journal_of(order))
    forget(order)
    guard.check_database(now=LATER)
    listed = UnmatchedOrder.objects.get()
    assert (listed.external_id, listed.link) == ("23501", order.link)


def test_an_answer_that_an_earlier_release_kept_on_disk_is_recorded():
    order = crash_at("send.spooled", make_order(), FakeProvider())
    (path,) = answer_spool.directory().glob("*.json")
    write_as_then(path)
    assert answer_spool.import_spool(now=NOON) == 1
    order.refresh_from_db()
    assert (order.status, order.external_id, files()) == (Status.PENDING, "23501", [])


def test_such_an_answer_is_found_for_a_send_that_a_restored_database_has_forgotten():
    provider, order = FakeProvider(), make_order()
    order = crash_at("send.spooled", order, provider)
    for path in (journal_of(order), *answer_spool.directory().glob("*.json")):
        write_as_then(path)
    take_back(order)
    guard.check_database(now=LATER)
    order.refresh_from_db()
    assert (order.status, order.external_id) == (Status.PENDING, "23501")
