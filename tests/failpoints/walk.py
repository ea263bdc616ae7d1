"""One cell of the table: a worker is killed, everything that repairs runs, the ledger tells."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings

from core import clocks
from orders.draft import OrderDraft
from orders.models import Attempt, Order, PollSchedule, Recovery
from orders.placing import place_orders
from orders.polling import poll_cycle, probe_account
from orders.recovery.run import recover_account
from orders.sending import send_run, sweep_due
from orders.status import AT_PROVIDER, Outcome, Status
from providers.actions import balances
from providers.connect import client_for, shared_transport
from providers.models import Provider
from providers.panel_api import DefaultPayload
from tests.builders import NOON, make_provider, make_service
from tests.kept_answers import has_spool, import_spool
from tests.passing_time import let_pass

from .expected import End, expected
from .ground import FINISHED, KILLED, Ground, in_a_child, kill
from .modes import Mode
from .places import Killed, Place, killing_at

HOLDS = {"rises": True, "own_answers": True, "foreign_errors": True, "largest_gap": 6, "version": 1}


@dataclass(slots=True)
class Result:
    """`wrong` is empty when the cell ended as it must."""

    place: Place
    mode: Mode
    reached: bool
    wanted: End
    wrong: list[str] = field(default_factory=list)


class Walk:
    """An account of its own, a clock of its own, and the order under test."""

    def __init__(self, ground: Ground, place: Place, mode: Mode) -> None:
        self.box, self.place, self.mode = ground.box, place, mode
        self.now = NOON
        self.upstream_before = int(self.box.stats()["orders"])
        self.provider: Provider = make_provider(
            url=ground.url, key=ground.next_key(), add_spacing_ms=0, calls_per_minute=60_000
        )
        Recovery.objects.create(
            provider=self.provider,
            key_is_ours_alone=True,
            lost_in_a_row=0,
            calibration=HOLDS,
            calibrated_at=NOON,
        )
        truth = ground.service
        self.service = make_service(
            self.provider,
            external_id=str(truth["id"]),
            rate=Decimal(truth["rate"]),
            min=int(truth["min"]),
            max=int(truth["max"]),
        )
        self.draft, self.later = self._draft(), self._draft()

    def result(self) -> Result:
        """Walk the cell to its end and compare."""
        self._place(self._draft())
        self._send()  # an id from before, and money spent
        self.adds_before = self.box.calls("add")
        reached = self._crash()
        self.box.clear_faults()
        self._repair()
        self._place(self.later)
        self._until_quiet()
        return self._result(reached)

    def clock(self) -> datetime:
        self.now += timedelta(milliseconds=5)
        return self.now

    def _wait(self, seconds: float) -> None:
        self.now = let_pass(self.now, seconds)

    def _draft(self) -> OrderDraft:
        payload = DefaultPayload(
            service_id=self.service.external_id,
            link=f"https://lumen.example/p/{uuid.uuid4()}",
            quantity=self.service.min or 100,
        )
        return OrderDraft(self.service, payload, uuid.uuid4())

    def _place(self, draft: OrderDraft) -> Order:
        return place_orders.place_order(draft, placed_by=None, now=self.clock())[0]

    def _account(self) -> Provider:
        return Provider.objects.get(pk=self.provider.pk)

    def _send(self) -> None:
        account = self._account()
        send_run.send_queued(account, client_for(account), clock=self.clock, seconds=60)

    def _recover(self) -> None:
        account = self._account()
        recover_account(account, client_for(account), clock=self.clock)

    # the crash

    def _crash(self) -> bool:
        """Let the worker die; whether it came by the place at all."""
        if self.mode.fault:
            self.box.fault(
                self.mode.fault, self.mode.phase, action="add", times=1, **self.mode.options
            )
        if self.place.killed is Killed.SENDING:
            reached = self._in_a_child(self.place.name, self._place_and_send)
            if self.place.name == "bytes.last":
                self._until_served("add", self.adds_before)
            return reached
        self._in_a_child("send.answered", self._place_and_send)
        self._wait(clocks.SEND_LEASE_SECONDS + 1)
        if self.place.killed is Killed.REAPING:
            return self._in_a_child(self.place.name, self._reap)
        self._reap()
        self._wait(clocks.SEARCH_AFTER_SECONDS[0])
        return self._in_a_child(self.place.name, self._recover)

    def _in_a_child(self, place: str, work: Callable[[], None]) -> bool:
        def to_its_end() -> None:
            with killing_at(place, kill):
                work()

        ended = in_a_child(to_its_end)
        if ended not in (FINISHED, KILLED):
            raise AssertionError(f"the child broke with {ended}")
        return ended == KILLED

    def _place_and_send(self) -> None:
        if self.mode.deadline:
            clocks.PROVIDER_DEADLINE_SECONDS = self.mode.deadline  # type: ignore[assignment]  # in the child alone
            shared_transport.cache_clear()
        self._place(self.draft)
        account = self._account()
        if not self.mode.listens:
            account.url = settings.SANDBOX_URL = f"http://127.0.0.1:{free_port()}/api/v2"
            shared_transport.cache_clear()
        send_run.send_queued(account, client_for(account), clock=self.clock, seconds=60)

    def _reap(self) -> None:
        sweep_due.reap_lost_sends(now=self.clock())

    def _until_served(self, action: str, before: int) -> None:
        """The request is on its way although its sender is dead: wait until it was served."""
        ends = time.monotonic() + 10
        while time.monotonic() < ends and self.mode.listens:
            stats = self.box.stats()
            if stats["calls"].get(action, 0) > before and not stats["in_flight"]:
                return
            time.sleep(0.005)

    # the repair

    def _repair(self) -> None:
        """What the timetable does in the minutes after, and the person who sent the form."""
        self._place(self.draft)  # the form again: the same form key is the same order
        import_spool(self.clock())
        self._wait(clocks.SEND_LEASE_SECONDS + 1)
        self._reap()
        self._until_quiet()

    def _until_quiet(self) -> None:
        for seconds in (3, *clocks.SEARCH_AFTER_SECONDS, clocks.NOT_PLACED_GRACE_SECONDS, 61, 61):
            self._sweep()
            if self._is_quiet():
                return
            self._wait(seconds)
            if self.provider.pk in sweep_due.accounts_to_recover(self.now):
                self._recover()

    def _sweep(self) -> None:
        if self.provider.pk in dict(probe_account.accounts_to_probe(self.clock())):
            account = self._account()
            balances.read_balance(account, client_for(account), clock=self.clock)
        if Order.objects.filter(provider=self.provider, status=Status.HELD).exists():
            account = self._account()
            balances.read_balance(account, client_for(account), clock=self.clock)
            sweep_due.forget_funds_refusals(now=self.clock())
            sweep_due.hold_and_release(now=self.clock())
        if self.provider.pk in sweep_due.providers_to_ring(self.clock()):
            self._send()

    def _is_quiet(self) -> bool:
        waiting = Order.objects.filter(provider=self.provider).exclude(
            status__in=[*AT_PROVIDER, Status.REJECTED, Status.NOT_PLACED]
        )
        return not waiting.exists()

    # the result

    def _result(self, reached: bool) -> Result:
        wanted = self._expected_end()
        result = Result(self.place, self.mode, reached, wanted)
        self._follow()
        order = Order.objects.get(form_key=self.draft.form_key)
        ledger = self.box.ledger(after=self.upstream_before)
        mine = [row for row in ledger if row["link"] == order.link]
        if reached != self.place.is_reached(self.mode):
            result.wrong.append("the place was reached" if reached else "it was not reached")
        if order.status != wanted.status:
            result.wrong.append(f"the order is {order.status}: {order.reason}")
        if len(mine) != wanted.upstream:
            result.wrong.append(f"the provider has it {len(mine)} times")
        is_found = wanted.status != Status.UNCONFIRMED
        if mine and is_found and order.external_id != str(mine[0]["id"]):
            result.wrong.append(f"it is {mine[0]['id']} there and {order.external_id!r} here")
        result.wrong += self._wrong_with_the_account(ledger)
        return result

    def _expected_end(self) -> End:
        return expected(self.place, self.mode, spool=has_spool())

    def _follow(self) -> None:
        """Ask once how each order is going, so that each charge is the provider's word."""
        PollSchedule.objects.filter(provider=self.provider).update(next_at=self.now)
        account = self._account()
        poll_cycle.poll_account(account, client_for(account), clock=self.clock, seconds=60)

    def _wrong_with_the_account(self, ledger: list[dict[str, Any]]) -> list[str]:
        wrong = []
        orders = Order.objects.filter(provider=self.provider)
        if Order.objects.get(form_key=self.later.form_key).status != Status.PENDING:
            wrong.append("the next order was not sent")
        if Attempt.objects.filter(provider=self.provider, outcome=Outcome.IN_FLIGHT).exists():
            wrong.append("a claim is left")
        charged = sum((order.charge or Decimal(0) for order in orders), Decimal(0))
        upstream = sum((Decimal(row["charge_now"]) for row in ledger), Decimal(0))
        if charged != upstream:
            wrong.append(f"{upstream} were charged and {charged} are known")
        if len({row["link"] for row in ledger}) != len(ledger):
            wrong.append("something was bought twice")
        return wrong


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
