"""Many orders at once in a real browser: paste, fix what is wrong in place, place, follow."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

from tests.running_desk import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from sandbox import RemoteSandbox

    from .conftest import OrdersFor


def service_number(page: Page) -> str:
    """The provider's number of a service of the Default type, as a paste names it."""
    page.goto("/orders/new/?q=visits")
    found = page.locator("#service-results a").first
    return found.locator(".cell-sub bdi.break").first.inner_text()


def check(page: Page, text: str) -> None:
    page.goto("/orders/mass-orders/new/")
    page.get_by_label("Lines", exact=True).fill(text)
    page.get_by_role("button", name="Validate").click()
    page.wait_for_url(re.compile(r"/orders/mass-orders/\d+/"))


def test_lines_are_fixed_where_they_stand_and_placed_once(
    admin_page: Page, box: RemoteSandbox
) -> None:
    service = service_number(admin_page)
    links = [f"https://lumen.example/mass/{n}" for n in range(4)]
    rows = [f"{service} | {link} | 1000" for link in links]
    rows[1] = f"{service} | {links[1]} | 1.000"
    rows[2] = f"no-such-service | {links[2]} | 1000"
    check(admin_page, "\n".join(rows))
    admin_page.evaluate("window.neverReloaded = true")
    admin_page.get_by_role("button", name="Place 2 orders").wait_for()
    second = admin_page.locator("#line-2")
    assert "digits 0–9" in second.inner_text()
    second.get_by_label("Quantity").fill("1000")
    second.get_by_role("button", name="Check this line").click()
    second.get_by_text("can be placed").wait_for()
    admin_page.get_by_role("button", name="Place 3 orders").wait_for()  # the figures follow
    third = admin_page.locator("#line-3")
    third.get_by_label("Service").fill("still-none")
    third.get_by_role("button", name="Check this line").click()
    third.get_by_text("There is no service still-none.").wait_for()
    third.get_by_label("Service").fill(service)
    third.get_by_role("button", name="Check this line").click()
    third.get_by_text("can be placed").wait_for()
    assert admin_page.evaluate("window.neverReloaded") is True
    admin_page.get_by_role("button", name="Place 4 orders").dblclick()
    wait_until(
        lambda: {order["link"] for order in box.ledger()} >= set(links), "the orders at the sandbox"
    )
    admin_page.wait_for_timeout(2_000)
    assert sorted(o["link"] for o in box.ledger() if o["link"] in links) == links


def test_one_order_is_one_line_with_room_for_its_link(admin_page: Page) -> None:
    """On the screen of a small laptop; amounts end where the others end, and so do their points."""
    admin_page.set_viewport_size({"width": 1280, "height": 800})
    service, path = service_number(admin_page), f"lumen.example/{uuid.uuid4().hex}"
    rows = [f"{service} | https://{path}/a/long/way/{n} | {n}00" for n in (1, 25, 100)]
    check(admin_page, "\n".join(rows))
    boxes = "(rows, part) => rows.map((row) => row.querySelector(part).getBoundingClientRect())"
    lines = admin_page.locator(".line-row")
    heights = lines.evaluate_all("(rows) => rows.map((row) => row.parentElement.clientHeight)")
    assert max(heights) <= 48
    links = lines.evaluate_all("(rows) => " + f"({boxes})(rows, '.line-link')")
    assert min(link["width"] for link in links) >= 300
    costs = lines.evaluate_all("(rows) => " + f"({boxes})(rows, '.line-cost')")
    assert len({round(cost["right"]) for cost in costs}) == 1
    sums = admin_page.locator("#batch-sum").inner_text()
    assert sums.startswith("3 orders · $")


def test_the_same_paste_asks_before_it_buys_twice(
    admin_page: Page, box: RemoteSandbox, orders_for: OrdersFor
) -> None:
    link = "https://lumen.example/mass/twice"

    def bought() -> int:
        return [order["link"] for order in box.ledger()].count(link)

    line = f"{service_number(admin_page)} | {link} | 1000"
    check(admin_page, line)
    admin_page.get_by_role("button", name="Place 1 order").click()
    admin_page.locator("#batch-figures").get_by_text("Placed", exact=True).first.wait_for()
    check(admin_page, line)
    repeated = admin_page.get_by_label("Place anyway, as one order more")
    repeated.check()  # which checks the line
    admin_page.get_by_text("The same lines were placed before").wait_for()
    admin_page.get_by_role("button", name="Place 1 order").click()
    admin_page.get_by_text("to do it twice").wait_for()
    wait_until(lambda: bought() > 0, "the order at the sandbox")
    admin_page.wait_for_timeout(2_000)
    assert (bought(), len(orders_for(link))) == (1, 1)


def test_enter_on_a_tick_buys_nothing(admin_page: Page, orders_for: OrdersFor) -> None:
    """The first button of its form is *Place*: the space bar ticks, and Enter does nothing."""
    service, link = service_number(admin_page), "https://lumen.example/mass/enter"
    check(admin_page, f"{service} | {link} | 1000\n{service} | {link} | 1000")
    address = admin_page.url
    tick = admin_page.get_by_label("Buy this 1 line once more:")
    for key in ("Enter", "Space", "Enter"):
        tick.press(key)
    admin_page.wait_for_timeout(1_000)
    assert tick.is_checked() and admin_page.url == address
    assert len(orders_for(link)) == 0
    admin_page.get_by_role("button", name="Place 1 order").wait_for()


def test_a_paste_is_validated_by_keys_alone_and_discarded_only_after_a_yes(
    admin_page: Page, orders_for: OrdersFor
) -> None:
    service, link = service_number(admin_page), "https://lumen.example/mass/discard"
    admin_page.goto("/orders/mass-orders/new/")
    admin_page.keyboard.type(f"{service} | {link} | 1000")  # the lines have the keys at once
    admin_page.keyboard.press("Control+Enter")
    discard = admin_page.get_by_role("button", name="Discard")
    admin_page.once("dialog", lambda asked: asked.dismiss())
    discard.click()
    admin_page.get_by_role("button", name="Place 1 order").wait_for()
    admin_page.once("dialog", lambda asked: asked.accept())
    discard.click()
    admin_page.get_by_text("Discarded").first.wait_for()
    assert admin_page.get_by_role("button", name="Place 1 order").count() == 0
    assert len(orders_for(link)) == 0


def test_a_line_that_is_ticked_as_meant_is_placed_with_the_others(
    admin_page: Page, box: RemoteSandbox, orders_for: OrdersFor
) -> None:
    """The tick alone: *Place 2 orders* beside it would leave out what is not checked anew."""
    service, link = service_number(admin_page), "https://lumen.example/mass/both"
    check(admin_page, f"{service} | {link} | 1000\n{service} | {link} | 1000")
    admin_page.get_by_role("button", name="Place 1 order").wait_for()
    admin_page.locator("#line-2").get_by_label("Place anyway").check()
    admin_page.get_by_role("button", name="Place 2 orders").click()
    wait_until(lambda: [o["link"] for o in box.ledger()].count(link) == 2, "both lines")
    admin_page.wait_for_timeout(2_000)
    assert [o["link"] for o in box.ledger()].count(link) == len(orders_for(link)) == 2


def test_a_good_line_is_left_out_and_edited_by_keyboard(admin_page: Page) -> None:
    service = service_number(admin_page)
    links = [f"https://lumen.example/mass/out/{n}" for n in range(2)]
    check(admin_page, "\n".join(f"{service} | {link} | 1000" for link in links))
    admin_page.evaluate("window.neverReloaded = true")
    count, here = admin_page.locator("#lines-good"), admin_page.locator(":focus")
    admin_page.get_by_label("Leave out line 1").focus()
    admin_page.keyboard.press("Enter")
    admin_page.get_by_role("button", name="Place 1 order").wait_for()
    assert (count.inner_text(), admin_page.locator("#lines-out").inner_text()) == ("1", "1")
    assert here.get_attribute("aria-label") == "Take in line 1"  # the focus stays
    admin_page.keyboard.press("Enter")
    admin_page.get_by_role("button", name="Place 2 orders").wait_for()
    admin_page.get_by_label("Edit line 2").focus()
    admin_page.keyboard.press("Enter")
    admin_page.locator("#line-2 [name=cell-service]:focus").wait_for()
    admin_page.locator("#line-2").get_by_label("Quantity").fill("2000")
    admin_page.keyboard.press("Enter")
    admin_page.locator("#line-2").get_by_text("2000 units").wait_for()
    assert admin_page.evaluate("window.neverReloaded") is True


def test_the_keys_stay_at_the_line_whatever_is_said_of_it(admin_page: Page) -> None:
    """Never on the page itself, nor where the Enter that follows a tick would do something more."""
    service, link = service_number(admin_page), f"https://lumen.example/keys/{uuid.uuid4().hex}"
    check(admin_page, "\n".join(f"{service} | {link} | {count}" for count in (100, 200, 300)))
    keys, second = admin_page.keyboard, admin_page.locator("#line-2")
    second.get_by_label("Place anyway").focus()
    keys.press("Space")
    second.get_by_text("can be placed").wait_for()
    admin_page.locator("#line-2:focus").wait_for()
    keys.press("Enter")
    admin_page.get_by_role("button", name="Place 2 orders").wait_for()
    assert second.locator("input[type=text]").count() == 0
    admin_page.get_by_label("Not meant: line 2").focus()
    keys.press("Enter")
    second.get_by_label("Place anyway").wait_for()
    admin_page.locator("#line-2:focus").wait_for()
    second.get_by_label("Service").fill("still-none")
    second.get_by_role("button", name="Check this line").focus()
    keys.press("Enter")
    second.get_by_text("There is no service still-none.").wait_for()
    admin_page.locator("#line-2-service:focus").wait_for()
    second.get_by_role("button", name="Leave out").focus()
    keys.press("Enter")
    second.get_by_text("left out").wait_for()
    admin_page.locator("#line-2-out:focus").wait_for()
    admin_page.locator("#all-meant").check()
    admin_page.get_by_role("button", name="repeated line").focus()
    keys.press("Enter")
    admin_page.get_by_text("lines are checked again.").wait_for()
    admin_page.locator("#batch-lines:focus").wait_for()


def test_no_button_of_a_line_that_is_meant_covers_its_badge_on_a_phone(admin_page: Page) -> None:
    service, link = service_number(admin_page), f"https://lumen.example/narrow/{uuid.uuid4().hex}"
    check(admin_page, "\n".join([f"{service} | {link} | 100"] * 2))
    admin_page.set_viewport_size({"width": 375, "height": 800})
    line = admin_page.locator("#line-2")
    line.get_by_label("Place anyway").click()  # its line is drawn anew at once, without it
    line.get_by_text("will wait for line 1").wait_for()
    admin_page.get_by_text("1 of them has a warning").wait_for()
    badge = line.get_by_text("can be placed").bounding_box()
    button = line.get_by_role("button", name="Not meant").bounding_box()
    assert badge and button
    beside = badge["x"] + badge["width"] <= button["x"]
    assert beside or badge["y"] + badge["height"] <= button["y"]
