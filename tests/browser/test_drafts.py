"""What somebody typed and did not send is kept in their browser, and offered again."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.running_desk import wait_until

from .conftest import ADMIN_PASSWORD, log_in
from .test_orders import fill_in, open_form, place
from .test_page_scripts import expect, toast

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page, Route

    from sandbox import RemoteSandbox

PLACED = re.compile(r"/orders/\d+/$")
FULL = """void (Storage.prototype.setItem = new Proxy(Storage.prototype.setItem, {
  apply(set, to, given) {
    if (given[0].includes("~")) throw new DOMException("full", "QuotaExceededError");
    set.apply(to, given);
  },
}))"""
SUBMIT = "document.querySelector('#order-form').requestSubmit()"
TYPED_BEFORE = """(said) => {
  const name = Object.keys(localStorage).find((key) => key.startsWith("desk-draft"));
  const draft = JSON.parse(localStorage.getItem(name));
  if (said) draft.fields.restores = said;
  else delete draft.fields.restores;
  localStorage.setItem(name, JSON.stringify(draft));
}"""
KEPT = "Object.keys(localStorage).filter((key) => key.startsWith('desk-draft'))"


def offer(page: Page) -> Locator:
    return page.get_by_role("status").filter(has_text="is kept.")


def press_place(page: Page) -> None:
    page.get_by_role("button", name="Place order", exact=True).click()


def begin(page: Page, link: str) -> str:
    """An order form is filled in and left. Its address."""
    open_form(page)
    fill_in(page, link)
    address = page.url
    page.goto("/orders/")
    return address


def test_an_order_that_was_begun_is_offered_again(admin_page: Page) -> None:
    begin(admin_page, "https://lumen.example/begun")
    admin_page.goto("/orders/new/")
    admin_page.locator("[data-drafts] a").first.click()
    admin_page.wait_for_url("**#draft*")
    assert admin_page.get_by_label("Link").input_value() == "https://lumen.example/begun"
    assert admin_page.get_by_label("Quantity").input_value() == "100"
    admin_page.locator("#order-preview").get_by_text("link=https://lumen.example/begun").wait_for(
        state="attached"
    )
    press_place(admin_page)
    admin_page.wait_for_url(PLACED)
    assert admin_page.evaluate(KEPT) == []


@pytest.mark.parametrize("said", ["of-a-restore-before", None])
def test_a_draft_says_up_to_which_restore_it_was_typed(admin_page: Page, said: str | None) -> None:
    """And one of a release before says nothing, also where the page that it is filled into does."""
    begin(admin_page, "https://lumen.example/typed-before")
    admin_page.evaluate(TYPED_BEFORE, said)
    admin_page.goto("/orders/new/")
    admin_page.locator("[data-drafts] a").first.click()
    admin_page.wait_for_url("**#draft*")
    assert admin_page.get_by_label("Link").input_value() == "https://lumen.example/typed-before"
    assert admin_page.locator("#order-form [name=restores]").input_value() == (said or "")
    admin_page.evaluate("localStorage.clear()")


def test_an_order_whose_answer_was_not_seen_is_sent_again_and_placed_once(
    admin_page: Page, box: RemoteSandbox
) -> None:
    link = "https://lumen.example/no-answer-seen"
    page = admin_page.context.new_page()  # where a failed answer is not a complaint
    open_form(page)
    fill_in(page, link)
    address = page.url

    def place_and_lose(route: Route) -> None:
        route.fetch(max_redirects=0)
        route.abort()

    page.route("**/orders/new/", place_and_lose)
    press_place(page)
    page.wait_for_timeout(2_000)
    page.context.clear_cookies(name="messages")  # it was with the answer
    page.unroute("**/orders/new/")
    page.goto(address)
    sent = offer(page).filter(has=page.locator("[data-draft-sent]:visible"))
    expect(sent).to_be_visible()
    page.get_by_label("Link").fill("https://lumen.example/anew")  # with a key of its own
    page.goto(address)  # typed anew, emptied, filled in and left: it was sent all the same
    expect(sent).to_be_visible()
    expect(offer(page)).to_have_count(2)
    page.get_by_label("Link").fill("https://lumen.example/anew")
    page.get_by_label("Link").fill("")
    page.goto(address)
    expect(sent).to_be_visible()
    expect(offer(page)).to_have_count(1)
    expect(sent.get_by_text("is not placed twice")).to_be_visible()
    assert "quantity 100. It was sent" in " ".join(sent.inner_text().split())
    expect(sent.get_by_text("Look first")).to_be_hidden()
    sent.get_by_role("button", name="Fill it in").click()
    page.locator("#order-form [name=service]").evaluate("field => field.value = ''")
    with page.expect_navigation():
        press_place(page)  # refused by a page that did not look for what the form became
    page.goto(address)
    expect(sent).to_be_visible()
    sent.get_by_role("button", name="Fill it in").click()
    press_place(page)
    page.wait_for_url(PLACED)
    expect(toast(page, "This form was sent before")).to_be_visible()
    assert page.evaluate(KEPT) == []
    page.close()
    assert sum(order["link"] == link for order in box.ledger()) <= 1


def test_a_form_that_came_back_is_offered_as_answered(admin_page: Page) -> None:
    open_form(admin_page)
    address = admin_page.url
    fill_in(admin_page, "https://lumen.example/too-few", "1")
    admin_page.evaluate(FULL)  # what was sent finds no room of its own, and is kept all the same
    with admin_page.expect_navigation():
        press_place(admin_page)
    expect(admin_page.locator(".is-invalid").first).to_be_visible()
    assert offer(admin_page).count() == 0
    admin_page.goto(address)
    expect(offer(admin_page)).to_be_visible()
    expect(offer(admin_page).locator("[data-draft-sent]")).to_be_hidden()


def test_two_tabs_of_one_service_keep_what_is_typed_in_each(admin_page: Page) -> None:
    open_form(admin_page)
    address = admin_page.url
    fill_in(admin_page, "https://lumen.example/first-tab", "110")
    with admin_page.expect_popup() as opened:  # it is given a copy of what this tab keeps
        admin_page.evaluate("address => void window.open(address)", address)
    other = opened.value
    other.get_by_label("Link").wait_for()
    other.wait_for_timeout(600)
    other.goto(address)
    theirs = offer(other).filter(has_text="in another tab or before")
    expect(theirs).to_contain_text("lumen.example/first-tab · quantity 110")
    expect(theirs.locator("[data-draft-holds]")).to_contain_text(
        other.locator("[data-about]").inner_text()
    )
    fill_in(other, "https://lumen.example/second-tab", "120")
    other.wait_for_timeout(600)
    assert len(admin_page.evaluate(KEPT)) == 2
    admin_page.goto(address)
    mine = offer(admin_page).filter(has_text="first-tab")
    expect(mine).to_be_visible()
    expect(mine.locator("[data-draft-elsewhere]")).to_be_hidden()
    there = offer(admin_page).filter(has_text="second-tab")
    expect(there.locator("[data-draft-elsewhere]")).to_be_visible()
    expect(there).to_contain_text("lumen.example/second-tab · quantity 120")
    there.get_by_role("button", name="Fill it in").click()
    assert admin_page.get_by_label("Quantity").input_value() == "120"
    expect(there).to_have_count(0)
    expect(mine.locator("[data-draft-elsewhere]")).to_be_visible()  # exchanged, and not lost
    mine.get_by_role("button", name="Discard").click()
    admin_page.goto("/orders/new/")
    begun = admin_page.locator("[data-drafts] li")
    expect(begun).to_have_count(1)
    expect(begun).to_contain_text("lumen.example/second-tab · quantity 120")
    other.close()


def test_a_form_that_came_after_the_session_had_ended_is_kept_as_not_placed(
    admin_page: Page, box: RemoteSandbox
) -> None:
    link = f"https://lumen.example/{uuid.uuid4().hex}"
    page = admin_page.context.new_page()  # where a refused answer is not a complaint
    open_form(page)
    address = page.url
    fill_in(page, link)
    page.context.clear_cookies(name="desk-session")
    page.evaluate(SUBMIT)  # a live part may have noticed, and stands over the button
    page.get_by_text("so nothing was done").wait_for()
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(ADMIN_PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="Leave it").click()
    page.goto("/orders/new/")
    begun = page.locator("[data-drafts] li")
    expect(begun.get_by_text("not placed: you were logged out")).to_be_visible()
    expect(begun.locator("[data-draft-sent]")).to_be_hidden()
    page.goto(address)
    expect(offer(page).get_by_text("not placed: you were logged out")).to_be_visible()
    expect(offer(page).locator("[data-draft-sent]")).to_be_hidden()
    offer(page).get_by_role("button", name="Fill it in").click()
    page.context.clear_cookies(name="desk-session")
    page.evaluate(SUBMIT)  # and now it is sent from the page that has kept it
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(ADMIN_PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Send it again").click()
    page.wait_for_url(PLACED)
    assert page.evaluate(KEPT) == []
    page.close()
    wait_until(lambda: any(o["link"] == link for o in box.ledger()), "the order at the sandbox")
    assert sum(order["link"] == link for order in box.ledger()) == 1


def test_a_discarded_draft_is_gone(admin_page: Page) -> None:
    address = begin(admin_page, "https://lumen.example/discarded")
    admin_page.goto(address)
    admin_page.get_by_role("button", name="Discard").click()
    assert offer(admin_page).count() == 0 and admin_page.evaluate(KEPT) == []


def test_logging_out_forgets_what_was_typed(admin_page: Page) -> None:
    begin(admin_page, "https://lumen.example/forgotten")
    assert len(admin_page.evaluate(KEPT)) == 1
    admin_page.locator("form[action='/log-out/'] button").evaluate("button => button.click()")
    admin_page.wait_for_url("**/log-in/**")
    assert admin_page.evaluate(KEPT) == []
    log_in(admin_page)
    admin_page.goto("/orders/new/")
    assert admin_page.locator("[data-drafts]").is_hidden()


def test_a_draft_takes_no_words_away_that_came_after_it(browser: Browser, admin_page: Page) -> None:
    number = place(admin_page, f"https://lumen.example/{uuid.uuid4().hex}")
    admin_page.locator("#about").get_by_label("reference").press_sequentially("INV-7")
    admin_page.wait_for_timeout(600)
    elsewhere = browser.new_context(base_url=admin_page.url)  # another machine: no draft is there
    other = elsewhere.new_page()
    log_in(other)
    other.goto(f"/orders/{number}/")
    other.get_by_label("Note on the order").fill("Written since.")
    other.get_by_role("button", name="Save").click()
    other.get_by_text("is annotated").wait_for()
    elsewhere.close()
    admin_page.goto("/")
    admin_page.goto(f"/orders/{number}/")
    admin_page.locator("[data-draft-fill]").first.click()
    admin_page.get_by_role("button", name="Save").click()
    admin_page.get_by_text("is annotated").wait_for()
    assert admin_page.get_by_label("Note on the order").input_value() == "Written since."
    assert admin_page.locator("#about").get_by_label("reference").input_value() == "INV-7"
