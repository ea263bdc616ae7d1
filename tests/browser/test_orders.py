"""The main job in a real browser: find, place, watch it move, resolve what got lost."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.running_desk import wait_until

from .conftest import SANDBOX_SPEED

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from sandbox import RemoteSandbox

SLOW = 60_000  # ms: the sandbox finishes an order in seconds, a loaded machine takes longer
STATUS_CELL = "td[data-label=Status]"


def open_form(page: Page, words: str = "visits") -> None:
    page.goto("/orders/new/")
    page.get_by_label("Service", exact=True).press_sequentially(words)
    found = page.locator("#service-results:not(:has(.picker-title)) a[href*='service=']")
    found.first.click()  # not one of those that were used before
    page.get_by_label("Link").wait_for()


def fill_in(page: Page, link: str, quantity: str = "100") -> None:
    page.get_by_label("Link").fill(link)
    page.get_by_label("Quantity").fill(quantity)


def place(page: Page, link: str) -> str:
    """Our number of the order just placed."""
    open_form(page)
    fill_in(page, link)
    page.get_by_role("button", name="Place order").click()
    page.wait_for_url(re.compile(r"/orders/\d+/$"))
    return page.url.rstrip("/").rpartition("/")[2]


def wait_for_status(page: Page, status: str | re.Pattern[str]) -> None:
    """On the page of an order. The menu says "Unconfirmed" too, on every page."""
    badge = page.locator("#order-live .badge").get_by_text(status, exact=True)
    badge.first.wait_for(timeout=SLOW)


def test_an_order_is_found_placed_and_seen_to_its_end_without_reloading(admin_page: Page) -> None:
    number = place(admin_page, "https://lumen.example/journey")
    frame = admin_page.get_by_role("region", name="Sandbox")
    assert "cost no real money" in frame.inner_text()
    admin_page.goto(f"/orders/?q={number}")
    admin_page.evaluate("window.neverReloaded = true")
    status = admin_page.locator(f"#order-{number} {STATUS_CELL}")
    status.filter(has_text=re.compile("Completed|Partial|Canceled")).wait_for(timeout=SLOW)
    assert admin_page.evaluate("window.neverReloaded") is True
    assert "$" in admin_page.locator(f"#order-{number} td[data-label=Cost]").inner_text()


def test_a_mistake_comes_back_beside_its_field_and_nothing_is_lost(admin_page: Page) -> None:
    open_form(admin_page)
    fill_in(admin_page, "https://lumen.example/mistake", "1")
    admin_page.get_by_role("button", name="Place order").click()
    admin_page.get_by_text("Minimum is").first.wait_for()
    assert admin_page.get_by_label("Link").input_value() == "https://lumen.example/mistake"
    assert admin_page.get_by_label("Quantity").get_attribute("aria-invalid") == "true"
    admin_page.get_by_label("Quantity").fill("100")
    admin_page.get_by_role("button", name="Place order").click()
    admin_page.wait_for_url(re.compile(r"/orders/\d+/$"))


def test_the_price_and_the_wire_follow_what_is_typed(admin_page: Page) -> None:
    open_form(admin_page)
    fill_in(admin_page, "https://lumen.example/preview", "250")
    preview = admin_page.locator("#order-preview")
    preview.get_by_text("Estimated cost").wait_for()
    assert "$" in preview.inner_text()
    preview.get_by_text("API request").click()
    preview.get_by_text("quantity=250").wait_for()
    admin_page.get_by_label("Quantity").fill("260")
    preview.get_by_text("quantity=260").wait_for()  # what was opened stays open
    assert "key=••••" in preview.inner_text()


def test_a_double_click_buys_once(admin_page: Page, box: RemoteSandbox) -> None:
    link = "https://lumen.example/double"
    open_form(admin_page)
    fill_in(admin_page, link)
    admin_page.get_by_role("button", name="Place order").dblclick()
    admin_page.wait_for_url(re.compile(r"/orders/\d+/$"))
    wait_until(lambda: any(o["link"] == link for o in box.ledger()), "the order at the sandbox")
    admin_page.wait_for_timeout(2_000)
    assert sum(order["link"] == link for order in box.ledger()) == 1


def test_going_back_and_placing_again_shows_the_first_order(
    admin_page: Page, box: RemoteSandbox
) -> None:
    link = "https://lumen.example/back"
    number = place(admin_page, link)
    admin_page.go_back()
    admin_page.get_by_label("Link").wait_for()
    if not admin_page.get_by_label("Link").input_value():
        fill_in(admin_page, link)
    admin_page.get_by_role("button", name="Place order").click()
    admin_page.wait_for_timeout(1_500)
    wait_until(lambda: any(o["link"] == link for o in box.ledger()), "the order at the sandbox")
    assert sum(order["link"] == link for order in box.ledger()) == 1
    assert number


def test_a_second_order_for_the_same_link_asks_first(
    admin_page: Page, still_box: RemoteSandbox
) -> None:
    first = place(admin_page, "https://lumen.example/same")
    open_form(admin_page)
    fill_in(admin_page, "http://www.lumen.example/same/")
    admin_page.get_by_role("button", name="Place order").click()
    admin_page.get_by_label("Place anyway").wait_for()
    admin_page.get_by_label("Queue after order").check()
    admin_page.get_by_role("button", name="Place order").click()
    admin_page.wait_for_url(re.compile(r"/orders/\d+/$"))
    waiting = admin_page.locator("main").inner_text()
    assert "Held" in waiting
    assert f"#{first}" in waiting
    assert sum("/same" in order["link"] for order in still_box.ledger()) == 1
    still_box.set_speed(SANDBOX_SPEED)
    wait_until(
        lambda: sum("/same" in order["link"] for order in still_box.ledger()) == 2,
        "the second once the first has ended",
        60,
    )


def test_a_lost_answer_is_resolved_by_linking_the_providers_order(
    admin_page: Page, still_box: RemoteSandbox
) -> None:
    link = "https://lumen.example/lost"
    still_box.fault("close_after_request", "after", action="add", times=1)
    number = place(admin_page, link)
    wait_for_status(admin_page, "Unconfirmed")
    (truth,) = (order for order in still_box.ledger() if order["link"] == link)
    admin_page.goto("/orders/unconfirmed/")
    admin_page.locator(f"a[href='/orders/{number}/resolve/']").first.click()
    admin_page.get_by_label("Order id at the provider").fill("1")
    admin_page.get_by_role("button", name="Check and link").click()
    admin_page.get_by_text("does not know").wait_for()
    admin_page.get_by_label("Order id at the provider").fill(str(truth["id"]))
    admin_page.get_by_role("button", name="Check and link").click()
    admin_page.wait_for_url(re.compile(rf"/orders/{number}/$"))
    assert str(truth["id"]) in admin_page.locator("main").inner_text()


def test_a_provider_that_is_not_there_is_shown_as_such_and_the_rest_works(
    admin_page: Page,
) -> None:
    admin_page.goto("/providers/new/")
    admin_page.get_by_label("Name").fill("Harbor")
    admin_page.get_by_label("Address").fill("http://127.0.0.1:1/api/v2")
    admin_page.get_by_label("Key").fill("not-a-key-at-all")
    admin_page.get_by_role("button", name=re.compile("Add|Save")).click()
    admin_page.get_by_text("must begin with https").wait_for()
    assert admin_page.get_by_label("Name").input_value() == "Harbor"
    admin_page.get_by_label("Address").fill("https://panel.invalid/api/v2")
    admin_page.get_by_label("Key").fill("not-a-key-at-all")
    admin_page.get_by_role("button", name=re.compile("Add|Save")).click()
    admin_page.wait_for_url(re.compile(r"/providers/\d+/$"))
    admin_page.get_by_text(
        re.compile("could not be|cannot be|not be reached|no such|not resolve", re.I)
    ).first.wait_for(timeout=SLOW)
    place(admin_page, "https://lumen.example/elsewhere")
