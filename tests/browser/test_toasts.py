"""How long a short message stays, and what becomes of the keys when it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .test_page_scripts import FOCUSED, SAY, expect, toast

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_keys_go_on_behind_a_message_that_was_closed(admin_page: Page) -> None:
    search = admin_page.get_by_label("Search orders")
    search.focus()
    for words in ("The first one.", "The other one."):
        admin_page.evaluate(SAY, [words, "warning"])
    closes = admin_page.locator("#toasts").get_by_label("Close")
    closes.first.press("Enter")
    expect(closes).to_have_count(1)
    assert closes.evaluate(FOCUSED)
    closes.press("Enter")
    expect(closes).to_have_count(0)
    assert search.evaluate(FOCUSED)


def test_a_message_stays_as_long_as_it_is_read(admin_page: Page) -> None:
    admin_page.clock.install()
    admin_page.goto("/services/")
    short, long = toast(admin_page, "Short."), toast(admin_page, "Word")
    for words in ("Short.", "Word " * 30):
        admin_page.evaluate(SAY, [words, "success"])
    admin_page.clock.run_for(7_100)
    expect(short).to_have_count(0)
    expect(long).to_be_visible()
    long.hover()
    admin_page.clock.run_for(10_000)
    expect(long).to_be_visible()
    admin_page.mouse.move(0, 0)
    admin_page.clock.run_for(20_000)
    expect(long).to_have_count(0)
