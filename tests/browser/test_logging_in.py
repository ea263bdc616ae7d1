"""From the log-in page to the overview, and back out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .conftest import log_in

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_the_first_admin_logs_in_and_sees_the_overview(page: Page) -> None:
    log_in(page)
    assert page.locator("h1").inner_text() == "Overview"
    assert page.title().startswith("Overview")


def test_a_wrong_password_comes_back_with_the_name_kept(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password", exact=True).fill("not-the-password")
    page.get_by_role("button", name="Log in").click()
    assert page.get_by_label("Username").input_value() == "admin"
    assert page.get_by_role("alert").first.is_visible()
