"""What somebody has typed is what is sent and what is shown, or the page says that it is not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .test_orders import fill_in, open_form, place

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from sandbox import RemoteSandbox

PLACED = re.compile(r"/orders/\d+/$")
PREVIEW = "**/orders/new/preview/"


def press_place(page: Page) -> None:
    page.get_by_role("button", name="Place order", exact=True).click()


def test_a_start_that_is_half_written_places_nothing(admin_page: Page, box: RemoteSandbox) -> None:
    link = "https://lumen.example/half-a-date"
    open_form(admin_page)
    fill_in(admin_page, link)
    admin_page.get_by_text("More options:").click()
    start = admin_page.get_by_label("Schedule")
    start.press_sequentially("12012026")  # the day without the time: sent as no time at all
    assert start.input_value() == ""
    for _ in range(2):
        press_place(admin_page)
        assert admin_page.get_by_text("This is not complete").count() == 1
    admin_page.wait_for_timeout(1_000)
    assert not any(order["link"] == link for order in box.ledger())
    start.press("Control+A")
    start.fill("")
    press_place(admin_page)
    admin_page.wait_for_url(PLACED)


def test_going_back_shows_what_the_form_holds_and_another_link_is_another_order(
    admin_page: Page,
) -> None:
    first = place(admin_page, "https://lumen.example/before")
    admin_page.go_back()
    preview = admin_page.locator("#order-preview")
    preview.get_by_text("link=https://lumen.example/before").wait_for(state="attached")
    fill_in(admin_page, "https://lumen.example/after")
    press_place(admin_page)
    admin_page.get_by_text(f"that is order #{first}").wait_for()
    assert admin_page.get_by_label("Link").input_value() == "https://lumen.example/after"
    press_place(admin_page)
    admin_page.wait_for_url(PLACED)
    assert "lumen.example/after" in admin_page.locator("main").inner_text()
    assert not admin_page.url.endswith(f"/orders/{first}/")


def test_a_cost_that_could_not_be_asked_again_says_so_until_it_could(admin_page: Page) -> None:
    page = admin_page.context.new_page()  # where a failed answer is not a complaint
    open_form(page)
    fill_in(page, "https://lumen.example/fresh", "250")
    preview = page.locator("#order-preview")
    preview.get_by_text("quantity=250").wait_for(state="attached")
    page.route(PREVIEW, lambda route: route.fulfill(status=502, body="Bad gateway"))
    with page.expect_response(PREVIEW):
        page.get_by_label("Quantity").fill("300")
    preview.get_by_text("could not be asked again").wait_for()
    assert page.get_by_text("Reload the page").count() == 0
    assert page.get_by_label("Quantity").input_value() == "300"
    page.unroute(PREVIEW)
    page.get_by_label("Quantity").fill("350")
    preview.get_by_text("quantity=350").wait_for(state="attached")
    assert preview.get_by_text("could not be asked again").count() == 0
