"""Staff at work: each planned goes through the real form until the desk has answered for it."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from .browser import Browser, NoAnswer, Page
from .history import History
from .opening import MANAGER, OPERATORS, PASTERS, Account, log_in
from .pastes import Unfinished, next_step, stands_at_most, told_by
from .plan import PlannedOrder, Way

PERSISTENT_FOR_SECONDS = 120
MOST_WAITING = 20  # orders for each account; people do not run further ahead of the desk
REST_SECONDS = 0.3
CUT_OFF_SECONDS = 0.02  # too soon for any answer
_ORDER = re.compile(r"/orders/(\d+)/$")
WANTED_TYPE = "Default"
_BATCH = re.compile(r"/orders/mass-orders/(\d+)/$")


class NobodyAnswers(Exception):
    """The desk did not answer for so long that even chaos does not explain it."""


class Refused(Exception):
    """The desk said no; says which words."""


class Person:
    """Somebody with a browser who tries again as long as nothing readable comes back."""

    def __init__(self, name: str, port: int) -> None:
        self.name, self.browser = name, Browser(port)

    def persist(self, step: Callable[[], Page]) -> Page:
        """Do it until the desk answers with something that is not its own trouble."""
        deadline = time.monotonic() + PERSISTENT_FOR_SECONDS
        while time.monotonic() < deadline:
            try:
                page = step()
                if page.is_log_in:
                    log_in(self.browser, self.name)
                elif page.status < 500:
                    return page
            except (NoAnswer, PermissionError):
                pass
            time.sleep(REST_SECONDS)
        raise NobodyAnswers

    def place(self, planned: PlannedOrder, account: Account) -> int:
        """The desk's number of the order. The form key stays the same throughout."""
        path = f"/orders/new/?service={account.services[planned.service]}"
        fields = self.persist(lambda: self._form(path)).hidden()
        values = {**fields, "link": planned.link, "quantity": str(planned.quantity)}
        if planned.behind:
            values["queue_behind"] = "on"
        self._first_try(planned.way, path, values)

        def send() -> Page:
            page = self.browser.post(path, values, headers=_headers(planned.way))
            if page.is_log_in or page.status == 403:  # a new session wants its own token
                log_in(self.browser, self.name)
                token = self.browser.get(path).hidden().get("csrfmiddlewaretoken", "")
                values["csrfmiddlewaretoken"] = token
                raise NoAnswer("logged in again")
            if page.status == 422:
                fix(values, page)
                raise NoAnswer("to be sent again")
            return page

        page = self.persist(send)
        found = _ORDER.search(page.location)
        if page.status != 302 or found is None:
            raise Refused(f"{page.status} {page.location}")
        return int(found[1])

    def _form(self, path: str) -> Page:
        """Once the service can be ordered, as what people want it for."""
        page = self.browser.get(path)
        if page.status == 200 and not is_wanted(page):
            raise NoAnswer("it is not for sale just now")
        return page

    def _first_try(self, way: Way, path: str, values: dict[str, str]) -> None:
        """What comes before the try whose answer counts."""
        if way is Way.DOUBLE_CLICK:
            clone = self.browser.clone()
            threading.Thread(target=_try, args=(clone, path, values, 10.0), daemon=True).start()
        elif way is Way.IMPATIENT:
            _try(self.browser.clone(), path, values, CUT_OFF_SECONDS)
        elif way is Way.HTMX:
            _try(self.browser.clone(), path, values, 10.0, _headers(way))

    def paste(self, planned_orders: Sequence[PlannedOrder], account: Account) -> int:
        """The desk's number of the batch, once every line of it is an order."""
        lines = [
            f"{account.service_ids[w.service]} | {w.link} | {w.quantity}" for w in planned_orders
        ]
        values = {"provider": str(account.row), "name": "", "text": "\n".join(lines)}
        form = "/orders/mass-orders/new/"
        number = _BATCH.search(self._send_form(form, form, values).location)
        if number is None:
            raise Refused("the paste was not taken")
        return self.see_through(int(number[1]), seconds=PERSISTENT_FOR_SECONDS)

    def see_through(self, number: int, *, seconds: float) -> int:
        """Press until this batch is placed. Raises Unfinished after so many seconds."""
        batch = f"/orders/mass-orders/{number}/"
        deadline, told = time.monotonic() + seconds, "its page was never seen"
        try:
            while step := next_step(page := self.persist(lambda: self.browser.get(batch)), batch):
                told = told_by(page, batch)
                if time.monotonic() > deadline:
                    raise Unfinished(number, told)
                if step != batch:
                    self._send_form(batch, step, {})
                time.sleep(REST_SECONDS)
        except NobodyAnswers:
            raise Unfinished(number, f"nobody answers; before that: {told}") from None
        return number

    def _send_form(self, page: str, to: str, values: dict[str, str]) -> Page:
        """Until it has been taken: only for forms that may be sent twice."""

        def send() -> Page:
            form = self.browser.get(page)
            if form.status != 200:
                return form
            answer = self.browser.post(to, {**form.hidden(), **values})
            if answer.status in (403, 404):
                raise NoAnswer("the session had ended")
            return answer

        answer = self.persist(send)
        if answer.status != 302:
            raise Refused(f"{to} answered {answer.status}")
        return answer


class Staff:
    """Everybody who orders in one run, and what the desk has told them."""

    def __init__(
        self,
        accounts: Sequence[Account],
        port: int,
        history: History,
        waiting: Callable[[], int] = lambda: 0,
    ) -> None:
        """`waiting` tells how many orders have not been sent yet."""
        self.accounts = {account.name: account for account in accounts}
        self.port, self.history = port, history
        self.acknowledged: set[int] = set()
        self.begun: list[PlannedOrder] = []
        self.unfinished: list[tuple[Sequence[PlannedOrder], int]] = []  # with the batch's number
        self._waiting = waiting
        self._until = float("inf")
        self._lock = threading.Lock()

    def place_all(self, planned_orders: Sequence[PlannedOrder], *, seconds: float = 0) -> None:
        """All of them, or those that somebody comes to within so many seconds: `begun`. The
        numbers of those that the desk says it took are in `acknowledged`."""
        self._until = time.monotonic() + (seconds or float("inf"))
        singles = iter([planned for planned in planned_orders if planned.paste is None])
        pastes = iter(_pastes(planned_orders))
        with ThreadPoolExecutor(len(OPERATORS) + len(PASTERS)) as pool:
            work = [pool.submit(self._operate, name, singles) for name in OPERATORS]
            work += [pool.submit(self._manage, name, pastes) for name in PASTERS]
        for one in work:
            one.result()

    def come_back(self) -> None:
        """To the pastes that were on their way when somebody's patience ended. A desk that nobody
        hurts any more takes them: in the usual time, and as long as one may honestly stand."""
        left, self.unfinished = self.unfinished, []
        seconds = PERSISTENT_FOR_SECONDS + stands_at_most()
        for planned_orders, number in left:
            person = Person(MANAGER, self.port)
            self._do(planned_orders, partial(person.see_through, number, seconds=seconds))

    def _may_go_on(self) -> bool:
        """False when time is over; waits as long as the desk has enough to do."""
        while time.monotonic() < self._until:
            with suppress(OSError):
                if self._waiting() < MOST_WAITING * len(self.accounts):
                    return True
            time.sleep(1)
        return False

    def _operate(self, name: str, singles: Iterator[PlannedOrder]) -> None:
        """One operator takes planned_orders as long as there are any."""
        person = Person(name, self.port)
        while self._may_go_on():
            with self._lock:
                planned = next(singles, None)
            if planned is None:
                return
            self._tell([planned], partial(person.place, planned, self.accounts[planned.account]))

    def _manage(self, name: str, pastes: Iterator[Sequence[PlannedOrder]]) -> None:
        """One manager pastes as long as there is anything to paste."""
        person = Person(name, self.port)
        while self._may_go_on():
            with self._lock:
                lines = next(pastes, None)
            if lines is None:
                return
            account = self.accounts[lines[0].account]
            self._tell(lines, partial(person.paste, lines, account))

    def _tell(self, planned_orders: Sequence[PlannedOrder], act: Callable[[], int]) -> None:
        """Do it, and write into the history what came of it."""
        numbers = [planned.number for planned in planned_orders]
        with self._lock:
            self.begun.extend(planned_orders)
        self.history.note("invoke", planned_orders=numbers, way=planned_orders[0].way)
        self._do(planned_orders, act)

    def _do(self, planned_orders: Sequence[PlannedOrder], act: Callable[[], int]) -> None:
        numbers = [planned.number for planned in planned_orders]
        try:
            number = act()
        except Refused as words:
            self.history.note("fail", planned_orders=numbers, words=str(words))
        except Unfinished as batch:
            self.history.note("info", planned_orders=numbers, number=batch.number, words=str(batch))
            with self._lock:
                self.unfinished.append((planned_orders, batch.number))
        except NobodyAnswers:
            self.history.note("info", planned_orders=numbers)
        else:
            self.history.note("ok", planned_orders=numbers, number=number)
            with self._lock:
                self.acknowledged.update(numbers)


def is_wanted(page: Page) -> bool:
    """A form that asks for what people have, whatever it costs."""
    try:
        return bool(json.loads(page.hidden().get("terms", "{}")).get("type") == WANTED_TYPE)
    except ValueError:
        return False


def fix(values: dict[str, str], page: Page) -> None:
    """What a person does who looks at a form that came back: agree to its terms of now, say that
    it was not sent before a restore, or stand behind somebody who was quicker with the same link.
    """
    if not is_wanted(page):
        return  # it comes back when the provider sells it again
    terms = page.hidden()["terms"]
    if values.get("terms") != terms:
        values["terms"] = terms
    elif (tick := page.tick_of_restore()) and values.get("restores_meant") != tick:
        values["restores_meant"] = tick
    elif behind := page.choice_behind():
        values["beside"] = behind
    else:
        values["queue_behind"] = "on"


def _pastes(planned_orders: Sequence[PlannedOrder]) -> Iterable[list[PlannedOrder]]:
    found: dict[int, list[PlannedOrder]] = defaultdict(list)
    for planned in planned_orders:
        if planned.paste is not None:
            found[planned.paste].append(planned)
    return found.values()


def _headers(way: Way) -> dict[str, str]:
    return {"HX-Request": "true"} if way is Way.HTMX else {}


def _try(
    browser: Browser,
    path: str,
    values: dict[str, str],
    patience: float,
    headers: dict[str, str] | None = None,
) -> None:
    """Send it and pay no heed to what comes back."""
    try:
        browser.post(path, dict(values), patience=patience, headers=headers)
    except NoAnswer:
        return
