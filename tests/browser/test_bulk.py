"""Many orders at once in a real browser: tick, be told, confirm, watch, take the file away."""

from __future__ import annotations

import csv
import re
import sqlite3
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.running_desk import Desk, wait_until

from .conftest import SANDBOX_SPEED
from .test_mass_orders import check
from .test_page_scripts import CORNER, COVERS, REFRESHED, SAY, TOP

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from sandbox import RemoteSandbox

SLOW = 60_000


def service_that(desk: Desk, cancels: bool) -> int:
    """The number of a service whose orders can, or cannot, be canceled."""
    rows = sqlite3.connect(desk.data_dir / "desk.sqlite3").execute(
        "SELECT id FROM providers_service WHERE type = 'Default' AND cancel = ? AND min <= 100"
        " AND max >= 100 ORDER BY id LIMIT 1",
        [cancels],
    )
    number: int = next(rows)[0]
    return number


def place(page: Page, service: int, link: str) -> str:
    """Our number of the order just placed."""
    page.goto(f"/orders/new/?service={service}")
    page.get_by_label("Link").fill(link)
    page.get_by_label("Quantity").fill("100")
    page.locator("#order-preview").get_by_text("quantity=100").wait_for(state="attached")
    page.get_by_role("button", name="Place order").click()
    page.wait_for_url(re.compile(r"/orders/\d+/$"))
    return page.url.rstrip("/").rpartition("/")[2]


def canceled(box: RemoteSandbox, mark: str) -> list[dict[str, Any]]:
    """The orders there that were asked to be canceled."""
    return [o for o in box.ledger() if mark in o["link"] and o["cancel_requested"]]


def test_ticked_orders_are_canceled_in_the_background(
    admin_page: Page, still_box: RemoteSandbox, desk: Desk
) -> None:
    links = [f"https://lumen.example/bulk/{number}" for number in range(3)]
    numbers = [
        place(admin_page, service_that(desk, cancels), link)
        for cancels, link in zip((True, True, False), links, strict=True)
    ]
    wait_until(lambda: {order["link"] for order in still_box.ledger()} >= set(links), "the orders")
    admin_page.goto("/orders/?q=lumen.example/bulk")
    admin_page.get_by_text("Pending").nth(2).wait_for(timeout=SLOW)
    admin_page.get_by_label("Select every order of this page").check()
    admin_page.wait_for_timeout(3_500)  # a refresh of the list leaves the ticks alone
    assert admin_page.locator("[data-order-box]:checked").count() == 3
    admin_page.locator("#bulk-form").get_by_role("button", name="Cancel").click()
    admin_page.get_by_text("does not cancel orders of this service").wait_for()
    admin_page.get_by_role("button", name="Cancel: 2 orders").dblclick()
    admin_page.wait_for_url(re.compile(r"/orders/bulk-actions/\d+/$"))
    admin_page.evaluate("window.neverReloaded = true")
    admin_page.get_by_text("2 of 2 done · 1 left out as announced").wait_for(timeout=SLOW)
    assert admin_page.evaluate("window.neverReloaded") is True
    admin_page.locator("#job-live:not([hx-get])").wait_for()  # it has fallen silent
    admin_page.get_by_role("link", name="Left out").click()
    admin_page.get_by_text(f"#{numbers[2]}", exact=True).wait_for()
    assert not admin_page.get_by_text(f"#{numbers[0]}", exact=True).is_visible()
    wait_until(lambda: len(canceled(still_box, "/bulk/")) == 2, "the cancels at the sandbox")
    for order in canceled(still_box, "/bulk/"):  # it turns some down: not these
        still_box.force(order["id"], status="Canceled")
    still_box.set_speed(SANDBOX_SPEED)
    for number in numbers[:2]:
        admin_page.goto(f"/orders/{number}/")
        admin_page.get_by_text("A cancel was asked for.").wait_for()
        admin_page.locator("#order-live .badge").get_by_text("Canceled").first.wait_for(
            timeout=SLOW
        )


def test_all_that_match_a_filter_are_canceled(
    admin_page: Page, still_box: RemoteSandbox, desk: Desk
) -> None:
    mark = uuid.uuid4().hex
    service = still_box.service("Default", cancel=True)["id"]
    rows = [f"{service} | https://lumen.example/{mark}/{number} | 1000" for number in range(5)]
    check(admin_page, "\n".join(rows))
    admin_page.get_by_role("button", name="Place 5 orders").click()
    wait_until(
        lambda: sum(mark in order["link"] for order in still_box.ledger()) == 5, "five orders"
    )
    admin_page.goto(f"/orders/?q={mark}")
    pending = admin_page.locator("tr[id^=order-]").filter(has_text="Pending")
    pending.nth(4).wait_for(timeout=SLOW)
    admin_page.locator("[data-order-box]").first.check()
    admin_page.get_by_label("All results").check()
    admin_page.locator("#bulk-form").get_by_role("button", name="Cancel").click()
    admin_page.get_by_role("button", name="Cancel: 5 orders").click()
    admin_page.wait_for_url(re.compile(r"/orders/bulk-actions/\d+/$"))
    admin_page.get_by_text("5 of 5").wait_for(timeout=SLOW)
    wait_until(lambda: len(canceled(still_box, mark)) == 5, "the cancels at the sandbox")
    asked = {order["link"] for order in canceled(still_box, mark)}
    assert asked == {f"https://lumen.example/{mark}/{number}" for number in range(5)}


def test_a_filter_is_kept_and_its_orders_are_taken_away(
    admin_page: Page, desk: Desk, tmp_path: Path
) -> None:
    number = place(admin_page, service_that(desk, True), "https://lumen.example/taken-away")
    admin_page.get_by_label("Customer's reference").fill("INV-77")
    admin_page.get_by_label("Tags").fill("#Spring")
    admin_page.get_by_role("button", name="Save").click()
    admin_page.get_by_text("Reference: INV-77").wait_for()
    admin_page.goto("/orders/?q=tag:spring")
    admin_page.get_by_text("Save view").click()
    admin_page.wait_for_timeout(3_500)  # a refresh of the list does not close it
    admin_page.get_by_label("Name of the view").fill("Spring customers")
    admin_page.get_by_label("Name of the view").press("Enter")
    admin_page.get_by_role("link", name="Spring customers").wait_for()
    with admin_page.expect_download() as loading:
        admin_page.get_by_role("link", name="Export", exact=True).click()
    loading.value.save_as(tmp_path / "orders.csv")
    with (tmp_path / "orders.csv").open(encoding="utf-8-sig", newline="") as file:
        (line,) = csv.DictReader(file)
    assert (line["id"], line["reference"], line["tags"]) == (number, "INV-77", "spring")


def test_the_bar_has_two_rows_on_a_phone_and_tags_from_its_menu(
    admin_page: Page, box: RemoteSandbox, desk: Desk
) -> None:
    mark = uuid.uuid4().hex
    number = place(admin_page, service_that(desk, True), f"https://lumen.example/{mark}")
    admin_page.set_viewport_size({"width": 375, "height": 700})
    admin_page.goto(f"/orders/?q={mark}")
    admin_page.locator("[data-order-box]").first.check()
    bar = admin_page.locator("#bulk-form")
    stands = bar.bounding_box()
    assert stands is not None and stands["height"] <= 88 and stands["x"] >= 0
    assert stands["x"] + stands["width"] <= 375
    admin_page.evaluate(SAY, ["Something is wrong.", "error"])
    message = admin_page.locator("#toasts .toast").last.bounding_box()
    assert message is not None and message["y"] + message["height"] <= stands["y"]
    admin_page.locator("#toasts .toast").last.get_by_label("Close").click()
    bar.get_by_text("More").click()
    menu = bar.locator(".desk-menu-body").bounding_box()
    assert menu is not None and menu["y"] + menu["height"] <= stands["y"]
    for verb in ("Hold", "Release", "Withdraw", "Reference", "Export"):
        button = bar.get_by_role("button", name=verb).bounding_box()
        assert button is not None and button["y"] >= 0, verb
    bar.get_by_role("button", name="Add tags").click()
    admin_page.get_by_label("Tags").fill("spring")
    admin_page.get_by_role("button", name="Add tags: 1 order").click()
    admin_page.get_by_text("1 of 1").wait_for(timeout=SLOW)
    admin_page.goto(f"/orders/{number}/")
    assert admin_page.get_by_label("Tags").input_value() == "spring"


def test_a_toast_does_not_cover_a_button(admin_page: Page) -> None:
    """As *Refill* on the page of an order, at 1280 x 800; the page may bring it later."""
    admin_page.set_viewport_size({"width": 1280, "height": 800})
    admin_page.evaluate(SAY, ["The first one.", "error"])
    shelf, in_corner = admin_page.locator("#toasts"), admin_page.get_by_text("In the corner")
    lowest = shelf.evaluate(TOP)
    admin_page.evaluate(CORNER, "button")
    assert shelf.evaluate(COVERS, in_corner.element_handle())
    admin_page.evaluate(REFRESHED)
    assert not shelf.evaluate(COVERS, in_corner.element_handle())
    in_corner.evaluate("one => one.remove()")
    admin_page.evaluate(REFRESHED)
    assert shelf.evaluate(TOP) == lowest
    admin_page.evaluate(CORNER, "button")
    admin_page.evaluate(SAY, ["The second one.", "error"])
    assert not shelf.evaluate(COVERS, in_corner.element_handle())
