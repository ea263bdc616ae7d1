"""What a provider may take back: nothing. Its new words are kept beside the old, and flagged."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from core import clocks
from orders.models import ChargeEntry, Order, PollSchedule
from orders.polling import plausibility, poll_batch, poll_schedule
from orders.status import AT_PROVIDER, ENDED_THERE, HOW_FAR, Flag, Status
from providers.panel_api import OrderState, Progress, Unreadable
from tests.builders import NOON, make_order, make_provider, make_service
from tests.fake_provider import progress
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def made(status=Status.IN_PROGRESS, **over) -> Order:
    """An order for 1,000 units at 0.90: a charge of 0.9 in all."""
    return make_order(status, **over)


def hear(order: Order, *answers: Progress, every: int = 60) -> Order:
    """Let the provider say these things, one after the other, a minute apart."""
    for number, answer in enumerate(answers, start=1):
        (schedule,) = poll_schedule.due_batch(order.provider, NOON + timedelta(days=300))
        now = NOON + timedelta(seconds=number * every)
        poll_batch.record_answers([schedule], {schedule.external_id: answer}, now=now)
    return Order.objects.get(pk=order.pk)


def anomalies(order: Order) -> list[str]:
    kinds = ("flagged", "evidence")
    return list(order.events.filter(kind__in=kinds).order_by("pk").values_list("text", flat=True))


def test_every_status_at_the_provider_has_its_place():
    assert HOW_FAR.keys() == AT_PROVIDER | ENDED_THERE


@pytest.mark.parametrize(
    ("before", "after", "back"),
    [
        (Status.PENDING, Status.PROCESSING, False),
        (Status.PENDING, Status.COMPLETED, False),
        (Status.IN_PROGRESS, Status.PROCESSING, False),
        (Status.PROCESSING, Status.IN_PROGRESS, False),
        (Status.PAUSED, Status.ACTIVE, False),
        (Status.ACTIVE, Status.PAUSED, False),
        (Status.IN_PROGRESS, Status.PENDING, True),
        (Status.PAUSED, Status.PENDING, True),
        (Status.COMPLETED, Status.IN_PROGRESS, True),
        (Status.COMPLETED, Status.PARTIAL, True),
        (Status.COMPLETED, Status.COMPLETED, False),
    ],
)
def test_which_steps_go_back(before, after, back):
    assert plausibility.goes_back(before, after) is back


def test_a_status_that_goes_back_is_kept_as_evidence_only():
    order = hear(
        made(),
        progress(raw="In progress", remains=400),
        progress(OrderState.PENDING, raw="Pending", remains=400),
    )
    assert (order.status, order.flag) == (Status.IN_PROGRESS, Flag.WENT_BACKWARDS)
    assert anomalies(order) == [
        "The provider says “Pending”. It had said In progress before, and that stands."
    ]
    assert not order.events.filter(kind="moved").exists()


def test_the_same_lie_told_again_is_remembered_and_flagged_once():
    order = made()
    back = [progress(OrderState.PENDING, raw="Pending", remains=n) for n in (400, 300)]
    hear(order, back[0])
    Order.objects.update(flag=Flag.NONE)  # somebody has looked
    order = hear(order, back[1])
    assert len(anomalies(order)) == 1
    assert (order.flag, order.remains) == (Flag.NONE, 300)


@pytest.mark.parametrize("forgotten", [(), ("anomaly", "stands")], ids=["now", "before codes"])
def test_a_lie_told_in_other_words_is_still_the_same(forgotten):
    """A release may say it otherwise, and lines of earlier ones have no code."""
    back = [progress(OrderState.PENDING, raw="Pending", remains=n) for n in (400, 300)]
    order = hear(made(), back[0])
    told = order.events.get(kind="flagged")
    kept = {name: value for name, value in told.evidence.items() if name not in forgotten}
    order.events.filter(pk=told.pk).update(text="It said Pending.", evidence=kept)
    Order.objects.update(flag=Flag.NONE)
    order = hear(order, back[1])
    assert (len(anomalies(order)), order.flag) == (1, Flag.NONE)


def test_a_line_without_a_code_tells_nothing_of_a_later_status():
    """The same word had been a lie while the order ran; after its end it is another one."""
    back = [progress(OrderState.PENDING, raw="Pending", remains=n) for n in (400, 0)]
    order = hear(made(Status.PENDING), progress(remains=500), back[0])
    told = order.events.get(kind="flagged")
    kept = {name: value for name, value in told.evidence.items() if name in ("said", "read_as")}
    order.events.filter(pk=told.pk).update(evidence=kept)
    Order.objects.update(flag=Flag.NONE)
    order = hear(order, progress(OrderState.COMPLETED, raw="Completed", remains=0))
    ((checked, _),) = plausibility.check_answers([(order, back[1])]).values()
    assert [one.flag for one in checked.anomalies] == [Flag.WENT_BACKWARDS]


def test_an_order_that_has_ended_takes_nothing_more_over():
    order = made(Status.COMPLETED, charge=Decimal("0.9"), remains=0, raw_status="Completed")
    checked = plausibility.check_answer(order, progress(raw="In progress", remains=1, charge="2"))
    assert (checked.status, checked.charge, checked.is_over) == (Status.COMPLETED, None, True)
    flags = [one.flag for one in checked.anomalies]
    assert flags == [Flag.WENT_BACKWARDS, Flag.CHARGE_CHANGED, Flag.NONE]


@pytest.mark.parametrize(
    ("said", "flag"),
    [
        ("0.95", Flag.CHARGE_CHANGED),
        ("0.85", Flag.CHARGE_CHANGED),
        ("0.909", Flag.NONE),  # 1 % is no alarm
        ("0.91", Flag.NONE),  # nor is a cent
    ],
)
def test_a_known_charge_stays_while_the_order_runs(said, flag):
    order = hear(made(), progress(charge="0.9"), progress(charge=said))
    assert (order.charge, order.flag) == (Decimal("0.9"), flag)
    assert anomalies(order) == [
        f"The provider says a charge of {said}. It was 0.9, and that stands."
    ]
    assert [entry.amount for entry in ChargeEntry.objects.all()] == [Decimal("0.9")]


def test_the_end_may_bring_a_lower_charge_and_both_are_kept():
    order = hear(
        made(),
        progress(charge="0.90000"),
        progress(OrderState.PARTIAL, charge="0.22500", remains=750),
    )
    assert (order.charge, order.flag, order.is_final) == (Decimal("0.225"), Flag.NONE, True)
    moved = order.events.get(kind="moved").evidence
    assert Decimal(moved["charge_before"]) == Decimal("0.9")
    assert Decimal(moved["charge"]) == Decimal("0.225")
    assert [entry.amount for entry in ChargeEntry.objects.order_by("pk")] == [
        Decimal("0.9"),
        Decimal("-0.675"),
    ]


def test_the_end_never_brings_a_higher_charge():
    order = hear(made(), progress(charge="0.9"), progress(OrderState.COMPLETED, charge="1.243"))
    assert (order.status, order.charge) == (Status.COMPLETED, Decimal("0.9"))
    assert order.flag == Flag.CHARGE_DIFFERS
    assert anomalies(order) == [
        "The final charge is 1.243. It should be 0.9.",
        "The provider says a charge of 1.243. It was 0.9, and that stands.",
    ]


@pytest.mark.parametrize(
    ("state", "charge", "remains", "fits"),
    [
        (OrderState.COMPLETED, "0.90", 0, True),
        (OrderState.COMPLETED, "0.89", 0, True),  # its last place is a hundredth
        (OrderState.COMPLETED, "0.88", 0, False),
        (OrderState.COMPLETED, "0.89900", 0, False),
        (OrderState.PARTIAL, "0.30060", 666, True),
        (OrderState.PARTIAL, "0.30062", 666, False),
        (OrderState.PARTIAL, "0.1", None, True),  # nobody knows how much
        (OrderState.CANCELED, "0.00000", 1000, True),
        (OrderState.CANCELED, "0.09000", 900, True),
        (OrderState.CANCELED, "0.90000", 1000, False),
        (OrderState.REFUNDED, "0.90000", 1000, False),
        (OrderState.EXPIRED, "0.5", 100, True),  # no rule to hold it against
    ],
)
def test_the_final_charge_is_held_against_what_was_delivered(state, charge, remains, fits):
    order = hear(made(), progress(state, charge=charge, remains=remains))
    assert (order.flag == Flag.NONE) is fits
    if not fits:
        told = order.events.get(kind="flagged")
        assert Decimal(told.evidence["charge"]) == Decimal(charge)
        assert told.evidence["rate"] == "0.9"


@pytest.mark.parametrize(
    ("type_name", "state", "charge", "fits"),
    [
        ("Package", OrderState.COMPLETED, "4.2", True),
        ("Package", OrderState.COMPLETED, "4.3", False),
        ("Package", OrderState.PARTIAL, "2.1", True),
        ("Subscriptions", OrderState.COMPLETED, "999", True),
    ],
)
def test_where_no_number_is_fixed_only_the_whole_is_compared(type_name, state, charge, fits):
    service = make_service(type=type_name, rate=Decimal("4.2"))
    high = Decimal("4.2") if type_name == "Package" else Decimal(999)
    order = make_order(
        Status.IN_PROGRESS,
        service=service,
        payload={},
        units=None,
        estimate=Decimal("4.2"),
        estimate_high=high,
    )
    order = hear(order, progress(state, charge=charge, remains=3))
    assert (order.flag == Flag.NONE) is fits


def test_what_a_part_costs_is_not_known_where_the_whole_is_not_paid_by_units():
    order = make_order(Status.IN_PROGRESS, estimate=Decimal(7), estimate_high=Decimal(7))
    assert order.units == 1000
    order = hear(order, progress(OrderState.PARTIAL, charge="3.5", remains=500))
    assert (order.charge, order.flag) == (Decimal("3.5"), Flag.NONE)


def test_a_subscription_is_paid_as_it_goes():
    service = make_service(type="Subscriptions")
    order = make_order(
        Status.ACTIVE, service=service, payload={}, units=None, estimate=None, estimate_high=None
    )
    charges = ("0", "1.5", "2.25")
    order = hear(order, *(progress(OrderState.ACTIVE, charge=one) for one in charges))
    assert (order.charge, order.flag) == (Decimal("2.25"), Flag.NONE)
    entries = ChargeEntry.objects.order_by("pk")
    assert [entry.amount for entry in entries] == [Decimal("1.5"), Decimal("0.75")]


def test_a_first_charge_above_the_estimate_is_flagged_at_once():
    order = hear(made(Status.PENDING), progress(OrderState.PENDING, charge="0.95"))
    assert (order.charge, order.flag) == (Decimal("0.95"), Flag.CHARGE_DIFFERS)
    assert anomalies(order) == ["The provider charges 0.95. It should be 0.9 at most."]


def test_more_remains_than_was_ordered_is_kept_flagged_and_never_shown_as_a_number(client):
    order = hear(made(), progress(remains=99_999_999))
    assert (order.remains, order.flag, order.delivered) == (99_999_999, Flag.ODD_REMAINS, None)
    assert anomalies(order) == ["99,999,999 are said to remain of 1,000."]
    order = hear(order, progress(remains=10))
    assert (order.flag, order.delivered) == (Flag.NONE, 990)


def test_less_than_none_remains_is_kept_flagged_and_never_shown_as_a_number():
    order = hear(made(), progress(remains=-3))
    assert (order.remains, order.flag, order.delivered) == (-3, Flag.ODD_REMAINS, None)
    assert anomalies(order) == ["-3 are said to remain of 1,000."]
    order = hear(order, progress(remains=10))
    assert (order.flag, order.delivered) == (Flag.NONE, 990)


def test_what_was_delivered_beyond_the_order_is_remembered_and_flags_nothing():
    order = hear(made(), progress(OrderState.COMPLETED, raw="Completed", remains=-50))
    assert (order.status, order.remains, order.flag) == (Status.COMPLETED, -50, Flag.NONE)
    assert order.events.filter(text="50 more than ordered were delivered.").exists()
    other = hear(made(), progress(OrderState.PARTIAL, raw="Partial", remains=-50))
    assert other.flag == Flag.ODD_REMAINS


def test_odd_remains_stay_flagged_while_other_figures_move():
    odd = [progress(remains=-3, start_count=start) for start in (None, 10, 11)]
    order = hear(made(), *odd)
    assert (order.start_count, order.flag) == (11, Flag.ODD_REMAINS)
    assert len([text for text in anomalies(order) if "are said to remain" in text]) == 1
    assert hear(order, progress(remains=900)).flag == Flag.NONE


def test_a_money_matter_weighs_more_than_an_unknown_word():
    order = made(charge=Decimal("0.9"))
    order = hear(order, progress(None, raw="Simmering", charge="0.9"))
    assert order.flag == Flag.UNKNOWN_WORD
    order = hear(order, progress(None, raw="Simmering", charge="2"))
    assert order.flag == Flag.CHARGE_CHANGED


def test_when_money_moved_is_known_between_two_looks():
    order = made(Status.PENDING, charge=None)
    order = hear(
        order,
        progress(OrderState.PENDING, charge="0.9"),
        progress(OrderState.CANCELED, charge="0", remains=1000),
        every=600,
    )
    taken, back = ChargeEntry.objects.order_by("pk")
    lease = timedelta(seconds=clocks.SEND_LEASE_SECONDS)
    assert (taken.at_low, taken.at_high) == (NOON, NOON + lease)
    answer = timedelta(seconds=clocks.PROVIDER_DEADLINE_SECONDS)
    first, second = NOON + timedelta(seconds=600), NOON + timedelta(seconds=1200)
    assert (back.at_low, back.at_high) == (first - answer, second)


def test_charges_are_added_to_and_never_edited():
    hear(made(), progress(charge="0.9"))
    entry = ChargeEntry.objects.get()
    for step in (entry.save, entry.delete):
        with pytest.raises(TypeError):
            step()


def test_ten_odd_answers_cost_the_queries_of_one():
    def queries(number: int) -> int:
        service = make_service(make_provider())
        orders = [
            make_order(Status.IN_PROGRESS, service=service, charge=Decimal("0.9"))
            for _ in range(number)
        ]
        schedules = poll_schedule.due_batch(orders[0].provider, NOON)
        odd = progress(OrderState.PARTIAL, charge="0.7", remains=900)
        answers: dict[str, Progress | Unreadable] = {order.external_id: odd for order in orders}
        captured = queries_of(lambda: poll_batch.record_answers(schedules, answers, now=NOON))
        return sum(not q.startswith("UPDATE") for q in captured)

    assert queries(10) == queries(1)
    assert not PollSchedule.objects.exists()
