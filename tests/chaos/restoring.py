"""A backup is restored under the desk's feet: orders in it stand as queued that were sent since."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from . import rows
from .browser import NoAnswer, Page
from .desk import CLIENTS, START_SECONDS, Desk
from .history import History
from .opening import MANAGER, Account, log_in
from .people import Person, Staff
from .plan import PlannedOrder
from .processes import wait_until
from .recovery import shown_with

QUIET_SECONDS = 120.0
RUN_SECONDS = 5.0  # of a reconcile run, for each account
STOPS, RESTORED = "/orders/sending-control/", "/orders/restored/"
_HALT = re.compile(
    r"All sending is stopped</h3>(?:(?!<h3).)*?/orders/sending-control/(\d+)/open/", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Restored:
    """`sent`: orders sent after the backup was made. `noticed_seconds`: from the desk's return to
    the stop. `given_back`: orders the machines' disks had told of when somebody looked."""

    sent: int
    noticed_seconds: float
    given_back: int
    asked_of: int


def restore_backup(
    desk: Desk,
    staff: Staff,
    planned_orders: Sequence[PlannedOrder],
    accounts: Sequence[Account],
    history: History,
) -> Restored:
    """Order while all is stopped, back up, let the orders go, restore, and find the way out."""
    manager = Person(MANAGER, desk.port)
    log_in(manager.browser, MANAGER)
    _press(manager, STOPS, f"{STOPS}all/", {"reason": "A backup is made."})
    staff.place_all(planned_orders)
    backup = desk.directory / "backup"
    desk.database.back_up(backup)
    history.note("backed up")
    _open_all(manager)
    wait_until(lambda: rows.waiting_in(desk.database) == 0, "the sends after it", QUIET_SECONDS)

    desk.crew.rest(*CLIENTS)
    desk.database.restore(backup)
    history.note("restored", queued=rows.counts_in(desk.database)["queued"])
    desk.crew.go_on()
    began = time.monotonic()
    wait_until(desk.is_ready, "the desk after the restore", START_SECONDS)
    _open_all(manager)
    wait_until(lambda: rows.is_stopped_as_restored(desk.database), "the stop", QUIET_SECONDS)
    noticed = time.monotonic() - began
    history.note("stopped", after=noticed)

    _wait_at_most(lambda: rows.waiting_in(desk.database) == 0, QUIET_SECONDS)
    given_back = len(planned_orders) - rows.waiting_in(desk.database)
    _press(manager, RESTORED, f"{RESTORED}run/", {})
    wait_until(
        lambda: "/restored/acknowledge/" in manager.persist(lambda: _get(manager)).text,
        "the reconcile run",
        QUIET_SECONDS + RUN_SECONDS * len(accounts),
    )
    words = {"note": "Restored on purpose; the lists were looked through."}
    words |= {"machines": "on", "sure": "on"}
    _press(manager, RESTORED, f"{RESTORED}acknowledge/", words)
    history.note("acknowledged", given_back=given_back)
    return Restored(len(planned_orders), noticed, given_back, len(accounts))


def _get(person: Person) -> Page:
    return person.browser.get(RESTORED)


def _open_all(person: Person) -> None:
    """End the stop of everything."""
    page = person.persist(lambda: person.browser.get(STOPS))
    halt = _HALT.search(page.text)
    if halt is None:
        raise LookupError("nothing is stopped")
    said = {"note": "It is made.", "shown": shown_with(page, halt[1])}
    _press(person, STOPS, f"{STOPS}{halt[1]}/open/", said)


def _press(person: Person, page: str, to: str, values: dict[str, str]) -> None:
    """Raises ValueError unless it was taken."""

    def send() -> Page:
        form = person.browser.get(page)
        if form.status != 200:
            return form
        answer = person.browser.post(to, {**form.hidden(), **values})
        if answer.status == 403:
            raise NoAnswer("the session had ended")
        return answer

    answer = person.persist(send)
    if answer.status != 302:
        raise ValueError(f"{to} answered {answer.status}")


def _wait_at_most(condition: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.5)
