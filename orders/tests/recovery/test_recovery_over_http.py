"""Lost orders are found, or shown not to be there, by free calls; the ledger is the truth."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F

from core import clocks
from orders.models import Attempt, DatabaseId, EventKind, Order, Recovery
from orders.recovery import not_placed, resolve
from orders.recovery.search.calibrate import calibrate
from orders.sending import halts, record_outcome, sweep_due
from orders.sending.outcome import SendOutcome
from orders.sending.restore_check import guard
from orders.status import HaltKind, Outcome, Resolution, Status
from providers.connect import client_for
from providers.models import Provider
from providers.panel_api import (
    DefaultPayload,
    PanelClient,
    RefusalCode,
    Unreadable,
    WrittenPayload,
)
from tests.builders import make_user

from .bench import GRACE, Bench

pytestmark = [pytest.mark.django_db, pytest.mark.services]
FIRST, SECOND = clocks.SEARCH_AFTER_SECONDS


def read(order: Order) -> tuple[Order, Attempt]:
    return Order.objects.get(pk=order.pk), Attempt.objects.get(order=order)


def test_an_order_that_was_taken_is_found_by_one_free_call(box):
    bench = Bench(box).calibrated()
    lost = bench.lose(taken=True)
    assert not bench.may_buy()
    assert bench.recover(after=FIRST).found == 1
    order, attempt = read(lost)
    assert order.external_id == bench.upstream()[-1]
    assert (
        order.status == Status.PENDING
        and order.charge is not None
        and hasattr(order, "poll_schedule")
    )
    assert (attempt.outcome, attempt.resolution) == (Outcome.ACCEPTED, Resolution.PROBE)
    assert attempt.calls == 1 and bench.may_buy()


def test_an_order_that_was_not_taken_is_shown_not_to_be_there_by_the_next_one(box):
    bench = Bench(box).calibrated()
    lost = bench.lose(taken=False)
    for after in (FIRST, SECOND, GRACE):
        assert not bench.may_buy()
        bench.recover(after=after)
    assert bench.may_buy() and read(lost)[0].status == Status.UNCONFIRMED
    bench.send()
    assert bench.recover().absent == 1
    order, attempt = read(lost)
    assert (order.status, attempt.outcome) == (Status.NOT_PLACED, Outcome.NOT_PLACED)
    assert attempt.resolution == Resolution.CLOSED_RANGE and attempt.calls <= 4


def test_nothing_is_searched_at_another_address_before_its_catalog_is_read(box):
    bench = Bench(box).calibrated()
    lost = bench.lose(taken=True)
    Provider.objects.update(moved_at=bench.now)
    before = box.stats()["calls"]
    for _ in range(3):
        bench.recover(after=GRACE)
    assert sweep_due.accounts_to_recover(bench.now) == []
    assert box.stats()["calls"] == before and read(lost)[0].status == Status.UNCONFIRMED
    Provider.objects.update(moved_at=None)
    assert sweep_due.accounts_to_recover(bench.now) == [bench.provider.pk]
    assert bench.recover().found == 1


def test_nothing_is_shown_not_to_be_there_before_its_time_is_over(box):
    bench = Bench(box).calibrated()
    lost = bench.lose(taken=False)
    bench.lift_halt()
    bench.send()  # a later order, but sent when the lost one could still appear after it
    bench.recover(after=FIRST)
    bench.recover(after=SECOND)
    assert read(lost)[0].status == Status.UNCONFIRMED


def test_an_order_that_appears_late_is_found_by_a_later_look(box):
    bench = Bench(box).calibrated()
    lost = bench.lose(taken=True)
    late = bench.upstream()[-1]
    box.fault("missing_rows", "after", action="status", times=1)
    box.fault("error_reply", "before", action="status", times=1, reason="Incorrect order ID")
    bench.recover(after=FIRST)
    box.clear_faults()
    assert read(lost)[0].status == Status.UNCONFIRMED and not bench.may_buy()
    attempt = read(lost)[1]
    assert attempt.unknown_at and attempt.search_at == attempt.unknown_at + timedelta(
        seconds=GRACE
    ), "as its page says"
    bench.recover(after=SECOND)
    assert read(lost)[1].calls == 1, "what is left is kept for the end"
    bench.recover(after=GRACE)
    assert read(lost)[0].external_id == late


def test_the_second_moment_is_for_a_look_that_could_not_be_made_at_the_first(box):
    bench = Bench(box).calibrated()
    lost = bench.lose(taken=True)
    box.fault("http_502", "before", action="status", times=1)
    bench.recover(after=FIRST)
    assert read(lost)[1].calls == 0
    bench.recover(after=SECOND)
    assert read(lost)[0].external_id == bench.upstream()[-1]


def test_a_range_that_is_closed_far_away_takes_the_fourth_call(box):
    bench = Bench(box).calibrated()
    lost = bench.lose(taken=False)
    for after in (FIRST, SECOND, GRACE):
        bench.recover(after=after)
    box.dialect(gap_min=290, gap_max=290)  # others order much before our next one
    bench.send()
    assert bench.recover().absent == 1
    assert read(lost)[1].calls == 4


def test_a_range_that_was_closed_by_a_worker_that_died_is_closed_again(box, monkeypatch):
    bench = Bench(box).calibrated()
    lost = bench.lose(taken=False)
    for after in (FIRST, SECOND, GRACE):
        bench.recover(after=after)
    bench.send()

    def die(*_, **__):
        raise SystemExit

    with monkeypatch.context() as patched, pytest.raises(SystemExit):
        patched.setattr(resolve, "show_absent", die)
        bench.recover()
    assert read(lost)[0].status == Status.UNCONFIRMED
    assert bench.recover().absent == 1


def test_a_range_that_four_calls_do_not_reach_through_is_left_to_a_person(box):
    bench = Bench(box).calibrated()
    lost = bench.lose(taken=False)
    Attempt.objects.filter(order=lost).update(calls=1)  # one went to a worker that died
    for after in (FIRST, SECOND, GRACE):
        bench.recover(after=after)
    box.dialect(gap_min=450, gap_max=450)
    bench.send()
    bench.recover()
    order, attempt = read(lost)
    assert order.status == Status.UNCONFIRMED and attempt.range_closed_at and attempt.calls <= 4
    assert lost.events.filter(text__contains="more than its free calls reach").count() == 1


def test_orders_lost_in_a_row_put_their_calls_together_to_close_their_range(box):
    bench = Bench(box).calibrated()
    lost = []
    for _ in range(3):
        lost.append(bench.lose(taken=False))
        for after in (FIRST, GRACE):
            bench.recover(after=after)
    box.dialect(gap_min=450, gap_max=450)
    before = box.calls("status")
    bench.send()
    assert bench.recover().absent == 3
    assert box.calls("status") - before == 3
    assert [read(order)[1].calls for order in lost] == [4, 4, 4]


def test_calls_that_show_nothing_are_counted_until_a_person_has_to_decide(box, monkeypatch):
    bench = Bench(box).calibrated()
    lost, asked = bench.lose(taken=False), []
    nothing = Unreadable("Incorrect order ID", RefusalCode.UNKNOWN_ORDER)

    def forgetful(self, ids):
        asked.append(ids)
        return dict.fromkeys(ids, nothing)

    monkeypatch.setattr(PanelClient, "statuses_once", forgetful)
    for after in (FIRST, SECOND, GRACE, 11, 11, 11, 11):
        bench.recover(after=after)
    assert len(asked) == read(lost)[1].calls == 4
    assert bench.may_buy() and read(lost)[0].status == Status.UNCONFIRMED
    assert lost.events.filter(text__contains="free calls are used up").count() == 1


def test_where_ids_are_asked_one_by_one_four_calls_reach_the_next_two(box):
    box.dialect(gap_min=2, gap_max=2)
    bench = Bench(box, dialect={"batch_size": 1}).calibrated()
    lost = bench.lose(taken=True)
    bench.recover(after=FIRST)
    assert read(lost)[1].calls == 1, "the next id can be it"
    bench.recover(after=SECOND)
    assert bench.recover(after=GRACE).found == 1
    assert read(lost)[1].calls == 3


def test_where_ids_are_asked_one_by_one_the_next_one_is_found_by_the_first_call(box):
    box.dialect(gap_min=1, gap_max=1)
    bench = Bench(box, dialect={"batch_size": 1}).calibrated()
    lost = bench.lose(taken=True)
    assert bench.recover(after=FIRST).found == 1
    assert read(lost)[1].calls == 1


def test_the_evidence_says_only_what_was_asked(box):
    box.dialect(gap_min=3, gap_max=3)
    bench = Bench(box, dialect={"batch_size": 1}).calibrated()
    last = int(bench.upstream()[-1])
    asked: list[str] = []
    honest = PanelClient.statuses_once
    lost = bench.lose(taken=False)

    def noted(self, ids):
        asked.extend(ids)
        return honest(self, ids)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(PanelClient, "statuses_once", noted)
        for after in (FIRST, SECOND, GRACE):
            bench.recover(after=after)
        bench.send()
        bench.recover(after=31)
    assert asked == [str(last + 1), str(last + 1), str(last + 2), str(last)]
    lines = lost.events.filter(text__startswith="Asked about").order_by("pk")
    assert [line.text for line in lines] == [
        f"Asked about the id {last + 1}: none is ours.",
        f"Asked about ids from {last + 1} to {last + 2}: none is ours.",
    ]
    assert read(lost)[1].calls == 4


def test_the_last_look_goes_further_so_that_it_is_not_taken_for_the_next_lost_one(box):
    bench = Bench(box).calibrated()
    box.dialect(gap_min=150, gap_max=150)  # others have ordered much since our last one
    first = bench.lose(taken=True)
    for after in (FIRST, SECOND):
        assert bench.recover(after=after).found == 0
    assert bench.recover(after=GRACE).found == 1
    box.dialect(gap_min=1, gap_max=6)
    second = bench.lose(taken=True)
    assert bench.recover(after=FIRST).found == 1
    assert [read(order)[0].external_id for order in (first, second)] == bench.upstream()[-2:]
    assert read(first)[1].calls <= 4


def test_two_lost_orders_of_one_price_and_one_id_are_left_to_a_person(box):
    bench = Bench(box).calibrated()
    first = bench.lose(taken=False)
    bench.lift_halt()  # an acknowledgement came too soon
    second = bench.lose(taken=True)
    bench.recover(after=FIRST)
    assert [read(order)[0].status for order in (first, second)] == [Status.UNCONFIRMED] * 2
    candidates = [row["id"] for row in read(second)[1].candidates]
    assert candidates == bench.upstream()[-1:]


def test_the_price_tells_two_lost_orders_apart(box):
    bench = Bench(box).calibrated()
    least = bench.service.min or 100
    first = bench.lose(taken=True, order=bench.place(quantity=least))
    bench.lift_halt()
    second = bench.lose(taken=True, order=bench.place(quantity=least * 3))
    assert bench.recover(after=FIRST).found == 2
    assert [read(order)[0].external_id for order in (first, second)] == bench.upstream()[-2:]
    assert read(first)[1].resolution == Resolution.MATCH


def test_with_equal_prices_and_the_hold_every_order_finds_its_own(box):
    bench = Bench(box).calibrated()
    lost = []
    for taken in (True, False, True, True, False):
        lost.append((bench.lose(taken=taken), taken))
        for after in (FIRST, SECOND, GRACE):
            bench.recover(after=after)
    bench.send()
    for _ in lost:
        bench.recover()
    ids = iter(bench.upstream()[6:])
    for order, taken in lost:
        order, attempt = read(order)
        assert order.status == (Status.PENDING if taken else Status.NOT_PLACED)
        assert not taken or order.external_id == next(ids)
        assert attempt.calls <= 4


def test_an_order_nobody_here_placed_ends_the_search(box):
    bench = Bench(box).calibrated()
    lost = bench.lose(taken=False)
    somebody = bench.place()

    for _ in range(2):
        client_for(bench.provider).add(WrittenPayload(somebody.payload))
    bench.recover(after=FIRST)
    assert read(lost)[0].status == Status.UNCONFIRMED
    assert "fits none of the desk's" in bench.rules().stopped_because
    assert not bench.rules().searches
    for after in (SECOND, GRACE):
        bench.recover(after=after)
    assert bench.may_buy(), "a person decides about the lost one; the account goes on"


@pytest.mark.parametrize(
    "rules",
    [{"enabled": False}, {"key_is_ours_alone": False}, {"least_adds": 50}, {"calls_per_hour": 0}],
    ids=["switched off", "key used elsewhere", "too few orders seen", "no calls"],
)
def test_where_it_may_not_search_the_account_waits_its_time_and_a_person_decides(box, rules):
    bench = Bench(box, **rules)
    for _ in range(6):
        bench.send()
    lost, asked = bench.lose(taken=True), bench.box.calls("status")
    bench.recover(after=FIRST)
    assert not bench.may_buy()
    bench.recover(after=GRACE + clocks.RECOVERY_PATIENCE_SECONDS)
    assert bench.may_buy()
    assert read(lost)[0].status == Status.UNCONFIRMED
    assert bench.box.calls("status") == asked


@pytest.mark.parametrize(
    ("dialect", "words"),
    [
        ({"order_id_type": "text", "id_style": "hex"}, "plain numbers"),
        ({"random_ids": True}, "rise"),
    ],
    ids=["ids are no numbers", "ids do not rise"],
)
def test_ids_that_prove_nothing_are_not_searched(box, dialect, words):

    box.dialect(**dialect)
    bench = Bench(box)
    for _ in range(8):
        bench.send()
    found = calibrate(bench.provider, client_for(bench.provider), clock=bench.clock)
    assert not found.holds and words in found.words
    assert not bench.rules().searches


def test_what_was_calibrated_at_another_address_or_with_another_key_is_looked_at_anew(box):
    bench = Bench(box).calibrated()
    assert bench.rules().searches
    Provider.objects.update(version=F("version") + 1)
    box.dialect(random_ids=True)
    for _ in range(6):
        bench.provider.refresh_from_db()
        bench.send()
    bench.lose(taken=True)
    bench.recover(after=FIRST)
    assert not bench.rules().searches


def test_a_provider_that_knows_not_even_our_own_order_proves_nothing(box, monkeypatch):
    bench = Bench(box).calibrated()
    lost = bench.lose(taken=False)
    nothing = Unreadable("Incorrect order ID", RefusalCode.UNKNOWN_ORDER)

    def forgetful(self, ids):
        return dict.fromkeys(ids, nothing)

    with monkeypatch.context() as patched:
        patched.setattr(PanelClient, "statuses_once", forgetful)
        bench.recover(after=FIRST)
    order, attempt = read(lost)
    assert order.status == Status.UNCONFIRMED and attempt.searches == 0
    assert lost.events.filter(text__contains="does not even know").count() == 1
    for after in (5, SECOND):
        bench.recover(after=after)
        assert read(lost)[1].searches == 0, "that call counted too"
    bench.recover(after=GRACE)
    assert read(lost)[1].searches == 1


def test_a_provider_that_forgets_us_in_the_middle_of_a_look_has_cleared_nothing(box, monkeypatch):
    bench = Bench(box).calibrated()
    box.dialect(gap_min=150, gap_max=150)  # its id is asked about by the second call
    lost = bench.lose(taken=True)
    bench.recover(after=FIRST)
    honest, asked = PanelClient.statuses_once, []
    nothing = Unreadable("Incorrect order ID", RefusalCode.UNKNOWN_ORDER)

    def forgetful(self, ids):
        asked.append(ids)
        return dict.fromkeys(ids, nothing) if len(asked) == 2 else honest(self, ids)

    with monkeypatch.context() as patched:
        patched.setattr(PanelClient, "statuses_once", forgetful)
        bench.recover(after=GRACE)
    attempt = read(lost)[1]
    assert attempt.searched_at is None and attempt.searched_through is not None
    assert attempt.searched_through < int(bench.upstream()[-1])
    assert not bench.may_buy()
    assert bench.recover(after=clocks.BREAKER_SECONDS[0]).found == 1
    assert read(lost)[1].calls == 4


def test_a_look_that_is_cut_off_half_way_keeps_what_it_has_learned(box):
    bench = Bench(box).calibrated()
    lost = bench.lose(taken=False)
    bench.recover(after=FIRST)
    box.fault("http_503", "before", action="status", nth=2)
    bench.recover(after=GRACE)
    attempt = read(lost)[1]
    assert attempt.calls == 2 and attempt.searched_at is None and not bench.may_buy()
    bench.recover(after=clocks.BREAKER_SECONDS[0])
    assert read(lost)[1].calls == 4 and bench.may_buy()
    bench.send()
    assert bench.recover().absent == 1


def test_one_of_our_orders_that_was_left_out_is_made_up_for_by_another(box, monkeypatch):
    bench = Bench(box).calibrated()
    newest = bench.upstream()[-1]
    lost, honest = bench.lose(taken=True), PanelClient.statuses_once

    def leaves_out(self, ids):
        return {**honest(self, ids), newest: Unreadable("The answer has no row for this id.")}

    monkeypatch.setattr(PanelClient, "statuses_once", leaves_out)
    bench.recover(after=FIRST)
    assert read(lost)[0].external_id == bench.upstream()[-1]


def test_rows_that_could_not_be_read_are_asked_for_again_before_the_account_buys_on(
    box, monkeypatch
):
    bench = Bench(box).calibrated()
    box.dialect(gap_min=150, gap_max=150)
    lost, honest = bench.lose(taken=True), PanelClient.statuses_once
    bench.recover(after=FIRST)
    true_id = bench.upstream()[-1]

    left_out: list[str] = []

    def leaves_out_once(self, ids):
        if true_id not in ids or left_out:
            return honest(self, ids)
        left_out.append(true_id)
        return {**honest(self, ids), true_id: Unreadable("The answer has no row for this id.")}

    monkeypatch.setattr(PanelClient, "statuses_once", leaves_out_once)
    assert bench.recover(after=GRACE).found == 1
    assert left_out and read(lost)[0].external_id == true_id
    assert read(lost)[1].calls == 4


def running_drip_feed(bench: Bench, box) -> Order:
    """Runs of it have begun that nobody has asked about yet."""
    item = box.service("Default", dripfeed=True)
    payload = DefaultPayload(
        service_id=str(item["id"]),
        link="https://lumen.example/d",
        quantity=int(item["min"]),
        runs=3,
        interval=1,
    ).wire()
    parent = bench.place()
    Order.objects.filter(pk=parent.pk).update(payload=payload)
    parent = bench.send(Order.objects.get(pk=parent.pk))
    box.advance(200)
    return parent


def test_what_a_running_drip_feed_starts_is_not_taken_for_a_lost_order(box):
    bench = Bench(box).calibrated()
    running_drip_feed(bench, box)
    lost = bench.lose(taken=True)
    bench.recover(after=FIRST)
    assert read(lost)[0].external_id == bench.upstream()[-1]
    assert not bench.rules().stopped_because


def test_nothing_is_concluded_where_it_is_not_told_what_a_drip_feed_has_started(box, monkeypatch):
    bench = Bench(box).calibrated()
    parent = running_drip_feed(bench, box)
    lost, honest = bench.lose(taken=False), PanelClient.statuses_once

    def leaves_out(self, ids):
        return {**honest(self, ids), parent.external_id: Unreadable("no row")}

    monkeypatch.setattr(PanelClient, "statuses_once", leaves_out)
    assert not bench.recover(after=FIRST).found
    assert read(lost)[0].external_id == "" and not bench.rules().stopped_because
    assert lost.events.filter(text__contains="did not say what").exists()


def test_nothing_is_looked_for_in_a_database_that_was_taken_back(box):
    bench = Bench(box).calibrated()
    lost = bench.lose(taken=False)
    client_for(bench.provider).add(
        WrittenPayload(bench.place().payload)
    )  # sent since, not known here
    halts.place_halt(HaltKind.RESTORED, now=bench.now)
    done = [bench.recover(after=after) for after in (FIRST, SECOND, GRACE)]
    assert not any(done) and read(lost)[0].status == Status.UNCONFIRMED
    assert bench.rules().searches


def test_nothing_is_looked_for_before_a_machine_that_sends_has_found_its_sends_in_the_database(box):
    bench = Bench(box).calibrated()
    lost = bench.lose(taken=True)
    backed_up = bench.now - timedelta(hours=1)  # what the row of a restored backup says
    DatabaseId.objects.update_or_create(pk=1, defaults={"compared_at": backed_up})
    assert not bench.recover(after=FIRST)
    assert guard.check_database(now=bench.now)
    assert bench.recover(after=SECOND).found == 1
    assert read(lost)[0].external_id == bench.upstream()[-1]


def test_every_step_is_in_the_history(box):
    bench = Bench(box).calibrated()
    lost = bench.lose(taken=True)
    bench.recover(after=FIRST)
    lines = list(lost.events.order_by("pk").values_list("kind", "text"))
    assert (EventKind.EVIDENCE, lines[-2][1]) == lines[-2] and "Asked about ids" in lines[-2][1]
    assert "Found at the provider as" in lines[-1][1]


def test_a_late_answer_that_says_the_same_is_no_news(box):

    bench = Bench(box).calibrated()
    lost = bench.lose(taken=True)
    bench.recover(after=FIRST)
    order, attempt = read(lost)
    assert record_outcome.record(
        attempt,
        SendOutcome(Outcome.ACCEPTED, Status.PENDING, external_id=order.external_id),
        now=bench.now,
    )
    assert not read(lost)[0].flag


def test_a_person_and_the_search_do_not_both_decide(box):
    bench = Bench(box).calibrated()
    lost = bench.lose(taken=True)
    seen = Order.objects.get(pk=lost.pk)
    bench.recover(after=FIRST)
    boss = make_user()
    assert not not_placed.give_up(seen, actor=boss, note="late", now=bench.now)
    bench.wait(GRACE)
    word = not_placed.confirm_not_placed(seen, actor=boss, now=bench.now + timedelta(hours=1))
    assert word is not_placed.Confirmed.TOO_LATE
    assert read(lost)[0].status == Status.PENDING


def test_above_its_limit_an_order_takes_two_people(box):
    bench = Bench(box, two_people_above="0", key_is_ours_alone=False)
    lost = bench.lose(taken=False)
    one, two = make_user(), make_user()
    bench.wait(GRACE)
    assert (
        not_placed.confirm_not_placed(lost, actor=one, now=bench.now)
        is not_placed.Confirmed.ONE_OF_TWO
    )
    assert (
        not_placed.confirm_not_placed(lost, actor=one, now=bench.now)
        is not_placed.Confirmed.ONE_OF_TWO
    )
    assert read(lost)[0].status == Status.UNCONFIRMED
    assert (
        not_placed.confirm_not_placed(lost, actor=two, now=bench.now) is not_placed.Confirmed.DONE
    )
    assert read(lost)[0].status == Status.NOT_PLACED


def test_the_hour_has_its_calls(box):
    bench = Bench(box, calls_per_hour=2).calibrated()
    lost = bench.lose(taken=False)
    before = box.calls("status")
    for after in (FIRST, SECOND, GRACE):
        bench.recover(after=after)
    assert box.calls("status") - before == 1  # the other one was for the calibration
    Recovery.objects.update(calls_since=bench.now - timedelta(hours=2))
    bench.recover(after=10)
    assert box.calls("status") - before == 3
    assert read(lost)[0].status == Status.UNCONFIRMED
