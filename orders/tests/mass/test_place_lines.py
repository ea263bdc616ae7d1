"""A batch is placed once: by however many workers, after however many deaths."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from core.models import User
from core.roles import Role
from orders.mass import mass_order, place_lines
from orders.mass.check_lines import check
from orders.mass.mass_order import draft_batch, save_batch, start_placing
from orders.mass.place_lines import batches_to_place, place_run, take_batch
from orders.mass.read_paste import digest_of, read_paste
from orders.mass.tasks import check_again
from orders.models import BatchLine, BatchState, Order, OrderBatch, SpendLimit
from orders.placing import place_orders
from orders.status import HoldReason, Status
from tests.builders import NOON, make_order, make_provider, make_service, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def make_batch(text, provider=None, person=None) -> OrderBatch:
    pasted = read_paste(text)
    person = person or make_user(Role.MANAGER)
    batch, lines = draft_batch(
        pasted, provider=provider, name="", digest=digest_of(pasted, None), by=person, now=NOON
    )
    check(lines, batch, person=person, now=NOON)
    save_batch(batch, lines)
    return batch


def paste_of(count: int, provider=None) -> str:
    service = make_service(provider, rate=Decimal("1"))
    return "\n".join(f"{service.external_id}|https://a.example/{n}|{10 + n}" for n in range(count))


def run_together(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def started(batch: OrderBatch, again=False) -> OrderBatch:
    assert start_placing(batch, by=batch.created_by, again=again, now=NOON) == ""
    return batch


def taken(batch: OrderBatch, now=NOON) -> OrderBatch:
    held = take_batch(batch.pk, now=now)
    assert held
    return held


def run(batch: OrderBatch, seconds=60) -> bool:
    held = take_batch(batch.pk, now=NOON)
    return (
        held is not None and place_run(held, check_again, clock=lambda: NOON, seconds=seconds).more
    )


def test_the_good_lines_become_orders_of_the_batch():
    text = "service|link|quantity|reference|note\n" + paste_of(3).replace("\n", "|INV-1|soon\n")
    batch = started(make_batch(text + "||\nnonsense|a.example|1||"))
    run(batch)
    batch.refresh_from_db()
    assert (batch.state, batch.total, batch.good, batch.placed) == (BatchState.PLACED, 4, 0, 3)
    first = batch.orders.earliest("pk")
    assert (first.reference, first.note, first.placed_by) == ("INV-1", "soon", batch.created_by)
    assert [line.order_id for line in batch.lines.order_by("number")][-1] is None


def test_a_line_fixed_later_is_placed_with_the_next_go_and_no_other_again():
    batch = started(make_batch(paste_of(2) + "\nnonsense|https://b.example|10"))
    run(batch)
    line = batch.lines.get(is_good=False)
    line.cells["service"] = batch.lines.earliest("number").cells["service"]
    check([line], batch, person=batch.created_by, now=NOON, with_others=True)
    assert mass_order.fix_lines(batch, [line])
    run(started(batch))
    assert Order.objects.count() == 3


def test_a_batch_is_started_once_and_not_without_good_lines():
    batch = started(make_batch(paste_of(1)))
    assert "already" in start_placing(batch, by=batch.created_by, again=False, now=NOON)
    bad = make_batch("nonsense|x|1")
    assert "No line" in start_placing(bad, by=bad.created_by, again=False, now=NOON)


def test_the_same_paste_is_not_bought_twice_unasked():
    text = paste_of(2)
    run(started(make_batch(text)))
    Order.objects.update(status=Status.WITHDRAWN)  # so that no line repeats an open order
    second = make_batch(text.replace("|", " | "))
    assert "placed before" in start_placing(second, by=second.created_by, again=False, now=NOON)
    assert not run(second)
    assert Order.objects.count() == 2
    run(started(second, again=True))
    assert Order.objects.count() == 4


def test_what_changed_since_the_dry_run_is_seen_when_placing():
    batch = make_batch(paste_of(2))
    first = batch.lines.earliest("number")
    other = make_order(service=first.service, link_key=first.link_key)
    run(started(batch))
    first.refresh_from_db()
    assert first.problems[0]["words"].startswith(f"Order {other} for this service")
    assert batch.orders.count() == 1


def test_a_worker_that_died_between_order_and_note_is_followed_by_one_that_sees_it():
    SpendLimit.objects.create(role="manager", currency="USD", per_day=Decimal("0.021"))
    batch = started(make_batch(paste_of(2)))  # both lines together cost just that
    take_batch(batch.pk, now=NOON)
    line = batch.lines.earliest("number")
    [line_check] = check([line], batch, person=batch.created_by, now=NOON)
    assert line_check.draft
    order, _ = place_orders.place_order(
        line_check.draft, placed_by=batch.created_by, now=NOON, batch=batch
    )  # and here the worker dies
    later = NOON + timedelta(minutes=5)
    assert batches_to_place(NOON) == []
    assert batches_to_place(later) == [batch.pk]
    held = taken(batch, later)
    place_run(held, check_again, clock=lambda: later, seconds=60)
    line.refresh_from_db()
    assert line.order == order
    assert Order.objects.count() == 2


def test_a_worker_whose_run_is_over_gives_the_mass_order_back(monkeypatch):
    monkeypatch.setattr(place_lines, "CHUNK", 2)
    batch = started(make_batch(paste_of(5)))
    assert run(batch, seconds=0)
    assert Order.objects.count() == 2
    assert run(batch, seconds=0)
    assert run(batch, seconds=0)
    assert not run(batch)
    assert Order.objects.count() == 5


def test_a_held_batch_is_nobody_elses():
    batch = started(make_batch(paste_of(1)))
    assert take_batch(batch.pk, now=NOON)
    assert take_batch(batch.pk, now=NOON) is None


def test_a_stopped_batch_is_placed_no_further(monkeypatch):
    monkeypatch.setattr(place_lines, "CHUNK", 1)
    batch = started(make_batch(paste_of(4)))
    held = taken(batch)

    def stop_after_the_first(lines, row, now):
        if Order.objects.exists():
            mass_order.stop_placing(row)
        return check_again(lines, row, now)

    place_run(held, stop_after_the_first, clock=lambda: NOON, seconds=60)
    assert Order.objects.count() == 1
    batch.refresh_from_db()
    assert (batch.state, batch.good, batch.placed) == (BatchState.PLACED, 3, 1)


def test_somebody_demoted_meanwhile_places_nothing():
    batch = started(make_batch(paste_of(2)))
    batch.created_by.set_role(Role.OPERATOR)
    run(batch)
    assert not Order.objects.exists()


def test_lines_of_one_link_wait_for_one_another():
    provider = make_provider()
    one, two = make_service(provider), make_service(provider)
    batch = started(
        make_batch(
            f"{one.external_id}|https://a.example|100\n{two.external_id}|https://a.example|100"
        )
    )
    run(batch)
    first, second = batch.orders.order_by("pk")
    assert (first.status, second.status) == (Status.QUEUED, Status.HELD)
    assert (second.hold_reason, second.blocked_by) == (HoldReason.LINK_BUSY, first)


def test_a_line_is_not_changed_while_the_batch_is_being_placed():
    batch = started(make_batch(paste_of(1)))
    line = batch.lines.get()
    line.cells["quantity"] = "999"
    assert not mass_order.fix_lines(batch, [line])
    assert batch.lines.get().cells["quantity"] == "10"


def test_an_order_that_was_placed_keeps_its_line():
    batch = started(make_batch(paste_of(1)))
    line = batch.lines.get()
    run(batch)
    line.is_good, line.cells = False, {"service": "other"}
    mass_order.fix_lines(batch, [line])
    assert batch.lines.get().cells["link"] == "https://a.example/0"


def test_a_line_that_breaks_the_desk_does_not_stop_the_others(monkeypatch):
    batch = started(make_batch(paste_of(3)))
    place_order = place_orders.place_order

    def broken(draft, **more):
        if draft.link.endswith("/1"):
            raise RuntimeError("a mistake")
        return place_order(draft, **more)

    monkeypatch.setattr(place_orders, "place_order", broken)
    run(batch)
    assert Order.objects.count() == 2
    assert batch.lines.get(order=None).problems[0]["words"] == place_lines.BROKEN


def test_what_was_not_sent_is_withdrawn_and_the_rest_stays():
    batch = started(make_batch(paste_of(4)))
    run(batch)
    sent = batch.orders.earliest("pk")
    Order.objects.filter(pk=sent.pk).update(status=Status.SENDING)
    assert mass_order.withdraw_unsent(batch, actor=batch.created_by, now=NOON) == (3, False)
    assert batch.orders.filter(status=Status.WITHDRAWN).count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_workers_place_a_batch_once():
    batch = started(make_batch(paste_of(30)))
    halt, turns = threading.Barrier(4), []

    def work():
        halt.wait()
        held = take_batch(batch.pk, now=NOON)
        turns.append(held)
        if held:
            place_run(held, check_again, clock=lambda: NOON, seconds=60)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    run_together(workers)
    assert sum(held is not None for held in turns) >= 1
    assert Order.objects.count() == 30
    batch.refresh_from_db()
    assert (batch.state, batch.placed) == (BatchState.PLACED, 30)


@pytest.mark.django_db(transaction=True)
def test_workers_that_believe_they_hold_it_place_each_line_once():
    """The lease ran out under a worker that was only slow: its form keys still hold."""
    batch = started(make_batch(paste_of(20)))
    held = taken(batch)
    halt = threading.Barrier(3)

    def work():
        mine = OrderBatch.objects.select_related("placed_by").get(pk=held.pk)
        halt.wait()
        place_run(mine, check_again, clock=lambda: NOON, seconds=60)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    run_together(workers)
    assert Order.objects.count() == 20
    assert batch.lines.filter(order=None).count() == 0


@pytest.mark.django_db(transaction=True)
def test_the_same_paste_started_twice_at_once_is_bought_once():
    text = paste_of(3)
    pair = [make_batch(text), make_batch(text)]
    halt, answers = threading.Barrier(2), []

    def press(batch):
        halt.wait()
        answers.append(start_placing(batch, by=batch.created_by, again=False, now=NOON))
        connection.close()

    presses = [threading.Thread(target=press, args=(batch,)) for batch in pair]
    run_together(presses)
    assert sorted(map(bool, answers)) == [False, True]


def test_a_right_that_is_lost_while_it_is_placed_counts_with_the_next_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(place_lines, "CHUNK", 1)
    batch = started(make_batch(paste_of(3)))
    real = place_lines._note

    def note(line: BatchLine, order: Order) -> None:
        real(line, order)
        User.objects.get(pk=batch.created_by_id).set_role(Role.OPERATOR)

    monkeypatch.setattr(place_lines, "_note", note)
    run(batch)
    batch.refresh_from_db()
    assert (batch.state, batch.placed, batch.good) == (BatchState.PLACED, 1, 2)
