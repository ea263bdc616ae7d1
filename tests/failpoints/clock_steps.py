"""The same while the clock that all share is set: at every place of a send, by a step that no wait
of the desk may take for time, or be held by. The worker lives on, or dies there as well.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import patch

from core import clocks
from orders.models import Recovery
from orders.sending import clock_ahead, sweep_due
from orders.sending.writes import send_clock
from orders.status import Status
from tests.kept_answers import has_spool, import_spool

from .expected import NOT_THERE, THERE, End, as_written_down, expected
from .ground import FINISHED, KILLED, Ground, in_a_child, kill
from .modes import MODES, Mode
from .places import PLACES, Killed, Left, Place, killing_at
from .walk import Walk

MINUTES, DAY = 600, 86_400
STEPS = (-DAY, -MINUTES, MINUTES, DAY)
STEP_MODES = tuple(mode for mode in MODES if mode.name in ("accepts", "502", "reset, taken"))
LOOK_EVERY = 120
STRIDE = 23  # of the 24 cells of a place: each place once, each time with others of the rest
STEPPED = 78  # how a child ends that came by and lived
# The longest that anything waits by itself, and what a lost order waits for after it.
CAP = (
    max(clocks.NOT_SENT_BACKOFF_SECONDS)
    + clocks.READINGS_APART_SECONDS
    + clocks.SEND_LEASE_SECONDS
    + clocks.NOT_PLACED_GRACE_SECONDS
    + clocks.RECOVERY_PATIENCE_SECONDS
)
IN_A_CLAIM = ("claim.moved", "claim.written", "claim.committed", "claim.journaled")
LEFT_TO_A_PERSON = End(Status.UNCONFIRMED, 0)


@dataclass(frozen=True, slots=True)
class Step:
    """The clock is set by so many `seconds`, and the worker that comes by then lives or not."""

    place: Place
    seconds: int
    dies: bool
    mode: Mode

    def __str__(self) -> str:
        fate = "dies" if self.dies else "lives"
        return f"{self.place.name} × {self.seconds:+} s × {fate} × {self.mode.name}"


@dataclass(slots=True)
class StepResult:
    step: Step
    reached: bool
    wrong: list[str] = field(default_factory=list)


def step_cells(*, everything: bool) -> list[Step]:
    """All, or a part with each place, each step, either fate and each provider."""
    cells = [
        Step(place, seconds, dies, mode)
        for place in PLACES
        for seconds in STEPS
        for dies in (False, True)
        for mode in STEP_MODES
    ]
    return cells if everything else cells[::STRIDE]


def walk_steps(chosen: Iterable[Step], ground: Ground) -> Iterator[StepResult]:
    for step in chosen:
        yield ClockWalk(ground, step).result_of_step()


def expected_step(step: Step, *, spool: bool) -> End:
    """As without a step; but who lives sends nothing that was claimed by another clock, and what
    was sent on another day is shown not to be there by nothing."""
    end = expected(step.place, step.mode, spool=spool) if step.dies else _if_it_lives(step, spool)
    is_set = step.place.is_reached(step.mode)
    if is_set and end == NOT_THERE and step.seconds < -CAP:
        return LEFT_TO_A_PERSON  # the later order left before it, as the clock tells
    return end


def _if_it_lives(step: Step, spool: bool) -> End:
    place, mode = step.place, step.mode
    if place.killed is not Killed.SENDING:
        return expected(place, mode, spool=spool)
    if place.name in IN_A_CLAIM:
        return THERE  # taken back, and sent again when the clock stands
    if place.left is Left.PAYLOAD and step.seconds < 0:
        return THERE  # its time is still to come, and comes when the provider is well again
    return as_written_down(mode)


class SteppedWalk(Walk):
    """A walk whose clock is set once, by so many `seconds`, and whose worker `dies` then or lives.
    What its own clock counts, which nobody sets, goes on."""

    seconds: int
    dies: bool
    stepped = timedelta()

    @contextmanager
    def _own_clock(self) -> Iterator[None]:
        own = SimpleNamespace(monotonic=lambda: (self.now - self.stepped).timestamp())
        with patch.object(send_clock, "time", own):
            yield

    def _set(self) -> None:
        if not self.stepped:
            self.stepped = timedelta(seconds=self.seconds)
            self.now += self.stepped

    def _in_a_child(self, place: str, work: Callable[[], None]) -> bool:
        if place != self.place.name:
            return super()._in_a_child(place, work)

        def act() -> None:
            self._set()
            if self.dies:
                kill()

        def to_its_end() -> None:
            with killing_at(place, act):
                work()
            if self.stepped:
                os._exit(STEPPED)

        ended = in_a_child(to_its_end)
        if ended not in (FINISHED, KILLED, STEPPED):
            raise AssertionError(f"the child broke with {ended}")
        if ended != FINISHED:
            self._set()
        return ended != FINISHED


class ClockWalk(SteppedWalk):
    """Of a send."""

    def __init__(self, ground: Ground, step: Step) -> None:
        super().__init__(ground, step.place, step.mode)
        self.step, self.seconds, self.dies = step, step.seconds, step.dies

    def result_of_step(self) -> StepResult:
        with self._own_clock():
            found = self.result()
        return StepResult(self.step, found.reached, found.wrong)

    def _in_a_child(self, place: str, work: Callable[[], None]) -> bool:
        reached = super()._in_a_child(place, work)
        if self.stepped:
            # One of yesterday is made again, which takes more orders than this account has.
            Recovery.objects.filter(provider=self.provider).update(calibrated_at=self.now)
        return reached

    def _expected_end(self) -> End:
        return expected_step(self.step, spool=has_spool())

    def _until_quiet(self) -> None:
        """The timetable, for as long as the longest wait may last."""
        ends = self.now + timedelta(seconds=CAP)
        while not self._is_quiet() and self.now < ends:
            clock_ahead.pull_back(self.clock())
            self._reap()
            import_spool(self.clock())
            if self.provider.pk in sweep_due.accounts_to_recover(self.now):
                self._recover()
            self._sweep()
            self._wait(LOOK_EVERY)


def printed_steps(results: list[StepResult]) -> str:
    """What is wrong, and how many cells there were."""
    lines = [f"WRONG {one.step}: {what}" for one in results for what in one.wrong]
    reached = sum(one.reached for one in results)
    return "\n".join([*lines, f"{len(results)} cells of clock steps, {reached} times it was set."])
