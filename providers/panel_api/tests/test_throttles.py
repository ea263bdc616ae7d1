"""The throttles that frameworks ship prove that nothing was done, in every form they come in."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from providers.panel_api import (
    Credentials,
    OutcomeUnknown,
    PanelClient,
    RefusalCode,
    Rejected,
    SlowDown,
)
from providers.panel_api.refusals import throttles

from .stub import KEY, URL, StubTransport, said
from .test_facts import PAYLOAD

HERE = Path(__file__).parent
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
THROTTLES: list[dict[str, Any]] = json.loads((HERE / "throttle_samples.json").read_text())
OTHERS: list[dict[str, Any]] = json.loads((HERE / "no_throttle_samples.json").read_text())


def hearing(sample: dict[str, Any], retry_after: str = "") -> PanelClient:
    answer = said(sample["body"], sample["http_status"], retry_after=retry_after)
    transport = StubTransport(by=lambda _: answer)
    return PanelClient(Credentials(URL, KEY), transport=transport, now=lambda: NOON)


@pytest.mark.parametrize("sample", THROTTLES, ids=lambda sample: sample["by"])
def test_a_stock_throttle_refuses_an_order(sample: dict[str, Any]) -> None:
    with pytest.raises(Rejected) as raised:
        hearing(sample).add(PAYLOAD)
    assert raised.value.code is RefusalCode.RATE_LIMIT
    wait = sample["wait"]
    assert raised.value.until == (None if wait is None else NOON + timedelta(seconds=wait))


@pytest.mark.parametrize("sample", THROTTLES, ids=lambda sample: sample["by"])
def test_it_is_heeded_by_every_other_call(sample: dict[str, Any]) -> None:
    client = hearing(sample)
    for call in (
        lambda: client.refill(["1"]),
        lambda: client.cancel(["1", "2"]),
        lambda: client.statuses_once(["1", "2"]),
        client.balance,
        client.services,
    ):
        with pytest.raises(SlowDown):
            call()


@pytest.mark.parametrize("sample", OTHERS, ids=lambda sample: str(sample))
def test_what_is_not_clearly_a_throttle_leaves_an_order_unconfirmed(
    sample: dict[str, Any],
) -> None:
    with pytest.raises(OutcomeUnknown):
        hearing(sample).add(PAYLOAD)


@pytest.mark.parametrize(
    "body",
    [
        {"success": True, "message": "Too Many Attempts."},
        [{"error": "Too Many Attempts."}, {"order": 7}],
    ],
    ids=["beside a success", "one row of several"],
)
def test_the_words_of_a_throttle_are_not_heard_where_something_was_done(body: Any) -> None:
    assert throttles.throttle_in(body, "", 200, is_html=False) == throttles.Throttle()


@pytest.mark.parametrize(("status", "proves"), [(429, True), (200, False), (503, False)])
def test_a_page_of_a_throttle_proves_something_with_its_own_code_alone(
    status: int, proves: bool
) -> None:
    page = "<html><title>Too Many Requests</title></html>"
    heard = throttles.throttle_in(None, page, status, is_html=True)
    assert heard == throttles.Throttle("Too Many Requests" if proves else "", is_likely=True)


@pytest.mark.parametrize(
    ("body", "is_clear"),
    [
        (["Too many requests"] * throttles._MOST_PARTS, True),
        (["Too many requests"] * (throttles._MOST_PARTS + 1), False),
        ([["Too many requests"]], True),
        (["Too many requests", json.loads("[" * 9 + '"Too many requests"' + "]" * 9)], False),
        ("Too many requests. " + "Your order is on its way. " * 20, False),
    ],
    ids=["all parts", "one more than is read", "one in another", "deeper than is read", "longer"],
)
def test_what_is_not_read_to_its_end_may_say_more(body: Any, is_clear: bool) -> None:
    heard = throttles.throttle_in(body, "", 429, is_html=False)
    assert (heard.said, heard.is_likely) == ("Too many requests" if is_clear else "", True)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30),
        ("2.5", 2.5),
        ("999999", 900),
        ("Mon, 04 May 2026 12:01:00 GMT", 60),
        ("Mon, 04 May 2026 11:00:00 GMT", 0),
    ],
)
def test_retry_after_is_kept_for_an_order_and_capped(header: str, seconds: float) -> None:
    with pytest.raises(Rejected) as raised:
        hearing(THROTTLES[0], header).add(PAYLOAD)
    assert raised.value.until == NOON + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("status", "body", "trouble"),
    [
        (401, '{"error":"Nope"}', RefusalCode.KEY),
        (403, '{"message":"Nope"}', RefusalCode.KEY),
        (429, '{"error":"Calm down"}', RefusalCode.RATE_LIMIT),
        (429, "", RefusalCode.RATE_LIMIT),
        (400, '{"error":"Nope"}', None),
        (403, "<html><title>Just a moment...</title></html>", None),
        (401, '{"error":"Nope","order":7}', None),
        (500, '{"error":"Nope"}', None),
    ],
)
def test_an_unknown_answer_says_whether_it_is_about_the_account(
    status: int, body: str, trouble: RefusalCode | None
) -> None:
    sample = {"http_status": status, "body": body}
    with pytest.raises(OutcomeUnknown) as raised:
        hearing(sample, "20").add(PAYLOAD)
    assert raised.value.account_trouble is trouble
    with pytest.raises(OutcomeUnknown) as asked:
        hearing(sample).refill(["1"]) if trouble else hearing(
            {**sample, "http_status": 500}
        ).refill(["1"])
    assert asked.value.account_trouble is trouble
