"""The order form is another for another type, and a service of unknown type gets one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

LINK = "https://lumen.example/types"
FIELDS = {
    "Custom Comments": ["Link", "Comments"],
    "Poll": ["Link", "Quantity", "Option"],
    "Subscriptions": ["Username", "Minimum per post", "Maximum per post", "Delay, minutes"],
    "Web Traffic": ["Link", "Quantity", "Country", "Device", "Visitors come from"],
}


def open_service(page: Page, type_name: str) -> None:
    """The page of the first service of this type."""
    page.goto(f"/services/?type={type_name}")
    page.locator("#service-list a.cell-main").first.click()
    page.get_by_role("heading", name="How it is ordered").wait_for()


def open_form(page: Page, type_name: str) -> None:
    open_service(page, type_name)
    page.get_by_role("link", name="Order this").click()
    page.locator("#order-form").wait_for()


@pytest.mark.parametrize("type_name", FIELDS)
def test_the_form_asks_for_what_the_type_needs(admin_page: Page, type_name: str) -> None:
    open_form(admin_page, type_name)
    needed = admin_page.locator("#order-form label.required").all_inner_texts()
    assert [label.strip() for label in needed] == FIELDS[type_name]


def test_visits_are_ordered_in_runs_after_a_mistake_is_fixed(admin_page: Page) -> None:
    page = admin_page
    open_form(page, "Web Traffic")
    page.get_by_label("Link").fill(LINK)
    page.get_by_label("Quantity").fill("100")
    page.get_by_label("Country").fill("DE")
    page.get_by_label("Device").select_option("2")
    page.get_by_label("Visitors come from").select_option("1")
    page.get_by_role("button", name="Place order").click()
    keyword = page.get_by_label("Google keyword")
    page.get_by_text("Needed for").wait_for()
    assert keyword.get_attribute("aria-invalid") == "true"
    keyword.press_sequentially("oak")
    assert keyword.get_attribute("aria-invalid") is None
    assert not page.get_by_text("Needed for").count()
    assert not page.locator(".is-invalid").count()
    page.locator("#order-preview").get_by_text("google_keyword=oak").wait_for(state="attached")
    page.get_by_role("button", name="Place order").click()
    page.wait_for_url(re.compile(r"/orders/\d+/$"))


def test_lines_are_counted_as_they_are_typed(admin_page: Page) -> None:
    open_form(admin_page, "Custom Comments")
    admin_page.get_by_label("Comments").press_sequentially("Good\n\nWell made\n")
    admin_page.get_by_text("2 units, one for each line").wait_for()
    assert admin_page.get_by_label("Comments").input_value() == "Good\n\nWell made\n"


def test_a_chosen_form_is_used_and_can_be_taken_back(admin_page: Page) -> None:
    page = admin_page
    open_service(page, "SEO")
    address = page.url
    page.get_by_label("Order form").select_option("Poll")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("chosen by staff").first.wait_for()
    page.get_by_role("link", name="Order this").click()
    page.get_by_label("Option").wait_for()
    page.goto(address)
    page.get_by_label("Order form").select_option("")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("form of its published type again").wait_for()
    assert not page.locator(".badge").get_by_text("chosen by staff").count()
