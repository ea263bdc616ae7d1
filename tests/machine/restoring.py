"""The database is put back to before the newest orders were sent, while its machine keeps its
journal."""

from __future__ import annotations

from django.db.models import F, Min

from orders.models import (
    Attempt,
    CancelRequest,
    Halt,
    JournalGap,
    Order,
    OrderEvent,
    PollSchedule,
    Refill,
)
from orders.sending import send_journal
from orders.sending.restore_check import guard
from orders.status import HaltKind, Outcome, Status

from .aftersales import AfterSales
from .desk import Act, Desk


class Restoring:
    """The rows are those of a backup that was made after the orders were placed."""

    def __init__(self, desk: Desk, after: AfterSales) -> None:
        self.desk, self.after = desk, after
        self.is_known = True

    def put_back(self, sends: int) -> None:
        """To before the newest `sends` attempts, and those before them of the same orders: none of
        them was sent then. Not while a worker has one in its hands: it ends with its database."""
        if Attempt.objects.filter(outcome=Outcome.IN_FLIGHT).exists():
            return
        since = self._first_of_the_newest(sends)
        if since is None:
            return
        self.desk.seen["times put back"] += 1
        self.is_known = self._journal_goes_back_to(since)
        self.after.take_back()
        gone = Attempt.objects.filter(pk__gte=since)
        orders = list(gone.values_list("order_id", flat=True))
        gone.delete()
        JournalGap.objects.all().delete()
        Halt.objects.filter(kind=HaltKind.RESTORED).delete()  # and what was accepted behind it
        for model in (OrderEvent, PollSchedule, Refill, CancelRequest):
            model._default_manager.filter(order__in=orders).delete()
        Order.objects.filter(pk__in=orders).update(
            status=Status.QUEUED,
            external_id="",
            sent_at=None,
            charge=None,
            reason="",
            flag="",
            hold_reason="",
            ended_at=None,
            send_after=F("created_at"),
            not_sent_count=0,
        )

    def _first_of_the_newest(self, sends: int) -> int | None:
        """The oldest attempt that is gone: no order keeps a part of its attempts."""
        newest = Attempt.objects.order_by("-pk").values_list("pk", flat=True)[:sends]
        since = min(newest, default=None)
        while since is not None:
            orders = Attempt.objects.filter(pk__gte=since).values("order")
            first = Attempt.objects.filter(order__in=orders).aggregate(first=Min("pk"))["first"]
            if first == since:
                return since
            since = first
        return None

    def _journal_goes_back_to(self, since: int) -> bool:
        """Else nothing tells what was sent before a database was accepted that had it: what waits
        then is held, and what somebody takes back before the machine looks stays so."""
        gone = Attempt.objects.filter(pk__gte=since).values_list("order__form_key", "started_at")
        known = send_journal.sends_since_accepted(self.desk.provider.pk)
        return set(gone) <= {(send.form_key, send.started_at) for send in known}

    def find_out(self) -> None:
        """What the timetable of the machine does every few seconds."""
        guard.check_database(now=self.desk.clock())


def acts_before_it_is_found_out(desk: Desk, after: AfterSales) -> dict[str, Act]:
    """What may come first."""
    return {
        "nothing": lambda: None,
        "ring": desk.ring,
        "withdraw": desk.withdraw,
        "sweep": desk.sweep,
        "reap": desk.reap,
        "recover": desk.recover,
        "send requests": after.send,
        "accept": after.accept,
    }
