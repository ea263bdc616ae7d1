"""Pictures of a desk at work for the README, taken of a fresh desk with neutral orders.

`python -m tests.screenshots` starts a desk with its sandbox, pastes orders, waits until they are on
their way, and writes `docs/screenshots/*.png`.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from tests.browser.chromium import program
from tests.running_desk import Desk

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PASSWORD = "the-camera-knows-this"
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
PLACES = ("home", "spring", "daily", "list", "tour", "autumn")
ORDERS = 40


def main(shelf: Path) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    shelf.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        extra = {"DESK_ADMIN_PASSWORD": PASSWORD, "DESK_SANDBOX_SPEED": "600"}
        desk = Desk(Path(scratch) / "data", extra=extra)
        desk.start()
        try:
            with sync_playwright() as playwright:
                options = ["--no-sandbox", "--disable-gpu"]
                browser = playwright.chromium.launch(executable_path=program(), args=options)
                _take(browser, desk, shelf)
                browser.close()
        finally:
            desk.stop()


def _take(browser: Browser, desk: Desk, shelf: Path) -> None:
    light = _context(browser, desk, "light", WIDE)
    page = _logged_in(light)
    _paste_orders(page)
    page.goto("/orders/")
    page.get_by_text("Completed").nth(1).wait_for(timeout=120_000)
    page.goto("/orders/")
    page.locator("tr[id^=order-]").nth(ORDERS - 1).wait_for()
    page.screenshot(path=shelf / "orders.png")
    page.keyboard.press("Control+k")
    page.keyboard.type("france 30")
    page.locator(".palette-title", has_text="Services").wait_for()
    page.screenshot(path=shelf / "palette.png")
    page.goto("/orders/new/?q=visits")
    page.locator("[data-pick]").first.wait_for()
    page.screenshot(path=shelf / "new-order.png")
    page.goto("/orders/")
    page.locator("tr[id^=order-] a.cell-main").nth(5).click()
    page.locator("#order-live").wait_for()
    page.screenshot(path=shelf / "order.png")
    for name, theme, size in (("dark", "dark", WIDE), ("phone", "light", PHONE)):
        other = _logged_in(_context(browser, desk, theme, size))
        other.goto("/orders/")
        other.locator("tr[id^=order-]").first.wait_for()
        other.screenshot(path=shelf / f"{name}.png")


def _context(browser: Browser, desk: Desk, theme: str, size: dict[str, int]) -> BrowserContext:
    address = f"http://localhost:{desk.port}"
    scheme = "dark" if theme == "dark" else "light"
    return browser.new_context(
        base_url=address,
        viewport={"width": size["width"], "height": size["height"]},
        color_scheme=scheme,
    )


def _logged_in(context: BrowserContext) -> Page:
    page = context.new_page()
    page.goto("/")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/")
    return page


def _paste_orders(page: Page) -> None:
    services: list[str] = []
    for words in ("visits", "plays", "listings", "reads"):
        page.goto(f"/orders/new/?q={words}+steady")
        found = page.locator("#service-results a .cell-sub bdi.break")
        services += [found.nth(number).inner_text() for number in range(3)]
    lines = [
        f"{services[number % len(services)]} | "
        f"https://lumen.example/{PLACES[number % len(PLACES)]}/{number} | "
        f"{(250, 500, 1000, 2500)[number % 4]}"
        for number in range(ORDERS)
    ]
    page.goto("/orders/mass-orders/new/")
    page.get_by_label("Lines", exact=True).fill("\n".join(lines))
    page.get_by_role("button", name="Validate").click()
    page.get_by_role("button", name="Place ").first.click(timeout=60_000)


if __name__ == "__main__":
    main(Path(sys.argv[1] if sys.argv[1:] else "docs/screenshots"))
