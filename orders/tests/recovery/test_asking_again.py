"""Evidence beside the numbers: the provider's own list, and its answer to our own id."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import clocks
from orders.models import Attempt, Order, Recovery
from orders.sending import halts
from orders.status import HaltKind, Outcome, Resolution, Status
from providers.models import Provider, ProviderHealth

from .bench import GRACE, Bench

pytestmark = [pytest.mark.django_db, pytest.mark.services]
FIRST, SECOND = clocks.SEARCH_AFTER_SECONDS


def read(order: Order) -> tuple[Order, Attempt]:
    return Order.objects.get(pk=order.pk), Attempt.objects.filter(order=order).latest("pk")


def listed(box, **rules) -> Bench:
    """A provider that lists our newest orders and whose ids prove nothing."""
    box.dialect(recent_orders=True, random_ids=True)
    return Bench(box, dialect={"recent_orders": True}, **rules)


def test_the_providers_own_list_tells_orders_of_one_price_apart(box):
    bench = listed(box)
    for _ in range(2):
        bench.send()
    lost = bench.lose(taken=True)
    assert bench.recover(after=FIRST).found == 1
    order, attempt = read(lost)
    assert order.external_id == bench.upstream()[-1]
    assert (attempt.resolution, attempt.calls) == (Resolution.LISTING, 1)


def test_an_order_that_is_not_in_the_list_when_it_can_no_longer_appear_is_not_placed(box):
    bench = listed(box)
    for _ in range(2):
        bench.send()
    lost = bench.lose(taken=False)
    for after in (FIRST, SECOND, GRACE):
        bench.recover(after=after)
        assert read(lost)[0].status == Status.UNCONFIRMED
    bench.send()  # only a list that shows it is known not to be an old one
    assert bench.recover().absent == 1
    assert read(lost)[0].status == Status.NOT_PLACED


def test_the_list_is_asked_for_when_it_is_due_and_not_at_every_run(box):
    bench = listed(box)
    for _ in range(2):
        bench.send()
    lost = bench.lose(taken=False)
    for _ in range(GRACE // 5 - 1):
        bench.recover(after=5)
    assert read(lost)[1].calls == 1
    bench.recover(after=10)
    assert (read(lost)[1].calls, read(lost)[0].status) == (2, Status.UNCONFIRMED)
    bench.send()
    for _ in range(3):
        bench.recover()
    assert (read(lost)[1].calls, read(lost)[0].status) == (3, Status.NOT_PLACED)


def test_a_list_that_does_not_reach_back_far_enough_shows_nothing(box):
    bench = listed(box)
    lost = bench.lose(taken=False)  # the very first order: nothing of ours stands before it
    for after in (FIRST, SECOND, GRACE):
        bench.recover(after=after)
    assert read(lost)[0].status == Status.UNCONFIRMED


def test_where_the_key_is_used_elsewhere_the_list_only_shows_candidates(box):
    bench = listed(box, key_is_ours_alone=False)
    bench.send()
    lost = bench.lose(taken=True)
    bench.recover(after=FIRST)
    order, attempt = read(lost)
    assert order.status == Status.UNCONFIRMED
    assert [row["id"] for row in attempt.candidates] == bench.upstream()[-1:]


def test_two_orders_for_one_link_are_not_told_apart_by_the_list(box):
    bench = listed(box)
    bench.send()
    link = "https://lumen.example/same"
    lost = [bench.lose(taken=True, order=bench.place(link=link))]
    bench.lift_halt()
    lost.append(bench.lose(taken=True, order=bench.place(link=link)))
    bench.recover(after=FIRST)
    assert [read(order)[0].status for order in lost] == [Status.UNCONFIRMED] * 2


def test_a_provider_that_wants_an_id_of_ours_gets_one_from_then_on(box):
    box.dialect(request_id="required")
    bench = Bench(box)
    first = bench.send()
    assert read(first)[0].status == Status.QUEUED and bench.upstream() == []
    bench.provider = Provider.objects.get(pk=bench.provider.pk)
    assert bench.provider.dialect["idempotency_parameter"] == "request_id"
    assert read(bench.send(read(first)[0]))[0].status == Status.PENDING
    assert len(bench.upstream()) == 1
    assert bench.provider.events.filter(text__contains="as “request_id”").count() == 1


def test_a_provider_that_wants_another_id_than_ours_refuses_and_that_is_all(box):
    box.dialect(request_id="required")
    bench = Bench(box, dialect={"idempotency_parameter": "ref"})
    order, attempt = read(bench.send())
    assert (order.status, attempt.reason) == (Status.REJECTED, "request_id is required")
    assert Provider.objects.get().dialect["idempotency_parameter"] == "ref"


def replaying(box, **rules) -> Bench:
    box.dialect(request_id="accepted", random_ids=True)
    bench = Bench(box, dialect={"idempotency_parameter": "request_id"}, **rules)
    bench.send()
    return bench


@pytest.mark.parametrize("taken", [True, False], ids=["it was taken", "it was not"])
def test_where_replays_are_safe_the_same_attempt_is_asked_again_and_bought_once(box, taken):
    bench = replaying(box, replays_are_safe=True)
    lost = bench.lose(taken=taken)
    assert bench.recover(after=FIRST).found == 1
    order, attempt = read(lost)
    assert order.external_id == bench.upstream()[-1] and len(bench.upstream()) == 2
    assert (attempt.number, attempt.resolution) == (1, Resolution.REPLAY)
    assert bench.may_buy()


def test_what_went_out_without_an_id_of_ours_is_not_replayed_with_one(box):
    """The parameter became known, and replays safe, only after this order was lost."""
    box.dialect(request_id="accepted", random_ids=True)
    bench = Bench(box, replays_are_safe=True)
    lost = bench.lose(taken=True)
    Provider.objects.update(dialect={"idempotency_parameter": "request_id"})
    bench.provider.refresh_from_db()
    rules = bench.rules()
    rules.promise_replays(bench.provider)
    rules.save()
    for after in (FIRST, SECOND, GRACE):
        bench.recover(after=after)
    assert len(bench.upstream()) == 1 and read(lost)[0].status == Status.UNCONFIRMED


def test_our_id_stands_among_what_was_sent(box):
    bench = replaying(box)
    order, attempt = read(bench.send())
    assert attempt.wire == {**order.payload, "request_id": attempt.idempotency_key}
    assert attempt.carries_idempotency_key


def test_our_id_never_stands_in_place_of_what_was_ordered(box):
    bench = Bench(box, dialect={"idempotency_parameter": "link"})  # from before names were checked
    order, attempt = read(bench.send())
    assert attempt.wire == order.payload and not attempt.carries_idempotency_key


def test_nothing_is_replayed_unless_an_admin_said_that_it_is_safe(box):
    bench = replaying(box)
    lost, adds = bench.lose(taken=False), box.calls("add")
    for after in (FIRST, SECOND, GRACE):
        bench.recover(after=after)
    assert box.calls("add") == adds and read(lost)[0].status == Status.UNCONFIRMED


def test_a_replay_whose_answer_is_lost_too_leaves_the_order_as_it_was(box):
    bench = replaying(box, replays_are_safe=True)
    lost = bench.lose(taken=False)
    box.fault("reset_after_request", "after", action="add", times=1)
    bench.recover(after=FIRST)
    order, attempt = read(lost)
    assert (order.status, attempt.outcome) == (Status.UNCONFIRMED, Outcome.UNKNOWN)
    assert bench.recover(after=SECOND).found == 1
    assert len(bench.upstream()) == 2


@pytest.mark.parametrize("reason", ["funds", "link_busy", "identical", "rate_limit", "link"])
def test_a_refused_replay_proves_nothing_of_the_first_send(box, reason):
    """The first one was taken: that is why there is no money, or why its link is busy."""
    bench = replaying(box, replays_are_safe=True)
    lost = bench.lose(taken=True)
    box.fault("error_reply", "before", action="add", reason=reason)
    for after in (FIRST, SECOND, GRACE, GRACE):
        bench.recover(after=after)
    order, attempt = read(lost)
    assert (order.status, attempt.outcome) == (Status.UNCONFIRMED, Outcome.UNKNOWN)
    assert order.events.filter(text__startswith="The replay was refused").exists()


def test_an_order_is_replayed_three_times_at_most(box):
    bench = replaying(box, replays_are_safe=True)
    lost, adds = bench.lose(taken=False), box.calls("add")
    box.fault("reset_after_request", "before", action="add")
    for _ in range(30):
        ProviderHealth.objects.update(open_until=None, failures=0)
        bench.recover(after=9)
    assert box.calls("add") == adds + 3 and read(lost)[0].status == Status.UNCONFIRMED


@pytest.mark.parametrize(
    "away",
    [timedelta(days=3), timedelta(seconds=clocks.REPLAY_WITHIN_SECONDS + 1), -timedelta(hours=1)],
    ids=["the desk or the provider was away", "a little too late", "the clock was set back"],
)
def test_what_the_provider_may_have_forgotten_is_not_replayed(box, away):
    """Nobody knows for how long it answers a replay with the first order; later it is a new one."""
    bench = replaying(box, replays_are_safe=True)
    lost, adds = bench.lose(taken=False), box.calls("add")
    Attempt.objects.filter(order=lost).update(search_at=bench.now - timedelta(days=1))
    bench.now += away
    bench.probe()
    bench.recover()
    assert box.calls("add") == adds and read(lost)[0].status == Status.UNCONFIRMED


@pytest.mark.parametrize("rest", ["open_until", "slow_until"])
def test_a_provider_that_needs_a_rest_is_sent_no_replay(box, rest):
    bench = replaying(box, replays_are_safe=True)
    bench.lose(taken=False)
    adds = box.calls("add")
    ProviderHealth.objects.update(**{rest: bench.now + timedelta(hours=1)})
    bench.recover(after=FIRST)
    assert box.calls("add") == adds


def test_the_number_a_replay_was_answered_with_is_kept_for_a_person(box):
    bench = replaying(box, replays_are_safe=True)
    lost = bench.lose(taken=True)
    box.fault("http_502", action="status")
    bench.recover(after=FIRST)
    order, attempt = read(lost)
    assert order.status == Status.UNCONFIRMED
    assert [row["id"] for row in attempt.candidates] == bench.upstream()[-1:]


@pytest.mark.parametrize(
    "promised",
    ["ref at {url}", "request_id at https://before.example/api/v2", ""],
    ids=["another name", "another address", "from before it was asked for"],
)
def test_a_promise_is_about_one_parameter_at_one_address(box, promised):
    bench = replaying(box, replays_are_safe=True)
    Recovery.objects.update(replays_promised_for=promised.format(url=bench.provider.url))
    lost, adds = bench.lose(taken=False), box.calls("add")
    for after in (FIRST, SECOND, GRACE):
        bench.recover(after=after)
    assert box.calls("add") == adds and read(lost)[0].status == Status.UNCONFIRMED


def test_an_order_that_left_without_an_id_named_meanwhile_is_sent_again_with_one(box):
    box.dialect(request_id="required")
    bench = Bench(box)
    order = bench.place()
    stale = Provider.objects.get(pk=bench.provider.pk)  # as the run has read it
    Provider.objects.update(dialect={"idempotency_parameter": "request_id"})
    bench.provider = stale
    assert read(bench.send(order))[0].status == Status.QUEUED
    assert read(bench.send(read(order)[0]))[0].status == Status.PENDING


def test_a_stop_for_all_keeps_replays_from_leaving_too(box):
    bench = replaying(box, replays_are_safe=True)
    lost = bench.lose(taken=False)
    halts.place_halt(HaltKind.STOP, now=bench.now)
    bench.recover(after=FIRST)
    assert len(bench.upstream()) == 1 and read(lost)[0].status == Status.UNCONFIRMED


def test_a_refused_replay_takes_nothing_from_the_search_by_number(box):
    box.dialect(request_id="accepted")
    bench = Bench(box, dialect={"idempotency_parameter": "request_id"}, replays_are_safe=True)
    bench.calibrated()
    lost = bench.lose(taken=True)
    box.fault("error_reply", "before", action="add", reason="funds")
    assert bench.recover(after=FIRST).found == 1
    order, attempt = read(lost)
    assert order.external_id == bench.upstream()[-1]
    assert (attempt.resolution, attempt.calls) == (Resolution.PROBE, 1)
