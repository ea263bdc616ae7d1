"""Words of a refused refill or cancel that stand elsewhere than its error: they take proof away."""

from __future__ import annotations

import json
from typing import Any

import pytest

from providers.panel_api import Meaning, OutcomeUnknown, Refused, SlowDown, meaning
from providers.panel_api.refusals.request_refusals import What

from .stub import client_hearing

NO, OPEN = "Refill is not allowed", "Refill is already in progress"
CODE = "refill.error.previous_not_completed"
NO_CANCEL, CANCEL_OPEN = "Cancel is not allowed", "Cancel already requested"


def means(what: What, body: Any) -> Meaning:
    client, _ = client_hearing(json.dumps(body))
    try:
        said = (client.refill if what == "refill" else client.cancel)(["5"])["5"]
    except OutcomeUnknown:
        return Meaning.UNCLEAR
    assert isinstance(said, Refused)
    return meaning(said.says, what)


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": CODE, "message": NO}},
        {"error": {"message": NO, "details": [OPEN]}},
        {"error": {"code": "not_eligible", "message": [OPEN]}},
        {"error": {"code": "not_eligible", "message": "It was submitted by you before"}},
        {"error": NO, "refills": [{"order": 5, "refill": {"error": OPEN}}]},
        {"error": NO, "data": [{"order": 5, "error": OPEN}]},
        {"error": NO, "data": [{"order": 5, "error": "It was submitted by you before"}]},
        {"error": NO, "5": {"error": OPEN}},
        {"error": NO, "code": CODE},
        {"error": NO, "error_message": OPEN},
        {"success": False, "message": NO, "detail": OPEN},
        {"success": False, "message": NO, "code": CODE},
        {"status": "fail", "message": NO, "data": {"msg": OPEN}},
        {"error": "Too many requests", "data": [{"order": 5, "error": OPEN}]},
        [{"order": 5, "refill": {"error": NO, "code": "previous_not_completed"}}],
        [{"order": 5, "refill": {"error": {"message": NO, "code": "previous_not_completed"}}}],
        [{"order": 5, "error": NO, "refill": {"error": OPEN}}],
        [{"order": 5, "error": NO, "refill": OPEN}],
        [{"order": 5, "refill": NO, "status": OPEN}],
        {"error": NO, "refill_status": "In progress"},
        [{"order": 5, "refill": {"error": NO}, "refill_status": "Pending"}],
        [{"order": 5, "refill": NO, "refill_status": "Pending"}],
        {"5": {"error": NO}, "message": OPEN},
        {"status": "success", "data": [{"order": 5, "error": NO}], "message": OPEN},
    ],
)
def test_a_refill_is_not_refused_beside_words_that_it_may_be_under_way(body: Any) -> None:
    assert means("refill", body) is Meaning.UNCLEAR


@pytest.mark.parametrize(
    "body",
    [
        {"error": NO_CANCEL, "cancels": [{"order": 5, "error": CANCEL_OPEN}]},
        {"success": False, "message": NO_CANCEL, "detail": CANCEL_OPEN},
        [{"order": 5, "error": NO_CANCEL, "cancel": {"error": CANCEL_OPEN}}],
        [{"order": 5, "cancel": {"error": NO_CANCEL, "code": "order_ended"}}],
    ],
)
def test_nor_is_a_cancel_that_may_be_taken(body: Any) -> None:
    assert means("cancel", body) is Meaning.UNCLEAR


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": "not_eligible", "message": NO, "type": "RefillError"}},
        {"error": NO, "code": 400, "status": "error", "message": NO.upper()},
        {"error": NO, "data": [{"order": 5, "error": f"{NO}."}]},
        {"error": NO, "data": {"order": 5, "link": "https://example.com/a", "service": "Likes"}},
        {"success": False, "message": NO, "detail": "Please contact support"},
        {"error": NO, "refill_status": "Rejected"},
        {"status": "success", "data": [{"order": 5, "error": NO}], "message": "Processed"},
        [{"order": 5, "refill": {"error": NO, "code": "not_eligible"}}],
    ],
)
def test_it_is_refused_beside_words_that_say_the_same_or_nothing(body: Any) -> None:
    assert means("refill", body) is Meaning.NO


def test_what_another_order_of_the_call_is_told_is_not_believed_of_this_one() -> None:
    client, _ = client_hearing(json.dumps({"error": NO, "6": {"error": OPEN}}))
    with pytest.raises(OutcomeUnknown) as raised:
        client.refill(["5", "6"])
    assert raised.value.reason == f"{NO} … {OPEN}"
    assert raised.value.account_trouble is None


def test_too_many_calls_beside_a_code_that_says_the_same_is_still_that() -> None:
    client, _ = client_hearing(
        json.dumps({"error": {"code": "rate_limited", "message": "Too many requests"}})
    )
    with pytest.raises(SlowDown):
        client.refill(["5"])
