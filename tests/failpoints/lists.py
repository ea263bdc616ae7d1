"""The same where the provider has a list of our newest orders: a worker is killed while a lost
order is looked for in it, at the first look, or at the one that would show it not to be there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any

from core import clocks
from orders.models import Attempt, Recovery
from orders.recovery.search.find_lost import MOST_CALLS
from orders.sending import sweep_due
from providers.models import Provider

from .cells import CellResult
from .expected import NOT_THERE, THERE, End
from .ground import Ground
from .modes import MODES, Mode
from .places import Left, Place
from .walk import Walk

KNOWN = 2  # orders of ours in the list, beside the first, before one is lost
LOOK_EVERY = 31
LOOKS = 12
LIST_STRIDE = 3  # of a part: each place at either look


class Look(Enum):
    FIRST = "the first look"
    LAST = "the look after a later order"


def _is_taken(mode: Mode) -> bool:
    return mode.taken


def _is_absent(mode: Mode) -> bool:
    return not mode.taken


LIST_PLACES = (
    (Look.FIRST, Place("list.answered", Left.REQUEST)),
    (Look.FIRST, Place("list.told", Left.REQUEST)),
    (Look.FIRST, Place("link.attempt", Left.REQUEST, is_reached=_is_taken)),
    (Look.FIRST, Place("link.moved", Left.REQUEST, is_reached=_is_taken)),
    (Look.LAST, Place("list.answered", Left.REQUEST, is_reached=_is_absent)),
    (Look.LAST, Place("list.told", Left.REQUEST, is_reached=_is_absent)),
    (Look.LAST, Place("absent.attempt", Left.REQUEST, is_reached=_is_absent)),
    (Look.LAST, Place("absent.moved", Left.REQUEST, is_reached=_is_absent)),
)
LIST_MODES = tuple(
    mode
    for mode in MODES
    if mode.name in ("accepts", "reset, taken", "web page", "502", "reset", "wrong link")
)
Cell = tuple[Look, Place, Mode]


def list_cells() -> list[Cell]:
    """Who is found at the first look has no last one."""
    return [
        (look, place, mode)
        for look, place in LIST_PLACES
        for mode in LIST_MODES
        if place.is_reached(mode)
    ]


def walk_lists(chosen: Iterable[Cell], ground: Ground) -> Iterator[CellResult]:
    ground.box.dialect(recent_orders=True)
    for look, place, mode in chosen:
        found = ListWalk(ground, look, place, mode).result()
        yield CellResult(look, place, mode, found.reached, found.wrong)


class ListWalk(Walk):
    """An account whose ids prove nothing, and whose list does."""

    def __init__(self, ground: Ground, look: Look, place: Place, mode: Mode) -> None:
        super().__init__(ground, place, mode)
        self.look = look
        self.newer = self._draft()
        Provider.objects.filter(pk=self.provider.pk).update(dialect={"recent_orders": True})
        rules = Recovery.objects.filter(provider=self.provider)
        rules.update(calibration={}, calibrated_at=None, least_adds=50)

    def _crash(self) -> bool:
        for _ in range(KNOWN):
            self._place(self._draft())
            self._send()
        if fault := self.mode.fault:
            self.box.fault(fault, self.mode.phase, action="add", times=1, **self.mode.options)
        self._in_a_child("send.answered", self._place_and_send)
        self._wait(clocks.SEND_LEASE_SECONDS + 1)
        self._reap()
        self._wait(clocks.SEARCH_AFTER_SECONDS[0])
        if self.look is Look.LAST:
            self._until_sent_after()
        return self._in_a_child(self.place.name, self._recover)

    def _until_sent_after(self) -> None:
        """It was looked for in vain, its time is over, and a later order is in the list."""
        for seconds in (*clocks.SEARCH_AFTER_SECONDS, clocks.NOT_PLACED_GRACE_SECONDS):
            self._recover()
            self._wait(seconds)
        self._recover()
        self._place(self.newer)
        self._sweep()
        self._wait(LOOK_EVERY)

    def _until_quiet(self) -> None:
        for _ in range(LOOKS):
            if self.provider.pk in sweep_due.accounts_to_recover(self.now):
                self._recover()
            self._sweep()
            if self._is_quiet():
                return
            self._wait(LOOK_EVERY)

    def _expected_end(self) -> End:
        """The list has what the provider has, whoever died while it was read."""
        return THERE if self.mode.taken else NOT_THERE

    def _wrong_with_the_account(self, ledger: list[dict[str, Any]]) -> list[str]:
        wrong = super()._wrong_with_the_account(ledger)
        attempt = Attempt.objects.get(order__form_key=self.draft.form_key)
        if attempt.calls > MOST_CALLS:
            wrong.append(f"it took {attempt.calls} calls")
        return wrong
