"""The hand stays on the keys: what is typed finds, and keys walk lists and pages."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from tests.browser.test_orders import place

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHOSEN = ".palette-line[aria-selected=true]"
PRESS = "it => document.body.dispatchEvent(new KeyboardEvent('keydown', {...it, bubbles: true}))"


def test_words_and_enter_lead_there(admin_page: Page) -> None:
    number = place(admin_page, "https://lumen.example/palette")
    admin_page.keyboard.press("Control+k")
    admin_page.keyboard.type(f"#{number}")
    admin_page.locator(CHOSEN, has_text=f"#{number} ·").wait_for()
    admin_page.keyboard.press("Enter")
    admin_page.wait_for_url(f"**/orders/{number}/")
    admin_page.goto("/services/")
    admin_page.keyboard.press("Control+k")
    admin_page.locator(CHOSEN, has_text=f"#{number}").wait_for()  # it was open lately
    lately = admin_page.locator("[id^=palette-recent-]").all_inner_texts()
    assert len(lately) == len(set(lately))
    admin_page.keyboard.type("visits")
    admin_page.locator(".palette-title", has_text="Services").wait_for()
    admin_page.keyboard.press("ArrowDown")
    assert admin_page.locator(CHOSEN).count() == 1
    admin_page.keyboard.press("Enter")
    admin_page.locator("#order-form").wait_for()


def test_enter_waits_for_what_the_words_find(admin_page: Page) -> None:
    admin_page.keyboard.press("Control+k")
    admin_page.locator(CHOSEN, has_text="New order").wait_for()
    admin_page.keyboard.insert_text("order types")
    admin_page.keyboard.press("Enter")
    admin_page.wait_for_url("**/order-types/")
    assert admin_page.locator("h1").inner_text() == "Order types"


def test_escape_leaves_the_page_as_it_was(admin_page: Page) -> None:
    admin_page.goto("/orders/")
    admin_page.keyboard.press("Control+k")
    admin_page.locator(CHOSEN).wait_for()
    admin_page.keyboard.press("Escape")
    assert not admin_page.locator("#palette").is_visible()


def test_logging_out_forgets_what_was_open(admin_page: Page) -> None:
    admin_page.goto("/providers/")
    kept = "() => Object.keys(localStorage).filter((key) => key.startsWith('desk-recent'))"
    assert len(admin_page.evaluate(kept)) == 1
    admin_page.locator("form[action='/log-out/'] button").evaluate("button => button.click()")
    admin_page.wait_for_url("**/log-in/**")
    assert admin_page.evaluate(kept) == []


def test_keys_go_to_pages_and_tell_themselves(admin_page: Page) -> None:
    admin_page.keyboard.press("g")
    admin_page.keyboard.press("p")
    admin_page.wait_for_url("**/providers/")
    admin_page.keyboard.press("?")
    admin_page.get_by_role("heading", name="Shortcuts").wait_for()
    admin_page.keyboard.press("Escape")
    admin_page.keyboard.press("/")
    admin_page.keyboard.type("gp?")  # typed, not obeyed
    assert admin_page.locator("[data-search]").input_value() == "gp?"


def test_keys_mean_the_same_on_a_layout_without_latin_letters(admin_page: Page) -> None:
    admin_page.evaluate(PRESS, {"key": "п", "code": "KeyG"})
    admin_page.evaluate(PRESS, {"key": "з", "code": "KeyP"})
    admin_page.wait_for_url("**/providers/")
    admin_page.evaluate(PRESS, {})  # as a browser says that fills a field in
    admin_page.evaluate(PRESS, {"key": "л", "code": "KeyK", "ctrlKey": True})
    admin_page.locator(CHOSEN).wait_for()
    assert admin_page.locator("#palette").is_visible()


def test_a_list_is_walked_by_keys(admin_page: Page) -> None:
    mark = uuid.uuid4().hex
    for number in range(2):
        place(admin_page, f"https://lumen.example/{mark}/{number}")
    admin_page.goto(f"/orders/?q={mark}")
    rows = admin_page.locator("tr[id^=order-]")
    for key in ("j", "j", "j", "x"):
        admin_page.keyboard.press(key)
    assert rows.nth(1).locator("[data-order-box]").is_checked()
    admin_page.keyboard.press("Escape")
    assert admin_page.locator("[data-order-box]:checked").count() == 0
    admin_page.keyboard.press("k")
    number = rows.nth(0).locator("a.cell-main").inner_text()
    for key in ("o", "Enter"):
        admin_page.keyboard.press(key)
        admin_page.get_by_role("heading", name=number).wait_for()
        admin_page.goto(f"/orders/?q={mark}")
        admin_page.keyboard.press("j")
