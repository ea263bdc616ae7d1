"""The page of a provider tells how its newest sends went, and no more than is known of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from core.roles import Role
from orders.models import Attempt
from orders.status import BOUGHT_TOO, Doubt, Outcome, Resolution, Status
from orders.templatetags import provider_sends
from orders.templatetags.provider_sends import sends_of
from providers.models import Provider
from providers.panel_api import RefusalCode
from tests.builders import NOON, make_attempt, make_order, make_provider, make_service
from tests.one_line import one_line
from tests.query_counts import queries_of
from tests.query_plans import scans_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]

Page = Callable[[Provider], str]


@pytest.fixture
def page(client_for_role: Callable[[Role], Client]) -> Page:
    staff = client_for_role(Role.OPERATOR)
    return lambda account: one_line(staff.get(f"/providers/{account.pk}/").content.decode())


@pytest.fixture
def account() -> Provider:
    return make_provider()


def send(account: Provider, outcome: Outcome, **over: Any) -> Attempt:
    """One try of an order of its own."""
    order = make_order(Status.HELD, provider=account)
    return make_attempt(order, outcome=outcome, **over)


def answered(account: Provider, elapsed_ms: object, http_status: object = 200) -> Attempt:
    seen = {"http_status": http_status, "elapsed_ms": elapsed_ms, "body_excerpt": "x" * 4000}
    return send(account, Outcome.ACCEPTED, evidence=seen)


def groups_of(account: Provider) -> list[tuple[str, str, int]]:
    sends = sends_of(account)
    assert sends is not None
    return [(group.outcome.value, group.why, group.count) for group in sends.groups]


def test_the_share_of_accepted_sends_is_that_of_the_ledger(account: Provider, page: Page) -> None:
    for _ in range(4):
        send(account, Outcome.ACCEPTED)
    send(account, Outcome.ACCEPTED, resolution=Resolution.LISTING)
    send(account, Outcome.REJECTED, code=RefusalCode.FUNDS)
    send(account, Outcome.UNKNOWN, code=Doubt.LOST)
    send(account, Outcome.NOT_PLACED, resolution=Resolution.PERSON)
    for outcome in (Outcome.NOT_SENT, Outcome.NOT_SENT, Outcome.IN_FLIGHT):
        send(account, outcome)
    send(make_provider(), Outcome.REJECTED)
    sends = sends_of(account)
    assert sends is not None
    ledger = Attempt.objects.filter(provider=account)
    left = ledger.exclude(outcome__in=[Outcome.NOT_SENT, Outcome.IN_FLIGHT]).count()
    assert (sends.tries, sends.sent, sends.not_sent, sends.in_flight) == (11, left, 2, 1)
    assert sends.accepted == ledger.filter(outcome=Outcome.ACCEPTED).count()
    shown = page(account)
    assert "62.5 %" in shown
    assert "5 of 8 are known to be" in shown
    assert "2 more never left the desk" in shown
    assert "1 more on the way" in shown
    assert "The newest 11 tries to send an order" in shown


def test_what_became_of_the_sends_adds_up_and_says_by_what_it_is_known(account: Provider) -> None:
    send(account, Outcome.ACCEPTED)
    send(account, Outcome.ACCEPTED, resolution=Resolution.LATE)
    for code in (RefusalCode.FUNDS, RefusalCode.FUNDS, RefusalCode.RATE_LIMIT, "odd_one", ""):
        send(account, Outcome.REJECTED, code=code)
    send(account, Outcome.UNKNOWN)  # a worker was lost
    send(account, Outcome.UNKNOWN, code=Doubt.CONTRADICTS)
    send(account, Outcome.UNKNOWN, evidence={"http_status": 200})  # of before doubts had codes
    send(account, Outcome.UNKNOWN, evidence={"http_status": 502})
    send(account, Outcome.NOT_PLACED, resolution=Resolution.PERSON)
    send(account, Outcome.NOT_PLACED, resolution=Resolution.LISTING, code=BOUGHT_TOO)
    assert groups_of(account) == [
        ("accepted", "By its answer", 1),
        ("accepted", "The answer came late", 1),
        ("rejected", "Not enough money on the account", 2),
        ("rejected", "In words without a code", 1),
        ("rejected", "Odd one", 1),
        ("rejected", "Too many requests", 1),
        ("unknown", "No answer to the order came", 2),
        ("unknown", "Another try of its order was linked", 1),
        ("unknown", "The answer contradicts itself or what is known", 1),
        ("unknown", "The answer was not understood", 1),
        ("not_placed", "A person decided", 1),
    ]


def test_a_send_without_a_time_spoils_no_percentile(account: Provider, page: Page) -> None:
    for elapsed_ms in range(100, 2100, 100):
        answered(account, elapsed_ms)
    for odd in (0, None, "long", {"a": 1}):
        answered(account, odd)
    for odd in (None, 504, {"a": 1}):  # no answer to the order came
        answered(account, 20_000, odd)
    send(account, Outcome.ACCEPTED)
    sends = sends_of(account)
    assert sends is not None
    assert len(sends.times) == 20
    assert (sends.half_within, sends.most_within) == (1000, 1900)
    shown = page(account)
    assert "half in 1,000 ms, 95 % in 1,900 ms" in shown
    assert "of 20 answers" in shown


def test_one_answer_is_both_percentiles(account: Provider, page: Page) -> None:
    answered(account, 420)
    sends = sends_of(account)
    assert sends is not None
    assert (sends.half_within, sends.most_within) == (420, 420)
    assert "The only try to send an order" in page(account)


def test_where_nothing_left_no_share_is_shown(account: Provider, page: Page) -> None:
    assert sends_of(account) is None
    assert "No sends yet." in page(account)
    send(account, Outcome.NOT_SENT)
    sends = sends_of(account)
    assert sends is not None
    assert (sends.accepted_percent, sends.half_within, sends.groups) == (None, None, [])
    assert "are known to be" not in page(account)


def test_only_the_newest_sends_count(account: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_sends, "NEWEST", 3)
    send(account, Outcome.REJECTED)
    for minutes in (2, 1, 3):
        send(account, Outcome.ACCEPTED, started_at=NOON + timedelta(minutes=minutes))
    sends = sends_of(account)
    assert sends is not None
    assert (sends.accepted, sends.sent, sends.accepted_percent) == (3, 3, 100)
    assert sends.since == NOON + timedelta(minutes=1)


def test_five_hundred_sends_cost_one_query(account: Provider, page: Page) -> None:
    one_send = answered(account, 100)
    one = queries_of(lambda: page(account))
    order = make_order(Status.HELD, service=make_service(account))
    Attempt.objects.bulk_create(
        Attempt(
            order=order,
            number=number,
            provider=account,
            provider_version=account.version,
            wire={},
            started_at=NOON,
            lease_until=NOON,
            outcome=Outcome.REJECTED,
            code=RefusalCode.LINK,
            evidence=one_send.evidence,
        )
        for number in range(1, 500)
    )
    asked = queries_of(lambda: sends_of(account))
    assert len(asked) == 1
    assert "LIMIT 500" in asked[0]
    assert len(queries_of(lambda: page(account))) == len(one)
    assert groups_of(account)[1] == ("rejected", "It does not take this link", 499)
    assert scans_of(lambda: sends_of(account)) == []
