"""Somebody who has catalogs read, decides about those that wait, and about changed terms."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from . import rows
from .browser import NoAnswer, Page
from .consent import Samples
from .desk import Desk
from .history import History
from .opening import CLERK, Account, beside_each_other, log_in
from .people import NobodyAnswers, Person
from .plan import is_left_held

ROUND_SECONDS = 0.5
READ_AGAIN_SECONDS = 2.5
READ_TIMES = 3  # bells get lost, and a read may come before the change it is for
UNDECIDED_SECONDS = 5.0  # a catalog waits for so long, and orders go on meanwhile
AT_ONCE = 10
ASKED_FIRST = 422
TERMS = "/orders/terms/"
_TOKEN = re.compile(r'name="order" value="(\d+:[0-9a-f]+:[0-9a-f]+)"')


def token_on(page: Page) -> str:
    """What agreeing to the terms on it says: of which order, to which terms; empty without any."""
    found = _TOKEN.search(page.text)
    return found[1] if found else ""


class Clerk:
    """Works in a thread of its own. `done` counts what was decided, `looks` is what was seen."""

    def __init__(self, desk: Desk, accounts: Sequence[Account], history: History) -> None:
        self.history = history
        self.done: Counter[str] = Counter()
        self.samples = Samples(desk.database, [row for one in accounts for row in one.services])
        self._database = desk.database
        self._person = Person(CLERK, desk.port)
        self._rows = {account.name: account.row for account in accounts}
        self._to_read: Counter[int] = Counter()
        self._read_at = 0.0
        self._held_since: dict[int, float] = {}
        self._lock, self._ending = threading.Lock(), threading.Event()
        self._threads = [
            threading.Thread(target=self._go_on, args=(act,), daemon=True)
            for act in (self.samples.take, self._work)
        ]

    def start(self) -> None:
        """Logged in, before there is trouble."""
        log_in(self._person.browser, CLERK)
        for one in self._threads:
            one.start()

    def stop(self) -> None:
        self._ending.set()
        for one in self._threads:
            one.join(60)

    def have_read(self, accounts: Iterable[str]) -> None:
        """Something changed there: their catalogs are to be read."""
        with self._lock:
            for name in accounts:
                self._to_read[self._rows[name]] = READ_TIMES

    def _go_on(self, act: Callable[[], None]) -> None:
        while not self._ending.wait(ROUND_SECONDS):
            with suppress(OSError, NoAnswer, PermissionError, NobodyAnswers):
                act()

    def _work(self) -> None:
        self._read_catalogs()
        self._decide_catalogs()
        for order in rows.held_for_terms_in(self._database)[:AT_ONCE]:
            self._decide_terms(order)

    def _read_catalogs(self) -> None:
        if time.monotonic() < self._read_at + READ_AGAIN_SECONDS:
            return
        self._read_at = time.monotonic()
        with self._lock:
            wanted = [*self._to_read]
            self._to_read = +(self._to_read - Counter(wanted))
        if wanted:
            fields = self._fields(f"/providers/{wanted[0]}/")
            beside_each_other(lambda row: self._send(f"/providers/{row}/mirror/", fields), wanted)
            self.done["catalogs asked for"] += len(wanted)

    def _decide_catalogs(self) -> None:
        """Every other one is believed."""
        held = dict(rows.held_catalogs_in(self._database))
        self._held_since = {run: self._held_since.get(run, time.monotonic()) for run in held}
        for run, since in self._held_since.items():
            if time.monotonic() - since > UNDECIDED_SECONDS:
                word = "apply" if run % 2 else "refuse"
                page = f"/catalog-runs/{run}/"
                self._press(page, f"{page}{word}/")
                self.done[f"catalog: {word}"] += 1
                with self._lock:
                    self._to_read[held[run]] = READ_TIMES

    def _decide_terms(self, order: int) -> None:
        """One in ten is left as it is, of the others every third withdrawn."""
        if is_left_held(order):
            return
        page = f"{TERMS}?order={order}"
        shown = self._person.persist(lambda: self._person.browser.get(page))
        if token := token_on(shown):
            word = "withdraw" if order % 3 == 0 else "accept"
            if self._press(page, f"{TERMS}{word}/", {"order": token}) == ASKED_FIRST:
                word = "withdraw"  # the same is there already
                self._press(page, f"{TERMS}{word}/", {"order": token})
            self.done[f"order: {word}"] += 1

    def _press(self, page: str, to: str, values: dict[str, str] | None = None) -> int:
        return self._send(to, {**self._fields(page), **(values or {})})

    def _fields(self, page: str) -> dict[str, str]:
        return self._person.persist(lambda: self._person.browser.get(page)).hidden()

    def _send(self, to: str, values: dict[str, str]) -> int:
        answer = self._person.browser.clone().post(to, values)
        self.history.note("clerk", to=to, status=answer.status)
        return answer.status
