"""Where a promise breaks as soon as one guard is taken out: the shortest ways there, kept."""

from __future__ import annotations

import pytest

from orders.models import Attempt, Order
from orders.status import HaltKind, Outcome, Resolution, Status

from . import promises
from .aftersales import AfterSales
from .desk import Desk, acts
from .restoring import Restoring
from .upstream import Answer

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def desk():
    """One order is there already; whatever a test does, every promise holds at its end."""
    with Desk().running() as desk:
        desk.submit()
        desk.ring()
        yield desk
        promises.check(desk)
        desk.go_on()
        desk.timetable()
        desk.timetable()
        promises.check(desk)


def newest() -> Order:
    return Order.objects.latest("pk")


def send(desk: Desk, answer: Answer, point: str, *meanwhile: str) -> Order:
    """A new order, whose worker stands still there while all that happens."""
    desk.submit()
    desk.upstream.next = answer
    known = acts(desk)
    desk.stand(desk.ring, point, [known[name] for name in meanwhile])
    promises.check(desk)
    return newest()


def crash(desk: Desk, answer: Answer, point: str) -> Order:
    desk.submit()
    desk.upstream.next = answer
    desk.crash(desk.ring, point)
    promises.check(desk)
    return newest()


def test_what_a_dead_worker_had_sent_is_found_and_not_sent_again(desk):
    order = crash(desk, Answer.ACCEPTED, "send.answered")
    desk.advance(65)
    desk.reap()
    desk.ring()
    desk.timetable()
    order.refresh_from_db()
    assert order.status == Status.PENDING and len(desk.upstream.of_link(order.link)) == 1


def test_what_a_dead_worker_had_not_sent_is_shown_not_to_be_there_by_the_next_order(desk):
    order = crash(desk, Answer.ACCEPTED, "claim.committed")
    desk.submit()
    for _ in range(3):
        desk.timetable()
    order.refresh_from_db()
    assert order.status == Status.NOT_PLACED


def test_a_worker_that_wakes_after_its_order_was_queued_again_sends_nothing(desk):
    order = send(desk, Answer.ACCEPTED, "claim.committed", "send anew")
    assert len(desk.upstream.of_link(order.link)) == 1
    assert order.attempts.count() == 2


def test_a_worker_that_wakes_with_an_old_key_sends_nothing(desk):
    order = send(desk, Answer.ACCEPTED, "claim.committed", "change key")
    assert not desk.upstream.of_link(order.link)


def test_a_worker_that_wakes_behind_a_closed_halt_sends_nothing(desk):
    order = send(desk, Answer.ACCEPTED, "claim.committed", "stop")
    assert order.status == Status.QUEUED and not desk.upstream.of_link(order.link)


def test_while_one_send_is_in_flight_no_other_begins(desk):
    desk.submit()
    send(desk, Answer.LOST, "took", "ring")
    assert Attempt.objects.filter(outcome=Outcome.IN_FLIGHT).count() == 0


def test_an_answer_that_comes_after_the_reaper_is_still_the_answer(desk):
    order = send(desk, Answer.ACCEPTED, "took", "a lease", "reap")
    assert order.status == Status.PENDING


def test_an_answer_that_comes_after_the_search_says_nothing_new(desk):
    order = send(desk, Answer.ACCEPTED, "took", "a lease", "reap", "a moment", "recover")
    assert (order.status, order.flag) == (Status.PENDING, "")


def test_a_proof_of_not_sent_that_comes_late_sends_nothing_by_itself(desk):
    order = send(desk, Answer.ACCEPTED, "claim.committed", "a lease", "reap")
    assert order.status == Status.NOT_PLACED


def test_a_search_that_stands_still_while_a_person_decides_changes_nothing(desk):
    lost = send(desk, Answer.LOST, "record.committed", "a moment")
    desk.stand(desk.recover, "search.answered", [desk.say_what_became])
    lost.refresh_from_db()
    assert lost.external_id == desk.upstream.of_link(lost.link)[0].order_id


def test_a_reused_number_overwrites_nothing_and_the_true_one_is_found(desk):
    desk.submit()
    desk.upstream.next = Answer.REUSED
    desk.ring()
    promises.check(desk)
    desk.timetable()
    order = newest()
    assert order.external_id == desk.upstream.of_link(order.link)[0].order_id


def test_three_lost_answers_stop_the_account_until_a_person_goes_on(desk):
    for _ in range(3):
        crash(desk, Answer.LOST, "record.committed")
        desk.timetable()
    closed = desk.provider.halts.standing().values_list("kind", flat=True)
    assert list(closed) == [HaltKind.EXPOSURE]
    desk.submit()
    desk.ring()
    assert newest().status == Status.QUEUED


def test_an_id_that_answers_late_is_found_at_the_last_look(desk):
    lost = crash(desk, Answer.LOST_LATE, "record.committed")
    desk.timetable()
    lost.refresh_from_db()
    assert lost.status == Status.PENDING


@pytest.mark.parametrize("answer", [Answer.LOST, Answer.NOT_TAKEN])
def test_where_numbers_prove_nothing_the_providers_list_shows_what_became_of_it(desk, answer):
    desk.upstream.lists_orders(lists=True)
    desk.calibrate(numbers_rise=False)
    desk.submit()
    desk.ring()
    desk.submit()
    desk.upstream.next = answer
    desk.ring()
    order = newest()
    desk.timetable()
    desk.submit()
    desk.ring()
    desk.recover()
    order.refresh_from_db()
    assert order.attempts.get().resolution == Resolution.LISTING
    there = answer is Answer.LOST
    assert order.status == (Status.PENDING if there else Status.NOT_PLACED)


def test_what_was_given_back_with_its_answer_is_so_again_after_the_same_backup(desk):
    after = AfterSales(desk)
    restoring = Restoring(desk, after)
    for _ in range(2):
        restoring.put_back(1)
        desk.withdraw()
        restoring.find_out()
        after.accept()
        assert newest().status == Status.PENDING
