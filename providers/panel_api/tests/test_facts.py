"""What the client does on the wire and with its key, beyond the shape of answers."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from providers.panel_api import (
    Credentials,
    CustomCommentsPayload,
    DefaultPayload,
    Dialect,
    KeyPlace,
    OrderState,
    OutcomeUnknown,
    PanelClient,
    RefillState,
    RefusalCode,
    SecretKey,
    SlowDown,
    Unavailable,
)
from providers.panel_api.answers.status_aliases import ORDER_WORDS, order_state
from providers.panel_api.refusals.classify import normalised, refusal_code
from providers.panel_api.refusals.phrases import DOTTED, SENTENCES

from .stub import KEY, URL, StubTransport, client_hearing, said

PAYLOAD = DefaultPayload(service_id="7", link="https://a.example/x?a=1&b=ü", quantity=100)
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def test_an_order_is_a_form_and_names_only_what_was_asked() -> None:
    client, transport = client_hearing('{"order":1}')
    client.add(PAYLOAD)
    assert transport.asked == [
        {"key": KEY, "action": "add", "service": "7", "link": PAYLOAD.link, "quantity": "100"}
    ]
    assert transport.fresh == [True]


def test_lines_travel_as_lines() -> None:
    client, transport = client_hearing('{"order":1}')
    client.add(
        CustomCommentsPayload(service_id="7", link="https://a.example", comments=("a", "ü b"))
    )
    assert transport.asked[0]["comments"] == "a\nü b"


def test_json_bodies_and_keys_in_headers() -> None:
    client, transport = client_hearing('{"balance":1}', json_body=True, key_place=KeyPlace.HEADER)
    client.balance()
    assert transport.asked == [{"action": "balance"}]
    assert transport.headers[0] == {"X-API-Key": KEY, "Content-Type": "application/json"}
    client, transport = client_hearing('{"balance":1}', key_place=KeyPlace.BEARER)
    client.balance()
    assert transport.headers[0]["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("slash", "url"), [(None, URL), (True, URL + "/"), (False, URL)], ids=["as typed", "yes", "no"]
)
def test_the_last_slash(slash: bool | None, url: str) -> None:
    client, transport = client_hearing('{"balance":1}', trailing_slash=slash)
    client.balance()
    assert transport.urls == [url]


def test_one_id_is_asked_by_its_singular_name_and_several_by_the_plural() -> None:
    client, transport = client_hearing('{"status":"Pending"}', '{"1":{"status":"Pending"}}', "[]")
    client.statuses_once(["1"])
    client.statuses_once(["1", "ord_2"])
    client.cancel(["1"])
    fields = [{k: v for k, v in one.items() if k not in ("key",)} for one in transport.asked]
    assert fields == [
        {"action": "status", "order": "1"},
        {"action": "status", "orders": "1,ord_2"},
        {"action": "cancel", "orders": "1"},
    ]


def test_ids_as_json() -> None:
    client, transport = client_hearing("{}", ids_as_json=True)
    client.statuses_once(["1", "ord_2", "007"])
    assert json.loads(transport.asked[0]["orders"]) == [1, "ord_2", "007"]


def test_a_paged_catalog_is_read_to_its_end() -> None:  # D12
    pages = ['[{"service":1,"rate":1},{"service":2,"rate":1}]', '[{"service":3,"rate":1}]', "[]"]
    client, transport = client_hearing(*pages, services_page_size=2)
    assert [item.service_id for item in client.services().items] == ["1", "2", "3"]
    assert [fields["offset"] for fields in transport.asked] == ["0", "2", "4"]


def test_a_provider_that_ignores_the_offset_is_read_once() -> None:
    page = '[{"service":1,"rate":1}]'
    client, transport = client_hearing(page, page, services_page_size=1)
    assert len(client.services().items) == 1
    assert len(transport.asked) == 2


@pytest.mark.parametrize(
    ("header", "until"),
    [
        ("30", NOON + timedelta(seconds=30)),
        ("999999", NOON + timedelta(minutes=15)),
        ("Mon, 04 May 2026 12:01:00 GMT", NOON + timedelta(minutes=1)),
        ("Mon, 04 May 2026 11:00:00 GMT", NOON),
        ("Wed, 04 May 2033 12:01:00 GMT", NOON + timedelta(minutes=15)),
        ("", None),
        ("-5", None),
        ("soon", None),
        ("٣", None),
    ],
)
def test_retry_after(header: str, until: datetime | None) -> None:
    transport = StubTransport(said("", 429, retry_after=header))
    client = PanelClient(Credentials(URL, KEY), transport=transport, now=lambda: NOON)
    with pytest.raises(SlowDown) as raised:
        client.balance()
    assert raised.value.until == until


# the key


AWKWARD = 'k/e+y=%?&u0"\\x'


def test_a_key_shows_itself_to_nobody() -> None:
    credentials = Credentials(URL, KEY)
    for shown in (repr(credentials), str(credentials), f"{credentials}", f"{credentials.key:>9}"):
        assert KEY not in shown
    with pytest.raises(TypeError):
        json.dumps(credentials.key)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps(credentials, protocol)
    assert copy.deepcopy(credentials) == credentials
    assert credentials.key.reveal() == KEY
    assert credentials != Credentials(URL, KEY + "1")
    assert not hasattr(credentials.key, "__dict__")


@pytest.mark.parametrize("key", ["", " k", "k\n", "ключ", "a\x00b"])
def test_a_key_is_printable_ascii(key: str) -> None:
    with pytest.raises(ValueError, match="printable"):
        SecretKey(key)


@pytest.mark.parametrize("key", [KEY, AWKWARD])
def test_an_echoed_key_reaches_neither_results_nor_evidence(key: str) -> None:
    echoes = (key, quote(key, safe=""), quote(key, safe="").lower(), json.dumps(key)[1:-1])
    for echo in echoes:
        body = json.dumps({"error": f"Something odd about {echo}!"})
        client = PanelClient(Credentials(URL, key), transport=StubTransport(said(body)))
        with pytest.raises(OutcomeUnknown) as raised:
            client.add(PAYLOAD)
        everything = repr(raised.value.evidence) + raised.value.reason
        assert echo not in everything
        assert "[key]" in everything


def test_a_key_across_the_cut_of_an_excerpt_is_replaced() -> None:
    for place in range(4096 - len(KEY) - 1, 4097):
        client, _ = client_hearing(said(b"x" * place + KEY.encode() + b"y" * 9000))
        with pytest.raises(Unavailable) as raised:
            client.balance()
        assert raised.value.evidence is not None
        excerpt = raised.value.evidence.body_excerpt
        assert len(excerpt.encode()) <= 4096
        assert KEY[:8] not in excerpt


# the tables


def test_a_dialect_survives_being_stored() -> None:
    dialect = Dialect(
        json_body=True,
        key_place=KeyPlace.BEARER,
        trailing_slash=True,
        batch_size=50,
        status_codes={"2": OrderState.COMPLETED},
        refill_words={"done deal": RefillState.COMPLETED},
        refusals={"Nope": RefusalCode.FUNDS},
        decimal_mark=",",
        services_page_size=500,
        refills=False,
    )
    stored = json.loads(json.dumps(dialect.to_profile()))
    assert Dialect.from_profile(stored) == dialect
    assert Dialect().to_profile() == {}


def test_a_stored_dialect_of_another_version_is_read_as_far_as_it_goes() -> None:
    stored = {
        "batch_size": 0,
        "json_body": "yes",
        "key_place": "url",
        "status_codes": [1],
        "refusals": {"x": "no such code"},
        "trailing_slash": 1,
        "later": True,
        "refills": False,
    }
    assert Dialect.from_profile(stored) == Dialect(refills=False)


def test_no_two_meanings_for_one_sentence_or_word() -> None:
    sentences = [normalised(text) for texts in SENTENCES.values() for text in texts]
    assert len(sentences) == len(set(sentences))
    assert all(normalised(text) == text for texts in SENTENCES.values() for text in texts)
    words = [word for words in ORDER_WORDS.values() for word in words]
    assert len(words) == len(set(words))
    assert all(code is not RefusalCode.UNLISTED for code in DOTTED.values())


@pytest.mark.parametrize(
    "text",
    [
        *("Something went wrong", "Please try again", "Try again later", "Error", "error"),
        *("Internal error", "Unknown error", "Timeout", "", "null", "Order failed", "0"),
        *("neworder.error.something_went_wrong", "not enough funds " * 50, "Success"),
    ],
)
def test_what_proves_nothing_is_unlisted(text: str) -> None:
    assert refusal_code(text) is RefusalCode.UNLISTED


def test_unknown_words_end_nothing() -> None:
    for word in ("Fail", "Error", "Refill", "Success", "", "Well done", "завершено"):
        assert order_state(word) is None
