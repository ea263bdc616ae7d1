"""A session that ends under an open page asks over it, and nothing typed is lost."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from .conftest import ADMIN_PASSWORD, log_in
from .test_orders import fill_in, open_form, place
from .test_page_scripts import expect, toast
from .test_sending_control import LOOK

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Your session has ended")


@pytest.fixture
def ended(admin_page: Page) -> Page:
    """An order's page with half a comment. The session ends, and a live part notices."""
    number = place(admin_page, f"https://lumen.example/ended/{uuid.uuid4().hex}")
    admin_page.goto(f"/orders/{number}/")
    admin_page.get_by_label("Comment").fill("Half a reason")
    admin_page.context.clear_cookies(name="desk-session")
    admin_page.evaluate(LOOK)
    expect(dialog(admin_page)).to_be_visible()
    return admin_page


def test_what_is_typed_stays_when_the_session_ends(ended: Page) -> None:
    password = dialog(ended).get_by_label("Password")
    expect(password).to_be_focused()
    password.press_sequentially("wrong")
    password.press("Enter")
    expect(dialog(ended).get_by_text("Wrong username or password.")).to_be_visible()
    assert dialog(ended).get_by_label("Username").input_value() == "admin"
    expect(password).to_be_focused()
    password.fill(ADMIN_PASSWORD)
    password.press("Enter")
    expect(toast(ended, "You are logged in again.")).to_be_visible()
    expect(toast(ended, "No answer came.")).to_have_count(0)
    expect(dialog(ended)).to_be_hidden()
    assert ended.get_by_label("Comment").input_value() == "Half a reason"
    ended.get_by_role("button", name="Add comment").click()
    expect(ended.locator("#story").get_by_text("Half a reason")).to_be_visible()


def test_a_log_in_in_another_tab_closes_the_dialog(ended: Page) -> None:
    other = ended.context.new_page()
    log_in(other)
    other.close()
    ended.evaluate(LOOK)
    expect(dialog(ended)).to_be_hidden()
    expect(ended.locator("html.is-stale")).to_have_count(0)
    assert ended.get_by_label("Comment").input_value() == "Half a reason"


def test_whoever_closed_the_dialog_is_not_asked_by_a_live_part(ended: Page) -> None:
    ended.keyboard.press("Escape")
    expect(dialog(ended)).to_be_hidden()
    ended.locator("#navigation").evaluate("part => htmx.trigger(part, 'load')")
    ended.wait_for_timeout(1_000)
    assert dialog(ended).is_hidden()
    expect(ended.locator("html.is-stale")).to_have_count(1)  # what stands there is of before
    ended.keyboard.press("Control+k")
    expect(dialog(ended)).to_be_visible()


def test_the_cost_is_asked_again_after_the_log_in(admin_page: Page) -> None:
    """What was typed while nobody was logged in has neither a cost nor a question yet."""
    link = f"https://lumen.example/ended/{uuid.uuid4().hex}"
    place(admin_page, link)
    page = admin_page.context.new_page()  # whose log may tell of the refusal
    open_form(page)
    page.context.clear_cookies(name="desk-session")
    fill_in(page, link)
    preview = page.locator("#order-preview")
    password = dialog(page).get_by_label("Password")
    expect(password).to_be_focused()
    password.fill(ADMIN_PASSWORD)
    password.press("Enter")
    expect(dialog(page)).to_be_hidden()
    expect(preview.get_by_label("Place anyway, as a second order")).to_be_visible()
    expect(preview.get_by_text("Enter link and quantity")).to_have_count(0)
    expect(preview.get_by_text("This was said before your last change")).to_have_count(0)
    assert page.get_by_label("Link").input_value() == link
