"""Words written into one form of a page outlive the steps taken in another one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from .test_mass_orders import check, service_number
from .test_orders import place

if TYPE_CHECKING:
    from playwright.sync_api import Dialog, Page

    from sandbox import RemoteSandbox

KEPT = "Bring it before noon"


@pytest.fixture
def asked(admin_page: Page) -> list[str]:
    """What the page asked; each question is answered with no."""
    questions: list[str] = []

    def say_no(dialog: Dialog) -> None:
        questions.append(dialog.message)
        dialog.dismiss()

    admin_page.on("dialog", say_no)
    return questions


def test_a_step_asks_before_a_note_is_lost(
    admin_page: Page, asked: list[str], still_box: RemoteSandbox
) -> None:
    place(admin_page, "https://lumen.example/note-kept")
    refresh = admin_page.get_by_role("button", name="Refresh status")
    refresh.wait_for()
    note = admin_page.get_by_label("Comment", exact=True)
    note.fill(KEPT)
    refresh.click()
    admin_page.wait_for_timeout(500)
    assert [words for words in asked if "not saved" in words] == asked != []
    assert note.input_value() == KEPT
    admin_page.get_by_role("button", name="Add comment").click()
    admin_page.locator("#order-live").get_by_text(KEPT).wait_for()
    assert len(asked) == 1  # a form never asks for its own words


def test_corrected_lines_are_not_lost_when_the_good_ones_are_placed(
    admin_page: Page, asked: list[str]
) -> None:
    service = service_number(admin_page)
    links = [f"https://lumen.example/line-kept/{n}" for n in range(2)]
    check(admin_page, f"{service} | {links[0]} | 1000\n{service} | {links[1]} | 1.000")
    quantity = admin_page.locator("#line-2").get_by_label("Quantity")
    quantity.fill("1000")
    admin_page.get_by_role("button", name="Place 1 order").click()
    admin_page.wait_for_timeout(500)
    assert len(asked) == 1 and quantity.input_value() == "1000"
    admin_page.locator("#line-2").get_by_role("button", name="Check this line").click()
    admin_page.get_by_role("button", name="Place 2 orders").click()
    admin_page.locator("#batch-figures").get_by_text("Placed", exact=True).first.wait_for()
    assert len(asked) == 1


def test_a_live_part_keeps_what_was_written_into_it(
    admin_page: Page, still_box: RemoteSandbox
) -> None:
    service = service_number(admin_page)
    links = [f"https://lumen.example/live-kept/{n}" for n in range(2)]
    check(admin_page, f"{service} | {links[0]} | 1000\n{service} | {links[1]} | 1.000")
    admin_page.get_by_role("button", name="Place 1 order").click()
    admin_page.wait_for_url(re.compile(r"/orders/mass-orders/\d+/"))
    admin_page.goto(f"{admin_page.url.partition('?')[0]}?tab=all")
    quantity = admin_page.locator("#line-2").get_by_label("Quantity")
    quantity.fill("1000")
    quantity.blur()
    with admin_page.expect_response("**/mass-orders/*/?tab=all"):
        pass
    admin_page.wait_for_timeout(500)
    assert quantity.input_value() == "1000"
