"""A real desk and a real browser. Whatever a page complains about fails the journey."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sandbox import RemoteSandbox
from tests.running_desk import Desk

from .chromium import program

if TYPE_CHECKING:  # only `make e2e` installs it
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

OrdersFor = Callable[[str], list[tuple[str, str]]]
ADMIN_PASSWORD = "the-browser-knows-this"
SANDBOX_SPEED = 600
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
EXPECTED = (
    "status of 422",  # how Chromium reports a form that came back with its mistakes
    "htmx:afterRequest",  # with the next: a preview that a newer one has overtaken
    "htmx:sendAbort",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """`manage.py up` with a sandbox in which an hour takes six seconds."""
    extra = {"DESK_ADMIN_PASSWORD": ADMIN_PASSWORD, "DESK_SANDBOX_SPEED": str(SANDBOX_SPEED)}
    desk = Desk(tmp_path_factory.mktemp("browser") / "data", extra=extra)
    desk.start()
    yield desk
    desk.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser, desk: Desk) -> Iterator[BrowserContext]:
    """One person's browser, with no cookies yet."""
    with context_of(browser, desk) as context:
        yield context


@contextmanager
def context_of(browser: Browser, desk: Desk) -> Iterator[BrowserContext]:
    address = f"http://localhost:{desk.port}"
    context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    yield context
    for page in context.pages:  # Chromium closes none whose next page is just arriving: it waits
        leave(page)
    context.close()


def leave(page: Page) -> None:
    """A page that is on its way may win against the first try, and that try, when it arrives after
    all, against the second one; behind them there is none."""
    from playwright.sync_api import Error

    for wait in (0, 100, 500):
        page.wait_for_timeout(wait)
        try:
            page.goto("about:blank")
        except Error:
            continue
        return
    page.goto("about:blank")


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A tab that fails its test when a page breaks its content policy, logs an error, throws,
    or is answered with a server error."""
    complaints: list[str] = []
    page = context.new_page()

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(words in message.text for words in EXPECTED):
            complaints.append(f"{page.url}: {message.text}")

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    page.on("response", lambda answer: _note_server_error(answer.status, answer.url, complaints))
    yield page
    assert complaints == []


def _note_server_error(status: int, url: str, complaints: list[str]) -> None:
    if status >= 500 and not url.endswith("/readyz"):
        complaints.append(f"{url}: HTTP {status}")


@pytest.fixture(scope="session")
def admin_cookies() -> list[Any]:
    """Of the first admin's last log-in: a password takes a second to check, as it should."""
    return []


@pytest.fixture
def admin_page(page: Page, admin_cookies: list[Any]) -> Page:
    """A tab in which the first admin is logged in and sees the overview."""
    page.context.add_cookies(admin_cookies)
    page.goto("/")
    if page.get_by_role("button", name="Log in").is_visible():  # a test has ended that session
        log_in(page)
        admin_cookies[:] = page.context.cookies()
    return page


def log_in(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password", exact=True).fill(ADMIN_PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/")


@pytest.fixture
def box(desk: Desk) -> Iterator[RemoteSandbox]:
    """The levers of the sandbox that this desk buys from."""
    box = box_of(desk)
    yield box
    box.clear_faults()


def box_of(desk: Desk) -> RemoteSandbox:
    known = json.loads((desk.data_dir / "sandbox" / "sandbox.json").read_text())
    return RemoteSandbox(f"http://127.0.0.1:{known['control_port']}", known["control_token"])


@pytest.fixture
def orders_for(desk: Desk) -> OrdersFor:
    """Status and reason to be held of what the desk's own database has for a link, oldest first."""

    def read(link: str) -> list[tuple[str, str]]:
        found = "SELECT status, hold_reason FROM orders_order WHERE link = ? ORDER BY id"
        with closing(sqlite3.connect(desk.data_dir / "desk.sqlite3")) as database:
            return database.execute(found, [link]).fetchall()

    return read


@pytest.fixture
def still_box(box: RemoteSandbox) -> Iterator[RemoteSandbox]:
    """The same while its time stands still: nothing moves there by itself, nor ends early at
    another charge, however slow the machine is."""
    box.set_speed(0)
    yield box
    box.set_speed(SANDBOX_SPEED)
