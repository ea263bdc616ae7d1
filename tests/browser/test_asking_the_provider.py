"""What somebody asks a provider by hand: what an order must carry, and how an ended one stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from .test_bulk import place as place_at
from .test_bulk import service_that
from .test_lost_answers import RULES
from .test_orders import SLOW, place, wait_for_status

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from sandbox import RemoteSandbox
    from tests.running_desk import Desk

PARAMETER = "Parameter of an order that takes an id of ours"


def keep(page: Page) -> None:
    page.get_by_role("button", name="Keep the rules").click()
    page.get_by_text("The rules are kept").wait_for()


@pytest.fixture
def wants_ids(box: RemoteSandbox, admin_page: Page) -> Iterator[Page]:
    """The provider refuses an order that carries no id of ours."""
    box.dialect(request_id="required")
    yield admin_page
    box.dialect(request_id="ignored")
    admin_page.goto(RULES)
    admin_page.get_by_label(PARAMETER).fill("")
    keep(admin_page)


def test_an_empty_order_tells_the_parameter_and_the_next_order_carries_its_id(
    wants_ids: Page, box: RemoteSandbox
) -> None:
    page, before = wants_ids, len(box.ledger())
    page.goto("/providers/1/")
    page.get_by_role("button", name="Check with an empty order").dblclick()
    page.get_by_text("from now on it gets one as “request_id”").wait_for(timeout=SLOW)
    assert len(box.ledger()) == before
    page.goto(RULES)
    assert page.get_by_label(PARAMETER).input_value() == "request_id"
    page.get_by_label(PARAMETER).fill("quantity")
    page.get_by_role("button", name="Keep the rules").click()
    page.get_by_text("“quantity” means something else in an order.").wait_for()
    assert page.get_by_label(PARAMETER).input_value() == "quantity"
    number = place(page, "https://lumen.example/carries")
    wait_for_status(page, re.compile("Pending|In progress|Processing|Completed|Partial|Canceled"))
    page.reload()
    page.get_by_text("What was sent").first.click()
    page.locator("pre.wire").get_by_text("request_id=").wait_for()
    assert number and len(box.ledger()) == before + 1


def test_an_ended_order_is_asked_about_once_however_often_the_button_is_pressed(
    admin_page: Page,
) -> None:
    place(admin_page, "https://lumen.example/ended")
    wait_for_status(admin_page, re.compile("Completed|Partial|Canceled"))
    admin_page.get_by_role("button", name="Refresh status").dblclick()
    told = admin_page.get_by_text("Asked again: the provider says")
    told.first.wait_for()
    admin_page.reload()
    told.first.wait_for()
    assert told.count() == 1


def test_an_open_page_follows_a_cancel_until_it_is_over(
    admin_page: Page, still_box: RemoteSandbox, desk: Desk
) -> None:
    """Nobody reloads it: the order ends first, the request to cancel it a moment later."""
    link = "https://lumen.example/cancel/followed"
    place_at(admin_page, service_that(desk, True), link)
    live = admin_page.locator("#order-live")
    live.get_by_text("Pending", exact=True).first.wait_for(timeout=SLOW)
    admin_page.evaluate("window.neverReloaded = true")
    admin_page.once("dialog", lambda asked: asked.accept())
    admin_page.get_by_role("button", name="Request cancellation").click()
    live.get_by_text("until its status says otherwise").wait_for(timeout=SLOW)
    admin_page.evaluate("window.neverReloaded = true")
    (order,) = (one for one in still_box.ledger() if one["link"] == link)
    still_box.force(order["id"], status="Partial", remains=40)
    live.get_by_text("Order ended", exact=True).wait_for(timeout=SLOW)
    admin_page.locator("#order-live:not([hx-get])").wait_for(timeout=SLOW)
    assert "until its status says otherwise" not in live.inner_text()
    assert live.get_by_text("the request to cancel it is over").count() == 1
    assert admin_page.evaluate("window.neverReloaded") is True
