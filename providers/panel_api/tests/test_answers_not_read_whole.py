"""What was not read to its end proves nothing, and is as slow to ask again as the worst of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from providers.panel_api import (
    OutcomeUnknown,
    Progress,
    RefillProgress,
    RefusalCode,
    Refused,
    Rejected,
    SlowDown,
    Unavailable,
    Unreadable,
)
from providers.panel_api import client as panel_client

from .stub import client_hearing, said
from .test_facts import PAYLOAD

FUNDS = "Not enough funds on balance"
SLOW = "Too many requests"


def nested(value: Any, depth: int, name: str = "data") -> Any:
    for _ in range(depth):
        value = {name: value}
    return value


def listed(value: Any, depth: int) -> Any:
    for _ in range(depth):
        value = [value]
    return value


MAY_BE_AN_ORDER = {
    "a row beyond the first thousand": {"rows": [{}] * 1000 + [{"order": 7}]},
    "a number beyond the first thousand": {"order": [0] * 1000 + [7]},
    "a number of a hundred signs": {"order": "7" * 100},
    "a number in many lists": {"order": listed(7, 20)},
    "an id in the sixth row": {"data": [{}] * 5 + [{"id": 7}]},
    "an id under many wrappings": nested({"id": 7}, 5),
    "two ids, none of them the only one": {"id": 7, "data": {"id": 8}},
}


@pytest.mark.parametrize("beside", MAY_BE_AN_ORDER.values(), ids=MAY_BE_AN_ORDER.keys())
@pytest.mark.parametrize("words", [FUNDS, SLOW])
def test_a_refusal_beside_what_was_not_read_rejects_no_order(
    beside: dict[str, Any], words: str
) -> None:
    client, _ = client_hearing(json.dumps({"error": words, **beside}))
    with pytest.raises(OutcomeUnknown):
        client.add(PAYLOAD)


REFUSED_IN_PART = {
    "the last of many sentences": {"errors": [FUNDS] * 20 + ["Your order was placed"]},
    "the last one, which names no order": {"errors": [FUNDS] * 20 + ["See your panel for more"]},
    "a sentence deep inside": {"errors": [FUNDS, nested({"of": "Your order was placed"}, 9)]},
    "the end of a long sentence": {"error": FUNDS + " " * 300 + "but your order was placed"},
}


@pytest.mark.parametrize("body", REFUSED_IN_PART.values(), ids=REFUSED_IN_PART.keys())
def test_a_refusal_that_was_not_read_whole_rejects_no_order(body: dict[str, Any]) -> None:
    client, _ = client_hearing(json.dumps(body))
    with pytest.raises(OutcomeUnknown) as raised:
        client.add(PAYLOAD)
    assert raised.value.reason.startswith(FUNDS) and len(raised.value.reason) <= 300


def test_an_added_phrase_is_compared_to_its_end() -> None:
    client, _ = client_hearing(
        json.dumps({"error": "Guthaben leer" + " " * 300 + "trotzdem bestellt"}),
        refusals={"guthaben leer": RefusalCode.FUNDS},
    )
    with pytest.raises(OutcomeUnknown):
        client.add(PAYLOAD)


THROTTLED_IN_PART = {
    "a long text behind it": {"title": SLOW, "detail": "Your order waits. " + "x" * 300},
    "a long text that begins so": {"message": SLOW + ". " + "Your order waits. " * 30},
    "the last of many entries": {"errors": [SLOW] * 30 + ["Your order was placed"]},
    "something deep inside": {"title": SLOW, "errors": nested("Your order waits", 9, "error")},
}


@pytest.mark.parametrize("http_status", [200, 403, 429, 500])
@pytest.mark.parametrize("body", THROTTLED_IN_PART.values(), ids=THROTTLED_IN_PART.keys())
def test_a_throttle_that_was_not_read_whole_is_never_sent_again_and_slows_down(
    body: dict[str, Any], http_status: int
) -> None:
    """For what may have been done it proves nothing; for the next call it is a throttle."""
    answer = said(json.dumps(body), http_status)
    writing, _ = client_hearing(answer, answer)
    for write in (lambda: writing.add(PAYLOAD), lambda: writing.refill(["5"])):
        with pytest.raises(OutcomeUnknown) as raised:
            write()
        assert raised.value.account_trouble is RefusalCode.RATE_LIMIT
    reading, _ = client_hearing(*[answer] * 3)
    for read in (reading.balance, reading.services, lambda: reading.statuses_once(["5", "6"])):
        with pytest.raises(SlowDown):
            read()


@pytest.mark.parametrize(
    "body",
    [
        {"errors": ["Error", "Request failed", "Exception", SLOW]},
        {"error": nested(SLOW, 4, "message")},
    ],
)
def test_what_was_not_read_before_and_is_a_throttle_is_one(body: dict[str, Any]) -> None:
    client, _ = client_hearing(said(json.dumps(body), 429))
    with pytest.raises(Rejected) as raised:
        client.add(PAYLOAD)
    assert raised.value.code is RefusalCode.RATE_LIMIT


def test_a_long_name_of_the_only_service_is_no_throttle() -> None:
    row = {"service": 1, "name": "Views " * 100, "rate": "1", "min": 1, "max": 2, "type": "Default"}
    client, _ = client_hearing(json.dumps([row]))
    assert [item.service_id for item in client.services().items] == ["1"]


@pytest.mark.parametrize("row", [{"error": [SLOW, "Refill 7 was created"]}, [SLOW, "and done"]])
def test_a_row_is_refused_only_by_all_of_its_sentences(row: Any) -> None:
    body = json.dumps([{"order": "5", "refill": {"error": row}}, {"order": "6", "refill": 78}])
    client, _ = client_hearing(body)
    answer = client.refill(["5", "6"])["5"]
    assert isinstance(answer, Refused) and answer.code is RefusalCode.UNLISTED


def test_an_order_is_foreign_only_by_all_of_what_is_said_of_it() -> None:
    row = {"error": ["Incorrect order ID", "It is still being placed"]}
    client, _ = client_hearing(json.dumps({"5": row, "6": {"status": "Pending"}}), json.dumps(row))
    for ids in (["5", "6"], ["5"]):
        answer = client.statuses_once(ids)["5"]
        assert isinstance(answer, Unreadable) and answer.code is RefusalCode.UNLISTED


def test_a_status_that_is_longer_than_a_word_means_nothing_known() -> None:
    word = "Completed" + " " * 60 + "in 3 days"
    client, _ = client_hearing(json.dumps({"status": word}), json.dumps({"status": word}))
    order = client.statuses_once(["5"])["5"]
    assert isinstance(order, Progress) and order.status is None
    refill = client.refill_statuses_once(["5"])["5"]
    assert isinstance(refill, RefillProgress) and refill.status is None


def test_more_orders_of_one_parent_than_are_read_leave_its_row_unread() -> None:
    row = {"status": "In progress", "orders": list(range(1, 10_002))}
    client, _ = client_hearing(json.dumps(row))
    answer = client.statuses_once(["77777"])["77777"]
    assert isinstance(answer, Unreadable) and not answer.missing


def test_an_id_is_not_taken_where_another_may_stand_deeper() -> None:
    for body in ({"id": 5, **nested({"order": 7}, 9)}, {"id": 5, "orders": [{"order": 7}] * 2}):
        client, _ = client_hearing(json.dumps(body))
        with pytest.raises(OutcomeUnknown):
            client.add(PAYLOAD)


def page(first: int, size: int) -> str:
    row = {"name": "Views", "rate": "1", "min": 1, "max": 2, "type": "Default"}
    return json.dumps([{"service": first + number, **row} for number in range(size)])


def test_a_catalog_of_more_pages_than_are_read_is_no_catalog(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A part of it would look as if the other services were gone."""
    monkeypatch.setattr(panel_client, "MOST_PAGES", 2)
    client, _ = client_hearing(page(1, 2), page(3, 2), services_page_size=2)
    with pytest.raises(Unavailable, match="more than 2 pages"):
        client.services()


def test_a_page_of_services_nobody_can_read_is_not_the_last_one() -> None:
    strange = json.dumps([{"service": 3, "rate": "?"}, {"service": 4, "rate": "?"}])
    client, _ = client_hearing(page(1, 2), strange, page(5, 2), "[]", services_page_size=2)
    catalog = client.services()
    assert [item.service_id for item in catalog.items] == ["1", "2", "5", "6"]
    assert [row.about for row in catalog.unreadable] == ["3", "4"]


def test_each_row_of_the_list_of_orders_is_told_and_texts_are_compared_whole() -> None:
    link = "https://lumen.example/" + "p" * 2000
    rows = [{"order": 7, "link": link, "date": "2026" * 20}, {"order": "№ 8"}, "nine"]
    client, _ = client_hearing(json.dumps(rows))
    told = client.recent_orders()
    assert [(row.order_id, row.link, row.created_at) for row in told] == [
        ("7", "", ""),
        ("", "", ""),
        ("", "", ""),
    ]
