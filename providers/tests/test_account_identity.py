"""Which rows are one account upstream."""

from __future__ import annotations

import pytest

from providers.identity import duplicates_of, rows_of, same_account, server_of, upstream_of
from tests.builders import make_provider

KEY, URL = "one-key-for-both-0123", "https://panel.example/api/v2"


def test_a_closing_dot_makes_no_other_server() -> None:
    assert server_of("https://panel.example./api/v2") == server_of(URL)


def test_this_machine_has_one_name() -> None:
    named = server_of("http://localhost:8000/api/v2")
    assert server_of("http://127.0.0.1:8000/api/v2") == named
    assert server_of("http://127.0.0.2:8000/api/v2") == named
    assert server_of("http://10.0.0.1:8000/api/v2") != named


@pytest.mark.django_db
@pytest.mark.services
def test_one_key_at_two_servers_is_two_accounts() -> None:
    here = make_provider(key=KEY, url=URL)
    there = make_provider(key=KEY, url="https://other.example/api/v2")
    assert duplicates_of(here) == []
    assert same_account(there) == [there.pk]


@pytest.mark.django_db
@pytest.mark.services
def test_rows_without_a_key_are_like_no_other() -> None:
    first, second = (make_provider(key="", url=URL) for _ in range(2))
    assert upstream_of(first) != upstream_of(second)
    assert same_account(first) == [first.pk]


@pytest.mark.django_db
@pytest.mark.services
def test_the_rows_of_an_account_are_one_whichever_is_asked_about() -> None:
    first = make_provider(key=KEY, url=URL)
    second = make_provider(key=KEY, url="http://PANEL.example/")
    elsewhere = make_provider(key=KEY, url="https://other.example/api/v2")
    assert rows_of(first.pk) == rows_of(second.pk) == [first.pk, second.pk]
    assert rows_of(elsewhere.pk) == [elsewhere.pk]
