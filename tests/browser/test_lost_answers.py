"""Answers that get lost: found again by the desk, resolved by a person, stopped when too many."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.running_desk import wait_until

from .test_mass_orders import check, service_number
from .test_orders import SLOW, place, wait_for_status

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from sandbox import RemoteSandbox

RULES = "/orders/recovery/1/"
AT_PROVIDER = re.compile("Pending|In progress|Processing|Completed|Partial|Canceled")


def keep_rules(page: Page, *, search: bool, lost_in_a_row: int) -> None:
    page.goto(RULES)
    page.get_by_label("Nothing but this desk orders with this key").set_checked(search)
    page.get_by_label("Orders in a row with rising ids").fill("5")
    page.get_by_label("Lost answers in ten minutes").fill(str(lost_in_a_row))
    page.get_by_role("button", name="Keep the rules").click()
    page.get_by_text("The rules are kept").wait_for()


@pytest.fixture
def searching(admin_page: Page, still_box: RemoteSandbox) -> Iterator[Page]:
    """Six accepted orders prove that ids rise here; one more lost answer is one too many."""
    mark = uuid.uuid4().hex
    service = service_number(admin_page)
    rows = [f"{service} | https://lumen.example/{mark}/{number} | 100" for number in range(6)]
    check(admin_page, "\n".join(rows))
    admin_page.get_by_role("button", name="Place 6 orders").click()
    wait_until(
        lambda: sum(mark in order["link"] for order in still_box.ledger()) == 6, "six orders"
    )
    admin_page.goto(f"/orders/?q={mark}")
    admin_page.locator("tr[id^=order-]").filter(has_text=AT_PROVIDER).nth(5).wait_for(timeout=SLOW)
    keep_rules(admin_page, search=True, lost_in_a_row=1)
    admin_page.get_by_role("button", name="Analyse order IDs").click()
    admin_page.get_by_text("Lost orders are looked for by their number").wait_for()
    yield admin_page
    keep_rules(admin_page, search=False, lost_in_a_row=0)


def test_a_lost_answer_is_found_by_itself_and_one_too_many_waits_for_a_person(
    searching: Page, still_box: RemoteSandbox
) -> None:
    page, link = searching, f"https://lumen.example/found/{uuid.uuid4().hex}"
    still_box.fault("reset_after_request", "after", action="add", times=1)
    place(page, link)
    page.get_by_text("Found at the provider as").wait_for(timeout=SLOW)
    (truth,) = (order for order in still_box.ledger() if order["link"] == link)
    assert f"Found at the provider as {truth['id']}" in page.locator("#order-live").inner_text()
    second = f"https://lumen.example/waits/{uuid.uuid4().hex}"
    place(page, second)
    page.get_by_text("Waiting: too many answers were lost.").wait_for()
    page.locator("#halts").get_by_role("link", name="Sending control").click()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Reviewed: resume").click()
    page.get_by_text("Ended: “Too many answers were lost”.").wait_for()
    assert page.locator("#halts").inner_text() == ""
    wait_until(lambda: any(o["link"] == second for o in still_box.ledger()), "the one that waited")


def test_a_person_resolves_what_the_desk_does_not_look_for(
    admin_page: Page, box: RemoteSandbox
) -> None:
    page, link = admin_page, f"https://lumen.example/given-up/{uuid.uuid4().hex}"
    keep_rules(page, search=False, lost_in_a_row=0)
    box.fault("close_after_request", "after", action="add", times=1)
    number = place(page, link)
    page.get_by_role("link", name="Review the evidence and decide").click(timeout=SLOW)
    page.get_by_text("The order can still appear at the provider.").wait_for()
    assert page.get_by_role("button", name="Mark as not placed").is_disabled()
    waiting = place(page, f"{link}/next")
    page.get_by_text("Waiting: an order is in doubt.").wait_for()
    page.goto(f"/orders/{number}/resolve/")
    page.set_viewport_size({"width": 375, "height": 812})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_role("button", name="Close as unknown").click()
    page.locator(".invalid-feedback").wait_for()
    page.get_by_label("Reason").fill("The provider does not answer our ticket.")
    page.get_by_role("button", name="Close as unknown").click()
    page.wait_for_url(re.compile(rf"/orders/{number}/$"))
    wait_for_status(page, "Closed as unknown")
    page.goto(f"/orders/{waiting}/")
    wait_for_status(page, AT_PROVIDER)


def test_a_phrase_is_added_once_and_understood_from_then_on(
    admin_page: Page, box: RemoteSandbox
) -> None:
    page, word = admin_page, "".join(letter for letter in uuid.uuid4().hex if letter.isalpha())
    box.fault("error_reply", "before", action="add", reason=f"No room for {word}")
    number = place(page, f"https://lumen.example/{word}/first")
    page.get_by_role("link", name="Review the evidence and decide").click(timeout=SLOW)
    page.get_by_label("It means").select_option("It does not take this link")
    page.get_by_label("I am sure: whenever it answers so").check()
    page.get_by_role("button", name="Add and resolve").click()
    page.wait_for_url(re.compile(rf"/orders/{number}/$"))
    wait_for_status(page, "Rejected")
    place(page, f"https://lumen.example/{word}/second")
    wait_for_status(page, "Rejected")
    page.goto("/orders/phrases/1/")
    page.get_by_text(f"no room for {word}").wait_for()
    assert not [order for order in box.ledger() if word in order["link"]], "both were refused"
