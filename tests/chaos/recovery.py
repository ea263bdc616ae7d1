"""How far the desk of a run may resolve lost answers by itself, and who looks at what it stops."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from contextlib import suppress
from math import ceil

from . import rows
from .browser import UNHURT_SECONDS, Browser, NoAnswer, Page
from .desk import Desk
from .entry import SHORT_CLOCKS
from .nemesis import PAUSES
from .opening import MANAGER, WATCHER, Account, beside_each_other, log_in, submit
from .plan import FIRST_ORDERS, is_random
from .processes import wait_until
from .sandboxes import LATE_SECONDS

# So long after its claim an order may still appear at the provider: its worker is frozen before
# the pre-send check or just after it, sends as late as it may, and the provider takes its time. A
# grace for "not placed" must be longer, with room for a machine that is slow.
LATEST_APPEARANCE_SECONDS = SHORT_CLOCKS["SEND_WINDOW_SECONDS"] + PAUSES[1] + LATE_SECONDS
GRACE_SECONDS = ceil(LATEST_APPEARANCE_SECONDS) + 4
LEAST_ADDS = FIRST_ORDERS - 1
LOST_IN_A_ROW = 3  # as in production
LOOKS_EVERY_SECONDS = 2.0
CALIBRATED_SECONDS = 180
_LOOKED = re.compile(
    r'/orders/sending-control/(\d+)/open/"(?:(?!</form>).)*?Reviewed: resume', re.DOTALL
)


def prepare_recovery(desk: Desk, accounts: Sequence[Account]) -> None:
    """A manager sets the rules on the page of each account. Where ids do not rise, only a person
    decides; every other account stops itself after three lost answers, the rest never does."""
    manager = Browser(desk.port, patience=UNHURT_SECONDS)
    log_in(manager, MANAGER)

    def set_rules(position: int) -> None:
        account = accounts[position]
        values = {
            "enabled": "on",
            "least_adds": str(LEAST_ADDS),
            "grace_seconds": str(GRACE_SECONDS),
            "calls_per_hour": "100000",
            "lost_in_a_row": str(LOST_IN_A_ROW if position % 2 == 0 else 0),
            "lost_amount": "",
            "two_people_above": "",
        }
        if not is_random(account.name):
            values["key_is_ours_alone"] = "on"
        submit(manager.clone(), f"/orders/recovery/{account.row}/", values)

    beside_each_other(set_rules, range(len(accounts)))


def calibrate(desk: Desk, accounts: Sequence[Account]) -> None:
    """The button on the page, until the ids of each account are known to prove something."""
    manager = Browser(desk.port, patience=UNHURT_SECONDS)
    log_in(manager, MANAGER)
    wanted = {account.row: account for account in accounts if not is_random(account.name)}

    def press(row: int) -> None:
        page = f"/orders/recovery/{row}/"
        submit(manager.clone(), page, {}, to=f"{page}calibrate/")

    def all_are() -> bool:
        missing = wanted.keys() - rows.calibrated_in(desk.database)
        beside_each_other(press, missing)
        return not missing

    wait_until(all_are, "the calibration", CALIBRATED_SECONDS)


def shown_with(page: Page, halt: str) -> str:
    """What the button that ends this stop carries."""
    form = page.text.partition(f"/orders/sending-control/{halt}/open/")[2].partition("</form>")[0]
    found = re.search(r'name="shown" value="([^"]*)"', form)
    return found[1] if found else ""


def stops_to_review(page: Page) -> list[str]:
    """The numbers of the stops on the page of stops that wait for somebody to look."""
    return _LOOKED.findall(page.text)


class Watcher:
    """Somebody who has the page of stops open, and says "Reviewed" where it is asked for."""

    def __init__(self, port: int) -> None:
        self.browser = Browser(port)
        self.acknowledged = 0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ending.set()
        self._thread.join(30)

    def _watch(self) -> None:
        while not self._ending.wait(LOOKS_EVERY_SECONDS):
            with suppress(NoAnswer, PermissionError):
                self._look()

    def _look(self) -> None:
        page = self.browser.get("/orders/sending-control/")
        if page.is_log_in:
            log_in(self.browser, WATCHER)
            return
        stopped = stops_to_review(page)
        if stopped:
            self.browser.get("/orders/unconfirmed/")
        for halt in stopped:
            self.acknowledged += self._open(page, halt)

    def _open(self, page: Page, halt: str) -> bool:
        note = {"note": "They are being looked for.", "shown": shown_with(page, halt)}
        return self.browser.post(
            f"/orders/sending-control/{halt}/open/", {**page.hidden(), **note}
        ).location.endswith("/orders/sending-control/")
