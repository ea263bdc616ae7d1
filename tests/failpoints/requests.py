"""The same for refills and cancels: a worker is killed at every place, and nothing is sent twice.

A refill whose answer is lost is never sent again by itself; a cancel is, once its order was asked
about: asking twice is asking once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings

from core import clocks
from orders.aftersales import runs
from orders.models import CancelRequest, Order, PollSchedule, Refill
from orders.restores.tasks import importers
from orders.sending.writes import answer_files
from orders.status import Outcome, Status, Write
from providers.connect import client_for, shared_transport
from providers.models import ProviderHealth, Service
from tests.builders import make_attempt, make_cancel, make_order, make_refill, make_service

from .cells import CellResult
from .ground import Ground
from .modes import MODES, Classification, Mode
from .places import Left, Place, is_answered, is_listened_to
from .walk import Walk, free_port

REQUEST_PLACES = (
    Place("request.taken", Left.PAYLOAD),
    Place("request.claimed", Left.CLAIM),
    Place("request.journaled", Left.CLAIM),
    Place("pre_send_check.passed", Left.CLAIM, is_reached=is_listened_to),
    Place("bytes.half", Left.CLAIM, is_reached=is_listened_to),
    Place("bytes.last", Left.REQUEST, is_reached=is_listened_to),
    Place("answer.head", Left.REQUEST, is_reached=is_answered),
    Place("request.answered", Left.REQUEST),
    Place("request.kept", Left.KEPT),
    Place("request.read", Left.KEPT),
    Place("request.written", Left.KEPT),
    Place("request.recorded", Left.SETTLED),
)
REQUEST_MODES = tuple(
    mode
    for mode in MODES
    if mode.name in ("accepts", "nobody there", "reset", "reset, taken", "web page")
)
WRITES = (Write.REFILL, Write.CANCEL)
Cell = tuple[Write, Place, Mode]


@dataclass(frozen=True, slots=True)
class End:
    """The last status of the request, and how often the provider was asked."""

    status: str
    asked: int


def request_cells() -> list[Cell]:
    return [(w, place, mode) for w in WRITES for place in REQUEST_PLACES for mode in REQUEST_MODES]


def walk_requests(chosen: Iterable[Cell], ground: Ground) -> Iterator[CellResult]:
    for write, place, mode in chosen:
        yield RequestWalk(ground, write, place, mode).result_of_request()


def expected_end(write: Write, place: Place, mode: Mode) -> End:
    """From what the crash left and what was answered."""
    left = place.left if place.is_reached(mode) else Left.SETTLED
    first = 1 if mode.listens and left not in (Left.PAYLOAD, Left.CLAIM) else 0
    known = left in (Left.KEPT, Left.SETTLED)
    if left is Left.PAYLOAD or (known and mode.classification is Classification.NOT_SENT):
        return End(_done(write), first + 1)
    if known and mode.classification is Classification.ACCEPTED:
        return End(_done(write), first)
    return End("unconfirmed", first) if write is Write.REFILL else End("accepted", first + 1)


def _done(write: Write) -> str:
    return "pending" if write is Write.REFILL else "accepted"


def refillable_service(walk: Walk) -> Service:
    """Of its account, with what can be asked for afterwards."""
    truth = walk.box.service("Default", refill=True, cancel=True)
    return make_service(
        walk.provider,
        external_id=str(truth["id"]),
        rate=Decimal(truth["rate"]),
        min=int(truth["min"]),
        max=int(truth["max"]),
        refill=True,
        cancel=True,
    )


class RequestWalk(Walk):
    """An order that is at the provider, and one thing wanted of it there."""

    def __init__(self, ground: Ground, write: Write, place: Place, mode: Mode) -> None:
        super().__init__(ground, place, mode)
        self.write = write
        self.service = refillable_service(self)

    def result_of_request(self) -> CellResult:
        row = self._wanted()
        before = self.box.calls(self.write.value)
        if self.mode.fault:
            terms = {"action": self.write.value, "times": 1, **self.mode.options}
            self.box.fault(self.mode.fault, self.mode.phase, **terms)
        reached = self._in_a_child(self.place.name, self._send_requests_in_a_child)
        if self.place.name == "bytes.last":
            self._until_served(self.write.value, before)
        self.box.clear_faults()
        self._fix()
        row.refresh_from_db()
        asked = self.box.calls(self.write.value) - before
        return self._compared(End(str(row.status), asked), reached)

    def _wanted(self) -> Refill | CancelRequest:
        if self.write is Write.CANCEL:
            return make_cancel(order=self._bought(Status.PENDING), requested_at=self.now)
        order = self._bought(Status.COMPLETED)
        self.box.force(order.external_id, status="Completed", remains=0)
        return make_refill(order=order, requested_at=self.now)

    def _bought(self, status: Status) -> Order:
        """At the provider by a call of ours: how orders are sent is for the other tables."""
        draft = self._draft()
        number = client_for(self._account()).add(draft.payload).order_id
        order = make_order(
            status,
            service=self.service,
            external_id=number,
            link=draft.link,
            units=self.service.min,
            created_at=self.clock(),
        )
        make_attempt(order, outcome=Outcome.ACCEPTED)
        return order

    def _send_requests_in_a_child(self) -> None:
        account = self._account()
        if not self.mode.listens:
            account.url = settings.SANDBOX_URL = f"http://127.0.0.1:{free_port()}/api/v2"
            shared_transport.cache_clear()
        runs.send_requests(account, client_for(account), clock=self.clock, seconds=0)

    def _fix(self) -> None:
        """What the timetable does in the minutes after."""
        answer_files.import_left_behind(importers(self.clock()))
        self._wait(clocks.SEND_LEASE_SECONDS + 1)
        runs.reap_lost_requests(now=self.clock())
        for _ in range(3):
            self._wait(clocks.CANCEL_RECHECK_SECONDS + 60)
            ProviderHealth.objects.filter(provider=self.provider).update(open_until=None)
            PollSchedule.objects.filter(provider=self.provider).update(looked_at=self.clock())
            account = self._account()
            runs.send_requests(account, client_for(account), clock=self.clock, seconds=0)

    def _expected_end_of_request(self) -> End:
        return expected_end(self.write, self.place, self.mode)

    def _compared(self, end: End, reached: bool) -> CellResult:
        result = CellResult(self.write, self.place, self.mode, reached)
        wanted = self._expected_end_of_request()
        if reached != self.place.is_reached(self.mode):
            result.wrong.append("the place was reached" if reached else "it was not reached")
        if end != wanted:
            result.wrong.append(f"it ended as {end} and not as {wanted}")
        return result
