"""How long a service takes, read from the words of its provider."""

from __future__ import annotations

from datetime import timedelta

import pytest

from providers.average_time import average_time, in_words


@pytest.mark.parametrize(
    ("text", "minutes", "words"),
    [
        ("12 minutes", 12, "12 min"),
        ("1 hour 5 minutes", 65, "1 h 5 min"),
        ("3 Hours, 20 Minutes", 200, "3 h 20 min"),
        ("1 day 2 hours", 26 * 60, "1 d 2 h"),
        ("1 day and 2 hours and 7 minutes", 26 * 60 + 7, "1 d 2 h"),
        ("2 days 5 minutes", 48 * 60 + 5, "2 d"),
        ("1h5min", 65, "1 h 5 min"),
        ("  90 mins ", 90, "1 h 30 min"),
        ("30 seconds", 0.5, "30 s"),
    ],
)
def test_a_time_is_read_as_providers_spell_it(text: str, minutes: float, words: str) -> None:
    time = average_time(text)
    assert time == timedelta(minutes=minutes)
    assert in_words(time) == words


@pytest.mark.parametrize(
    "text",
    [
        "",
        "90",
        "0-1 h",
        "1 - 2 hours",
        "instant",
        "Not enough data",
        "0 minutes",
        "5 m",
        "1.5 hours",
        "1,5 hours",
        "5 minutes 1 hour",
        "1 hour 2 hours",
        "1 hour 5",
        "-3 hours",
        "99999999999 days",
        "\u0663 hours",
        "up to 3 hours",
        "3 hours!",
        "1 minutely",
        "<b>1 hour</b>",
    ],
)
def test_a_time_that_is_not_understood_is_none(text: str) -> None:
    assert average_time(text) is None
