"""The connection check finds out how a provider differs, spends nothing, and never fails itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.panel_api import (
    CheckResult,
    Credentials,
    Dialect,
    FindingLevel,
    KeyPlace,
    PanelClient,
    Transport,
    check_connection,
)
from providers.panel_api.http.transport import Delivery
from sandbox import Sandbox

from .servers import OK, ORDER, Behaviour, Server, after_reading, saying, serving
from .stub import KEY, URL, StubTransport, said


def checked(box: Sandbox, key: str = "", *, with_empty_order: bool = False) -> CheckResult:
    origin = box.url.split("/api")[0]
    transport = Transport(loopback_origins={origin})
    client = PanelClient(Credentials(box.url, key or box.key), transport=transport)
    return check_connection(client, with_empty_order=with_empty_order)


def words(report: CheckResult) -> str:
    return "\n".join(f"{found.level}: {found.words}" for found in report.findings)


@pytest.mark.parametrize(
    ("dialect", "profile"),
    [
        ("seed", {}),
        ("wrapped", {"balance_field": "data.balance"}),
        ("positional", {"many_statuses": False, "batch_size": 1}),
        ("coded", {"ids_as_json": True}),
        ("generous", {"recent_orders": True}),
        ("codes", {}),
        ("snake", {}),
        ("opaque", {}),
    ],
)
def test_what_it_finds_out_about_a_dialect(dialect: str, profile: dict[str, object]) -> None:
    with Sandbox(seed=1, services=30, dialect=dialect) as box:
        report = checked(box)
    usual = {"many_statuses": True, "refills": True, "recent_orders": False, "currency": "USD"}
    assert report.dialect.to_profile() == {**usual, **profile}
    assert report.services_seen == 30
    assert report.balance is not None
    assert report.balance.amount == 1000


def test_a_refused_key_is_said_in_plain_words() -> None:
    with Sandbox(seed=1, services=5) as box:
        report = checked(box, "not-the-key-at-all")
    assert "fail: The key is refused." in words(report)
    assert report.level is FindingLevel.FAIL
    assert report.services_seen == 0


def test_requests_as_json_with_the_key_in_a_header() -> None:
    def by(transport: list[StubTransport]) -> object:
        def answer(fields: dict[str, str]) -> Delivery:
            if "X-API-Key" in transport[0].headers[-1]:
                return said('{"balance":"5","currency":"EUR"}')
            return said('{"error":"Invalid API key"}', 401)

        return answer

    known: list[StubTransport] = []
    known.append(StubTransport(by=by(known)))  # type: ignore[arg-type]
    report = check_connection(PanelClient(Credentials(URL, KEY), transport=known[0]))
    assert report.dialect.json_body
    assert report.dialect.key_place is KeyPlace.HEADER


def test_a_missing_slash_is_found_by_the_redirect() -> None:
    transport = StubTransport(said("", 301, location=URL + "/"), said('{"balance":"5"}'))
    report = check_connection(PanelClient(Credentials(URL, KEY), transport=transport))
    assert report.dialect.trailing_slash is True
    assert transport.urls[1] == URL + "/"
    elsewhere = StubTransport(said("", 301, location="https://other.example/api/v2/"))
    report = check_connection(PanelClient(Credentials(URL, KEY), transport=elsewhere))
    assert report.dialect.trailing_slash is None
    assert len(elsewhere.urls) == 1


def checked_by(answer: Callable[[dict[str, str]], Delivery], **dialect: Any) -> CheckResult:
    transport = StubTransport(by=answer)
    return check_connection(PanelClient(Credentials(URL, KEY), Dialect(**dialect), transport))


def well(fields: dict[str, str]) -> Delivery:
    """A provider as published, that knows no order."""
    if fields["action"] == "balance":
        return said('{"balance":"5","currency":"EUR"}')
    if fields["action"] == "services":
        return said('[{"service":1,"rate":"1","type":"Default"}]')
    if fields["action"] != "status":
        return said('{"error":"Incorrect request"}')
    if "order" in fields:
        return said('{"error":"Incorrect order ID"}')
    row = '{"error":"Incorrect order ID"}'
    return said("{" + ",".join(f'"{one}":{row}' for one in fields["orders"].split(",")) + "}")


def test_one_unknown_refusal_for_everything_shows_no_limit() -> None:
    odd = '{"error":"Nothing today","status":"102"}'
    for before in (100, 1):
        report = checked_by(lambda fields: said(odd), batch_size=before)
        assert report.dialect.batch_size == before
        assert report.dialect.many_statuses is None
        assert "could not be found out" in words(report)
        assert "could not be finished" not in words(report)


def test_a_limit_that_was_once_learned_is_lifted_by_a_clear_answer() -> None:
    report = checked_by(well, batch_size=1, many_statuses=False)
    assert (report.dialect.batch_size, report.dialect.many_statuses) == (100, True)


def test_a_limit_is_learned_where_one_is_understood_and_two_are_not() -> None:
    def answer(fields: dict[str, str]) -> Delivery:
        return said('{"error":"Only one please"}') if "orders" in fields else well(fields)

    report = checked_by(answer)
    assert (report.dialect.batch_size, report.dialect.many_statuses) == (1, False)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Nothing for one", "Nothing for two"),
        ("Nothing today", "Nothing today"),
        ("Error: Incorrect order ID", "Error Incorrect order ID"),
    ],
    ids=["each in words of its own", "the same words", "the same words, understood of one alone"],
)
def test_two_refused_as_one_alone_is_show_no_limit(one: str, two: str) -> None:
    """What was said of two need not be about two."""

    def answer(fields: dict[str, str]) -> Delivery:
        if fields["action"] != "status":
            return well(fields)
        words_of_it = two if "orders" in fields else one
        return said(f'{{"error":"{words_of_it}"}}')

    report = checked_by(answer)
    assert (report.dialect.batch_size, report.dialect.many_statuses) == (100, None)


@pytest.mark.parametrize("action", ["multistatus", "multi_status"])
def test_another_action_for_several_orders_is_found(action: str) -> None:
    def answer(fields: dict[str, str]) -> Delivery:
        if "orders" not in fields:
            return well(fields)
        right = fields["action"] == action
        return well({**fields, "action": "status"}) if right else said('{"error":"Odd"}')

    report = checked_by(answer)
    assert report.dialect.batch_status_action == action
    assert report.dialect.batch_size == 100
    transport = StubTransport(by=answer)
    client = PanelClient(Credentials(URL, KEY), report.dialect, transport)
    client.statuses_once(["1", "2"])
    client.statuses_once(["1"])
    assert [fields["action"] for fields in transport.asked] == [action, "status"]


@pytest.mark.parametrize(
    ("answer", "status", "of_the_key"),
    [
        ('{"error":"Nope"}', 401, "fail: The call is refused with HTTP 401, in words we do not"),
        ('{"message":"Nope"}', 403, "fail: The call is refused with HTTP 403, in words we do not"),
        ('{"error":"Nope"}', 200, "warn: The balance is refused in words we do not know"),
        ('{"hello":1}', 200, "warn: The answer names no balance"),
        ('{"hello":1}', 404, "warn: The answer names no balance"),
        ('{"error":"Invalid API key"}', 200, "fail: The key is refused."),
    ],
)
def test_it_says_of_the_key_only_what_it_knows(answer: str, status: int, of_the_key: str) -> None:
    found = words(checked_by(lambda fields: said(answer, status)))
    assert of_the_key in found
    assert "The key is accepted" not in found
    if "Nope" in answer:
        assert "how amounts are written" not in found


def test_only_reading_actions_are_called() -> None:
    transport = StubTransport(by=lambda fields: said('{"error":"Incorrect request"}'))
    check_connection(PanelClient(Credentials(URL, KEY), transport=transport))
    reading = {"balance", "services", "status", "refill_status", "orders"}
    reading |= {"multi_status", "multistatus"}
    assert {fields["action"] for fields in transport.asked} <= reading


@pytest.mark.parametrize(
    ("dialect", "parameter", "said_of_it"),
    [
        ("opaque", "request_id", "ok: It wants an id of ours with each order; from now on it gets"),
        ("seed", "", "ok: It refused an empty order for another reason"),
    ],
)
def test_an_empty_order_tells_whether_an_id_of_ours_is_wanted(
    dialect: str, parameter: str, said_of_it: str
) -> None:
    with Sandbox(seed=1, services=30, dialect=dialect) as box:
        balance = box.balance()
        report = checked(box, with_empty_order=True)
        assert box.calls("add") == 1 and box.ledger() == [] and box.balance() == balance
    assert report.dialect.idempotency_parameter == parameter
    assert said_of_it in words(report)


@pytest.mark.parametrize(
    ("answer", "said_of_it"),
    [
        ('{"error":"custom_id is required"}', "as “custom_id”"),
        ('{"error":"neworder.error.ref_required"}', "as “ref”"),
        ('{"errors":["Incorrect service ID","request_id is required"]}', "as “request_id”"),
        ('{"error":"Oops"}', "warn: What it says to an empty order proves nothing"),
        ("<html>", "warn: What it says to an empty order proves nothing"),
        ('{"order":77}', "fail: It answered an empty order with the number 77"),
        ('{"order":77,"error":"Oops"}', "fail: It answered an empty order with the number 77"),
        ('{"error":"Too many requests"}', "warn: The provider asks for fewer calls"),
    ],
)
def test_what_else_may_come_back_for_an_empty_order(answer: str, said_of_it: str) -> None:
    def by(fields: dict[str, str]) -> Delivery:
        if fields["action"] == "add":
            assert fields == {"key": KEY, "action": "add"}
            return said(answer)
        return said('{"balance":"5","currency":"EUR"}')

    client = PanelClient(Credentials(URL, KEY), transport=StubTransport(by=by))
    assert said_of_it in words(check_connection(client, with_empty_order=True))


@pytest.mark.parametrize(
    "behave",
    [
        lambda caller: None,
        saying(OK + b"Content-Encoding: gzip\r\n\r\n" + ORDER),
        saying(OK + b"Content-Length: 0\r\n\r\n"),
        after_reading(lambda caller: caller.answer(ORDER, status=b"500 Oops")),
    ],
    ids=["close at accept", "gzip", "empty body", "500 with an order"],
)
def test_a_provider_that_does_not_answer(behave: Behaviour) -> None:
    with serving(behave) as server:
        transport = Transport(loopback_origins={server.origin}, deadline=0.3)
        report = check_connection(PanelClient(Credentials(server.url, KEY), transport=transport))
    assert report.level is FindingLevel.FAIL
    unreachable = Server(9)
    transport = Transport(loopback_origins={unreachable.origin}, deadline=0.3)
    report = check_connection(PanelClient(Credentials(unreachable.url, KEY), transport=transport))
    assert "refused" in words(report)


MOST_CALLS = 20  # of one check

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["error", "status", "balance", "data", "order", "2147483646", "id"]),
            inner,
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(JSON, st.sampled_from([200, 400, 401, 429, 500])),
        min_size=MOST_CALLS,
        max_size=MOST_CALLS,  # making answers that nothing asks for took most of the time
    )
)
def test_it_never_fails_itself(answers: list[tuple[object, int]]) -> None:
    waiting = iter(answers)

    def answer(fields: dict[str, str]) -> Delivery:
        body, status = next(waiting)
        return said(json.dumps(body), status)

    report = check_connection(
        PanelClient(Credentials(URL, KEY), transport=StubTransport(by=answer))
    )
    assert report.findings
    assert "could not be finished" not in words(report)
