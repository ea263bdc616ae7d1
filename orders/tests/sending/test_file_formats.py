"""Files on a machine's disk outlive an upgrade: what each release wrote is read, to the letter.

A new format gets a new line here. One that is here is never changed: on some disk it is the only
thing that knows of a send.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from orders.aftersales.batch_outcome import Answered, Later, outcome_from_json, outcome_to_json
from orders.restores.tasks import importers
from orders.sending import answer_spool, send_journal
from orders.sending.outcome import MAY_BE_RESTORED, SendOutcome
from orders.sending.restore_check import replay_journal, request_journal
from orders.sending.writes import answer_files, spool_files
from orders.status import RESTORE_DOUBT, Outcome, Status, Write
from providers.panel_api import RefillStarted, Refused
from tests.builders import make_attempt, make_order

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TOKEN = "685ba9d8168146d4baacae065b51390e-1"
CALL = "9f1c6a52d0a04f2f9d3a6a0d2a7c4b11"
NAME = f'"attempt": 7, "token": "{TOKEN}", "started_at": "2026-11-23T12:00:00+00:00"'
PAYLOAD = '{"service": "1002", "link": "https://lumen.example/p/3", "quantity": "1000"}'
TAKEN = (
    '{"outcome": "accepted", "to": "pending", "reason": "", "code": "", "evidence": null,'
    ' "external_id": "23501", "changes": {"charge": "1.25"}}'
)
SENDS = {
    "0.1.0": [
        f'{{"what": "sent", "database": "one", "wish": {PAYLOAD}, {NAME}}}',
        f'{{"what": "ended", "settlement": {TAKEN}, {NAME}}}',
    ],
    "0.2.0": [
        f'{{"what": "sent", "database": "one", "payload": {PAYLOAD}, {NAME}}}',
        f'{{"what": "ended", "send_outcome": {TAKEN}, {NAME}}}',
    ],
}
ANSWERS = {
    release: f'{{"version": 1, {NAME}, "lease_until": "2026-11-23T12:01:00+00:00",'
    f' "worker": "one:7:MainThread", "{name}": {TAKEN}}}'
    for release, name in (("0.1.0", "settlement"), ("0.2.0", "send_outcome"))
}
STARTED = '{"is": "answered", "rows": {"23501": ["started", {"refill_id": "77"}]}}'
CALLED = f'"attempt": 3, "token": "{CALL}", "started_at": "2026-11-23T12:00:00+00:00"'
CALLS = [
    '{"what": "sent", "database": "one", "write": "refill", "requests":'
    ' [["685ba9d8168146d4baacae065b51390e", "2026-11-23T11:59:00+00:00", "23501"]],'
    f" {CALLED}}}",
    f'{{"what": "ended", "outcome": {STARTED}, {CALLED}}}',
]
WRITE = f'{{"write": "refill", "said": {{"call": "{CALL}", "outcome": {STARTED}}}}}'

SET_ASIDE = ["", ".strange", spool_files.UNMATCHED]  # `.strange`: 0.1.0 and 0.2.0


REPLAYS = [
    f'{{"what": "repeated", "repeat": "5d1c", {NAME}}}',
    f'{{"what": "repeated", "repeat": "5d1d", {NAME}}}',
    f'{{"what": "named", "repeat": "5d1c", "id": "23501", {NAME}}}',
    f'{{"what": "ended", "repeat": "5d1d", {NAME}}}',
]


def put(path: Any, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["", *lines, ""]))


@pytest.mark.parametrize("release", SENDS)
def test_the_send_journal_of_each_release_is_read(release):
    put(send_journal.directory() / "5.jsonl", *SENDS[release])
    (send,) = send_journal.sends_since_accepted(5)
    assert (send.idempotency_key, send.started_at, send.payload) == (
        TOKEN,
        NOON,
        json.loads(PAYLOAD),
    )
    assert send.send_outcome is not None
    assert (send.send_outcome.outcome, send.send_outcome.to) == (Outcome.ACCEPTED, Status.PENDING)
    assert send.send_outcome.external_id == "23501"
    mark = send_journal.high_water_mark(5)
    assert mark is not None
    assert (mark.attempt, mark.database) == (7, "one")


@pytest.mark.parametrize("suffix", SET_ASIDE)
@pytest.mark.parametrize("release", ANSWERS)
def test_the_kept_answer_of_each_release_is_read(release, suffix):
    put(answer_spool.directory() / f"7-{TOKEN}.json{suffix}", ANSWERS[release])
    kept = answer_spool.left_behind(TOKEN, NOON)
    assert kept is not None
    assert (kept.external_id, str(kept.changes and kept.changes["charge"])) == ("23501", "1.25")


def test_the_journal_of_requests_is_read():
    put(send_journal.directory() / "5.requests.jsonl", *CALLS)
    (call,) = request_journal.calls_since_accepted(5)
    assert (call.idempotency_key, call.write, call.started_at) == (CALL, Write.REFILL, NOON)
    assert [one.order_id for one in call.requests] == ["23501"]
    assert call.outcome == Answered({"23501": RefillStarted("77")})


def test_the_journal_of_replays_is_read():
    number = int(TOKEN.rpartition("-")[2])
    order = make_order(Status.UNCONFIRMED, form_key=UUID(TOKEN.rpartition("-")[0]))
    lost = make_attempt(order, number=number, outcome=Outcome.UNKNOWN, started_at=NOON)
    put(send_journal.directory() / f"{order.provider_id}.repeats.jsonl", *REPLAYS)
    assert replay_journal.recall_replays(order.provider_id, now=NOON) == 1
    lost.refresh_from_db()
    assert lost.evidence["repeated_as"] == "23501"
    assert send_journal.accounts() == [order.provider_id]


@pytest.mark.parametrize(
    "odd",
    [
        '{"what": "repeated"}',
        f'{{"what": "named", "repeat": "5d1c", {NAME}}}',
        '{"what": "ended", "repeat": "5d1c", "token": "?-1", "started_at": "?"}',
    ],
    ids=["without its token", "without its number", "with a token that is none"],
)
def test_a_line_of_no_shape_we_know_hides_no_replay(odd, caplog):
    order = make_order(Status.UNCONFIRMED, form_key=UUID(TOKEN.rpartition("-")[0]))
    lost = make_attempt(order, number=1, outcome=Outcome.UNKNOWN, started_at=NOON)
    replayed, _, named, _ = REPLAYS
    put(send_journal.directory() / f"{order.provider_id}.repeats.jsonl", odd, replayed, odd, named)
    assert replay_journal.recall_replays(order.provider_id, now=NOON) == 1
    lost.refresh_from_db()
    assert lost.evidence["repeated_as"] == "23501"
    assert "a line about a replay cannot be read" in caplog.text


@pytest.mark.parametrize("suffix", SET_ASIDE)
def test_the_kept_answer_to_a_request_is_read(suffix):
    put(answer_files.directory() / f"refill-{CALL}.json{suffix}", WRITE)
    said = answer_files.left_behind(CALL, dict)
    assert said == {"call": CALL, "outcome": json.loads(STARTED)}


def test_a_kept_answer_to_a_call_of_another_life_of_the_database_is_set_aside_and_found():
    path = answer_files.directory() / f"refill-{CALL}.json"
    put(path, WRITE)
    assert answer_files.import_left_behind(importers(NOON)) == 0
    assert [one.name for one in path.parent.iterdir()] == [f"{path.name}.unmatched"]
    assert answer_files.left_behind(CALL, dict) == {"call": CALL, "outcome": json.loads(STARTED)}


def test_the_release_before_reads_a_refusal_in_words_of_the_desk():
    """It knows these values of one, and reads no answer with others."""
    said = Answered({"5": Refused("Not taken.", is_own=True), "6": Refused("Not now.")})
    written = outcome_to_json(said)
    values = {"reason", "code", "wait_seconds", "spacing_seconds"}
    assert [set(of) for _, of in written["rows"].values()] == [values, values]
    read = outcome_from_json(json.loads(json.dumps(written)))
    assert isinstance(read, Answered)
    assert [row.is_own for row in read.rows.values()] == [True, False]


ODD_SENDS = {
    "without its token": '{"what": "sent", "database": "one"}',
    "with an end of no shape": f'{{"what": "ended", "send_outcome": [], {NAME}}}',
    "with changes that are none": f'{{"what": "ended", {NAME}, "send_outcome":'
    ' {"outcome": "accepted", "to": "pending", "reason": "", "code": "", "evidence": null,'
    ' "external_id": "1", "changes": null}}',
}
ODD_CALLS = {
    "without its token": '{"what": "sent", "database": "one"}',
    "with an end that no call has": f'{{"what": "ended", "outcome": {{"is": "?"}}, {CALLED}}}',
    "with rows that are none": f'{{"what": "ended", {CALLED}, "outcome":'
    ' {"is": "answered", "rows": []}}',
}


@pytest.mark.parametrize("odd", ODD_SENDS.values(), ids=ODD_SENDS)
def test_a_line_of_no_shape_we_know_hides_no_send(odd, caplog):
    sent, ended = SENDS["0.2.0"]
    put(send_journal.directory() / "5.jsonl", sent, odd, ended)
    (send,) = send_journal.sends_since_accepted(5)
    assert send.send_outcome is not None and send.send_outcome.external_id == "23501"
    assert "a line about account 5 cannot be read" in caplog.text
    mark = send_journal.high_water_mark(5)
    assert mark is not None and mark.attempt == 7


@pytest.mark.parametrize("odd", ODD_CALLS.values(), ids=ODD_CALLS)
def test_a_line_of_no_shape_we_know_hides_no_call(odd, caplog):
    sent, ended = CALLS
    put(send_journal.directory() / "5.requests.jsonl", sent, odd, ended)
    (call,) = request_journal.calls_since_accepted(5)
    assert call.outcome == Answered({"23501": RefillStarted("77")})
    assert "a line about requests to account 5 cannot be read" in caplog.text


def test_what_was_kept_with_a_sentence_for_a_code_is_read_with_its_code() -> None:
    never_left = SendOutcome(Outcome.NOT_SENT, Status.QUEUED, MAY_BE_RESTORED, RESTORE_DOUBT)
    later = Later(MAY_BE_RESTORED, NOON, RESTORE_DOUBT)
    assert outcome_from_json(outcome_to_json(later)) == later
    assert SendOutcome.from_json(never_left.to_json()).code == RESTORE_DOUBT
    old = {"is": "later", "reason": MAY_BE_RESTORED, "until": NOON.isoformat()}
    assert outcome_from_json(old) == later
    assert SendOutcome.from_json({**never_left.to_json(), "code": ""}).code == RESTORE_DOUBT
