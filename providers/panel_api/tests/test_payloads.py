"""The table of order types: names, lines, costs, wire parameters."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.panel_api import (
    PAYLOADS,
    CostRange,
    CustomCommentsPayload,
    DefaultPayload,
    Kind,
    OldPostsPayload,
    OrderPayload,
    PackagePayload,
    SubscriptionPayload,
    count_lines,
    split_lines,
    type_name,
)

THE_EIGHTEEN = [
    "Default",
    "Package",
    "SEO",
    "Custom Comments",
    "Custom Comments Package",
    "Mentions",
    "Mentions with Hashtags",
    "Mentions Custom List",
    "Mentions Hashtag",
    "Mentions User Followers",
    "Mentions Media Likers",
    "Comment Likes",
    "Comment Replies",
    "Poll",
    "Invites from Groups",
    "Subscriptions",
    "Subscriptions, old posts only",
    "Web Traffic",
]
REQUIRED = {
    "Default": "link quantity",
    "Package": "link",
    "SEO": "link quantity keywords",
    "Custom Comments": "link comments",
    "Custom Comments Package": "link comments",
    "Mentions": "link quantity usernames",
    "Mentions with Hashtags": "link quantity usernames hashtags",
    "Mentions Custom List": "link usernames",
    "Mentions Hashtag": "link quantity hashtag",
    "Mentions User Followers": "link quantity username",
    "Mentions Media Likers": "link quantity media",
    "Comment Likes": "link quantity username",
    "Comment Replies": "link username comments",
    "Poll": "link quantity answer_number",
    "Invites from Groups": "link quantity groups",
    "Subscriptions": "username min max delay",
    "Subscriptions, old posts only": "username min max old_posts",
    "Web Traffic": "link quantity country device type_of_traffic",
}
OPTIONAL = {
    "Default": "runs interval",
    "Subscriptions": "posts old_posts expiry",
    "Web Traffic": "google_keyword referring_url runs interval",
}
EVERY_TYPE = pytest.mark.parametrize("payload", PAYLOADS.values(), ids=list(PAYLOADS))
RATES = st.decimals(min_value="0.00001", max_value="100000", places=5)


def test_the_table_has_every_form_and_no_other() -> None:
    assert list(PAYLOADS) == THE_EIGHTEEN == list(REQUIRED)


@EVERY_TYPE
def test_each_type_asks_for_what_the_protocol_needs_under_its_names(
    payload: type[OrderPayload],
) -> None:
    asks = payload.asks().values()
    needed = [ask.wire for ask in asks if not ask.optional]
    assert sorted(needed) == sorted(REQUIRED[payload.type_name].split())
    may = [ask.wire for ask in asks if ask.optional]
    assert may == OPTIONAL.get(payload.type_name, "").split()


@pytest.mark.parametrize(
    ("published", "ours"),
    [
        ("Custom Comments", "Custom Comments"),
        ("custom_comments", "Custom Comments"),
        ("Custom_comments", "Custom Comments"),
        ("custom_data", "Custom Comments"),
        ("custom comments package", "Custom Comments Package"),
        ("default", "Default"),
        (" DEFAULT ", "Default"),
        ("seo", "SEO"),
        ("Likes spread", "Subscriptions, old posts only"),
        ("web-traffic", "Web Traffic"),
        ("Mentions  Custom-List", "Mentions Custom List"),
        ("Special", ""),
        ("Special 1", ""),
        ("1", ""),
        ("", ""),
        ("Dеfault", ""),  # its second letter is Cyrillic
        ("Default für alle", ""),
        ("undefined", ""),
    ],
)
def test_a_type_is_known_by_its_letters(published: str, ours: str) -> None:
    assert type_name(published) == ours


@EVERY_TYPE
def test_every_type_is_known_however_it_is_spelled(payload: type[OrderPayload]) -> None:
    name = payload.type_name
    for spelled in (name, name.upper(), name.lower().replace(" ", "_"), f"{name} 2"):
        assert type_name(spelled) == name


@EVERY_TYPE
def test_what_is_not_said_is_not_sent(payload: type[OrderPayload]) -> None:
    sent = payload.example("7").wire()
    always = {"service", *REQUIRED[payload.type_name].split()}
    assert set(sent) - always == (
        {"google_keyword"} if payload.type_name == "Web Traffic" else set()
    )
    assert all(value and value != "None" and value != "undefined" for value in sent.values())


@EVERY_TYPE
def test_the_whole_example_says_everything_that_goes_together(payload: type[OrderPayload]) -> None:
    whole = payload.example("7", whole=True).wire()
    named = {ask.wire for ask in payload.asks().values()} - {"referring_url"}
    assert set(whole) == {"service", *named}


def test_days_are_sent_day_first_and_lines_with_line_feeds() -> None:
    payload = SubscriptionPayload(
        service_id="7",
        username="lumen",
        min=1,
        max=2,
        delay=0,
        old_posts=0,
        expiry=date(2027, 2, 1),
    )
    assert payload.wire() == {
        "service": "7",
        "username": "lumen",
        "min": "1",
        "max": "2",
        "delay": "0",
        "old_posts": "0",
        "expiry": "01/02/2027",
    }
    said = CustomCommentsPayload(service_id="7", link="x", comments=("a", "b c"))
    assert said.wire()["comments"] == "a\nb c"


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="\r\n"))), st.randoms())
def test_lines_are_counted_whatever_ends_them(texts: list[str], dice: object) -> None:
    for end in ("\n", "\r\n", "\r"):
        lines = split_lines(end.join(texts))
        assert lines == tuple(text.strip() for text in texts if text.strip())
        assert count_lines(end.join(texts) + end) == len(lines)


@given(st.text(alphabet="ab \t\r\n\u2028\u0085"))
def test_what_is_sent_counts_as_what_was_counted(text: str) -> None:
    lines = split_lines(text)
    assert split_lines("\n".join(lines)) == lines
    assert all(line == line.strip() != "" for line in lines)


@given(RATES, st.integers(1, 10**9), st.integers(2, 10_000))
def test_a_drip_feed_costs_all_its_runs(rate: Decimal, quantity: int, runs: int) -> None:
    once = DefaultPayload(service_id="7", link="x", quantity=quantity)
    fed = DefaultPayload(service_id="7", link="x", quantity=quantity, runs=runs, interval=5)
    assert once.cost(rate) == rate * quantity / 1000
    assert fed.quantity_per_run == quantity and fed.units == quantity * runs
    assert fed.cost(rate) == rate * quantity * runs / 1000


@given(RATES, st.lists(st.text(min_size=1), min_size=1))
def test_each_line_is_a_unit(rate: Decimal, lines: list[str]) -> None:
    payload = CustomCommentsPayload(service_id="7", link="x", comments=tuple(lines))
    assert payload.cost(rate) == rate * len(lines) / 1000


@given(RATES, st.integers(1, 10**6), st.integers(0, 10**6), st.integers(1, 1000))
def test_a_subscription_costs_something_within_its_range(
    rate: Decimal, least: int, more: int, posts: int
) -> None:
    post: dict[str, Any] = {"service_id": "7", "username": "lumen", "min": least}
    post["max"] = least + more
    costs = SubscriptionPayload(**post, delay=0, posts=posts).cost(rate)
    old = OldPostsPayload(**post, old_posts=posts).cost(rate)
    assert costs == old and isinstance(costs, CostRange) and costs.high is not None
    middle = rate * (least + more // 2) * posts / 1000
    assert costs.low <= middle <= costs.high
    endless = SubscriptionPayload(**post, delay=0).cost(rate)
    assert endless == CostRange(rate * least / 1000, None)


@given(RATES)
def test_a_package_costs_its_price(rate: Decimal) -> None:
    assert PackagePayload(service_id="7", link="x").cost(rate) == rate


@EVERY_TYPE
def test_what_the_cost_depends_on_is_what_weighs(payload: type[OrderPayload]) -> None:
    weighing = {name for name, ask in payload.asks().items() if ask.weighs}
    if payload.priced_per_package:
        assert not weighing
    else:
        assert weighing
        counted = [
            ask for ask in payload.asks().values() if ask.counts or ask.kind is Kind.QUANTITY
        ]
        assert all(ask.weighs for ask in counted)
