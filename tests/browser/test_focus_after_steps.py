"""A step by keys draws its page anew: the next key goes on from there, and not from the top."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from .test_orders import place

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from sandbox import RemoteSandbox

PLACE = """() => {
    const {tagName, textContent} = document.activeElement;
    const action = document.activeElement.getAttribute("action");
    return action || `${tagName} ${tagName === "BODY" ? "" : textContent.trim()}`;
}"""

IS_BESIDE = "button => document.activeElement === button.parentElement"
REDRAW = """() => htmx.ajax("GET", location.href, {target: "#order-live", swap: "morph:outerHTML"})
    .then(() => new Promise((drawn) => setTimeout(drawn, 100)))"""


def block(page: Page, pattern: str) -> None:
    page.goto("/orders/limits/")
    page.get_by_label("Links that contain").fill(pattern)
    page.keyboard.press("Enter")
    page.get_by_text("are blocked.").wait_for()


def test_keys_go_on_where_a_step_was_taken(admin_page: Page) -> None:
    page, pattern = admin_page, f"keys.example/{uuid.uuid4().hex}"
    block(page, pattern)
    assert page.evaluate(PLACE) == "/orders/limits/block/"
    page.keyboard.press("Enter")  # one too many
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "pattern"
    assert page.get_by_role("button", name=f"Unblock {pattern}").count() == 1
    page.get_by_label("Would this link be blocked?").fill("https://lumen.example/free")
    page.keyboard.press("Enter")
    page.get_by_text("may be ordered").wait_for()
    assert page.evaluate(PLACE) == "/orders/limits/"


def test_keys_go_on_behind_a_mistake_that_was_put_right(admin_page: Page) -> None:
    page, pattern = admin_page, f"keys.example/{uuid.uuid4().hex}"
    page.goto("/orders/limits/")
    page.get_by_label("Links that contain").press("Enter")
    page.get_by_text("Fill this in").wait_for()
    page.keyboard.type(pattern)  # it has the focus
    page.keyboard.press("Enter")
    page.get_by_text("are blocked.").wait_for()
    assert page.evaluate(PLACE) == "/orders/limits/block/"


def test_keys_go_on_at_the_card_of_a_row_that_is_gone(admin_page: Page) -> None:
    page, pattern = admin_page, f"keys.example/{uuid.uuid4().hex}"
    block(page, pattern)
    page.get_by_role("button", name=f"Unblock {pattern}").press("Enter")
    page.get_by_text("is no longer blocked.").wait_for()
    assert page.evaluate(PLACE) == "H2 Blocked links"
    block(page, pattern)
    page.get_by_role("button", name=f"Unblock {pattern}").click()
    page.get_by_text("is no longer blocked.").wait_for()
    assert page.evaluate(PLACE) == "BODY "  # a hand on the mouse sees no mark


def test_the_place_outlives_a_redraw(admin_page: Page, still_box: RemoteSandbox) -> None:
    page = admin_page
    place(page, f"https://lumen.example/keys/{uuid.uuid4().hex}")
    refresh = page.get_by_role("button", name="Refresh status")
    page.locator("#order-live .badge").get_by_text("Pending", exact=True).first.wait_for()
    with page.expect_navigation():
        refresh.press("Enter")
    for _ in range(2):
        assert refresh.evaluate(IS_BESIDE)
        page.evaluate(REDRAW)
