"""Many orders at once: a paste mended and placed, a selection canceled with its progress."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

from tests.running_desk import wait_until

from .test_orders import SLOW

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from sandbox import RemoteSandbox


def paste(page: Page, text: str) -> None:
    page.goto("/orders/mass/")
    page.get_by_role("textbox", name="Lines").fill(text)
    page.get_by_role("button", name="Check the lines").click()
    page.wait_for_url(re.compile(r"/orders/batches/\d+/"))


def lines_of(box: RemoteSandbox, place: str, quantities: list[str]) -> str:
    service = box.service("Default", cancel=True)["id"]
    return "\n".join(
        f"{service} | https://lumen.example/{place}/{number} | {quantity}"
        for number, quantity in enumerate(quantities)
    )


def bought(box: RemoteSandbox, place: str) -> int:
    return sum(f"/{place}/" in order["link"] for order in box.ledger())


def test_a_paste_is_mended_in_place_and_placed_once(admin_page: Page, box: RemoteSandbox) -> None:
    page, place = admin_page, uuid.uuid4().hex
    text = lines_of(box, place, ["1000", "none", "2000"])
    paste(page, text)
    assert bought(box, place) == 0, "a dry run buys nothing"
    broken = page.locator("#line-2")
    broken.get_by_label("Quantity").fill("1500")
    broken.get_by_role("button", name="Check this line").click()
    page.locator("#line-2").get_by_text("can be placed").wait_for()
    page.get_by_role("button", name=re.compile("^Place")).first.click()
    wait_until(lambda: bought(box, place) == 3, "three orders at the sandbox", 60)


def test_the_same_paste_asks_before_it_buys_twice(admin_page: Page, box: RemoteSandbox) -> None:
    page, place = admin_page, uuid.uuid4().hex
    text = lines_of(box, place, ["1000", "2000"])
    paste(page, text)
    page.get_by_role("button", name=re.compile("^Place")).click()
    wait_until(lambda: bought(box, place) == 2, "two orders at the sandbox", 60)
    paste(page, text)
    page.get_by_text(re.compile("placed before|is still open", re.I)).first.wait_for()
    placing = page.get_by_role("button", name=re.compile("^Place"))
    if placing.count():
        placing.first.click()
    page.wait_for_timeout(3_000)
    assert bought(box, place) == 2


def test_a_filtered_list_is_canceled_with_its_progress(
    admin_page: Page, box: RemoteSandbox
) -> None:
    page, place = admin_page, uuid.uuid4().hex
    box.set_speed(0)
    try:
        paste(page, lines_of(box, place, ["1000"] * 5))
        page.get_by_role("button", name=re.compile("^Place")).first.click()
        wait_until(lambda: bought(box, place) == 5, "five orders at the sandbox", 60)
        page.goto(f"/orders/?q={place}")
        page.locator("tr[id^=order-]").filter(has_text="Pending").nth(4).wait_for(timeout=SLOW)
        page.locator("#bulk-kind").focus()  # as a person does; the list waits meanwhile
        page.locator("#bulk-kind").select_option("cancel")
        page.get_by_role("button", name="All that match").click()
        page.get_by_role("button", name=re.compile("^Cancel: ")).click()
        page.wait_for_url(re.compile(r"/orders/jobs/\d+/"))
        page.get_by_text("cancel asked for").nth(4).wait_for(timeout=SLOW)
    finally:
        box.set_speed(600)
