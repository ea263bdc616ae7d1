"""A worker stands still over a refill or a cancel while a second one does its work, and goes on.

It is not killed: its claim runs out, is reaped, and is sent again where that may be, by the second
worker, which is a thread with a connection of its own; a person decides in between. Then the first
one wakes up with what it knew. Nothing is sent that nobody asked for, and nothing is forgotten.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from enum import Enum

from django.db import connections

from core import clocks
from core.failpoints import armed
from orders.aftersales import request_cancels, request_refills, runs
from orders.models import PollSchedule, Refill
from orders.restores.tasks import importers
from orders.sending.writes import answer_files
from orders.status import Write
from providers.connect import client_for
from providers.models import ProviderHealth

from .cells import CellResult
from .ground import Ground
from .modes import Classification, Mode
from .places import Place
from .requests import REQUEST_MODES, REQUEST_PLACES, End, RequestWalk


class Meanwhile(Enum):
    """What is done while the first worker stands still; always: its claim is taken for lost."""

    REAPED = "reaped"
    ASKED_AGAIN = "asked for again"
    TAKEN_BACK = "taken back"


# Between the pre-send check and the first byte the socket's own clock ends who stands still.
STANDS_AT = tuple(place for place in REQUEST_PLACES if place.name.startswith("request."))
WITHIN_A_TRANSACTION = ("request.taken", "request.written")  # the second one waits for its end
UNSENT = ("request.claimed", "request.journaled")
UNWRITTEN = ("request.answered", "request.kept", "request.read")
BLOCKED_SECONDS = 0.5
SECOND_MODES = tuple(mode for mode in REQUEST_MODES if mode.name in ("accepts", "reset, taken"))
Cell = tuple[Write, Place, Meanwhile, Mode]


def second_worker_cells() -> list[Cell]:
    return [
        (write, place, meanwhile, mode)
        for write in (Write.REFILL, Write.CANCEL)
        for place in STANDS_AT
        for meanwhile in Meanwhile
        for mode in SECOND_MODES
        if write is Write.REFILL or meanwhile is not Meanwhile.ASKED_AGAIN
    ]


def walk_second_workers(chosen: Iterable[Cell], ground: Ground) -> Iterator[CellResult]:
    for write, place, meanwhile, mode in chosen:
        yield SecondWorkerWalk(ground, write, place, meanwhile, mode).result_beside_another()


def possible_ends(write: Write, place: Place, meanwhile: Meanwhile, mode: Mode) -> set[End]:
    """How it may end: one way, but where the claim is not committed and either may be the first.

    The claim of who stood still too long sends nothing. Its answer counts against a claim that was
    taken for lost, and not against a person's word: the history has it then.
    """
    is_known = mode.classification is Classification.ACCEPTED
    is_sent = place.name not in UNSENT
    if place.name == "request.taken":
        return _ends_before_the_claim(write, is_known)
    if write is Write.CANCEL:
        is_settled = is_known and place.name not in UNWRITTEN
        again = is_sent and not is_settled  # after its order's status was read
        return {End("accepted", 2 if again or not is_known else 1)}
    if is_sent and is_known and place.name not in UNWRITTEN:
        return {End("pending", 1)}  # nothing is left to be lost, asked for or taken back
    asked = int(is_sent)
    if meanwhile is Meanwhile.TAKEN_BACK:
        return {End("withdrawn", asked)}
    if meanwhile is Meanwhile.REAPED:
        return {End("pending" if is_known and is_sent else "unconfirmed", asked)}
    # Where the first one was taken the provider says to the second that there is one
    return {End("pending" if is_known or is_sent else "unconfirmed", asked + 1)}


def _ends_before_the_claim(write: Write, is_known: bool) -> set[End]:
    if write is Write.CANCEL:
        return {End("ended", 0), End("accepted", 1)} | (set() if is_known else {End("accepted", 2)})
    ends = {End("pending", 1), End("withdrawn", 0)}
    return ends if is_known else ends | {End("unconfirmed", 1)}


class SecondWorkerWalk(RequestWalk):
    """Of a request with two workers, both alive."""

    def __init__(
        self, ground: Ground, write: Write, place: Place, meanwhile: Meanwhile, mode: Mode
    ) -> None:
        super().__init__(ground, write, place, mode)
        self.meanwhile = meanwhile
        self.second: threading.Thread | None = None
        self.broken: list[BaseException] = []

    def result_beside_another(self) -> CellResult:
        self.row = self._wanted()
        before = self.box.calls(self.write.value)
        if self.mode.fault:
            terms = {"action": self.write.value, "times": 1, **self.mode.options}
            self.box.fault(self.mode.fault, self.mode.phase, **terms)
        with armed(self.place.name, self._stand_still):
            self._send_now()
        if self.second is not None:
            self.second.join()
        self.box.clear_faults()
        self._fix()
        self.row.refresh_from_db()
        asked = self.box.calls(self.write.value) - before
        result = CellResult(self.write, self.place, self.mode, reached=self.second is not None)
        end = End(str(self.row.status), asked)
        wanted = possible_ends(self.write, self.place, self.meanwhile, self.mode)
        if end not in wanted:
            result.wrong.append(f"it ended as {end} and not as {wanted}")
        result.wrong += [f"the second worker broke with {error!r}" for error in self.broken]
        result.wrong = [f"{self.meanwhile.value}: {words}" for words in result.wrong]
        return result

    def _stand_still(self) -> None:
        """The first time only: the second worker comes by here too."""
        if self.second is not None:
            return
        self.second = threading.Thread(target=self._second_worker)
        self.second.start()
        is_within = self.place.name in WITHIN_A_TRANSACTION
        self.second.join(timeout=BLOCKED_SECONDS if is_within else None)

    def _second_worker(self) -> None:
        try:
            self._wait(clocks.SEND_LEASE_SECONDS + 1)
            answer_files.import_left_behind(importers(self.clock()))
            runs.reap_lost_requests(now=self.clock())
            self._decide()
            self._wait(clocks.CANCEL_RECHECK_SECONDS + 60)
            self._send_again()
        except BaseException as error:
            self.broken.append(error)
        finally:
            connections.close_all()

    def _decide(self) -> None:
        """A person who looks at the request as it stands now."""
        kind = type(self.row)
        row = kind._default_manager.select_related("order__service", "order__provider")
        mine = row.get(pk=self.row.pk)
        if self.meanwhile is Meanwhile.TAKEN_BACK:
            if isinstance(mine, Refill):
                request_refills.withdraw_refill(mine, actor=None, now=self.clock())
            else:
                request_cancels.withdraw_cancel(mine, actor=None, now=self.clock())
        elif self.meanwhile is Meanwhile.ASKED_AGAIN and isinstance(mine, Refill):
            request_refills.ask_again(mine, actor=None, now=self.clock())

    def _send_again(self) -> None:
        """Its order was asked about since: then a cancel may be sent once more."""
        ProviderHealth.objects.filter(provider=self.provider).update(open_until=None)
        PollSchedule.objects.filter(provider=self.provider).update(looked_at=self.clock())
        self._send_now()

    def _send_now(self) -> None:
        account = self._account()
        runs.send_requests(account, client_for(account), clock=self.clock, seconds=0)
