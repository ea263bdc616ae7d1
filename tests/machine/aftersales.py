"""What can happen to refills and cancels, each as one act, and what holds after each."""

from __future__ import annotations

from collections import Counter

from core import clocks
from orders.aftersales import request_cancels, request_refills, runs
from orders.models import CancelRequest, Halt, Order, PollSchedule, Refill, RequestCall
from orders.restores.tasks import importers
from orders.sending import halts
from orders.sending.restore_check import guard, recall_all
from orders.sending.writes import answer_files
from orders.status import (
    AT_PROVIDER,
    REFILLABLE,
    CancelStatus,
    HaltKind,
    RefillStatus,
    Write,
)
from providers.models import ProviderHealth
from providers.panel_api import OrderState

from .desk import Act, Desk

TAKEN = frozenset({RefillStatus.PENDING, RefillStatus.IN_PROGRESS, RefillStatus.COMPLETED})


class AfterSales:
    """`wished` counts how often people have asked for a refill of an order, by its id there."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.wished: Counter[str] = Counter()
        self.left_unlawfully = 0
        desk.upstream.leaves = self._leaves

    # staff

    def ask_refill(self) -> None:
        self.desk.upstream.go_on(OrderState.COMPLETED)
        self.desk.poll()
        for order in Order.objects.for_list().filter(status__in=REFILLABLE)[:1]:
            words = request_refills.request_refill(
                order, actor=self.desk.person, now=self.desk.clock()
            )
            self.wished[order.external_id] += not words

    def ask_cancel(self) -> None:
        for order in Order.objects.for_list().filter(status__in=AT_PROVIDER)[:1]:
            request_cancels.request_cancel(order, actor=self.desk.person, now=self.desk.clock())

    def ask_again(self) -> None:
        """A person lets a refill whose answer was lost be sent once more, come what may."""
        lost = Refill.objects.for_list().filter(status=RefillStatus.UNCONFIRMED)
        for refill in lost[:1]:
            words = request_refills.ask_again(refill, actor=self.desk.person, now=self.desk.clock())
            self.wished[refill.order.external_id] += not words

    def let_cancels(self) -> None:
        for halt in Halt.objects.standing().select_related("provider"):
            halts.let_cancels(
                halt, let=not halt.lets_cancels, actor=self.desk.person, now=self.desk.clock()
            )

    # workers

    def send(self) -> None:
        ProviderHealth.objects.update(open_until=None, slow_until=None)
        runs.send_requests(
            self.desk.account(), self.desk.upstream, clock=self.desk.clock, seconds=60
        )

    def timetable(self) -> None:
        """The minutes after something went wrong."""
        self.desk.advance(clocks.SEND_LEASE_SECONDS + 5)
        answer_files.import_left_behind(importers(self.desk.clock()))
        runs.reap_lost_requests(now=self.desk.clock())
        self.desk.advance(clocks.CANCEL_RECHECK_SECONDS + 5)
        PollSchedule.objects.update(looked_at=self.desk.clock())
        self.send()

    def reap(self) -> None:
        runs.reap_lost_requests(now=self.desk.clock())

    # the database

    def take_back(self) -> None:
        """A backup is restored from before any refill or cancel was sent."""
        CancelRequest.objects.exclude(call=None).filter(status=CancelStatus.ACCEPTED).update(
            status=CancelStatus.QUEUED, call=None, requests=0, sent_at=None, reason="", code=""
        )
        Refill.objects.exclude(call=None).filter(status__in=TAKEN).update(
            status=RefillStatus.QUEUED, call=None, requests=0, sent_at=None, external_id=""
        )
        Refill.objects.update(call=None)
        CancelRequest.objects.update(call=None)
        RequestCall.objects.all().delete()

    def accept(self) -> None:
        """A person has looked and takes the database as it is."""
        now = self.desk.clock()
        if guard.check_database(now=now):
            return
        known = {one.mark.provider_id for one in guard.high_water_marks(self.desk.provider.pk)}
        recall_all.accept_database(guard.database_identity(), known, now=now)
        halts.lift_halt(HaltKind.RESTORED, now=now, actor=self.desk.person)

    # what holds

    def check(self) -> None:
        """AssertionError for the first promise that is broken."""
        taken = self.desk.upstream.refilled
        for order_id, count in taken.items():
            assert count <= self.wished[order_id], f"order {order_id} was refilled {count} times"
        for refill in Refill.objects.filter(status__in=sorted(TAKEN)).select_related("order"):
            assert taken[refill.order.external_id], f"{refill}: the provider has none"
        for cancel in CancelRequest.objects.filter(status=CancelStatus.ACCEPTED):
            order_id = cancel.order.external_id
            assert self.desk.upstream.canceled[order_id], f"{cancel}: the provider has none"
        assert not self.left_unlawfully, "a request left although something said no before"

    def _leaves(self, write: Write) -> None:
        account = self.desk.account()
        held = halts.is_halted(account.pk, write) or not account.is_active
        if held and not self.desk.stood_at_the_pre_send_check():
            self.left_unlawfully += 1


def request_acts(after: AfterSales) -> dict[str, Act]:
    """What may happen at any moment."""
    return {
        "ask refill": after.ask_refill,
        "ask cancel": after.ask_cancel,
        "ask again": after.ask_again,
        "let cancels": after.let_cancels,
        "send requests": after.send,
        "reap requests": after.reap,
        "requests' timetable": after.timetable,
        "take back": after.take_back,
        "accept": after.accept,
    }
