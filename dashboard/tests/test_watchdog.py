"""Whatever the cause: what should have gone on and has not is told, everywhere, with its reason."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import clocks
from core.clocks import database_now
from core.roles import Role
from core.rows.leases import Leased
from dashboard.health import views as health_views
from dashboard.health.watchdog import what_stands_still
from dashboard.models import BEAT, Heartbeat
from orders import link_queue
from orders.models import (
    AnswerPlace,
    BulkJob,
    Halt,
    Order,
    OrderBatch,
    PollSchedule,
    ReconcileRun,
    Recovery,
)
from orders.models.batch import BatchState
from orders.oldest_work import Late
from orders.placing import place_orders
from orders.sending import answer_spool
from orders.status import (
    OPEN,
    CancelStatus,
    Flag,
    HaltKind,
    HoldReason,
    JobKind,
    Outcome,
    RefillStatus,
    Status,
)
from orders.watchdog.overdue import Standstill, standstills
from providers.actions.leases import ensure_leases
from providers.models import Lease, LeaseKind, Provider, ProviderHealth, ProviderState, RunState
from tests.builders import (
    make_attempt,
    make_batch,
    make_cancel,
    make_halt,
    make_order,
    make_provider,
    make_refill,
    make_run,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.services]
HOURS = timedelta(hours=3)


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    cache.clear()


def queued(**over: Any) -> Order:
    return make_order(Status.QUEUED, send_after=database_now() - HOURS, **over)


def late_kinds() -> list[Late]:
    return [late.late for late in standstills(database_now())]


def test_a_desk_that_goes_on_has_nothing_late() -> None:
    now = database_now()
    make_order(Status.QUEUED, send_after=now)
    make_order(Status.IN_PROGRESS)
    PollSchedule.objects.update(next_at=now)
    assert standstills(now) == []


def test_an_order_that_nobody_sends_is_late_without_a_known_reason() -> None:
    order = queued()
    (late,) = standstills(database_now())
    assert (late.late, late.order_id, late.reason) == (Late.ORDER, order.pk, "")


def test_a_queue_that_moves_is_not_late_however_long_it_is() -> None:
    order = queued()
    make_attempt(
        make_order(Status.PENDING, service=order.service),
        outcome=Outcome.ACCEPTED,
        started_at=database_now() - timedelta(seconds=30),
    )
    PollSchedule.objects.all().delete()
    assert late_kinds() == []


@pytest.mark.parametrize("kind", [HaltKind.EXPOSURE, HaltKind.INCIDENT])
def test_orders_behind_a_stop_wait_on_purpose(kind: HaltKind) -> None:
    order = queued()
    make_halt(kind=kind, provider=order.provider)
    assert late_kinds() == []


def test_what_the_account_explains_is_told_with_its_reason() -> None:
    order = queued()
    moment = database_now()
    ProviderHealth.objects.update(last_ok_at=moment, key_unreadable_at=moment)
    (late,) = standstills(moment)
    assert late.reason == f"{order.provider.name}: Stored key cannot be read."


def lost(order: Order, then: datetime) -> None:
    make_attempt(
        order,
        outcome=Outcome.UNKNOWN,
        started_at=then,
        unknown_at=then - timedelta(days=2),
    )


def in_flight(order: Order, then: datetime) -> None:
    make_attempt(order, outcome=Outcome.IN_FLIGHT, started_at=then, lease_until=then)


def wait_long(order: Order, then: datetime) -> None:
    """What an order of this status stands with, and has not gone on since."""
    Order.objects.filter(pk=order.pk).update(send_after=then, changed_at=then, starts_at=then)
    if order.status == Status.SENDING:
        in_flight(order, then)
    if order.status == Status.UNCONFIRMED:
        lost(order, then)
    PollSchedule.objects.update(next_at=then)


WAITS_FOR_A_PERSON = {
    HoldReason.SPEND_LIMIT,
    HoldReason.BLOCKED_LINK,
    HoldReason.TERMS,
    HoldReason.RESTORED,
    HoldReason.STAFF,
}


@pytest.mark.parametrize("status", sorted(OPEN - {Status.HELD}))
def test_an_open_order_that_stands_still_is_told_whatever_its_status(status: Status) -> None:
    order = make_order(status)
    wait_long(order, database_now() - HOURS)
    assert [late.order_id for late in standstills(database_now())] == [order.pk]


@pytest.mark.parametrize("reason", sorted(set(HoldReason) - WAITS_FOR_A_PERSON - {HoldReason.NONE}))
def test_an_order_is_told_that_is_held_for_what_has_come(reason: HoldReason) -> None:
    """Here the account takes orders, the link is free, and the start is past."""
    now = database_now()
    order = make_order(Status.HELD, hold_reason=reason)
    ProviderHealth.objects.get_or_create(provider=order.provider)
    wait_long(order, now - HOURS)
    assert [late.order_id for late in standstills(now)] == [order.pk]
    wait_long(order, now - timedelta(seconds=20))
    assert standstills(now) == [], "the sweep has its time"


@pytest.mark.parametrize("reason", sorted(WAITS_FOR_A_PERSON))
def test_what_is_held_until_a_person_lets_it_go_stands_still_on_purpose(reason: HoldReason) -> None:
    wait_long(make_order(Status.HELD, hold_reason=reason), database_now() - HOURS)
    assert late_kinds() == []


def test_an_order_whose_link_has_just_become_free_is_not_late() -> None:
    now = database_now()
    ended = make_order(Status.COMPLETED, changed_at=now - timedelta(seconds=5))
    waiting = make_order(
        Status.HELD, hold_reason=HoldReason.LINK_BUSY, provider=ended.provider, blocked_by=ended
    )
    Order.objects.filter(pk=waiting.pk).update(send_after=now - HOURS)
    assert standstills(now) == []
    Order.objects.filter(pk=ended.pk).update(changed_at=now - HOURS / 2)
    (late,) = standstills(now)
    assert (late.late, late.order_id, late.since) == (Late.LINK, waiting.pk, now - HOURS / 2)


def test_an_order_held_for_an_account_that_cannot_take_it_waits_on_purpose() -> None:
    now = database_now()
    for reason in (HoldReason.PROVIDER_PAUSED, HoldReason.KEY, HoldReason.FUNDS):
        is_paused = reason == HoldReason.PROVIDER_PAUSED
        state = ProviderState.PAUSED if is_paused else ProviderState.ACTIVE
        order = make_order(Status.HELD, hold_reason=reason, provider=make_provider(state=state))
        ProviderHealth.objects.update_or_create(
            provider=order.provider, defaults={"key_refused_at": now, "funds_refused_at": now}
        )
        wait_long(order, now - HOURS)
    assert late_kinds() == []


def test_a_search_is_told_that_keeps_its_account_halted_for_longer_than_it_takes() -> None:
    order = queued()
    now = database_now()
    Recovery.objects.create(provider=order.provider, grace_seconds=120)
    time = timedelta(seconds=120 + clocks.RECOVERY_PATIENCE_SECONDS)
    halt = make_halt(kind=HaltKind.ANSWER_LOST, provider=order.provider, placed_at=now - time)
    assert standstills(now) == [], "it may be searched for until then"
    Halt.objects.filter(pk=halt.pk).update(placed_at=now - HOURS)
    (late,) = standstills(now)
    assert (late.late, late.reason) == (Late.SEARCH, "")
    assert late.since == now - HOURS + time
    (told,) = what_stands_still(now)
    assert told.is_ours, "it is on every page, and in /readyz"


def test_a_search_of_an_account_without_a_key_says_so() -> None:
    order = make_order(Status.UNCONFIRMED, provider=make_provider(key=""))
    make_halt(kind=HaltKind.ANSWER_LOST, provider=order.provider, placed_at=database_now() - HOURS)
    (late,) = standstills(database_now())
    assert late.reason == f"{order.provider.name}: No key."


def test_each_kind_of_work_that_stands_still_is_told() -> None:
    now = database_now()
    then = now - HOURS
    stands = [make_order(status) for status in sorted(OPEN - {Status.HELD})]
    reasons = sorted(set(HoldReason) - WAITS_FOR_A_PERSON - {HoldReason.NONE})
    stands += [make_order(Status.HELD, hold_reason=reason) for reason in reasons]
    for order in stands:
        wait_long(order, then)
    running = make_order(Status.IN_PROGRESS)
    make_refill(order=running, due_at=then)
    make_refill(RefillStatus.PENDING, order=stands[1], due_at=then, followed_by="7")
    make_cancel(order=running, due_at=then)
    make_refill(RefillStatus.SENDING, order=stands[0], due_at=then)
    make_cancel(CancelStatus.SENDING, order=stands[0], due_at=then)
    make_halt(kind=HaltKind.ANSWER_LOST, provider=make_provider(), placed_at=then)
    BulkJob.objects.create(
        kind=JobKind.NOTE, form_key=uuid4(), started_by=make_user(), created_at=then
    )
    OrderBatch.objects.create(
        state=BatchState.PLACING,
        digest="x",
        created_by=make_user(),
        created_at=then,
        placed_at=then,
        holder="dead",
        held_until=then + timedelta(minutes=1),
    )
    lifted = make_halt(kind=HaltKind.RESTORED, provider=None, placed_at=then, lifted_at=then)
    ReconcileRun.objects.create(halt=lifted, started_by=make_user(), created_at=then)
    make_run(running.provider, state=RunState.RUNNING, started_at=then)
    ensure_leases(running.provider_id)
    Lease.objects.filter(kind=LeaseKind.BALANCE).update(due_at=then)
    AnswerPlace.objects.create(key=uuid4(), host="away", seen_at=then, waiting=1, oldest_at=then)
    answer_spool.directory().mkdir(parents=True, exist_ok=True)
    file = answer_spool.directory() / "1-token.json"
    file.write_text("{}")
    os.utime(file, (then.timestamp(), then.timestamp()))
    assert set(late_kinds()) == set(Late)
    leased = {model for model in apps.get_models() if issubclass(model, Leased)}
    assert leased == {BulkJob, Lease, OrderBatch, ReconcileRun}, "each of these can stand still"


def test_the_oldest_of_each_account_is_told_and_not_one_for_all() -> None:
    then = database_now() - HOURS
    first, second = (make_order(Status.IN_PROGRESS) for _ in range(2))
    PollSchedule.objects.update(next_at=then)
    make_refill(order=first, due_at=then)
    make_refill(order=second, due_at=then)
    told = {(late.late, late.order_id) for late in standstills(database_now())}
    assert told == {(late, one.pk) for late in (Late.POLL, Late.REFILL) for one in (first, second)}


@pytest.mark.parametrize("held_by", ["nothing", "a pause", "a stop", "trouble"])
def test_a_request_whose_lost_worker_nobody_gives_up_is_told(held_by: str) -> None:
    """Its reaper breaks at it each time: else it is being sent for good, and no page tells. What
    keeps its account from sending explains nothing, as the reaper sends nothing."""
    then = database_now() - HOURS
    running = make_order(Status.IN_PROGRESS)
    waiting = make_order(Status.IN_PROGRESS, service=running.service)
    PollSchedule.objects.all().delete()
    if held_by == "a pause":
        Provider.objects.update(state=ProviderState.PAUSED)
    elif held_by == "a stop":
        make_halt(kind=HaltKind.INCIDENT, provider=running.provider)
    elif held_by == "trouble":
        ProviderHealth.objects.update(last_ok_at=then, key_unreadable_at=then)
    make_refill(order=waiting, due_at=then - HOURS)
    make_cancel(order=waiting, due_at=then - HOURS)
    make_refill(RefillStatus.SENDING, order=running, due_at=then)
    make_cancel(CancelStatus.SENDING, order=running, due_at=then, sent_at=then)
    in_hands = {Late.REFILL_SENDING, Late.CANCEL_SENDING}
    told = {(one.late, one.order_id, one.reason) for one in standstills(database_now())}
    assert {(late, running.pk, "") for late in in_hands} <= told
    others = {late for late, order_id, _ in told if order_id == waiting.pk}
    assert others == (set() if held_by in ("a pause", "a stop") else {Late.REFILL, Late.CANCEL})


def test_requests_behind_a_stop_wait_on_purpose() -> None:
    then = database_now() - HOURS
    running = make_order(Status.IN_PROGRESS)
    PollSchedule.objects.all().delete()
    make_refill(order=running, due_at=then)
    cancel = make_cancel(order=running, due_at=then)
    make_halt(kind=HaltKind.INCIDENT, provider=running.provider, lets_cancels=True)
    assert [(late.late, late.order_id) for late in standstills(database_now())] == [
        (Late.CANCEL, cancel.order_id)
    ]


def test_a_job_that_was_given_back_a_moment_ago_goes_on() -> None:
    now = database_now()
    BulkJob.objects.create(
        kind=JobKind.NOTE,
        form_key=uuid4(),
        started_by=make_user(),
        created_at=now - HOURS,
        held_until=now,
    )
    assert late_kinds() == []


def test_a_mass_order_that_kills_each_worker_is_told_and_one_that_gets_on_is_not() -> None:
    """The next one has taken it a moment ago: by its lease it never stands still."""
    now = database_now()
    batch = make_batch(state=BatchState.PLACING, placed_at=now - HOURS)
    OrderBatch.objects.update(holder="the next", held_until=now + timedelta(seconds=50))
    (late,) = standstills(now)
    assert (late.late, late.batch_id, late.since) == (Late.BATCH, batch.pk, now - HOURS)
    make_order(Status.WITHDRAWN, batch=batch, created_at=now)
    assert standstills(now) == []


def test_it_costs_few_questions_and_none_while_it_is_fresh() -> None:
    for _ in range(3):
        queued()
    now = database_now()
    with CaptureQueriesContext(connection) as first:
        what_stands_still(now)
    assert len(first) <= 6  # for the parts, the migrations and the rows
    with CaptureQueriesContext(connection) as again:
        assert len(what_stands_still(now)) == 3
    assert len(again) == 0


def test_staff_can_let_an_order_go_from_behind_one_that_is_never_readable() -> None:
    blocker = make_order(Status.IN_PROGRESS, flag=Flag.UNREADABLE)
    waiting = make_order(
        Status.HELD,
        hold_reason=HoldReason.LINK_BUSY,
        blocked_by=blocker,
        service=blocker.service,
        link=blocker.link,
        link_key=blocker.link_key,
    )
    now = database_now()
    assert link_queue.release_free(now=now) == []
    assert place_orders.release_order(waiting, actor=make_user(), now=now)
    assert Order.objects.due_to_send(now).get() == waiting


def ready(client: Client, monkeypatch: pytest.MonkeyPatch) -> tuple[int, dict[str, Any]]:
    monkeypatch.setattr(health_views, "broker_answers", lambda: True)
    Heartbeat.objects.note(BEAT, database_now())
    answer = client.get("/readyz")
    return answer.status_code, answer.json()


def test_readyz_names_what_stands_still_and_refuses(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued()
    status, body = ready(client, monkeypatch)
    assert (status, body["ready"]) == (503, False)
    assert [one["what"] for one in body["standing_still"]] == ["order"]
    assert body["standing_still"][0]["seconds"] > 3600


def test_readyz_stays_ready_for_what_a_provider_explains(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued()
    ProviderHealth.objects.update(last_ok_at=database_now(), key_refused_at=database_now())
    status, body = ready(client, monkeypatch)
    assert (status, len(body["standing_still"])) == (200, 1)


def test_a_desk_older_than_its_database_says_so(
    client: Client,
    client_for_role: Callable[[Role], Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    MigrationRecorder.Migration.objects.create(app="orders", name="9999_newer")
    status, body = ready(client, monkeypatch)
    assert (status, [one["what"] for one in body["standing_still"]]) == (503, ["older_code"])
    assert "orders.9999_newer" in body["standing_still"][0]["reason"]
    page = client_for_role(Role.VIEWER).get("/orders/").content.decode()
    assert "This desk is older than its database" in page


def test_workers_that_were_deaf_for_days_are_told_on_every_page(
    client_for_role: Callable[[Role], Client],
) -> None:
    now = database_now()
    Heartbeat.objects.note(BEAT, now)
    Heartbeat.objects.note("dispatch", now - timedelta(days=3))
    browser = client_for_role(Role.VIEWER)
    for page in ("/", "/orders/", "/services/"):
        text = browser.get(page).content.decode()
        assert "No worker serves the queue dispatch" in text, page
        assert "No reason is known." in text
    assert what_stands_still(now)[0].code == "heartbeat.dispatch"


def test_the_overview_tells_the_reason(client_for_role: Callable[[Role], Client]) -> None:
    queued()
    ProviderHealth.objects.update(last_ok_at=database_now(), open_until=database_now(), failures=3)
    page = client_for_role(Role.VIEWER).get("/")
    titles = [matter.title for matter in page.context["matters"]]
    name = Provider.objects.get().name
    assert f"An order that could be sent is not sent ({name})" in titles
    assert f"{name}: Not answering." in page.content.decode()
    assert make_provider().pk  # an account without orders is never late
    cache.clear()
    assert len(late_kinds()) == 1


def test_pages_ask_the_watchdog_once_in_a_few_seconds(
    client_for_role: Callable[[Role], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def ask(now: datetime) -> list[Standstill]:
        asked.append(1)
        return []

    monkeypatch.setattr("dashboard.health.watchdog.standstills", ask)
    browser = client_for_role(Role.VIEWER)
    for _ in range(3):
        browser.get("/orders/")
    assert len(asked) == 1
