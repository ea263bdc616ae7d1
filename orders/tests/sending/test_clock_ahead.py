"""A clock that was a day ahead for one step stops nothing for a day."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core import clocks
from orders.aftersales import cancel_sends, runs
from orders.aftersales.cancel_sends import CANCELS
from orders.aftersales.refill_sends import REFILLS
from orders.aftersales.send_requests import claim
from orders.bulk import bulk_action
from orders.mass import place_lines
from orders.models import (
    Attempt,
    BulkJob,
    CancelRequest,
    Halt,
    Order,
    OrderBatch,
    PollSchedule,
    ReconcileRun,
    Refill,
)
from orders.models.batch import BatchState
from orders.polling import poll_cycle, probe_account
from orders.restores import compare_accounts
from orders.sending import clock_ahead, send_orders, sweep_due
from orders.status import (
    CancelStatus,
    HaltKind,
    HoldReason,
    JobKind,
    Outcome,
    RefillStatus,
    Status,
)
from providers.actions import leases, token_bucket
from providers.actions.ringing import due_work
from providers.models import ConnectionReport, Lease, LeaseKind, Provider, ProviderHealth
from providers.panel_api import RefusalCode, Rejected
from tests.builders import (
    NOON,
    make_attempt,
    make_batch,
    make_cancel,
    make_job,
    make_order,
    make_provider,
    make_refill,
    make_run,
    make_user,
)
from tests.fake_provider import FakeProvider, never_left, progress

pytestmark = [pytest.mark.django_db, pytest.mark.services]
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def tomorrow() -> datetime:
    return NOON + DAY


def test_a_refusal_for_funds_by_a_clock_ahead_ends_with_the_next_balance_that_pays() -> None:
    order, there = make_order(Status.QUEUED, send_after=NOON), FakeProvider()
    there.then = Rejected("Not enough funds on balance", RefusalCode.FUNDS)
    assert send_orders.send_order(order, order.provider, there, clock=tomorrow)
    clock_ahead.pull_back(NOON)
    Provider.objects.update(balance=100, balance_at=NOON + MINUTE)
    assert sweep_due.forget_funds_refusals(now=NOON + MINUTE) == 1
    assert sweep_due.hold_and_release(now=NOON + MINUTE) == 1


@pytest.mark.parametrize("name", ["open_until", "slow_until", "next_add_at"])
def test_a_pause_as_long_as_any_is_kept_by_who_read_the_clock_before(name: str) -> None:
    """One worker reads the clock, another one reads it and writes the pause, the first asks."""
    provider = make_provider()
    until = NOON + timedelta(
        seconds=max(clocks.BREAKER_SECONDS[-1], clocks.RETRY_AFTER_CAP_SECONDS)
    )
    ProviderHealth.objects.filter(provider=provider).update(**{name: until})
    before = NOON - timedelta(milliseconds=1)
    assert clock_ahead.pull_back(before) == 0
    health = ProviderHealth.objects.select_related("provider").get(provider=provider)
    assert token_bucket.addable_at(health, before) == until


def next_order(provider: Provider) -> Order | None:
    return send_orders.next_to_send(provider, NOON)


def test_an_order_that_was_not_sent_by_a_clock_ahead_goes_out_today() -> None:
    order, there = make_order(Status.QUEUED, send_after=NOON), FakeProvider()
    there.then = never_left()
    assert send_orders.send_order(order, order.provider, there, clock=tomorrow)
    assert next_order(order.provider) is None
    clock_ahead.pull_back(NOON)
    assert next_order(order.provider) == order
    order.refresh_from_db()
    assert token_bucket.next_add(order.provider, now=NOON) <= 1
    assert send_orders.send_order(order, order.provider, there, clock=lambda: NOON)
    assert len(there.placed) == 1


def test_a_back_off_within_its_cap_is_waited_for() -> None:
    order = make_order(Status.QUEUED, send_after=NOON + 15 * MINUTE)
    clock_ahead.pull_back(NOON)
    assert next_order(order.provider) is None


def test_a_provider_cannot_hold_an_order_longer_than_its_cap() -> None:
    order, there = make_order(Status.QUEUED, send_after=NOON), FakeProvider()
    there.then = Rejected("Slow down", RefusalCode.RATE_LIMIT, None, until=NOON + DAY)
    send_orders.send_order(order, order.provider, there, clock=lambda: NOON)
    order.refresh_from_db()
    assert order.send_after == NOON + timedelta(seconds=clocks.RETRY_AFTER_CAP_SECONDS)


def test_a_claim_of_a_clock_ahead_holds_its_account_no_longer_than_another() -> None:
    lease = tomorrow() + timedelta(seconds=clocks.SEND_LEASE_SECONDS)
    attempt = make_attempt(
        make_order(Status.SENDING),
        outcome=Outcome.IN_FLIGHT,
        started_at=tomorrow(),
        lease_until=lease,
    )
    assert sweep_due.reap_lost_sends(now=NOON) == 1
    assert Attempt.objects.get().outcome == Outcome.UNKNOWN
    assert Order.objects.get(pk=attempt.order_id).status == Status.UNCONFIRMED


def test_a_start_that_staff_set_is_left_alone() -> None:
    order = make_order(
        Status.HELD, hold_reason=HoldReason.SCHEDULED, starts_at=tomorrow(), send_after=NOON
    )
    clock_ahead.pull_back(NOON)
    order.refresh_from_db()
    assert (order.status, order.starts_at) == (Status.HELD, tomorrow())


def test_an_order_that_was_polled_by_a_clock_ahead_is_polled_today() -> None:
    order, there = make_order(Status.PENDING), FakeProvider()
    there.says = {order.external_id: progress()}
    PollSchedule.objects.update(next_at=NOON)
    poll_cycle.poll_account(order.provider, there, clock=tomorrow, seconds=1)
    clock_ahead.pull_back(NOON)
    assert sweep_due.accounts_to_poll(NOON, leases=4) == [order.provider_id]
    poll_cycle.poll_account(order.provider, there, clock=lambda: NOON, seconds=1)
    assert len(there.asked) == 2


def test_the_longest_wait_between_two_polls_is_waited_for() -> None:
    order = make_order(Status.PENDING)
    longest = NOON + timedelta(seconds=1.1 * clocks.POLL_CEILING_SECONDS)
    PollSchedule.objects.update(next_at=longest)
    clock_ahead.pull_back(NOON)
    assert PollSchedule.objects.get(order=order).next_at == longest


def test_refills_and_cancels_that_a_clock_ahead_put_off_are_due_today() -> None:
    refill = make_refill(due_at=tomorrow())
    asked = make_refill(RefillStatus.PENDING, due_at=tomorrow(), changed_at=tomorrow())
    named = make_refill(RefillStatus.WAITING, due_at=tomorrow() + DAY, changed_at=tomorrow())
    cancel = make_cancel(due_at=tomorrow(), sent_at=tomorrow(), requests=1)
    clock_ahead.pull_back(NOON)
    assert set(Refill.objects.due_to_send(NOON)) == {refill, named}
    assert set(Refill.objects.due_to_ask(NOON)) == {asked}
    PollSchedule.objects.update(looked_at=NOON + MINUTE)
    assert list(CancelRequest.objects.due_to_send(NOON + MINUTE)) == [cancel]


@pytest.mark.parametrize("is_pulled_back", [True, False])
def test_a_cancel_is_not_repeated_by_a_look_of_a_clock_that_was_ahead(is_pulled_back) -> None:
    cancel = make_cancel(due_at=NOON, sent_at=NOON, requests=1)
    soon, an_hour_on = NOON + MINUTE, NOON + 60 * MINUTE
    PollSchedule.objects.update(looked_at=an_hour_on, next_at=an_hour_on)
    if is_pulled_back:
        clock_ahead.pull_back(soon)
        schedule = PollSchedule.objects.get(order=cancel.order)
        assert (schedule.looked_at, schedule.next_at) == (None, soon), "it is asked about now"
        assert not CancelRequest.objects.due_to_send(an_hour_on + MINUTE).exists()
    assert not CancelRequest.objects.due_to_send(soon).exists()
    PollSchedule.objects.update(looked_at=soon)
    assert list(CancelRequest.objects.due_to_send(soon)) == [cancel]


def test_a_wait_that_the_provider_named_may_be_of_any_length() -> None:
    named = make_refill(RefillStatus.WAITING, due_at=NOON + 30 * DAY, changed_at=NOON)
    cancel = make_cancel(
        due_at=NOON + 3 * DAY, sent_at=NOON, requests=1, code=RefusalCode.WAIT.value
    )
    clock_ahead.pull_back(NOON)
    named.refresh_from_db()
    cancel.refresh_from_db()
    assert (named.due_at, cancel.due_at) == (NOON + 30 * DAY, NOON + 3 * DAY)


def test_requests_that_were_claimed_by_a_clock_ahead_are_given_up_today() -> None:
    refill, cancel = make_refill(), make_cancel()
    claim(REFILLS, refill.provider, now=tomorrow())
    claim(CANCELS, cancel.provider, now=tomorrow())
    clock_ahead.pull_back(NOON)
    assert runs.reap_lost_requests(now=NOON + MINUTE) == 2
    refill.refresh_from_db()
    cancel.refresh_from_db()
    assert (refill.status, cancel.status) == (RefillStatus.UNCONFIRMED, CancelStatus.QUEUED)
    assert cancel.due_at == NOON + MINUTE + timedelta(seconds=clocks.CANCEL_RECHECK_SECONDS)
    assert cancel.requests < cancel_sends.MOST_REQUESTS


def test_an_account_that_a_clock_ahead_shut_is_probed_today() -> None:
    provider = make_provider()
    leases.ensure_leases(provider.pk)
    Lease.objects.filter(kind__in=(LeaseKind.BALANCE, LeaseKind.CATALOG)).update(due_at=tomorrow())
    ProviderHealth.objects.update(open_until=tomorrow(), probe_until=tomorrow())
    clock_ahead.pull_back(NOON)
    assert [pk for pk, _ in probe_account.accounts_to_probe(NOON)] == [provider.pk]
    due = leases.due_leases([LeaseKind.BALANCE, LeaseKind.CATALOG], now=NOON)
    assert {kind for _, kind in due} == {LeaseKind.BALANCE, LeaseKind.CATALOG}


def test_a_catalog_and_a_check_that_a_clock_ahead_began_are_rung_for_today() -> None:
    """Their bells were lost, or their worker was."""
    run = make_run(started_at=NOON + DAY)
    report = ConnectionReport.objects.create(provider=run.provider, run_at=NOON + DAY)
    assert clock_ahead.pull_back(NOON) >= 2
    due = due_work(now=NOON + MINUTE)
    assert (due.catalogs, due.reports) == ([run.provider_id], [report.pk])


@pytest.mark.parametrize("back", [35, 200, 280])
def test_what_a_clock_ahead_by_less_than_a_catalog_takes_has_taken_goes_on_at_once(back) -> None:
    """A lease of a minute that ends later than it can is of no clock that is right."""
    person, ahead = make_user(), NOON + timedelta(seconds=back)
    job = make_job(started_by=person)
    pasted = make_batch(state=BatchState.PLACING, placed_by=person)
    halt = Halt.objects.create(kind=HaltKind.RESTORED, placed_at=NOON)
    compared = ReconcileRun.objects.create(halt=halt, started_by=person, created_at=NOON)
    account = make_provider()
    for now in (ahead, NOON):
        assert bulk_action.take_job(job.pk, now=now)
        assert place_lines.take_batch(pasted.pk, now=now)
        assert compare_accounts.take_run(compared.pk, now=now)
        assert leases.acquire_lease(account.pk, LeaseKind.POLLING, now=now, seconds=60)


def test_a_job_and_a_batch_that_a_clock_ahead_took_go_on_today() -> None:
    person = make_user()
    job = BulkJob.objects.create(
        kind=JobKind.NOTE,
        form_key="6c1f3c1e-7a0e-4f57-9c39-0d9a4c7f0b11",
        started_by=person,
        created_at=NOON,
        held_until=tomorrow(),
        holder="x",
    )
    batch = OrderBatch.objects.create(
        state=BatchState.PLACING,
        digest="x",
        created_by=person,
        created_at=NOON,
        holder="x",
        held_until=tomorrow(),
    )
    assert bulk_action.take_job(job.pk, now=NOON) is not None
    assert place_lines.batches_to_place(NOON) == [batch.pk]
