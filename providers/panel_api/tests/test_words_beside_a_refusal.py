"""A refusal beside words that say more, or something else, proves nothing."""

from __future__ import annotations

import pytest

from providers.panel_api import OutcomeUnknown, RefusalCode, Rejected

from .stub import client_hearing, said
from .test_facts import PAYLOAD

TAKEN = "Your order is placed and starts when you add funds"
SAYING_MORE = (
    f'{{"error":"insufficient_funds","message":"{TAKEN}"}}',
    '{"error":"Not enough funds on balance","message":"Order created, awaiting payment"}',
    '{"error":"Not enough funds on balance","detail":"Our operator will call you"}',
    '{"error":"Incorrect link","info":"It is reviewed by hand"}',
    '{"error":["Incorrect link"],"errors":["It is reviewed by hand"]}',
    '{"error":"Incorrect link","message":["It is reviewed by hand"]}',
    '{"error":"Incorrect link","message":"Something went wrong"}',
)
TELLING_OF_AN_ORDER = (
    f'{{"error":{{"code":"insufficient_funds","message":"{TAKEN}"}}}}',
    '{"error":{"message":"Not enough funds","hint":"order stored"}}',
    '{"error":"Not enough funds","status":"pending"}',
    '{"error":"Not enough funds","order":"created"}',
    '{"error":"Not enough funds","order":{"status":"Pending"}}',
    '{"error":"Not enough funds","data":{"status":"created"}}',
    '{"status":"error","message":"Not enough funds","next":"It is queued until you pay"}',
)


@pytest.mark.parametrize("body", [*SAYING_MORE, *TELLING_OF_AN_ORDER])
@pytest.mark.parametrize("http_status", [200, 400])
def test_it_may_have_been_taken(body: str, http_status: int) -> None:
    client, _ = client_hearing(said(body, http_status))
    with pytest.raises(OutcomeUnknown):
        client.add(PAYLOAD)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{"error":"Incorrect link","message":"Incorrect link"}', RefusalCode.LINK),
        ('{"error":"Incorrect link","message":"Error"}', RefusalCode.LINK),
        ('{"error":"Not enough funds","message":"Please add funds."}', RefusalCode.FUNDS),
        (
            '{"message":"The given data was invalid.","errors":{"link":["The link is required."]}}',
            RefusalCode.LINK,
        ),
        (
            '{"message":"The link is required. (and 1 more error)","errors":{"link":["The link is'
            ' required."],"quantity":["The quantity is required."]}}',
            RefusalCode.LINK,
        ),
        ('{"error":{"code":"insufficient_funds","message":"Top up first"}}', RefusalCode.FUNDS),
        (
            '{"error":"Incorrect link","link":"https://lumen.example/pending/created"}',
            RefusalCode.LINK,
        ),
        (
            '{"error":"You have active order with this link. Please wait until order being'
            ' completed."}',
            RefusalCode.LINK_BUSY,
        ),
        ('{"error":"An identical order was just placed"}', RefusalCode.DUPLICATE),
    ],
)
def test_what_says_the_same_or_nothing_more_is_a_refusal(body: str, code: RefusalCode) -> None:
    client, _ = client_hearing(said(body, 422))
    with pytest.raises(Rejected) as refused:
        client.add(PAYLOAD)
    assert refused.value.code is code


def test_in_a_batch_only_rows_that_are_alike_mean_the_same() -> None:
    unknown = '{"error":"Incorrect order ID"}'
    more = f'{{"error":"Incorrect order ID","message":"{TAKEN}"}}'
    body = f'{{"1":{unknown},"2":{unknown},"3":{more},"4":{{"error":"Busy, ask later"}}}}'
    client, _ = client_hearing(said(body))
    rows = client.statuses_once(["1", "2", "3", "4"])
    codes = {one: getattr(row, "code", None) for one, row in rows.items()}
    known, unlisted = RefusalCode.UNKNOWN_ORDER, RefusalCode.UNLISTED
    assert codes == {"1": known, "2": known, "3": unlisted, "4": unlisted}
