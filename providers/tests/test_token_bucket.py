from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core import clocks
from providers.actions import clock_ahead, token_bucket
from providers.actions.note_calls import note_failure, note_success
from providers.actions.token_bucket import (
    SHORT_WAIT,
    TokenBucket,
    addable_at,
    next_add,
    readable_at,
    take_call,
    take_request,
)
from providers.connect import client_for
from providers.models import Provider, ProviderHealth
from providers.panel_api.answers.answer import LONGEST_WAIT
from providers.panel_api.errors import (
    AccountRefused,
    BatchRefused,
    NotSent,
    OutcomeUnknown,
    ProviderError,
    RefusalCode,
    Rejected,
    SlowDown,
    Unavailable,
)
from providers.panel_api.refusals import throttles
from providers.panel_api.tests.stub import StubTransport, said
from tests.builders import NOON, make_provider

from .test_leases import at_once


def after(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


@pytest.fixture
def provider(db: None) -> Provider:
    return make_provider(calls_per_minute=60)


def health_of(provider: Provider) -> ProviderHealth:
    return ProviderHealth.objects.get(pk=provider.pk)


def take_all(provider: Provider, moment: object) -> int:
    """How many calls go at once at this moment."""
    count = 0
    while take_call(provider, now=moment) == 0:  # type: ignore[arg-type]  # object keeps the signature short
        count += 1
        assert count < 1000
    return count


@pytest.mark.services
def test_an_idle_account_may_make_five_seconds_of_calls_at_once(provider: Provider) -> None:
    assert take_all(provider, NOON) == 5
    assert take_call(provider, now=NOON) == pytest.approx(1.0, abs=0.001)


def test_the_bucket_never_gives_more_than_its_rate(provider: Provider) -> None:
    given = sum(take_all(provider, NOON + after(tenth / 10)) for tenth in range(600))
    assert given == 5 + 59


@pytest.mark.services
def test_a_long_quiet_time_saves_up_no_more_than_the_burst(provider: Provider) -> None:
    take_all(provider, NOON)
    assert take_all(provider, NOON + after(3600)) == 5


@pytest.mark.services
def test_a_slow_account_still_gets_two_calls_at_once(provider: Provider) -> None:
    provider.calls_per_minute = 1
    assert take_all(provider, NOON) == 2
    assert take_call(provider, now=NOON + after(30)) == pytest.approx(30, abs=0.001)


@pytest.mark.services
def test_a_second_call_of_the_same_caller_costs_one_write(
    provider: Provider, django_assert_num_queries: Any
) -> None:
    bucket = TokenBucket(provider)
    assert bucket.take_call(now=NOON) == 0
    with django_assert_num_queries(1):
        assert bucket.take_call(now=NOON) == 0


@pytest.mark.services
def test_who_remembers_the_bucket_takes_no_more_than_is_left(provider: Provider) -> None:
    one, other = TokenBucket(provider), TokenBucket(provider)
    given = [bucket.take_call(now=NOON) for bucket in (one, other, one, other, one, other, one)]
    assert given.count(0) == 5


@pytest.mark.services
@pytest.mark.parametrize("error", [SlowDown("slow"), Unavailable("down"), AccountRefused("key")])
def test_who_remembers_the_bucket_hears_of_trouble(
    provider: Provider, error: ProviderError
) -> None:
    bucket = TokenBucket(provider)
    assert bucket.take_call(now=NOON) == 0
    note_failure(provider, error, now=NOON)
    assert bucket.take_call(now=NOON) >= clocks.UNREACHABLE_SECONDS[0]


@pytest.mark.services
def test_who_remembers_a_wait_looks_whether_it_is_over(provider: Provider) -> None:
    bucket = TokenBucket(provider)
    assert [bucket.take_call(now=NOON) for _ in range(5)] == [0] * 5
    ProviderHealth.objects.update(booked_until=None)
    assert bucket.take_call(now=NOON) == 0


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_eight_threads_get_no_more_calls_than_one() -> None:
    provider = make_provider(calls_per_minute=60)

    def greedy(_: int) -> int:
        return sum(take_call(provider, now=NOON) == 0 for _ in range(4))

    got = at_once(greedy)
    assert sum(got) == 5  # type: ignore[arg-type]  # at_once is about any result


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_eight_threads_reserve_one_moment_to_send() -> None:
    provider = make_provider(add_spacing_ms=1000)
    got = at_once(lambda _: next_add(provider, now=NOON))
    assert sorted(map(float, got))[:2] == [0.0, 1.0]  # type: ignore[arg-type]  # as above


@pytest.mark.services
def test_who_read_before_somebody_else_wrote_looks_again(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_call(provider, now=NOON)
    stale, read = health_of(provider), token_bucket.read_health
    seen = [stale, stale]
    monkeypatch.setattr(
        token_bucket, "read_health", lambda _: seen.pop() if seen else read(provider)
    )
    assert next_add(provider, now=NOON) == 0
    seen = [stale]
    assert next_add(provider, now=NOON) == 1.0
    take_call(provider, now=NOON)
    seen = [stale]
    take_call(provider, now=NOON)
    assert health_of(provider).booked_until == NOON + after(4)  # three reads and one order


@pytest.mark.services
@pytest.mark.parametrize("take", [take_call, next_add])
def test_who_is_overtaken_each_time_looks_again_soon_and_books_nothing(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, take: Callable[..., float]
) -> None:
    stale = health_of(provider)
    assert take(provider, now=NOON) == 0
    booked = health_of(provider)
    monkeypatch.setattr(token_bucket, "read_health", lambda _: stale)
    assert take(provider, now=NOON) == SHORT_WAIT
    assert health_of(provider).booked_until == booked.booked_until


@pytest.mark.services
def test_an_account_without_a_health_row_gets_one_and_keeps_its_pace(provider: Provider) -> None:
    ProviderHealth.objects.all().delete()
    assert take_all(provider, NOON) == 5
    assert health_of(provider).booked_until == NOON + after(5)


@pytest.mark.services
def test_orders_go_out_while_following_has_used_up_its_calls(provider: Provider) -> None:
    take_all(provider, NOON)
    assert next_add(provider, now=NOON) == 0


def called_over(provider: Provider, minutes: int) -> tuple[int, int]:
    """Orders and reads that go out when both want to all the time, tried ten times a second."""
    orders = reads = 0
    for tenth in range(minutes * 600):
        moment = NOON + after(tenth / 10)
        orders += next_add(provider, now=moment) == 0
        reads += take_call(provider, now=moment) == 0
    return orders, reads


@pytest.mark.services
@pytest.mark.django_db
def test_orders_and_reads_share_one_bucket_of_less_than_a_call_a_second() -> None:
    account = make_provider()
    orders, reads = called_over(account, 1)
    assert orders + reads < 60  # a limit that frameworks ship, over all actions


def test_orders_come_first_and_leave_reads_a_fifth(provider: Provider) -> None:
    provider.calls_per_minute = 50
    orders, reads = called_over(provider, 4)
    assert 200 <= orders + reads <= 200 + 8
    assert 155 <= orders <= 165 and reads >= 38


def test_a_slower_pace_slows_orders_down_as_well(provider: Provider) -> None:
    provider.add_spacing_ms = 0
    usual, _ = called_over(provider, 1)
    ProviderHealth.objects.update(pace=0.25, booked_until=None, adds_booked_until=None)
    slow, _ = called_over(provider, 1)
    assert slow < usual / 2


@pytest.mark.services
@pytest.mark.parametrize(
    ("trouble", "pace", "refused"),
    [(RefusalCode.RATE_LIMIT, 0.5, False), (RefusalCode.KEY, 1.0, True), (None, 1.0, False)],
)
def test_an_unknown_outcome_slows_the_account_down_where_it_is_about_the_account(
    provider: Provider, trouble: RefusalCode | None, pace: float, refused: bool
) -> None:
    until = NOON + after(20)
    note_failure(provider, OutcomeUnknown("Nope", account_trouble=trouble, until=until), now=NOON)
    health = health_of(provider)
    assert (health.pace, health.key_refused_at is not None) == (pace, refused)
    assert health.slow_until == (until if trouble is RefusalCode.RATE_LIMIT else None)


@pytest.mark.services
def test_two_orders_are_spaced(provider: Provider) -> None:
    provider.add_spacing_ms = 1500
    assert next_add(provider, now=NOON) == 0
    assert next_add(provider, now=NOON + after(0.5)) == 1.0
    assert next_add(provider, now=NOON + after(1.5)) == 0


@pytest.mark.services
def test_a_provider_that_asks_for_fewer_calls_gets_half_and_a_rest(provider: Provider) -> None:
    note_failure(provider, SlowDown("Too many requests"), now=NOON)
    assert health_of(provider).pace == 0.5
    assert take_call(provider, now=NOON) == clocks.RATE_LIMIT_PAUSE_SECONDS
    assert next_add(provider, now=NOON) == clocks.RATE_LIMIT_PAUSE_SECONDS
    later = NOON + after(clocks.RATE_LIMIT_PAUSE_SECONDS)
    assert take_all(provider, later) == 2
    assert take_call(provider, now=later + after(1)) == pytest.approx(0.5, abs=0.6)


@pytest.mark.services
def test_an_endless_retry_after_is_capped(provider: Provider) -> None:
    note_failure(provider, SlowDown("later", until=NOON + timedelta(days=9)), now=NOON)
    assert take_call(provider, now=NOON) == clocks.RETRY_AFTER_CAP_SECONDS


@pytest.mark.services
def test_the_pace_grows_back_and_never_above_one(provider: Provider) -> None:
    for _ in range(3):
        note_failure(provider, SlowDown("slow"), now=NOON)
    assert health_of(provider).pace == 0.125
    for _ in range(100):
        note_success(provider, now=NOON, elapsed_ms=10)
    assert health_of(provider).pace == 1.0


@pytest.mark.services
def test_each_failure_in_a_row_closes_the_breaker_for_longer(provider: Provider) -> None:
    moment = NOON
    for seconds in (*clocks.UNREACHABLE_SECONDS, clocks.UNREACHABLE_SECONDS[-1]):
        note_failure(provider, Unavailable("HTML instead of JSON"), now=moment)
        assert take_call(provider, now=moment) == pytest.approx(seconds)
        moment += after(seconds)
        assert take_call(provider, now=moment) == 0


@pytest.mark.services
def test_calls_that_were_under_way_together_fail_as_one(provider: Provider) -> None:
    for _ in range(3):
        note_failure(provider, Unavailable("down"), now=NOON)
    assert health_of(provider).failures == 1
    assert take_call(provider, now=NOON) == clocks.UNREACHABLE_SECONDS[0]


@pytest.mark.services
def test_after_the_breaker_one_call_alone_probes(provider: Provider) -> None:
    note_failure(provider, Unavailable("down"), now=NOON)
    moment = NOON + after(clocks.UNREACHABLE_SECONDS[0])
    assert take_call(provider, now=moment) == 0
    assert take_call(provider, now=moment) > 5
    note_success(provider, now=moment, elapsed_ms=80)
    assert take_call(provider, now=moment) == 0


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_of_eight_threads_one_probes() -> None:
    provider = make_provider()
    note_failure(provider, Unavailable("down"), now=NOON)
    moment = NOON + after(clocks.BREAKER_SECONDS[0])
    got = at_once(lambda _: take_call(provider, now=moment))
    assert got.count(0.0) == 1


@pytest.mark.services
def test_an_order_is_never_the_probe(provider: Provider) -> None:
    note_failure(provider, NotSent("refused"), now=NOON)
    assert next_add(provider, now=NOON + after(3600)) >= 1
    note_success(provider, now=NOON + after(3600), elapsed_ms=80)
    assert next_add(provider, now=NOON + after(3600)) == 0


@pytest.mark.services
def test_a_refill_or_a_cancel_is_never_the_probe(provider: Provider) -> None:
    note_failure(provider, Unavailable("down"), now=NOON)
    rest, moment = clocks.UNREACHABLE_SECONDS[0], NOON + after(3600)
    assert take_request(provider, now=NOON) == rest
    assert take_request(provider, now=moment) == 1
    assert health_of(provider).probe_until is None
    assert take_call(provider, now=moment) == 0, "a read probes"
    note_success(provider, now=moment, elapsed_ms=80)
    assert take_request(provider, now=moment) == 0


@pytest.mark.services
def test_a_refused_key_rests_the_account_and_an_answer_clears_it(provider: Provider) -> None:
    note_failure(provider, AccountRefused("Invalid API key"), now=NOON)
    assert health_of(provider).key_refused_at == NOON
    assert take_call(provider, now=NOON) == clocks.BREAKER_SECONDS[-1]
    note_success(provider, now=NOON, elapsed_ms=10)
    assert health_of(provider).key_refused_at is None
    assert take_call(provider, now=NOON) == 0


@pytest.mark.services
@pytest.mark.parametrize(
    "error",
    [
        Rejected("Incorrect service ID", RefusalCode.SERVICE),
        OutcomeUnknown("cut off"),
        BatchRefused("Incorrect order ID"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_says_nothing_of_its_health_is_only_remembered(
    provider: Provider, error: ProviderError
) -> None:
    note_failure(provider, error, now=NOON)
    health = health_of(provider)
    assert (health.failures, health.open_until, health.pace) == (0, None, 1.0)
    assert (health.last_error, health.last_error_at) == (error.reason, NOON)
    assert readable_at(health, NOON) == NOON


@pytest.mark.services
def test_the_usual_call_costs_one_read_and_one_write(
    provider: Provider, django_assert_num_queries: object
) -> None:
    with django_assert_num_queries(2):  # type: ignore[operator]  # a pytest-django fixture
        take_call(provider, now=NOON)
    with django_assert_num_queries(1):  # type: ignore[operator]  # a pytest-django fixture
        note_success(provider, now=NOON, elapsed_ms=10)


@pytest.mark.services
@pytest.mark.parametrize(
    "column",
    ["slow_until", "open_until", "next_add_at", "booked_until", "adds_booked_until"],
)
def test_a_moment_beyond_its_own_cap_counts_as_due(provider: Provider, column: str) -> None:
    """A clock that was days ahead for one call does not stop the account for days."""
    assert take_call(provider, now=NOON) == 0
    ProviderHealth.objects.update(**{column: NOON + timedelta(days=40)})
    health = health_of(provider)
    assert readable_at(health, NOON, rate=1) == NOON
    assert addable_at(health, NOON, rate=1) == NOON
    assert take_call(provider, now=NOON) == 0


@pytest.mark.services
@pytest.mark.django_db
@pytest.mark.parametrize(("spacing_ms", "minutes"), [(0, 16), (1_000, 16), (600_000, 51)])
def test_a_clock_that_was_ahead_puts_orders_off_no_longer_than_a_pause_may_be(
    spacing_ms: int, minutes: int
) -> None:
    """An hour was believed of every account, and ten minutes of a clock ahead were waited out."""
    provider = make_provider(add_spacing_ms=spacing_ms)
    health = ProviderHealth.objects.get(provider=provider)
    for ahead, waits in ((minutes - 1, True), (minutes, False)):
        health.next_add_at = NOON + timedelta(minutes=ahead)
        assert (addable_at(health, NOON) > NOON) is waits
    ProviderHealth.objects.update(next_add_at=NOON + timedelta(minutes=minutes))
    assert clock_ahead.pull_back(NOON) == 1
    assert ProviderHealth.objects.get().next_add_at == NOON
    assert clock_ahead.pull_back(NOON) == 0


def test_the_client_and_the_desk_wait_as_long_at_most():
    """Each has the number, for the client stands on nothing of the desk."""
    most = clocks.RETRY_AFTER_CAP_SECONDS
    assert (most, timedelta(seconds=most)) == (throttles.LONGEST_WAIT_SECONDS, LONGEST_WAIT)


@pytest.mark.services
@pytest.mark.parametrize("apart", [timedelta(), timedelta(hours=1)], ids=["alike", "an hour apart"])
def test_a_rest_is_counted_by_the_clock_that_all_share(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, apart: timedelta
) -> None:
    """A machine whose own clock is behind would have no rest at all, and one ahead a long one."""
    at = datetime.now(UTC) + apart
    monkeypatch.setattr(clocks, "OWN_CLOCK", clocks.OwnClock())
    clocks.OWN_CLOCK.compare(at)
    answer = said('{"error": "Too many requests"}', http_status=429, retry_after="300")
    client = replace(client_for(provider), transport=StubTransport(answer))
    with pytest.raises(SlowDown) as slow:
        client.balance()
    note_failure(provider, slow.value, now=at)
    until = health_of(provider).slow_until
    assert until and after(290) <= until - at <= after(310)
