"""Refills and cancels while the clock that all share is set: at four places of a request, by each
step of `clock_steps`. The worker dies there or lives on, nothing is sent twice, and nothing waits
for the clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

from orders.aftersales import runs
from orders.models import PollSchedule
from orders.restores.tasks import importers
from orders.sending import clock_ahead
from orders.sending.writes import answer_files
from orders.status import Write
from providers.connect import client_for
from providers.models import ProviderHealth

from .cells import CellResult
from .clock_steps import CAP, LOOK_EVERY, STEPS, SteppedWalk
from .ground import Ground
from .modes import Mode
from .places import Left, Place
from .requests import REQUEST_MODES, REQUEST_PLACES, WRITES, End, RequestWalk, expected_end

STEP_PLACES = tuple(
    place
    for place in REQUEST_PLACES
    if place.name in ("request.taken", "request.journaled", "request.answered", "request.kept")
)
STEP_MODES = tuple(mode for mode in REQUEST_MODES if mode.name in ("accepts", "reset, taken"))
BEFORE_IT_LEFT = ("request.taken", "request.journaled")
STRIDE = 9  # of the 128 cells
Cell = tuple[Write, Place, int, bool, Mode]


def request_step_cells(*, everything: bool) -> list[Cell]:
    """All, or a part with each place, step, write, fate and provider."""
    cells = [
        (write, place, seconds, dies, mode)
        for write in WRITES
        for place in STEP_PLACES
        for seconds in STEPS
        for dies in (False, True)
        for mode in STEP_MODES
    ]
    return cells if everything else cells[::STRIDE]


def walk_request_steps(chosen: Iterable[Cell], ground: Ground) -> Iterator[CellResult]:
    for write, place, seconds, dies, mode in chosen:
        yield RequestStepWalk(ground, write, place, seconds, dies, mode).result_of_step()


def expected_if_it_lives(write: Write, place: Place, mode: Mode) -> End:
    """Nothing is sent that was claimed by another clock, so it is sent once the provider is well
    again; what was answered is written down."""
    left = Left.PAYLOAD if place.name in BEFORE_IT_LEFT else Left.SETTLED
    return expected_end(write, replace(place, left=left), mode)


class RequestStepWalk(SteppedWalk, RequestWalk):
    """Of a request."""

    def __init__(
        self, ground: Ground, write: Write, place: Place, seconds: int, dies: bool, mode: Mode
    ) -> None:
        RequestWalk.__init__(self, ground, write, place, mode)
        self.seconds, self.dies = seconds, dies

    def result_of_step(self) -> CellResult:
        with self._own_clock():
            found = self.result_of_request()
        fate = "dies" if self.dies else "lives"
        found.wrong = [f"{fate}, by {self.seconds:+} s {words}" for words in found.wrong]
        return found

    def _expected_end_of_request(self) -> End:
        if self.dies:
            return super()._expected_end_of_request()
        return expected_if_it_lives(self.write, self.place, self.mode)

    def _fix(self) -> None:
        """The timetable, for as long as the longest wait of an order may last."""
        ends = self.now + timedelta(seconds=CAP)
        while self.now < ends:
            clock_ahead.pull_back(self.clock())
            answer_files.import_left_behind(importers(self.clock()))
            runs.reap_lost_requests(now=self.clock())
            ProviderHealth.objects.filter(provider=self.provider).update(open_until=None)
            PollSchedule.objects.filter(provider=self.provider).update(looked_at=self.clock())
            account = self._account()
            runs.send_requests(account, client_for(account), clock=self.clock, seconds=0)
            self._wait(LOOK_EVERY)
