"""Numbers, moments and links as pages show them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.template import engines
from django.test import RequestFactory
from django.utils import timezone

from core.templatetags.desk import ago, spell_money, until

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def draw(source: str, **context: Any) -> str:
    request = RequestFactory().get(context.pop("path", "/"))
    return engines["django"].from_string(source).render(context, request)


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("0.588300000000", "USD", "$0.5883"),
        ("14", "USD", "$14.00"),
        ("1234567.5", "EUR", "€1,234,567.50"),
        ("-0.5", "USD", "−$0.50"),
        ("100000", "JPY", "100,000.00 JPY"),
        ("3", "", "3.00"),
        ("0.000000000001", "USD", "$0.000000000001"),
    ],
)
def test_money_keeps_every_digit_that_carries_something(
    amount: str, currency: str, shown: str
) -> None:
    assert spell_money(Decimal(amount), currency) == shown


def test_money_unknown_is_a_dash_and_known_is_isolated() -> None:
    assert draw("{% money a 'USD' %}", a=None) == "—"
    assert draw("{% money a 'USD' %}", a=Decimal(1)) == '<bdi class="money">$1.00</bdi>'


@pytest.mark.parametrize(
    ("amount", "fill"), [("7", "000"), ("3.371", "00"), ("5.79438", ""), ("0.000001", "")]
)
def test_prices_in_a_column_are_filled_up_unseen(amount: str, fill: str) -> None:
    drawn = draw("{% price a 'USD' %}", a=Decimal(amount))
    assert drawn.endswith(f'</bdi><span class="price-fill" aria-hidden="true">{fill}</span>')
    assert spell_money(Decimal(amount), "USD") in drawn
    assert draw("{% price a 'USD' %}", a=None) == "—"


def test_a_sum_on_a_card_may_be_rounded() -> None:
    assert "$105.84" in draw("{% money a 'USD' 2 %}", a=Decimal("105.836"))


def test_a_hostile_currency_is_text() -> None:
    assert "<script>" not in draw("{% money a c %}", a=Decimal(1), c="<script>")


def test_amount_sets_thousands_apart() -> None:
    assert draw("{{ a|amount }} {{ b|amount }} {{ c|amount }}", a=1234567, b=0, c=None) == (
        "1,234,567 0 —"
    )


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(seconds=3), "just now"),
        (timedelta(seconds=40), "40 s ago"),
        (timedelta(minutes=3, seconds=20), "3 min ago"),
        (timedelta(hours=5), "5 h ago"),
        (timedelta(minutes=-3), "in 3 min"),
        (timedelta(days=2), "Nov 21, 12:00"),
        (timedelta(days=400), "Oct 19, 2025"),
    ],
)
def test_moments_in_words(before: timedelta, words: str) -> None:
    assert ago(NOW - before, NOW) == words


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (timedelta(seconds=-30), "in a few seconds"),
        (timedelta(), "in a few seconds"),
        (timedelta(seconds=9), "in a few seconds"),
        (timedelta(seconds=40), "in 40 s"),
        (timedelta(minutes=3), "in 3 min"),
    ],
)
def test_what_is_still_to_be_done_is_never_just_now(ahead: timedelta, words: str) -> None:
    assert until(NOW + ahead, NOW) == words


def test_due_keeps_its_words_in_the_browser_too() -> None:
    drawn = draw("{% due at %}", at=timezone.now() + timedelta(seconds=3))
    assert 'data-when="due"' in drawn
    assert ">in a few seconds<" in drawn
    assert draw("{% due at %}", at=None) == "—"


def test_when_carries_the_exact_time() -> None:
    drawn = draw("{% when at %}", at=datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert 'datetime="2020-01-02T03:04:05+00:00"' in drawn
    assert 'title="Thu 02 Jan 2020, 03:04:05 UTC"' in drawn
    assert draw("{% when at %}", at=None) == "—"


def test_link_host_drops_what_every_link_has() -> None:
    assert draw("{{ l|link_host }}", l="https://www.lumen.example/home/") == "lumen.example/home"
    assert len(draw("{{ l|link_host }}", l="https://lumen.example/" + "a" * 200)) == 48


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "http://[", "@name"])
def test_only_web_addresses_become_links(link: str) -> None:
    assert "<a " not in draw("{% link_out l %}", l=link)


def test_a_web_address_opens_apart_and_tells_nobody_where_from() -> None:
    drawn = draw("{% link_out l %}", l='https://lumen.example/"><script>')
    assert 'rel="noopener noreferrer"' in drawn and "<script>" not in drawn


def test_query_keeps_the_rest_and_starts_again_at_the_first_page() -> None:
    path = "/?q=a%26b&status=open&cursor=xyz"
    assert draw("{% query status='ended' %}", path=path) == "?q=a%26b&amp;status=ended"
    assert draw("{% query status=None %}", path=path) == "?q=a%26b"
    assert (
        draw("{% query cursor='next' %}", path=path) == "?q=a%26b&amp;status=open&amp;cursor=next"
    )
    assert draw("{% query q='' %}", path="/?q=1") == "?"


def test_an_icon_is_silent_for_screen_readers() -> None:
    drawn = draw("{% icon 'plus' %}")
    assert 'aria-hidden="true"' in drawn and "icons.svg#plus" in drawn


def test_capture_strips_and_escapes_once() -> None:
    source = "{% capture t %}\n {{ name }} {% endcapture %}[{{ t }}|{{ t }}]"
    assert draw(source, name="A&B") == "[A&amp;B|A&amp;B]"
