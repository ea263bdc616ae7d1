"""The desk is set up as its admin would: people, provider accounts, limits, through the pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from .browser import UNHURT_SECONDS, Browser, Page
from .desk import FIRST_PASSWORD, Desk
from .processes import wait_until
from .sandboxes import Provider
from .servers import Database

PASSWORD = "a-good-long-pass-phrase-of-chaos"
OPERATORS = ("olga", "omar", "otto", "oona")
MANAGER, WATCHER = "mia", "mona"  # one runs the desk, the other looks at what is stopped
PASTERS = (MANAGER, "milo")
CLERK = "mara"  # looks after catalogs, and orders whose terms changed
CATALOG_SECONDS = 400
TABS = 6
LOG_IN_SECONDS = 60.0  # hashing a password is work, and on a busy machine everybody comes at once
Thing = TypeVar("Thing")
LIMITS = {
    "calls_per_minute": "6000",
    "add_spacing_ms": "0",
    "batch_size": "100",
    "catalog_every_hours": "6",
}


@dataclass(frozen=True, slots=True)
class Account:
    """A provider account as the desk knows it: its row, and the rows of the services in use."""

    name: str
    row: int
    services: tuple[int, ...]
    service_ids: tuple[str, ...]


def log_in(browser: Browser, name: str, password: str = PASSWORD) -> None:
    """Raises PermissionError when the desk does not let them in."""
    fields = browser.get("/log-in/").hidden()
    values = {**fields, "username": name, "password": password}
    page = browser.post("/log-in/", values, patience=LOG_IN_SECONDS)
    if page.status != 302:
        raise PermissionError(f"{name} could not log in: {page.status}")


def submit(browser: Browser, path: str, values: dict[str, str], *, to: str = "") -> Page:
    """Fill in the form on a page and send it. Raises ValueError unless it was taken."""
    fields = browser.get(path).hidden()
    page = browser.post(to or path, {**fields, **values})
    if page.status != 302:
        raise ValueError(f"{to or path} answered {page.status}: {_complaint(page)}")
    return page


def _complaint(page: Page) -> str:
    return " · ".join(re.findall(r'class="invalid-feedback[^>]*>([^<]*)<', page.text))[:300]


def open_desk(desk: Desk, providers: Sequence[Provider]) -> list[Account]:
    """Until every account has its catalog and may be ordered from."""
    admin = Browser(desk.port, patience=UNHURT_SECONDS)
    log_in(admin, "admin", FIRST_PASSWORD)
    wanted = [(provider, name) for provider in providers for name in provider.keys]
    beside_each_other(lambda one: _add_account(admin.clone(), *one), wanted)
    beside_each_other(
        lambda name: _add_person(admin.clone(), name), (*OPERATORS, *PASTERS, WATCHER, CLERK)
    )
    wait_until(lambda: _mirrored(desk.database) == len(wanted), "the catalogs", CATALOG_SECONDS)
    return [_account(desk.database, provider, name) for provider, name in wanted]


def beside_each_other(act: Callable[[Thing], object], things: Iterable[Thing]) -> None:
    """Do it for each, in several tabs. Raises what the first of them raised."""
    with ThreadPoolExecutor(TABS) as pool:
        list(pool.map(act, things))


def _add_person(admin: Browser, name: str) -> None:
    role = "operator" if name in OPERATORS else "manager"
    person = {"username": name, "password1": PASSWORD, "password2": PASSWORD, "role": role}
    submit(admin, "/people/new/", person)


def _add_account(admin: Browser, provider: Provider, name: str) -> None:
    key = provider.keys[name]
    values = {"name": name, "url": provider.url, "key": key, "currency": "USD"}
    page = submit(admin, "/providers/new/", values)
    submit(admin, page.location, LIMITS, to=f"{page.location}limits/")


def _mirrored(database: Database) -> int:
    """Accounts that have a catalog."""
    rows = database.ask("SELECT count(DISTINCT provider_id) FROM providers_service")
    return int(rows[0][0])


def _account(database: Database, provider: Provider, name: str) -> Account:
    rows: list[tuple[Any, ...]] = database.ask(
        "SELECT p.id, s.id, s.external_id FROM providers_service s"
        f" JOIN providers_provider p ON p.id = s.provider_id WHERE p.name = '{name}'"
    )
    by_number = {external_id: row for _, row, external_id in rows}
    ids = tuple(provider.services)
    return Account(name, rows[0][0], tuple(by_number[one] for one in ids), ids)
