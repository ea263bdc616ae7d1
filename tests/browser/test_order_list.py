"""The list of orders under the hand: it moves, and nothing that somebody holds moves away."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.test_orders import open_form, place

from .conftest import SANDBOX_SPEED, box_of, context_of, log_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route, ViewportSize

    from tests.running_desk import Desk

ROW = "tr[id^=order-]"
FORGET = "part => part.removeAttribute('data-shown')"  # so that its next answer is drawn
WATCH = """() => {
  window.drawn = [];
  document.addEventListener("htmx:afterSwap", ({ detail }) => drawn.push(detail.xhr.status));
}"""


def order_two(page: Page) -> str:
    """What their links have in common."""
    mark = uuid.uuid4().hex
    for number in range(2):
        place(page, f"https://lumen.example/{mark}/{number}")
    return mark


@pytest.fixture(scope="module")
def two_open_orders(browser: Browser, desk: Desk) -> Iterator[str]:
    """For all that only looks at them: they do not move while these tests run."""
    box_of(desk).set_speed(0)
    with context_of(browser, desk) as context:
        page = context.new_page()
        log_in(page)
        mark = order_two(page)
    yield mark
    box_of(desk).set_speed(SANDBOX_SPEED)


@pytest.fixture
def mark(admin_page: Page, two_open_orders: str) -> str:
    """In the links of two open orders, so that their list is asked for again and again."""
    admin_page.goto(f"/orders/?q={two_open_orders}")
    return two_open_orders


def refreshed(page: Page) -> None:
    with page.expect_response("**/orders/?*top=*"):
        pass


def test_selected_rows_outlive_a_refresh(admin_page: Page, mark: str) -> None:
    boxes = admin_page.locator("[data-order-box]")
    boxes.nth(0).click()
    boxes.nth(1).click(modifiers=["Shift"])
    admin_page.get_by_label("All results").check()
    admin_page.locator(ROW).first.evaluate("row => row.dataset.mark = 'old'")
    admin_page.locator("#order-list").evaluate(FORGET)
    admin_page.locator(f"{ROW}:not([data-mark])").nth(1).wait_for()  # the list was drawn anew
    assert admin_page.locator("[data-order-box]:checked").count() == 2
    assert admin_page.locator(".selection-bar").inner_text().startswith("2 selected")
    assert admin_page.get_by_label("All results").is_checked()
    admin_page.get_by_label("Clear the selection").click()
    assert not admin_page.locator(".selection-bar").is_visible()


def test_a_key_goes_to_what_can_be_done_with_the_selected_and_escape_back(
    admin_page: Page, mark: str
) -> None:
    boxes, here = admin_page.locator("[data-order-box]"), admin_page.locator(":focus")
    admin_page.keyboard.press("a")  # nothing is selected
    assert here.count() == 0 or not here.evaluate("one => one.closest('.selection-bar')")
    boxes.nth(1).focus()
    admin_page.keyboard.press("Space")
    admin_page.keyboard.press("a")
    assert here.get_attribute("name") == "kind"
    admin_page.keyboard.press("Escape")
    assert here.evaluate("one => one.value") == boxes.nth(1).input_value()
    assert boxes.nth(1).is_checked()
    admin_page.keyboard.press("Escape")
    assert not boxes.nth(1).is_checked()


def test_what_has_not_moved_is_not_drawn_again(admin_page: Page, mark: str) -> None:
    box = admin_page.locator("[data-order-box]").first
    admin_page.locator(ROW).first.locator("a.cell-main").click()
    admin_page.locator("#order-live").wait_for()
    answers = admin_page.locator("#order-live details[id$=-wire]")
    answers.first.locator("summary").click()
    unchanged(admin_page)
    assert answers.first.get_attribute("open") is not None
    admin_page.go_back()
    box.check()
    unchanged(admin_page)
    assert box.is_checked() and box.evaluate("box => box === document.activeElement")


def unchanged(page: Page) -> None:
    """Until the desk has said that nothing moved: nothing is drawn, and the page is not stale."""
    page.evaluate(WATCH)
    page.evaluate("window.dispatchEvent(new Event('offline'))")
    with page.expect_response(lambda answer: answer.status == 204):
        pass
    page.locator("#connection-lost").wait_for(state="hidden")
    assert 204 not in page.evaluate("drawn")
    assert page.locator("html.is-stale").count() == 0


def test_all_results_end_with_the_selection(admin_page: Page, mark: str) -> None:
    boxes, every = admin_page.locator("[data-order-box]"), admin_page.get_by_label("All results")
    for done in (admin_page.get_by_label("Clear the selection"), boxes.nth(0)):
        boxes.nth(0).click()
        every.check()
        done.click()
        boxes.nth(1).click()
        assert not every.is_checked()
        boxes.nth(1).click()


def test_all_results_are_counted_as_all(admin_page: Page, mark: str) -> None:
    admin_page.locator("[data-order-box]").first.check()
    every, count = admin_page.get_by_label("All results"), admin_page.locator("[data-ticked]")
    every.check()
    assert count.inner_text() == "2"
    admin_page.locator("#order-list").evaluate(FORGET)
    refreshed(admin_page)
    assert count.inner_text() == "2"
    every.uncheck()
    assert count.inner_text() == "1"


def test_the_key_of_search_leads_to_the_lists_own(admin_page: Page, mark: str) -> None:
    admin_page.keyboard.press("/")
    admin_page.keyboard.type("x")
    assert admin_page.locator("#id_q").input_value() == "x"  # what stood there was selected


@pytest.mark.parametrize(("width", "rows"), [(640, 2), (800, 1), (1024, 1)])
def test_service_and_link_have_room_on_every_screen(
    admin_page: Page, mark: str, width: int, rows: int
) -> None:
    """A zoom of 200 % makes 640 of 1280; the tools leave the screen to the orders."""
    admin_page.set_viewport_size({"width": width, "height": 600})
    cell = admin_page.locator(".cell-service").first.bounding_box()
    tools = admin_page.locator(".order-tools").bounding_box()
    assert cell is not None and tools is not None
    assert cell["width"] >= 180
    assert tools["height"] <= 12 + 42 * rows
    for choice in ("Status", "Provider"):
        assert admin_page.locator(".order-tools").get_by_label(choice, exact=True).is_visible()


def test_a_finger_on_the_end_of_a_row_opens_it(
    browser: Browser, admin_page: Page, mark: str
) -> None:
    state = admin_page.context.storage_state()
    size: ViewportSize = {"width": 1024, "height": 768}
    context = browser.new_context(
        base_url=admin_page.url, storage_state=state, viewport=size, is_mobile=True, has_touch=True
    )
    page = context.new_page()
    page.goto(f"/orders/?q={mark}")
    row = page.locator(ROW).first
    number, stands = row.locator("a.cell-main").inner_text(), row.bounding_box()
    assert stands is not None
    page.touchscreen.tap(stands["x"] + stands["width"] - 30, stands["y"] + stands["height"] / 2)
    page.get_by_role("heading", name=number).wait_for()
    context.close()


@pytest.mark.usefixtures("two_open_orders")
def test_new_orders_announce_themselves_and_shift_nothing(admin_page: Page) -> None:
    mark = order_two(admin_page)
    admin_page.goto(f"/orders/?q={mark}")
    first = admin_page.locator(ROW).first
    number, stands = first.get_attribute("id"), first.bounding_box()
    other = admin_page.context.new_page()
    place(other, f"https://lumen.example/{mark}/new")
    pill = admin_page.get_by_role("link", name="1 new")
    pill.wait_for()
    assert (first.get_attribute("id"), first.bounding_box()) == (number, stands)
    pill.click()
    admin_page.locator(ROW).nth(2).wait_for()
    assert first.get_attribute("id") != number


def test_a_click_on_a_row_opens_it(admin_page: Page, mark: str) -> None:
    row = admin_page.locator(ROW).first
    number = row.locator("a.cell-main").inner_text()
    with admin_page.context.expect_page() as opened:
        row.locator(".cell-status").click(button="middle")
    opened.value.get_by_role("heading", name=number).wait_for()
    row.locator(".cell-status").click()
    admin_page.get_by_role("heading", name=number).wait_for()


def test_the_filter_opens_within_a_small_screen(admin_page: Page, mark: str) -> None:
    admin_page.set_viewport_size({"width": 1280, "height": 800})
    admin_page.locator(".order-more-filters summary").click()
    admin_page.get_by_label("Sort", exact=True).wait_for()
    assert admin_page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    box = admin_page.locator(".order-more-filters .desk-menu-body").bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= 1280


def test_columns_are_chosen_and_remembered(admin_page: Page, mark: str) -> None:
    menu = admin_page.locator("summary", has_text="Columns")
    menu.click()
    admin_page.keyboard.press("Escape")
    assert not admin_page.get_by_label("Comfortable").is_visible()
    menu.click()
    admin_page.get_by_label("Reference", exact=True).uncheck()
    admin_page.get_by_label("Checked").check()
    admin_page.get_by_role("button", name="Save columns").click()
    admin_page.locator("thead", has_text="Checked").wait_for()
    admin_page.goto("/orders/")
    assert "Reference" not in admin_page.locator("thead").inner_text()


def test_twelve_orders_stand_on_a_small_screen(admin_page: Page, mark: str) -> None:
    admin_page.set_viewport_size({"width": 1280, "height": 800})
    rows = admin_page.locator(ROW)
    place = rows.first.bounding_box()
    assert place is not None
    top, height = place["y"], place["height"]
    assert height <= 48
    assert (800 - top) / height >= 12


def as_if_the_session_had_ended(route: Route) -> None:
    route.fulfill(headers={"HX-Redirect": "/log-in/"})


def test_an_order_is_looked_at_beside_the_list(admin_page: Page, mark: str) -> None:
    panel, rows = admin_page.locator("#peek"), admin_page.locator(ROW)
    admin_page.keyboard.press("Space")
    panel.get_by_text(f"{mark}/1").wait_for()
    assert "is-here" in (rows.first.get_attribute("class") or "")
    admin_page.keyboard.press("j")
    panel.get_by_text(f"{mark}/0").wait_for()
    refreshed(admin_page)
    assert panel.get_by_text(f"{mark}/0").is_visible()
    admin_page.locator("[data-order-box]").first.check()
    admin_page.keyboard.press("Escape")
    assert panel.is_hidden() and admin_page.locator(".selection-bar").is_visible()
    admin_page.route("**/peek/", as_if_the_session_had_ended)
    rows.first.hover()
    rows.first.locator("[data-peek-open]").click()
    panel.get_by_text("This order could not be shown.").wait_for()
    admin_page.unroute("**/peek/", as_if_the_session_had_ended)
    admin_page.locator("#log-in-again").evaluate("dialog => dialog.close()")
    rows.first.hover()
    rows.first.locator("[data-peek-open]").click()
    panel.get_by_text(f"{mark}/1").wait_for()
    panel.get_by_role("link", name="Open the order").click()
    admin_page.wait_for_url("**/orders/*/")


def test_a_name_is_typed_as_soon_as_its_box_is_opened_by_a_key(admin_page: Page, mark: str) -> None:
    """Its letters are no keys of the page."""
    admin_page.get_by_text("Save view").focus()
    admin_page.keyboard.press("Enter")
    admin_page.locator("#save-filter input:focus").first.wait_for()
    admin_page.keyboard.type("now and then")
    assert admin_page.get_by_label("Name of the view").input_value() == "now and then"
    assert f"q={mark}" in admin_page.url
    open_form(admin_page)
    admin_page.get_by_text("Save as recipe").focus()
    admin_page.keyboard.press("Enter")
    admin_page.locator("#recipe-name:focus").wait_for()
    admin_page.keyboard.type("now and then")
    assert admin_page.get_by_label("Name of the recipe").input_value() == "now and then"
