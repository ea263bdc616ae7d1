"""What counts as a look at an order since its cancel."""

from __future__ import annotations

from tests.guards.guard import Guard

LOOKS = "orders/tests/aftersales/test_looks_since_a_cancel.py"
OF_BEFORE = f"{LOOKS}::test_a_question_of_before_the_cancel_is_none_whenever_it_is_answered"
GIVEN_UP = "test_one_whose_order_cannot_be_read_for_a_day_is_given_up_and_can_be_asked_for_anew"
UPGRADED = "test_after_the_upgrade_an_order_whose_cancel_waits_for_a_look_is_asked_about_at_once"

GUARDS = (
    Guard(
        "cancel: a look counts from when it was asked for",
        "answers, now=lease.now, asked_at=lease.asked_at)",
        "answers, now=lease.now)",
        (OF_BEFORE,),
        "orders/polling/poll_cycle.py",
        items=(12,),
    ),
    Guard(
        "cancel: an answer that could not be read is no look",
        'seen = self.now, schedule.looked_at, ""',
        'seen = self.now, self.asked_at, ""',
        (
            f"{LOOKS}::test_an_answer_that_could_not_be_read_is_none",
            f"{LOOKS}::test_an_answer_that_could_not_be_read_takes_no_look_away",
        ),
        "orders/polling/write_answers.py",
        items=(12,),
    ),
    Guard(
        "cancel: an order that is wanted while it is asked about stays due",
        "if due != self.asked[pk].next_at}",
        "if pk < 0}",
        (OF_BEFORE,),
        "orders/polling/write_answers.py",
        items=(12,),
    ),
    Guard(
        "cancel: an order that is due is wanted once more",
        "min(now, due - timedelta(milliseconds=1))",
        "min(now, due)",
        (OF_BEFORE, f"{LOOKS}::test_one_that_is_due_is_wanted_once_more_by_whoever_asks_now"),
        "orders/polling/poll_schedule.py",
        items=(12,),
    ),
    Guard(
        "cancel: one whose order cannot be read for good is given up",
        "    unread = CancelRequest.objects.unreadable(now)",
        "    unread = CancelRequest.objects.none()",
        (f"{LOOKS}::{GIVEN_UP}",),
        "orders/aftersales/runs.py",
        items=(12,),
    ),
    Guard(
        "cancel: one whose order nobody asks about is not given up",
        '            order__poll_schedule__checked_at__gte=F("due_at") + patience,\n',
        "",
        (f"{LOOKS}::test_one_that_nobody_asked_about_for_a_day_is_not_given_up",),
        "orders/models/cancel.py",
        items=(12,),
    ),
    Guard(
        "watchdog: a cancel whose order is not looked at",
        "        return self.filter(status=CancelStatus.QUEUED, due_at__lte=now)",
        "        return self.filter(_wanted(now), due_at__lte=now)",
        (f"{LOOKS}::test_one_that_waits_for_a_look_that_does_not_come_is_told_as_late",),
        "orders/models/cancel.py",
        items=(14,),
    ),
    Guard(
        "cancel: after the upgrade its order is looked at once",
        "schedules.filter(order__in=waiting",
        "schedules.none().filter(order__in=waiting",
        (f"{LOOKS}::{UPGRADED}",),
        "orders/migrations/0050_looks_that_cancels_wait_for.py",
        items=(12,),
    ),
    Guard(
        "watchdog: nor one whose order was not asked about since",
        '        order__poll_schedule__checked_at__gte=F("sent_at"),\n',
        "",
        (f"{LOOKS}::test_nor_one_whose_order_was_not_asked_about_since_or_was_looked_at",),
        "orders/oldest_work.py",
        items=(14,),
    ),
    Guard(
        "watchdog: a cancel that nothing explains is told before one that something does",
        'order_by("is_unread", moment, "pk")',
        'order_by(moment, "pk")',
        (f"{LOOKS}::test_one_that_stands_is_told_before_another_whose_order_cannot_be_read",),
        "orders/oldest_work.py",
        items=(14,),
    ),
)
