"""Every type of order: what is typed becomes its parameters, or words beside the field."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from orders.placing.order_form import OrderForm, form_for
from orders.placing.preview import preview_of
from providers.models import Provider, Service
from providers.panel_api.order_types.table import PAYLOADS, split_lines
from tests.builders import NOON, make_provider, make_service

pytestmark = pytest.mark.django_db

LINK = "https://lumen.example/home"
UNITS = {"link": LINK, "quantity": "50"}
PER_POST = {"username": "lumen", "min": "10", "max": "20"}
VISITS = {**UNITS, "country": "Germany", "device": "4", "type_of_traffic": "3"}
DRIP_FEED = {"runs": "4", "interval": "90"}

# for each type what is typed, and what is then sent beside the service
GOOD: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "Default": ({**UNITS, **DRIP_FEED}, {**UNITS, **DRIP_FEED}),
    "Package": ({"link": LINK}, {"link": LINK}),
    "SEO": (
        {**UNITS, "keywords": "garden chairs\r\n\r\noak table, round"},
        {**UNITS, "keywords": "garden chairs\noak table, round"},
    ),
    "Custom Comments": (
        {"link": LINK, "comments": "Good\n\nWell made \r\n"},
        {"link": LINK, "comments": "Good\nWell made"},
    ),
    "Custom Comments Package": (
        {"link": LINK, "comments": "Good"},
        {"link": LINK, "comments": "Good"},
    ),
    "Mentions": (
        {**UNITS, "usernames": "@lumen\n harbor"},
        {**UNITS, "usernames": "@lumen\nharbor"},
    ),
    "Mentions with Hashtags": (
        {**UNITS, "usernames": "lumen", "hashtags": "#oak\r\n#garden"},
        {**UNITS, "usernames": "lumen", "hashtags": "#oak\n#garden"},
    ),
    "Mentions Custom List": (
        {"link": LINK, "usernames": "lumen\nharbor\n"},
        {"link": LINK, "usernames": "lumen\nharbor"},
    ),
    "Mentions Hashtag": ({**UNITS, "hashtag": " #oak "}, {**UNITS, "hashtag": "#oak"}),
    "Mentions User Followers": ({**UNITS, "username": "lumen"}, {**UNITS, "username": "lumen"}),
    "Mentions Media Likers": (
        {**UNITS, "media": "https://posts.example/8"},
        {**UNITS, "media": "https://posts.example/8"},
    ),
    "Comment Likes": ({**UNITS, "username": "@lumen"}, {**UNITS, "username": "@lumen"}),
    "Comment Replies": (
        {"link": LINK, "username": "lumen", "comments": "Thanks\nSure"},
        {"link": LINK, "username": "lumen", "comments": "Thanks\nSure"},
    ),
    "Poll": ({**UNITS, "answer_number": "03"}, {**UNITS, "answer_number": "3"}),
    "Invites from Groups": (
        {**UNITS, "groups": "https://groups.example/a\nhttps://groups.example/b"},
        {**UNITS, "groups": "https://groups.example/a\nhttps://groups.example/b"},
    ),
    "Subscriptions": (
        {**PER_POST, "delay": "20", "posts": "3", "old_posts": "", "expiry": ""},
        {**PER_POST, "delay": "20", "posts": "3"},
    ),
    "Subscriptions, old posts only": ({**PER_POST, "old_posts": "5"},) * 2,
    "Web Traffic": (
        {**VISITS, "google_keyword": "", "referring_url": "  ", "runs": "", "interval": ""},
        VISITS,
    ),
}
EVERY_TYPE = pytest.mark.parametrize("type_name", PAYLOADS)


def fill(service: Service, values: dict[str, str]) -> OrderForm:
    return form_for(service, now=NOON, data={"form_key": str(uuid.uuid4()), **values})


def service_of(type_name: str, **over: Any) -> Service:
    values: dict[str, Any] = {"type": type_name, "external_id": "42", "min": 1, "max": 1000}
    return make_service(**values | over)


@EVERY_TYPE
def test_what_is_typed_is_what_is_sent(type_name: str) -> None:
    typed, sent = GOOD[type_name]
    form = fill(service_of(type_name), typed)
    assert form.is_valid(), form.errors
    assert form.draft().payload.wire() == {"service": "42", **sent}
    shown = dict(preview_of(form, now=NOON).wire)
    assert shown == {"key": "••••", "action": "add", "service": "42", **sent}


@EVERY_TYPE
def test_every_field_a_type_needs_is_missed_when_it_is_empty(type_name: str) -> None:
    typed, _ = GOOD[type_name]
    for name, ask in PAYLOADS[type_name].asks().items():
        if not ask.optional:
            form = fill(service_of(type_name), {**typed, name: ""})
            assert list(form.errors) == [name]
            assert form.errors[name] in (["Fill this in."], ["Choose one."])


@EVERY_TYPE
def test_the_price_is_shown_for_every_type(type_name: str) -> None:
    typed, _ = GOOD[type_name]
    shown = preview_of(fill(service_of(type_name, rate=Decimal(2)), typed), now=NOON)
    expected: dict[str, tuple[str, str]] = {
        "Default": ("0.4", "0.4"),
        "Package": ("2", "2"),
        "Custom Comments": ("0.004", "0.004"),
        "Custom Comments Package": ("2", "2"),
        "Mentions Custom List": ("0.004", "0.004"),
        "Comment Replies": ("0.004", "0.004"),
        "Subscriptions": ("0.06", "0.12"),
        "Subscriptions, old posts only": ("0.1", "0.2"),
    }
    low, high = expected.get(type_name, ("0.1", "0.1"))
    assert (shown.cost, shown.cost_high) == (Decimal(low), Decimal(high))
    assert shown.is_range is type_name.startswith("Subscriptions")


@pytest.mark.parametrize(
    ("type_name", "values", "field", "words"),
    [
        ("Mentions Hashtag", {"hashtag": "#oak #elm"}, "hashtag", "without spaces"),
        ("Mentions Hashtag", {"hashtag": "#oak\n#elm"}, "hashtag", "cannot be seen"),
        ("Mentions Media Likers", {"media": "javascript:x"}, "media", "run as code"),
        ("Mentions Media Likers", {"media": "https:///8"}, "media", "no host"),
        ("Mentions User Followers", {"username": "a\u202eb"}, "username", "cannot be seen"),
        ("Comment Likes", {"username": "x" * 501}, "username", "500"),
        ("Poll", {"answer_number": "two"}, "answer_number", "0–9"),
        ("Poll", {"answer_number": "-1"}, "answer_number", "0–9"),
        ("Poll", {"answer_number": "10001"}, "answer_number", "Maximum is 10,000"),
        ("SEO", {"keywords": " \r\n "}, "keywords", "Fill this in"),
        ("SEO", {"keywords": "a\x07"}, "keywords", "Line 1"),
        ("Mentions Custom List", {"usernames": "a\n" * 1001}, "usernames", "Maximum is 1,000"),
        ("Comment Replies", {"comments": "a\n" * 1001}, "comments", "Maximum is 1,000"),
        ("Invites from Groups", {"groups": "a\n" * 10_001}, "groups", "Maximum is 10,000"),
        ("Subscriptions", {"delay": "7"}, "delay", "not one of"),
        ("Subscriptions", {"delay": ""}, "delay", "Choose one"),
        ("Subscriptions", {"min": "21"}, "max", "below the minimum"),
        ("Subscriptions, old posts only", {"old_posts": "0"}, "old_posts", "Minimum is 1"),
        ("Subscriptions, old posts only", {"min": "21"}, "max", "below the minimum"),
        ("Web Traffic", {"device": "6"}, "device", "not one of"),
        ("Web Traffic", {"device": "٤"}, "device", "not one of"),
        ("Web Traffic", {"type_of_traffic": "0"}, "type_of_traffic", "not one of"),
        ("Web Traffic", {"type_of_traffic": "1"}, "google_keyword", "Needed for"),
        ("Web Traffic", {"type_of_traffic": "2"}, "referring_url", "Needed for"),
        ("Web Traffic", {"google_keyword": "oak"}, "google_keyword", "leave this empty"),
        ("Web Traffic", {"referring_url": LINK}, "referring_url", "leave this empty"),
        (
            "Web Traffic",
            {"type_of_traffic": "2", "referring_url": "data:x"},
            "referring_url",
            "run as code",
        ),
        ("Web Traffic", {"runs": "4"}, "interval", "both"),
        (
            "Web Traffic",
            {"runs": "21", "interval": "5"},
            "runs",
            "All runs together are 1,050. Maximum is 1,000.",
        ),
    ],
)
def test_bad_input_is_answered_beside_its_field(
    type_name: str, values: dict[str, str], field: str, words: str
) -> None:
    typed, _ = GOOD[type_name]
    form = fill(service_of(type_name), {**typed, **values})
    assert list(form.errors) == [field]
    assert words in form.errors[field][0]


@pytest.mark.parametrize(
    ("kind", "needed"),
    [("1", {"google_keyword": "garden chairs"}), ("2", {"referring_url": "https://news.example"})],
)
def test_visits_need_the_field_of_their_kind(kind: str, needed: dict[str, str]) -> None:
    form = fill(service_of("Web Traffic"), {**VISITS, "type_of_traffic": kind, **needed})
    assert form.draft().payload.wire() == {
        "service": "42",
        **VISITS,
        "type_of_traffic": kind,
        **needed,
    }


def test_visits_can_be_fed_drop_by_drop() -> None:
    shown = preview_of(
        fill(service_of("Web Traffic", rate=Decimal(2)), {**VISITS, **DRIP_FEED}), now=NOON
    )
    assert (shown.per_run, shown.runs, shown.units) == (50, 4, 200)
    assert (shown.cost_per_run, shown.cost) == (Decimal("0.1"), Decimal("0.4"))
    assert shown.last_run_at == NOON + timedelta(minutes=3 * 90)


def test_a_drip_feed_that_starts_later_ends_later() -> None:
    later = {"starts_at": "2026-11-24T06:00", "zone": "UTC"}
    values = {**UNITS, **DRIP_FEED, **later}
    shown = preview_of(fill(service_of("Default"), values), now=NOON).last_run_at
    start = fill(service_of("Default"), values)
    assert start.is_valid()
    assert shown == start.cleaned_data["starts_at"] + timedelta(minutes=3 * 90) > NOON


def test_the_total_is_known_before_a_text_is_written() -> None:
    shown = preview_of(fill(service_of("SEO", rate=Decimal(2)), {"quantity": "50"}), now=NOON)
    assert shown.cost == Decimal("0.1")


@pytest.mark.parametrize(
    ("column", "allowed", "type_name", "field"),
    [
        ("delays", "0,5,45", "Subscriptions", "delay"),
        ("intervals", "0,5,45", "Default", "interval"),
        ("intervals", "0,5,45", "Web Traffic", "interval"),
    ],
)
def test_a_provider_may_have_minutes_of_its_own(
    column: str, allowed: str, type_name: str, field: str
) -> None:
    typed, _ = GOOD[type_name]
    service = service_of(type_name, provider=make_provider(**{column: allowed}))
    values = {**typed, **DRIP_FEED} if field == "interval" else typed
    offered = form_for(service, now=NOON).fields[field].choices  # type: ignore[attr-defined]  # a choice now
    assert [value for value, _ in offered if value] == ["0", "5", "45"]
    assert fill(service, {**values, field: "45"}).draft().payload.wire()[field] == "45"
    assert fill(service, {**values, field: "0"}).draft().payload.wire()[field] == "0"
    refused = fill(service, {**values, field: "20"})
    assert "not one of" in refused.errors[field][0]


def test_a_provider_without_a_set_takes_the_protocols_delays_and_any_interval() -> None:
    delays = [
        0,
        5,
        10,
        15,
        20,
        30,
        40,
        50,
        60,
        90,
        120,
        150,
        180,
        210,
        240,
        270,
        300,
        360,
        420,
        480,
        540,
        600,
    ]
    service = service_of("Subscriptions")
    typed, _ = GOOD["Subscriptions"]
    tried = sorted({delay + step for delay in delays for step in (-1, 0, 1)})
    good = [d for d in tried if fill(service, {**typed, "delay": str(d)}).is_valid()]
    assert good == delays
    assert fill(service_of("Default"), {**UNITS, "runs": "2", "interval": "37"}).is_valid()


class EveryTypeOfText(TestCase):
    """Whatever lines are typed, the units, the cost and the wire agree on how many they are."""

    def setUp(self) -> None:
        Provider.objects.all().delete()
        self.service = service_of("Custom Comments", max=None, rate=Decimal("3.7"))

    @settings(max_examples=60)
    @given(st.lists(st.text(alphabet="aü 字\t,#"), max_size=40), st.sampled_from(["\n", "\r\n"]))
    def test_units_cost_and_wire_agree(self, lines: list[str], end: str) -> None:
        form = fill(self.service, {"link": LINK, "comments": end.join(lines)})
        written = [line.strip() for line in lines if line.strip()]
        assert form.is_valid() is bool(written)
        if written:
            payload = form.draft().payload
            assert payload.units == len(written)
            assert split_lines(payload.wire()["comments"]) == tuple(written)
            assert payload.cost(Decimal("3.7")) == Decimal("3.7") * len(written) / 1000
