"""The same behind a restored database where something was sent a second time: a lost order replayed
under its id of ours, or a lost refill that a person asked for again. The database is put back to
before both, or to between the two. A worker is killed while it gives back what the journals know.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.test import override_settings

from core import clocks
from orders.aftersales import request_refills
from orders.models import Attempt, Order, Recovery, Refill
from orders.sending import replays
from orders.status import Outcome, RefillStatus, Status
from providers.models import Provider, ProviderHealth
from tests.way_back import WayBack

from .cells import CellResult
from .expected import THERE, End
from .ground import Ground
from .modes import MODES, Classification, Mode
from .places import Left, Place
from .restored import LEASES_OVER, RestoreWalk, give_numbers_out_again
from .restored import Work as RestoreWork

NAME = "request_id"  # of the parameter that carries our id


class Work(Enum):
    """What was sent twice, and what the database that is put back knows of it."""

    REPLAY_OF_UNSENT = "a replay, in a database of before its send"
    REPLAY = "a replay, in a database of before it"
    REFILL_OF_UNSENT = "a refill sent again, in a database of before both"
    REFILL = "a refill sent again, in a database of between"


ORDERS = (Work.REPLAY_OF_UNSENT, Work.REPLAY)
BETWEEN = (Work.REPLAY, Work.REFILL)
_OF_CALLS = ("restore.doubted", "recall.call", "recall.taken", "recall.recorded", "recall.done")
_PLACES = {
    Work.REPLAY_OF_UNSENT: (
        "restore.doubted",
        "recall.moved",
        "recall.written",
        "recall.committed",
        "recall.replayed",
    ),
    Work.REPLAY: ("recall.replayed",),  # every mark is known: no look doubts the database
    Work.REFILL_OF_UNSENT: _OF_CALLS,
    Work.REFILL: _OF_CALLS,
}
SECOND_PLACES = tuple(
    (work, Place(name, Left.KEPT)) for work, names in _PLACES.items() for name in names
)
FIRST_MODES = tuple(mode for mode in MODES if mode.name in ("502", "reset, taken"))
SECOND_MODES = tuple(mode for mode in MODES if mode.name in ("accepts", "502", "reset, taken"))
STRIDE = 5  # of the 96 cells


@dataclass(frozen=True, slots=True)
class Second:
    """A cell: `first` is how the provider behaved at first, `then` at the second send."""

    work: Work
    place: Place
    first: Mode
    then: Mode


def second_cells(*, everything: bool) -> list[Second]:
    """All, or a part with each place and each way of a provider."""
    cells = [
        Second(work, place, first, then)
        for work, place in SECOND_PLACES
        for first in FIRST_MODES
        for then in SECOND_MODES
    ]
    return cells if everything else cells[::STRIDE]


def walk_seconds(chosen: Iterable[Second], ground: Ground) -> Iterator[CellResult]:
    """Each in a database and on a disk of its own."""
    ground.box.dialect(request_id="accepted")
    before = WayBack()
    for cell in chosen:
        disk = Path(settings.DATA_DIR) / uuid4().hex
        with override_settings(DATA_DIR=disk):
            found = (ReplayWalk if cell.work in ORDERS else RefillWalk)(ground, cell).result()
        before.go()
        wrong = [f"then {cell.then.name}: {words}" for words in found.wrong]
        yield CellResult(cell.work, cell.place, cell.first, found.reached, wrong)


class SecondWalk(RestoreWalk):
    """What both have in common: two sends of one thing, and the way back."""

    action: str

    def __init__(self, ground: Ground, cell: Second) -> None:
        super().__init__(ground, RestoreWork.RECALL, cell.place, cell.first)
        self.cell = cell

    def _crash(self) -> bool:
        self._want()
        before = self.box.calls(self.action)
        unsent = WayBack()
        self._under(self.cell.first, self._send_first)
        between = WayBack()
        self._under(self.cell.then, self._send_again)
        self.sent = self.box.calls(self.action) - before
        (between if self.cell.work in BETWEEN else unsent).go()
        give_numbers_out_again()
        self.now += timedelta(seconds=LEASES_OVER)
        reached = self._in_a_child(self.place.name, self._look)
        for _ in range(2):
            self._look()
        self._try_to_send()
        if self.cell.work is not Work.REPLAY:
            self._acknowledge()
        for _ in range(2):
            self._look()
        self._try_to_send()
        if self.cell.work is Work.REPLAY:
            self._ask_once_more()
        self.sent_in_all = self.box.calls(self.action) - before
        self.known = self._known()
        return reached

    def _under(self, mode: Mode, send: Any) -> None:
        if fault := mode.fault:
            self.box.fault(fault, mode.phase, action=self.action, times=1, **mode.options)
        send()
        self.box.clear_faults()
        ProviderHealth.objects.filter(provider=self.provider).update(open_until=None)

    def _ask_once_more(self) -> None:
        """A replay, and its look at the number it is answered with."""
        for _ in range(2):
            self._wait(clocks.SEARCH_AFTER_SECONDS[0])
            self._recover()

    def _want(self) -> None:
        raise NotImplementedError

    def _send_first(self) -> None:
        raise NotImplementedError

    def _send_again(self) -> None:
        raise NotImplementedError

    def _known(self) -> str:
        """What is wrong with what the database knows again; empty where nothing is."""
        raise NotImplementedError

    def _wrong_with_the_account(self, ledger: list[dict[str, Any]]) -> list[str]:
        wrong = []
        if Order.objects.get(form_key=self.later.form_key).status != Status.PENDING:
            wrong.append("the next order was not sent")
        if Attempt.objects.filter(outcome=Outcome.IN_FLIGHT).exists():
            wrong.append("a claim is left")
        if len({row["link"] for row in ledger}) != len(ledger):
            wrong.append("something was bought twice")
        if self.sent != 2:
            wrong.append(f"it was sent {self.sent} times before")
        if self.sent_in_all != (3 if self.cell.work is Work.REPLAY else 2):
            wrong.append(f"it was sent {self.sent_in_all} times in all")
        return wrong + ([self.known] if self.known else [])


class ReplayWalk(SecondWalk):
    """An order whose answer was lost, at a provider that knows our ids."""

    action = "add"

    def __init__(self, ground: Ground, cell: Second) -> None:
        super().__init__(ground, cell)
        Provider.objects.filter(pk=self.provider.pk).update(dialect={"idempotency_parameter": NAME})
        rules = Recovery.objects.get(provider=self.provider)
        rules.replays_are_safe, rules.calibration, rules.calibrated_at = True, {}, None
        rules.promise_replays(self._account())
        rules.save()

    def _want(self) -> None:
        self._place(self.draft)

    def _send_first(self) -> None:
        self._send()

    def _send_again(self) -> None:
        self._wait(clocks.SEARCH_AFTER_SECONDS[0])
        self._recover()

    def _known(self) -> str:
        seen = Attempt.objects.get(order__form_key=self.draft.form_key).evidence
        return "" if replays.REPLAYED_AS in seen else f"its replay is not known: {seen}"

    def _expected_end(self) -> End:
        if self.cell.work is Work.REPLAY:
            return THERE  # it is asked once more, and answered with its number
        taken = self.cell.first.taken or self.cell.then.taken
        return End(Status.UNCONFIRMED, int(taken))


class RefillWalk(SecondWalk):
    """A refill whose answer was lost."""

    action = "refill"

    def _want(self) -> None:
        self._place(self.draft)
        self._send()
        self.refill = self._wanted_refill()

    def _send_first(self) -> None:
        self._ask_requests()

    def _send_again(self) -> None:
        self.refill.refresh_from_db()
        assert self.refill.status == RefillStatus.UNCONFIRMED, self.refill.status
        self._wait(LEASES_OVER)
        said = request_refills.ask_again(self.refill, actor=None, now=self.clock())
        assert not said, said
        self._ask_requests()

    def _known(self) -> str:
        refill = Refill.objects.get()
        answered = self.cell.then.classification is Classification.ACCEPTED
        wanted = RefillStatus.PENDING if answered else RefillStatus.UNCONFIRMED
        has_number = answered and not self.cell.first.taken  # else the first is under way there
        if (refill.status, bool(refill.external_id)) == (wanted, has_number):
            return ""
        return f"the refill is {refill.status}: {refill.external_id!r}, {refill.reason}"

    def _expected_end(self) -> End:
        return THERE
