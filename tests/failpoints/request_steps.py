"""Refills and cancels while the clock that all share is set: a worker dies there, at four places of
a request, by each step of `clock_steps`. Nothing is sent twice, and nothing waits for the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import patch

from orders.aftersales import runs
from orders.models import PollSchedule
from orders.restores.tasks import importers
from orders.sending import clock_ahead
from orders.sending.writes import answer_files, send_clock
from orders.status import Write
from providers.connect import client_for
from providers.models import ProviderHealth

from .cells import CellResult
from .clock_steps import CAP, LOOK_EVERY, STEPS
from .ground import FINISHED, KILLED, Ground, in_a_child, kill
from .modes import Mode
from .places import Place, killing_at
from .requests import REQUEST_MODES, REQUEST_PLACES, WRITES, RequestWalk

STEP_PLACES = tuple(
    place
    for place in REQUEST_PLACES
    if place.name in ("request.taken", "request.journaled", "request.answered", "request.kept")
)
STEP_MODES = tuple(mode for mode in REQUEST_MODES if mode.name in ("accepts", "reset, taken"))
STRIDE = 7  # of the 64 cells
Cell = tuple[Write, Place, int, Mode]


def request_step_cells(*, everything: bool) -> list[Cell]:
    """All, or a part with each place, step, write and provider."""
    cells = [
        (write, place, seconds, mode)
        for write in WRITES
        for place in STEP_PLACES
        for seconds in STEPS
        for mode in STEP_MODES
    ]
    return cells if everything else cells[::STRIDE]


def walk_request_steps(chosen: Iterable[Cell], ground: Ground) -> Iterator[CellResult]:
    for write, place, seconds, mode in chosen:
        yield RequestStepWalk(ground, write, place, seconds, mode).result_of_step()


class RequestStepWalk(RequestWalk):
    """A walk whose clock is set as its worker dies. What nobody sets goes on."""

    def __init__(
        self, ground: Ground, write: Write, place: Place, seconds: int, mode: Mode
    ) -> None:
        super().__init__(ground, write, place, mode)
        self.seconds, self.stepped = seconds, timedelta()

    def result_of_step(self) -> CellResult:
        own = SimpleNamespace(monotonic=lambda: (self.now - self.stepped).timestamp())
        with patch.object(send_clock, "time", own):
            found = self.result_of_request()
        found.wrong = [f"by {self.seconds:+} s {words}" for words in found.wrong]
        return found

    def _in_a_child(self, place: str, work: Callable[[], None]) -> bool:
        def to_its_end() -> None:
            with killing_at(place, kill):
                work()

        ended = in_a_child(to_its_end)
        if ended not in (FINISHED, KILLED):
            raise AssertionError(f"the child broke with {ended}")
        if ended == KILLED:
            self.stepped = timedelta(seconds=self.seconds)
            self.now += self.stepped
        return ended == KILLED

    def _fix(self) -> None:
        """The timetable, for as long as the longest wait of an order may last."""
        ends = self.now + timedelta(seconds=CAP)
        while self.now < ends:
            clock_ahead.pull_back(self.clock())
            answer_files.import_left_behind(importers(self.clock()))
            runs.reap_lost_requests(now=self.clock())
            ProviderHealth.objects.filter(provider=self.provider).update(open_until=None)
            PollSchedule.objects.filter(provider=self.provider).update(checked_at=self.clock())
            account = self._account()
            runs.send_requests(account, client_for(account), clock=self.clock, seconds=0)
            self._wait(LOOK_EVERY)
