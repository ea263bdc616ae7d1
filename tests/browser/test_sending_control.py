"""The kill switch: anybody who orders uses it, everybody sees it, a manager lifts it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from tests.running_desk import wait_until

from .test_orders import place

if TYPE_CHECKING:
    from playwright.sync_api import Dialog, Page

    from sandbox import RemoteSandbox

# What the sidebar does by itself every twenty seconds.
LOOK = "htmx.ajax('GET', '/navigation/', {target: '#navigation', swap: 'morph:outerHTML'})"


def test_all_sending_is_stopped_and_let_go_again(admin_page: Page, box: RemoteSandbox) -> None:
    page, link = admin_page, f"https://lumen.example/stopped/{uuid.uuid4().hex}"
    elsewhere = page.context.new_page()
    elsewhere.goto("/services/")
    elsewhere.get_by_label("Search orders").fill("half typ")
    page.goto("/orders/sending-control/")
    stop_form = page.locator("form[action$='/sending-control/all/']")
    stop_form.get_by_role("button").click()
    stop_form.get_by_text("Fill this in").wait_for()
    asked: list[str] = []

    def take_back(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", take_back)
    stop_form.get_by_label("Why").fill("A bill looks strange.")
    stop_form.get_by_label("Why").press("Enter")  # as one does at the end of a line
    page.once("dialog", lambda dialog: dialog.accept())
    stop_form.get_by_role("button").click()
    assert asked == ["Stop all sending to every provider? Only a manager can resume it."]
    page.locator("#halts").get_by_text("A bill looks strange.").wait_for()
    elsewhere.evaluate(LOOK)
    elsewhere.locator("#halts").get_by_text("A bill looks strange.").wait_for()
    place(page, link)
    page.get_by_text("Waiting: all sending is stopped.").wait_for()
    page.goto("/orders/sending-control/")
    page.once("dialog", take_back)
    page.get_by_label("Note").fill("The bill is right.")
    page.get_by_label("Note").press("Enter")  # as one who thinks that it keeps the note
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Resume sending").click()
    assert asked[1:] == ["Resume sending? What waits behind this stop is sent."]
    page.get_by_text("Ended: “All sending is stopped”.").wait_for()
    page.get_by_text("The bill is right.").wait_for()
    wait_until(
        lambda: any(order["link"] == link for order in box.ledger()), "the order that waited"
    )
    elsewhere.evaluate(LOOK)
    elsewhere.locator("#halts:empty").wait_for(state="attached")
    assert elsewhere.get_by_label("Search orders").input_value() == "half typ"


def test_an_incident_is_said_in_its_own_form(admin_page: Page) -> None:
    page = admin_page
    page.goto("/orders/sending-control/?provider=1")
    incident = page.locator("form[action$='/sending-control/incident/']")
    incident.locator("label", has_text="Why").click()  # its label leads to its own field
    page.keyboard.type("It answers with its front page.")
    assert incident.get_by_label("Why").input_value() == "It answers with its front page."
    assert incident.get_by_label("Provider").input_value() == "1"
