"""A restored database that ends before the journal begins: what waits there is not sent again."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.urls import reverse

from core.failpoints import armed
from core.roles import Role
from orders.aftersales import runs
from orders.limits import doubtful_rows
from orders.models import (
    Attempt,
    CancelRequest,
    Halt,
    JournalGap,
    Order,
    OrderEvent,
    PollSchedule,
    Refill,
    RequestCall,
)
from orders.placing import place_orders
from orders.sending import send_journal, send_orders, send_run
from orders.sending.restore_check import guard, journal_gaps, recall_all
from orders.status import CancelStatus, HaltKind, HoldReason, RefillStatus, Status, Write
from providers.models import Provider
from tests.builders import (
    NOON,
    make_cancel,
    make_order,
    make_provider,
    make_refill,
    make_service,
    make_user,
)
from tests.fake_provider import FakeProvider

from ..sending.test_every_write import Panel

pytestmark = [pytest.mark.django_db, pytest.mark.services]
LATER = NOON + timedelta(minutes=5)
LATEST = NOON + timedelta(hours=2)
moments = itertools.count()


@pytest.fixture
def service():
    return make_service(make_provider(add_spacing_ms=0, calls_per_minute=60_000))


def send(order: Order, fake: FakeProvider, moment=None) -> Order:
    """Each at a moment of its own, as it is where time goes on."""
    at = moment or NOON + timedelta(seconds=next(moments) % 100)
    fresh = Order.objects.select_related("provider").get(pk=order.pk)
    send_orders.send_order(fresh, fresh.provider, fake, clock=lambda: at)
    return Order.objects.get(pk=order.pk)


def take_back(orders) -> None:
    """What a backup made before these orders were sent would say of them."""
    Attempt.objects.filter(order__in=orders).delete()
    OrderEvent.objects.filter(order__in=orders).delete()
    PollSchedule.objects.filter(order__in=orders).delete()
    Order.objects.filter(pk__in=[order.pk for order in orders]).update(
        status=Status.QUEUED, external_id="", sent_at=None, charge=None
    )


def accept(moment=LATER) -> None:
    Halt.objects.standing().filter(kind=HaltKind.RESTORED).update(lifted_at=moment)
    for account in send_journal.accounts():
        recall_all.accept_database(guard.database_identity(), [account], now=moment)


def send_all(account: Provider, fake: FakeProvider, moment=LATEST) -> None:
    Order.objects.filter(status=Status.QUEUED).update(send_after=NOON)
    fresh = Provider.objects.get(pk=account.pk)
    send_run.send_queued(fresh, fake, clock=lambda: moment, seconds=20)


def restored_over_a_gap(service, fake) -> list[Order]:
    """Six were sent, the journal has the last two, the database none."""
    known = send(make_order(service=service), fake)
    orders = [make_order(service=service) for _ in range(6)]
    for order in orders:
        assert send(order, fake).status == Status.PENDING
    assert known.status == Status.PENDING
    take_back(orders)
    return orders


def test_what_neither_journal_nor_database_knows_is_not_sent_again(service, small_journal):
    fake = FakeProvider()
    orders = restored_over_a_gap(service, fake)
    bought = len(fake.placed)
    kept = {send.form_key for send in send_journal.sends_since_accepted(service.provider_id)}
    lost = [order.pk for order in orders if order.form_key not in kept]
    guard.check_database(now=LATER)
    accept()
    send_all(service.provider, fake)
    assert len(fake.placed) == bought
    held = Order.objects.held_for(HoldReason.RESTORED)
    assert len(lost) == 4
    assert sorted(held.values_list("pk", flat=True)) == lost
    assert Order.objects.get(pk=orders[-1].pk).status == Status.PENDING, "given back"


def test_it_is_held_although_it_was_in_a_worker_s_hands_when_the_gap_was_found(
    service, small_journal
):
    fake = FakeProvider()
    orders = restored_over_a_gap(service, fake)
    bought = len(fake.placed)
    send(orders[0], fake, LATER)  # it finds out itself, and puts its order back in the queue
    accept()
    send_all(service.provider, fake)
    assert len(fake.placed) == bought
    assert Order.objects.get(pk=orders[0].pk).hold_reason == HoldReason.RESTORED


@pytest.mark.parametrize("reason", [HoldReason.SCHEDULED, HoldReason.FUNDS])
def test_what_waited_for_something_else_is_held_when_its_turn_comes(service, small_journal, reason):
    fake = FakeProvider()
    orders = restored_over_a_gap(service, fake)
    Order.objects.filter(pk=orders[0].pk).update(status=Status.HELD, hold_reason=reason)
    guard.check_database(now=LATER)
    accept()
    waiting = Order.objects.get(pk=orders[0].pk)
    assert waiting.hold_reason == reason
    assert waiting.move(Status.QUEUED, now=LATEST)
    bought = len(fake.placed)
    send_all(service.provider, fake)
    assert len(fake.placed) == bought
    assert Order.objects.get(pk=orders[0].pk).hold_reason == HoldReason.RESTORED


def test_a_person_lets_it_go_and_what_comes_afterwards_goes_by_itself(service, small_journal):
    fake = FakeProvider()
    orders = restored_over_a_gap(service, fake)
    guard.check_database(now=LATER)
    order = Order.objects.select_related("provider").get(pk=orders[0].pk)
    operator, manager = make_user(Role.OPERATOR), make_user(Role.MANAGER)
    assert not place_orders.release_order(order, actor=operator, now=LATER)
    assert place_orders.release_order(order, actor=manager, now=LATER)
    guard.check_database(now=LATER)
    assert Order.objects.get(pk=order.pk).status == Status.QUEUED, "not held once more"
    accept()
    new = make_order(service=service)
    send_all(service.provider, fake)
    assert Order.objects.get(pk=order.pk).status == Status.PENDING
    assert Order.objects.get(pk=new.pk).status == Status.PENDING


def test_what_was_released_before_the_database_was_put_back_counts_no_more(service, small_journal):
    fake = FakeProvider()
    orders = restored_over_a_gap(service, fake)
    manager = make_user(Role.MANAGER)
    order = Order.objects.get(pk=orders[0].pk)
    evidence = {"released": HoldReason.RESTORED.value}
    assert order.move(Status.HELD, now=NOON, hold_reason=HoldReason.RESTORED)
    assert order.move(Status.QUEUED, now=NOON, actor=manager, evidence=evidence)
    guard.check_database(now=LATER)
    assert Order.objects.get(pk=order.pk).hold_reason == HoldReason.RESTORED


def test_where_journal_and_database_meet_nothing_is_held(service):
    fake = FakeProvider()
    orders = restored_over_a_gap(service, fake)
    waiting = make_order(service=service)
    guard.check_database(now=LATER)
    accept()
    assert not JournalGap.objects.exists()
    send_all(service.provider, fake)
    assert Order.objects.get(pk=waiting.pk).status == Status.PENDING
    assert len(fake.placed) == len(orders) + 2


def test_a_rolled_journal_that_meets_the_database_holds_nothing(service, small_journal):
    fake = FakeProvider()
    for _ in range(5):
        send(make_order(service=service), fake)
    newest = send(make_order(service=service), fake)
    take_back([newest])
    guard.check_database(now=LATER)
    assert Halt.objects.standing().filter(kind=HaltKind.RESTORED).exists()
    assert not JournalGap.objects.exists()


def test_a_journal_that_was_begun_anew_says_what_it_does_not_have(service):
    fake = FakeProvider()
    first, second = make_order(service=service), make_order(service=service)
    send(first, fake)
    for path in send_journal.directory().iterdir():
        path.unlink()  # another machine, or a lost disk
    send(second, fake)
    take_back([first, second])
    guard.check_database(now=LATER)
    assert Order.objects.get(pk=first.pk).hold_reason == HoldReason.RESTORED
    assert Order.objects.get(pk=second.pk).status == Status.PENDING


def test_a_journal_of_an_older_release_that_begins_after_the_database_ends(service):
    fake = FakeProvider()
    send(make_order(service=service), fake)
    for path in send_journal.directory().iterdir():
        path.unlink()
    lost, kept = make_order(service=service), make_order(service=service)
    send(lost, fake)
    for path in send_journal.directory().iterdir():
        path.unlink()
    send(kept, fake)
    path = send_journal.directory() / f"{service.provider_id}.jsonl"
    lines = [line for line in path.read_text().splitlines() if '"carried"' not in line]
    path.write_text("\n".join([*lines, ""]))
    take_back([lost, kept])
    guard.check_database(now=LATER)
    assert Order.objects.get(pk=lost.pk).hold_reason == HoldReason.RESTORED


def test_a_machine_that_starts_after_the_database_was_accepted_holds_what_it_may_have_sent(
    service, small_journal
):
    fake = FakeProvider()
    orders = restored_over_a_gap(service, fake)
    guard.quarantine("by hand", now=LATER)
    halt = Halt.objects.get(kind=HaltKind.RESTORED)
    halt.runs.create(
        state="done",
        started_by=make_user(),
        created_at=LATER,
        acknowledged_at=LATER,
        database=guard.database_identity(),
    )
    Halt.objects.update(lifted_at=LATER)
    assert guard.check_database(now=LATEST)
    assert Order.objects.get(pk=orders[0].pk).hold_reason == HoldReason.RESTORED


# refills and cancels

GIVEN_UP = {"refill": RefillStatus.UNCONFIRMED, "cancel": CancelStatus.REFUSED}
ANSWERED = {"refill": RefillStatus.COMPLETED, "cancel": CancelStatus.ACCEPTED}
MAKE: dict[str, tuple[Callable[..., Refill | CancelRequest], Status]] = {
    "refill": (make_refill, Status.COMPLETED),
    "cancel": (make_cancel, Status.IN_PROGRESS),
}


def ask(account: Provider, panel: Panel, moment) -> None:
    fresh = Provider.objects.get(pk=account.pk)
    runs.send_requests(fresh, panel, clock=lambda: moment, seconds=0)


def requests_over_a_gap(service, panel, kind: str) -> list[Refill | CancelRequest]:
    make, status = MAKE[kind]
    asked = []
    for number in range(5):
        asked.append(make(order=make_order(status, service=service)))
        ask(service.provider, panel, NOON + timedelta(seconds=number))
    assert len(panel.done) == len(asked)
    type(asked[0]).objects.update(
        status="queued", requests=0, sent_at=None, call=None, external_id="", code="", reason=""
    )
    RequestCall.objects.all().delete()
    return asked


@pytest.mark.parametrize("kind", MAKE)
def test_a_request_that_nobody_knows_of_is_not_sent_again(service, small_journal, kind):
    panel = Panel()
    asked = requests_over_a_gap(service, panel, kind)
    guard.check_database(now=LATER)
    oldest = type(asked[0]).objects.get(pk=asked[0].pk)
    assert oldest.status == GIVEN_UP[kind], "it does not wait until somebody would send it"
    accept()
    ask(service.provider, panel, LATEST)
    assert len(panel.done) == len(asked)
    oldest.refresh_from_db()
    assert oldest.status == GIVEN_UP[kind]
    assert oldest.reason == doubtful_rows.PERHAPS_SENT
    assert oldest.order.events.filter(text=doubtful_rows.PERHAPS_SENT).count() == 1


@pytest.mark.parametrize("kind", MAKE)
def test_a_request_that_is_answered_while_it_is_doubted_keeps_its_answer(
    service, small_journal, kind, monkeypatch
):
    asked = requests_over_a_gap(service, Panel(), kind)
    oldest, doubt = type(asked[0]).objects.filter(pk=asked[0].pk), f"_doubt_{kind}"
    real = getattr(doubtful_rows, doubt)

    def answered_meanwhile(row: Refill | CancelRequest, now: datetime) -> bool:
        oldest.update(status=ANSWERED[kind])
        return bool(real(row, now))

    monkeypatch.setattr(doubtful_rows, doubt, answered_meanwhile)
    guard.check_database(now=LATER)
    assert oldest.get().status == ANSWERED[kind]
    assert not oldest.get().order.events.filter(text=doubtful_rows.PERHAPS_SENT).exists()


@pytest.mark.parametrize("kind", MAKE)
def test_a_request_that_comes_back_to_the_queue_afterwards_is_given_up_with_its_claim(
    service, small_journal, kind
):
    panel = Panel()
    asked = requests_over_a_gap(service, panel, kind)
    type(asked[0]).objects.filter(pk=asked[0].pk).update(status="sending", due_at=NOON)
    guard.check_database(now=LATER)
    accept()
    type(asked[0]).objects.filter(pk=asked[0].pk).update(status="queued")
    ask(service.provider, panel, LATEST)
    assert len(panel.done) == len(asked)
    assert type(asked[0]).objects.get(pk=asked[0].pk).status == GIVEN_UP[kind]


@pytest.mark.parametrize("kind", MAKE)
def test_a_gap_of_orders_holds_requests_too_and_what_is_asked_anew_is_sent(
    service, small_journal, kind
):
    make, status = MAKE[kind]
    old = make(order=make_order(status, service=service))
    fake, panel = FakeProvider(), Panel()
    restored_over_a_gap(service, fake)
    guard.check_database(now=LATER)
    assert type(old).objects.get(pk=old.pk).status == GIVEN_UP[kind]
    accept()
    make(order=make_order(status, service=service))
    ask(service.provider, panel, LATEST)
    assert len(panel.done) == 1


# what people see


def test_the_page_says_it_in_plain_words_and_lists_what_is_held(
    service, small_journal, client_for_role
):
    orders = restored_over_a_gap(service, FakeProvider())
    guard.check_database(now=LATER)
    client = client_for_role(Role.MANAGER)
    page = client.get(reverse("restored")).content.decode()
    assert "is known to nobody" in page
    assert f'id="doubtful-{orders[0].pk}"' in page
    accept()
    page = client.get(reverse("restored")).content.decode()
    assert f'id="doubtful-{orders[0].pk}"' in page, "as long as it waits"
    overview = client.get("/").content.decode()
    assert "may have been sent already" in overview
    Order.objects.held_for(HoldReason.RESTORED).update(status=Status.WITHDRAWN)
    assert "may have been sent already" not in client.get("/").content.decode()


def test_one_that_is_there_becomes_unconfirmed_and_can_be_linked(
    service, small_journal, client_for_role
):
    orders = restored_over_a_gap(service, FakeProvider())
    guard.check_database(now=LATER)
    client = client_for_role(Role.MANAGER)
    answer = client.post(reverse("restored-sent", args=[orders[0].pk]))
    assert answer.url == reverse("order-resolve", args=[orders[0].pk])
    assert Order.objects.get(pk=orders[0].pk).status == Status.UNCONFIRMED
    assert client.get(answer.url).status_code == 200
    client.post(reverse("restored-sent", args=[orders[0].pk]))
    assert Attempt.objects.filter(order=orders[0]).count() == 1


def test_a_gap_is_written_down_once(service, small_journal):
    restored_over_a_gap(service, FakeProvider())
    guard.check_database(now=LATER)
    assert journal_gaps.note_gap(service.provider_id, now=LATEST) is None
    gap = JournalGap.objects.get()
    assert gap.found_at == LATER
    assert gap.known_until and gap.known_until < gap.kept_from


@pytest.mark.parametrize("is_its_own", [False, True])
def test_a_call_that_another_machine_gave_back_is_no_sign_of_calls_before_the_first(
    service, is_its_own
):
    """This machine made the first call of all, and the database was put back to before it."""
    account = service.provider
    made = {"provider": account, "write": Write.REFILL, "started_at": NOON}
    gone = RequestCall.objects.create(**made)
    number = gone.pk
    gone.delete()
    first = RequestCall.objects.create(**made)
    guard.journal_call(first, [], now=lambda: NOON)
    first.delete()
    guard.quarantine("by hand", now=LATER)
    recalled_at = None if is_its_own else LATER
    RequestCall.objects.create(id=number, recalled_at=recalled_at, **made)
    gap = journal_gaps.note_gap(account.pk, now=LATER)
    assert (gap is not None) == is_its_own


def test_a_container_made_anew_finds_no_gap_of_its_own(service, small_journal, monkeypatch):
    """It reads the same journal under another name, as a second replica does."""
    orders = restored_over_a_gap(service, FakeProvider())
    monkeypatch.setattr("socket.gethostname", lambda: "first")
    guard.check_database(now=LATER)
    order = Order.objects.select_related("provider").get(pk=orders[0].pk)
    assert place_orders.release_order(order, actor=make_user(Role.MANAGER), now=LATER)
    new = make_order(service=service, created_at=LATER)
    monkeypatch.setattr("socket.gethostname", lambda: "made-anew")
    guard.check_database(now=LATER + timedelta(minutes=1))
    assert Order.objects.get(pk=order.pk).status == Status.QUEUED, "what was let go stays so"
    assert Order.objects.get(pk=new.pk).status == Status.QUEUED
    assert JournalGap.objects.get().host == "first"


def test_a_claim_reads_the_gap_in_its_own_transaction(service, small_journal):
    fake = FakeProvider()
    orders = restored_over_a_gap(service, fake)
    guard.quarantine("by hand", now=LATER)
    journal_gaps.note_gap(service.provider_id, now=LATER)
    Halt.objects.update(lifted_at=LATER)
    bought = len(fake.placed)
    with armed("claim.moved", lambda: pytest.fail("claimed")):
        send(orders[0], fake, LATEST)
    assert len(fake.placed) == bought
