"""A refusal beside what may be the number of something that was made proves nothing."""

from __future__ import annotations

from typing import Any

import pytest

from providers.panel_api import (
    OutcomeUnknown,
    RefillStarted,
    RefusalCode,
    Refused,
    Rejected,
    SlowDown,
)

from ..answers.decode_requests import cancels, refills
from ..dialect import Dialect
from .stub import client_hearing, said
from .test_facts import PAYLOAD

NO = '"error":"Too many requests"'
WITH_ORDERS = (
    '{%s,"order":7}',
    '{%s,"order":{"id":7,"order":8}}',
    '{%s,"order":{"id":7,"order_id":"A-7"}}',
    '{%s,"orders":[{"id":7},{"id":8}]}',
    '{%s,"order":7.0}',
    '{%s,"order":"#7"}',
    '{%s,"order_number":7}',
    '{%s,"order_no":"7"}',
    '{%s,"new_order":"7"}',
    '{%s,"result":{"data":{"order":{"id":7}}}}',
    '{%s,"result":{"data":{"order":7}}}',
    '{"error":{"message":"Too many requests","order":7}}',
    '{%s,"data":7}',
    '{%s,"result":"7"}',
    '{%s,"status":"success"}',
    '{%s,"success":true}',
    '{%s,"orders":{}}',
    '{%s,"data":{"order":{}}}',
    '{%s,"charge":"0.90"}',
    '{%s,"charge":0.9,"balance":"0.10"}',
    '{%s,"data":{"order_charge":"1.50 USD"}}',
    '{%s,"charged":1}',
    '{%s,"order_ids":[7]}',
    '{%s,"orderIds":"7"}',
    '{%s,"order_numbers":["7"]}',
    '{%s,"7":{"status":"ok"}}',
    '{%s,"data":{"7":{"link":"https://lumen.example/"}}}',
)
WITH_NONE = (
    '{%s,"order":null}',
    '{%s,"order":0,"orders":[]}',
    '{%s,"charge":"0.00"}',
    '{%s,"charge":null,"price":"0.90"}',
    '{%s,"not_found":{"7":{"code":4}}}',
)


@pytest.mark.parametrize("body", WITH_ORDERS)
@pytest.mark.parametrize("words", ["Too many requests", "Not enough funds on balance"])
@pytest.mark.parametrize("http_status", [200, 429])
def test_an_order_may_be_there(body: str, words: str, http_status: int) -> None:
    body = (body % NO if "%s" in body else body).replace("Too many requests", words)
    client, _ = client_hearing(said(body, http_status))
    with pytest.raises(OutcomeUnknown):
        client.add(PAYLOAD)


@pytest.mark.parametrize("body", WITH_NONE)
@pytest.mark.parametrize("http_status", [200, 422])
def test_what_says_that_there_is_none_leaves_a_refusal_one(body: str, http_status: int) -> None:
    client, _ = client_hearing(said(body % '"error":"Not enough funds on balance"', http_status))
    with pytest.raises(Rejected) as refused:
        client.add(PAYLOAD)
    assert refused.value.code is RefusalCode.FUNDS


@pytest.mark.parametrize(
    "body",
    ['{%s,"refill":{}}', '{%s,"refill":77}', '{%s,"refill_id":"77"}', '{%s,"refill":{"id":77}}'],
)
def test_a_refill_may_be_there(body: str) -> None:
    client, _ = client_hearing(said(body % NO, 200))
    with pytest.raises(OutcomeUnknown):
        client.refill(["5"])


@pytest.mark.parametrize(
    "row", ['{"order":"5","refill":77,%s}', '{"order":"5","refill":{"id":77,%s}}']
)
def test_a_refill_of_several_may_be_there(row: str) -> None:
    client, _ = client_hearing(said(f'[{row % NO},{{"order":"6","refill":78}}]', 200))
    answer = client.refill(["5", "6"])
    assert isinstance(answer["5"], Refused) and answer["5"].code is RefusalCode.UNLISTED
    assert answer["6"] == RefillStarted("78")


@pytest.mark.parametrize("no", ['"error":"Too many requests"', '"refill":{' + NO + "}"])
def test_a_row_that_is_throttled_says_nothing_of_the_others(no: str) -> None:
    client, _ = client_hearing(said(f'[{{"order":"5",{no}}},{{"order":"6","refill":78}}]', 200))
    answer = client.refill(["5", "6"])
    assert isinstance(answer["5"], Refused) and answer["5"].code is RefusalCode.RATE_LIMIT
    assert answer["6"] == RefillStarted("78")


BY_ORDER_ALONE = (
    '{"1": 5, "error": "Too many requests"}',
    '{"errors": {"2": "Too many requests"}, "1": 55}',
    '{"error": "Too many requests", "data": [{"order": 1, "id": 5}]}',
    '{"error": "Too many requests", "success": ["1"], "failed": ["2"]}',
)
ABOUT_NONE = (
    '{"error": "Too many requests"}',
    '{"error": "Too many requests", "failed": ["1", "2"]}',
    '{"error": "Too many requests", "order": "1"}',
    '{"errors": {"1": "Too many requests", "2": "Too many requests"}}',
)


@pytest.mark.parametrize("body", BY_ORDER_ALONE)
def test_refills_named_by_their_orders_beside_a_throttle_are_in_doubt(body: str) -> None:
    client, _ = client_hearing(said(body))
    with pytest.raises(OutcomeUnknown):
        client.refill(["1", "2"])


@pytest.mark.parametrize("body", ABOUT_NONE)
def test_a_throttle_that_answers_for_no_order_leaves_nothing_in_doubt(body: str) -> None:
    client, _ = client_hearing(said(body))
    try:
        answers = client.refill(["1", "2"])
    except SlowDown:
        return
    assert all(isinstance(answer, Refused) for answer in answers.values())


NO_CANCEL, NO_REFILL = "Cancel not available for this order", "Refill is not allowed"
TAKEN_CANCELS: tuple[dict[str, Any], ...] = (
    {"cancel": {"request_id": 55, "error": NO_CANCEL}},
    {"cancel": {"Request_ID": "55", "errors": [NO_CANCEL]}},
    {"cancel": {"status": "pending", "error": NO_CANCEL}},
    {"cancel": {"status": True, "error": NO_CANCEL}},
    {"cancel": {"status": "pending"}, "error": NO_CANCEL},
    {"cancel": {"status": "pending", "error": NO_CANCEL}, "error": NO_CANCEL},
    {"cancel": "accepted", "error": NO_CANCEL},
    {"Cancel": "success", "message": NO_CANCEL, "error": NO_CANCEL},
    {"cancel": "pending", "status": "error", "message": NO_CANCEL},
    {"cancel": "pending", "success": False, "message": NO_CANCEL},
    {"cancel": {"status": "no", "Status": "pending", "error": NO_CANCEL}},
    {"cancel": {"request_id": 55}, "error": NO_CANCEL},
    {"cancel": True, "error": NO_CANCEL},
    {"success": "true", "error": NO_CANCEL},
)
TAKEN_REFILLS: tuple[dict[str, Any], ...] = (
    {"refill": "success", "error": NO_REFILL},
    {"refill": {"status": "Pending", "error": NO_REFILL}},
    {"refill": {"status": "success", "error": NO_REFILL}},
    {"refill": {"status": "In progress"}, "error": NO_REFILL},
    {"refill": "pending", "error": NO_REFILL},
)
PLAIN_REFUSALS: tuple[Any, ...] = (
    {"error": "%s"},
    {"errors": ["%s"]},
    {"error": "%s", "message": "%s"},
    {"status": "error", "message": "%s"},
    {"status": "fail", "error": "%s", "success": False},
    {"error": "%s", "code": 409},
    {"status": "error", "message": "%s", "error_code": 12},
)


@pytest.mark.parametrize("row", TAKEN_CANCELS)
def test_a_cancel_that_reads_as_taken_beside_words_is_not_refused(row: dict[str, Any]) -> None:
    answer = cancels([{"order": 5, **row}], ["5"], Dialect())["5"]
    assert isinstance(answer, Refused) and answer.code is RefusalCode.UNLISTED
    assert answer.reason == NO_CANCEL and not answer.is_own


@pytest.mark.parametrize("row", TAKEN_REFILLS)
def test_so_is_a_refill(row: dict[str, Any]) -> None:
    answer = refills([{"order": 5, **row}], ["5"], Dialect())["5"]
    assert isinstance(answer, Refused) and answer.code is RefusalCode.UNLISTED
    assert answer.reason == NO_REFILL and not answer.is_own


CODES: tuple[dict[str, Any], ...] = ({"code": 409}, {"error_code": 12}, {"Error_Code": "E12"})


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("row", [*TAKEN_CANCELS, *TAKEN_REFILLS])
def test_a_code_beside_the_error_changes_nothing_of_it(
    row: dict[str, Any], code: dict[str, Any]
) -> None:
    read = refills if "refill" in row else cancels
    inside = {
        name: {**value, **code} if isinstance(value, dict) else value for name, value in row.items()
    }
    for one in ({**row, **code}, inside):
        answer = read([{"order": 5, **one}], ["5"], Dialect())["5"]
        assert isinstance(answer, Refused) and answer.code is RefusalCode.UNLISTED


@pytest.mark.parametrize("is_inside", [False, True])
@pytest.mark.parametrize("said_no", PLAIN_REFUSALS)
def test_plain_words_still_refuse_them(said_no: dict[str, Any], *, is_inside: bool) -> None:
    for read, what, words in ((cancels, "cancel", NO_CANCEL), (refills, "refill", NO_REFILL)):
        no = {
            name: [words] if isinstance(one, list) else words if one == "%s" else one
            for name, one in said_no.items()
        }
        row = {"order": 5, what: no} if is_inside else {"order": 5, **no}
        answer = read([row], ["5"], Dialect())["5"]
        assert isinstance(answer, Refused) and answer.code is RefusalCode.NOT_ALLOWED
