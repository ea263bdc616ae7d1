"""The same behind a restored database: a worker is killed while it gives back what its machine had
sent, or while it accepts the database after a person has. It begins again, and forgets nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.color import no_style
from django.db import connection
from django.test import override_settings

from core.roles import Role
from orders.aftersales import runs
from orders.models import Attempt, CancelRequest, Halt, Order, Refill, UnmatchedOrder
from orders.restores import compare_accounts
from orders.restores.tasks import importers
from orders.sending.restore_check import guard
from orders.sending.writes import answer_files
from orders.status import HaltKind, Outcome, Status
from providers.connect import client_for
from providers.models import Lease
from tests.builders import make_cancel, make_refill, make_user
from tests.kept_answers import import_spool
from tests.way_back import WayBack

from .cells import CellResult
from .expected import REFUSED, THERE, End
from .ground import Ground
from .modes import MODES, Classification, Mode
from .places import Left, Place
from .requests import refillable_service
from .walk import Walk

PUT_OFF = 10  # seconds: the order under test leaves after one that the backup lacks
LEASES_OVER = 120


class Work(Enum):
    """Which work is cut off."""

    RECALL = "the first look at the restored database"
    ACCEPT = "its acceptance"


RESTORE_PLACES = (
    (Work.RECALL, Place("restore.doubted", Left.KEPT)),
    (Work.RECALL, Place("recall.moved", Left.KEPT)),
    (Work.RECALL, Place("recall.written", Left.KEPT)),
    (Work.RECALL, Place("recall.committed", Left.KEPT)),
    (Work.RECALL, Place("record.begun", Left.KEPT)),
    (Work.RECALL, Place("record.attempt", Left.KEPT)),
    (Work.RECALL, Place("record.moved", Left.KEPT)),
    (Work.RECALL, Place("recall.listed", Left.KEPT)),
    (Work.RECALL, Place("recall.call", Left.KEPT)),
    (Work.RECALL, Place("recall.taken", Left.KEPT)),
    (Work.RECALL, Place("recall.recorded", Left.KEPT)),
    (Work.RECALL, Place("recall.done", Left.KEPT)),
    (Work.ACCEPT, Place("accept.begun", Left.KEPT)),
    (Work.ACCEPT, Place("accept.sends", Left.KEPT)),
    (Work.ACCEPT, Place("accept.noted", Left.KEPT)),
)
RESTORE_MODES = tuple(
    mode for mode in MODES if mode.name in ("accepts", "wrong link", "502", "reset, taken")
)
Cell = tuple[Work, Place, Mode]


def restore_cells(*, everything: bool) -> list[Cell]:
    """All, or a part with each place, and each mode several times."""
    return [
        (work, place, mode)
        for row, (work, place) in enumerate(RESTORE_PLACES)
        for column, mode in enumerate(RESTORE_MODES)
        if everything or (row + column) % len(RESTORE_MODES) == 0
    ]


def walk_restores(chosen: Iterable[Cell], ground: Ground) -> Iterator[CellResult]:
    """Each in a database and on a disk of its own."""
    before = WayBack()
    for work, place, mode in chosen:
        disk = Path(settings.DATA_DIR) / uuid.uuid4().hex
        with override_settings(DATA_DIR=disk):
            found = RestoreWalk(ground, work, place, mode).result()
        before.go()
        yield CellResult(work, place, mode, found.reached, found.wrong)


def expected_restored(mode: Mode) -> End:
    """As the journal has it, and never sent again; what was lost is a person's."""
    match mode.classification:
        case Classification.ACCEPTED:
            return THERE
        case Classification.REFUSED:
            return REFUSED
    return End(Status.UNCONFIRMED, int(mode.taken))


class RestoreWalk(Walk):
    """An order, a refill and a cancel that the backup has as waiting, and an order that it lacks;
    all of them were sent before it was put back."""

    def __init__(self, ground: Ground, work: Work, place: Place, mode: Mode) -> None:
        super().__init__(ground, place, mode)
        self.work = work
        self.service = refillable_service(self)
        self.draft, self.later, self.since = self._draft(), self._draft(), self._draft()

    def _crash(self) -> bool:
        self.refill, self.cancel = self._wanted_refill(), self._wanted_cancel()
        order = self._place(self.draft)
        later = self.now + timedelta(seconds=PUT_OFF)
        Order.objects.filter(pk=order.pk).update(send_after=later)
        asked = {what: self.box.calls(what) for what in ("refill", "cancel")}
        backup = WayBack()
        self._buy_everything()
        self.adds_then = self.box.calls("add")
        backup.go()
        give_numbers_out_again()
        self.now += timedelta(seconds=LEASES_OVER)
        recalling, accepting = self.work is Work.RECALL, self.work is Work.ACCEPT
        reached = recalling and self._in_a_child(self.place.name, self._look)
        for _ in range(2):
            self._look()
        self._try_to_send()
        self._acknowledge()
        reached |= accepting and self._in_a_child(self.place.name, self._look)
        for _ in range(2):
            self._look()
        self._ask_requests()
        self.asked = {what: self.box.calls(what) - before for what, before in asked.items()}
        return reached

    def _at_provider(self) -> Order:
        order = self._place(self._draft())
        self._send()
        order.refresh_from_db()
        assert order.external_id, "the order is not at the provider"
        return order

    def _wanted_refill(self) -> Refill:
        order = self._at_provider()
        self.box.force(order.external_id, status="Completed", remains=0)
        Order.objects.filter(pk=order.pk).update(status=Status.COMPLETED)
        order.refresh_from_db()
        return make_refill(order=order, requested_at=self.now)

    def _wanted_cancel(self) -> CancelRequest:
        return make_cancel(order=self._at_provider(), requested_at=self.now)

    def _buy_everything(self) -> None:
        self._ask_requests()
        self.link = self._place(self.since).link
        self._send()
        self._wait(PUT_OFF)
        if fault := self.mode.fault:
            self.box.fault(fault, self.mode.phase, action="add", times=1, **self.mode.options)
        self._send()
        self.box.clear_faults()

    def _ask_requests(self) -> None:
        account = self._account()
        runs.send_requests(account, client_for(account), clock=self.clock, seconds=0)

    def _look(self) -> None:
        """What the worker's task does every few seconds."""
        guard.check_database(now=self.clock())
        import_spool(self.clock())
        answer_files.import_left_behind(importers(self.clock()))

    def _try_to_send(self) -> None:
        Lease.objects.update(holder="", held_until=None)
        self._send()
        self._ask_requests()

    def _acknowledge(self) -> None:
        """What a manager does on the page."""
        boss = make_user(Role.MANAGER)
        halt = Halt.objects.get(kind=HaltKind.RESTORED, lifted_at=None)
        run = compare_accounts.start_run(halt, actor=boss, now=self.clock())
        assert run is not None
        taken = compare_accounts.take_run(run.pk, now=self.clock())
        assert taken is not None
        compare_accounts.compare_due(taken, client_for, clock=self.clock, seconds=60)
        run.refresh_from_db()
        assert compare_accounts.acknowledge(run, actor=boss, note="Looked.", now=self.clock())

    def _expected_end(self) -> End:
        return expected_restored(self.mode)

    def _wrong_with_the_account(self, ledger: list[dict[str, Any]]) -> list[str]:
        wrong = []
        if Order.objects.get(form_key=self.later.form_key).status != Status.PENDING:
            wrong.append("the next order was not sent")
        if Attempt.objects.filter(outcome=Outcome.IN_FLIGHT).exists():
            wrong.append("a claim is left")
        if len({row["link"] for row in ledger}) != len(ledger):
            wrong.append("something was bought twice")
        if self.box.calls("add") != self.adds_then + 1:
            wrong.append("something was sent again")
        if UnmatchedOrder.objects.filter(link=self.link).count() != 1:
            wrong.append("the order that has no row is not listed once")
        if self.asked != {"refill": 1, "cancel": 1}:
            wrong.append(f"it was asked {self.asked}")
        ends = (Refill.objects.get().status, CancelRequest.objects.get().status)
        if ends != ("pending", "accepted"):
            wrong.append(f"the refill and the cancel are {ends}")
        return wrong


def give_numbers_out_again() -> None:
    """As a restored database does."""

    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_sequence")
            for (table,) in cursor.fetchall():
                name = connection.ops.quote_name(table)
                cursor.execute(
                    f"UPDATE sqlite_sequence SET seq = (SELECT COALESCE(MAX(rowid), 0) FROM {name})"
                    " WHERE name = %s",
                    [table],
                )
            return
        models = [model for model in apps.get_models() if model._meta.managed]
        for line in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(line)
