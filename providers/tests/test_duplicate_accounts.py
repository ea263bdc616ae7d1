"""One row for each account upstream, also where two are made at the same moment."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, connections, transaction
from django.test import Client
from django.urls import reverse

from core.roles import Role
from providers.actions import accounts
from providers.actions.accounts import (
    AccountIsKept,
    NameIsTaken,
    add_provider,
    change_address,
    change_settings,
    fingerprint,
    set_key,
)
from providers.identity import row_of as row_of_account
from providers.identity import same_account, upstream_digest
from providers.models import Provider
from tests.builders import NOON, make_provider

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
URL, KEY = "https://panel.example/api/v2", "one-key-for-both-0123"
SPELLINGS = (URL, "https://PANEL.example/v2/")


@pytest.fixture
def nobody_yet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Both have looked for another row before either writes. On SQLite only one can look within
    a transaction, and goes on alone after a while."""
    both, look = threading.Barrier(2), row_of_account
    once = threading.local()

    def row_of(*about: Any, **more: Any) -> Provider | None:
        found = look(*about, **more)
        if not getattr(once, "waited", False):
            once.waited = True
            with suppress(threading.BrokenBarrierError):
                both.wait(2)
        return found

    monkeypatch.setattr(accounts, "row_of", row_of)
    yield


def both_at_once(act: Callable[[int], Any]) -> list[Any]:
    def run(number: int) -> Any:
        try:
            return act(number)
        except (AccountIsKept, NameIsTaken) as refused:
            return refused
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(run, range(2)))


def test_two_rows_of_one_account_made_at_the_same_moment_are_one(nobody_yet: None) -> None:
    def add(number: int) -> Provider:
        name = f"Row {number}"
        return add_provider(
            name=name, url=SPELLINGS[number], key=KEY, currency="USD", actor=None, now=NOON
        )

    outcomes = both_at_once(add)
    kept = Provider.objects.get()
    assert sorted(type(one).__name__ for one in outcomes) == ["AccountIsKept", "Provider"]
    refusal = next(one for one in outcomes if isinstance(one, AccountIsKept))
    assert kept.name in str(refusal)


def test_one_key_given_to_two_rows_of_a_server_at_the_same_moment_is_one_s(
    nobody_yet: None,
) -> None:
    rows = [make_provider(url=url, key=f"key-of-row-{n}-0123") for n, url in enumerate(SPELLINGS)]
    outcomes = both_at_once(lambda number: set_key(rows[number], KEY, actor=None, now=NOON))
    assert sorted(type(one).__name__ for one in outcomes) == ["AccountIsKept", "bool"]
    with_it = Provider.objects.get(key_fingerprint=fingerprint(KEY))
    assert same_account(with_it) == [with_it.pk]


def test_the_form_that_loses_the_race_says_why(nobody_yet: None, client_for_role: Any) -> None:
    browsers: list[Client] = [client_for_role(Role.ADMIN) for _ in range(2)]

    def post(number: int) -> tuple[int, str]:
        said = {"name": f"Row {number}", "url": SPELLINGS[number], "key": KEY, "currency": "USD"}
        answer = browsers[number].post(reverse("provider-new"), said)
        return answer.status_code, answer.content.decode()

    answers = sorted(both_at_once(post))
    assert [status for status, _ in answers] == [302, 422]
    assert f"This is the account of “{Provider.objects.get().name}”" in answers[1][1]


def test_one_name_given_at_the_same_moment_is_one_s(nobody_yet: None, client_for_role: Any) -> None:
    browsers: list[Client] = [client_for_role(Role.ADMIN) for _ in range(2)]

    def post(number: int) -> tuple[int, str]:
        url = f"https://panel{number}.example/api"
        said = {"name": "Same", "url": url, "key": KEY, "currency": "USD"}
        answer = browsers[number].post(reverse("provider-new"), said)
        return answer.status_code, answer.content.decode()

    answers = sorted(both_at_once(post))
    assert [status for status, _ in answers] == [302, 422]
    assert "Another provider has this name" in answers[1][1]
    other = make_provider()
    with pytest.raises(NameIsTaken):
        change_settings(other, {"name": "Same"}, actor=None, now=NOON)


def old_pair() -> tuple[Provider, Provider]:
    """As an older release had let them be made, after the migration."""
    first = make_provider(url=SPELLINGS[0], key=KEY)
    second = make_provider(url=SPELLINGS[1], key=KEY)
    lone = make_provider()
    migration = importlib.import_module("providers.migrations.0010_one_row_per_account")
    migration.tell_accounts_apart(apps, connection.schema_editor())
    lone.refresh_from_db()
    assert (lone.is_allowed_twin, len(lone.upstream)) == (False, 64)
    first.refresh_from_db()
    second.refresh_from_db()
    return first, second


def test_a_pair_of_an_older_release_stays_and_is_flagged(client_for_role: Any) -> None:
    first, second = old_pair()
    assert (first.is_allowed_twin, second.is_allowed_twin) == (False, True)
    assert first.upstream == second.upstream == upstream_digest(URL, first.key_fingerprint)
    assert first.name in second.events.get().text
    for row, other in ((first, second), (second, first)):
        page = client_for_role(Role.VIEWER).get(reverse("provider", args=[row.pk]))
        assert "This is one account with" in page.content.decode()
        assert other.name in page.content.decode()


def test_a_third_row_beside_a_pair_is_refused_by_the_database() -> None:
    first, _ = old_pair()
    with pytest.raises(IntegrityError), transaction.atomic():
        Provider.objects.create(name="Third", url=URL, upstream=first.upstream)


@pytest.mark.parametrize("how", ["key", "address"])
def test_when_the_first_of_a_pair_leaves_the_second_stands_for_the_account(how: str) -> None:
    first, second = old_pair()
    if how == "key":
        assert set_key(first, "another-key-01234", actor=None, now=NOON)
    else:
        assert change_address(first, "https://other.example/api", actor=None, now=NOON)
    second.refresh_from_db()
    assert not second.is_allowed_twin
    with pytest.raises(IntegrityError), transaction.atomic():
        Provider.objects.create(name="Third", url=URL, upstream=second.upstream)


def test_a_duplicate_that_leaves_is_a_row_like_any_other() -> None:
    first, second = old_pair()
    assert set_key(second, "another-key-01234", actor=None, now=NOON)
    second.refresh_from_db()
    first.refresh_from_db()
    assert (first.is_allowed_twin, second.is_allowed_twin) == (False, False)
    assert first.upstream != second.upstream
