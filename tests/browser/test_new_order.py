"""Ordering by hand, all day: the hand stays on the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.test_orders import fill_in, open_form
from tests.running_desk import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from sandbox import RemoteSandbox

    from .conftest import OrdersFor


def test_an_order_needs_the_arrows_a_paste_and_ctrl_enter(
    admin_page: Page, box: RemoteSandbox
) -> None:
    admin_page.goto("/orders/")
    admin_page.keyboard.press("n")
    admin_page.locator("#service-words:focus").wait_for()
    admin_page.keyboard.type("visits")
    admin_page.locator("[data-pick]").nth(1).wait_for()
    admin_page.keyboard.press("ArrowDown")
    admin_page.keyboard.press("Enter")
    admin_page.locator("[name=link]:focus").wait_for()
    admin_page.keyboard.insert_text("https://lumen.example/keys/1")
    admin_page.keyboard.press("Tab")
    admin_page.keyboard.type("150")
    admin_page.keyboard.press("Control+Enter")
    admin_page.get_by_text("is placed").wait_for()
    admin_page.locator("[name=link]:focus").wait_for()  # the next one: same service and quantity
    assert admin_page.get_by_label("Quantity").input_value() == "150"
    admin_page.keyboard.insert_text("https://lumen.example/keys/2")
    admin_page.keyboard.press("Control+Enter")
    wait_until(lambda: sum("/keys/" in order["link"] for order in box.ledger()) == 2, "two orders")


def test_enter_in_a_field_places_the_order(
    admin_page: Page, box: RemoteSandbox, orders_for: OrdersFor
) -> None:
    link = "https://lumen.example/entered"
    open_form(admin_page)
    fill_in(admin_page, link)
    admin_page.keyboard.press("Enter")
    admin_page.get_by_text("is placed").wait_for()
    assert admin_page.get_by_text("Give it a name").count() == 0
    wait_until(lambda: link in [order["link"] for order in box.ledger()], "the order")
    assert len(orders_for(link)) == 1


def test_a_choice_that_is_missing_takes_the_keys(
    admin_page: Page, still_box: RemoteSandbox, orders_for: OrdersFor
) -> None:
    """The link is the same as that of an order that is open: no second one is placed before it is
    said what is meant, and then it stands in the line and is not sent."""
    link = "https://lumen.example/once-more"
    for _ in range(2):
        open_form(admin_page)
        fill_in(admin_page, link)
        admin_page.keyboard.press("Enter")
        admin_page.get_by_text("is placed").or_(
            admin_page.locator("#place-anyway-error")
        ).wait_for()
    admin_page.locator("#id_place_anyway:focus").wait_for()
    assert len(orders_for(link)) == 1
    admin_page.keyboard.press("ArrowDown")
    admin_page.locator("#id_queue_behind:checked").wait_for()
    admin_page.keyboard.press("Enter")
    admin_page.get_by_text("is placed").wait_for()
    first, second = orders_for(link)
    assert (first[0] != "held", second) == (True, ("held", "link_busy"))
    admin_page.wait_for_timeout(2_000)
    assert [order["link"] for order in still_box.ledger()].count(link) == 1


def test_a_favourite_or_a_recipe_leaves_the_order_as_it_is(admin_page: Page) -> None:
    open_form(admin_page, "plays")
    fill_in(admin_page, "https://lumen.example/kept", "130")
    admin_page.get_by_role("button", name="Add to favourites").click()
    admin_page.get_by_role("button", name="★ Favourite").click()
    admin_page.get_by_role("button", name="Add to favourites").wait_for()
    admin_page.get_by_text("Save as recipe").click()
    name = admin_page.get_by_label("Name of the recipe")
    name.press("Enter")
    admin_page.get_by_text("Give it a name").wait_for()
    name.fill("kept")
    name.press("Enter")
    admin_page.get_by_text("is saved").wait_for()
    assert admin_page.get_by_label("Link").input_value() == "https://lumen.example/kept"
    assert admin_page.get_by_label("Quantity").input_value() == "130"
    admin_page.goto("/orders/new/?q=kept")
    admin_page.once("dialog", lambda dialog: dialog.accept())
    admin_page.get_by_label("Delete the recipe kept").click()
    admin_page.get_by_text("is deleted").wait_for()


def test_enter_waits_for_what_is_found_for_the_words(admin_page: Page) -> None:
    open_form(admin_page)
    used = admin_page.locator("h2.card-title").first.inner_text()
    admin_page.goto("/orders/new/")
    admin_page.locator("#service-words:focus").wait_for()
    admin_page.keyboard.insert_text("comments")  # at once: those used last still show
    admin_page.keyboard.press("Enter")
    admin_page.locator("#order-form").wait_for()
    chosen = admin_page.locator("h2.card-title").first.inner_text()
    assert "omment" in chosen
    assert chosen != used


def test_a_recipe_is_a_digit_and_enter(admin_page: Page) -> None:
    open_form(admin_page)
    admin_page.get_by_label("Quantity").fill("170")
    admin_page.get_by_text("Save as recipe").click()
    admin_page.get_by_label("Name of the recipe").fill("a hundred and seventy")
    admin_page.get_by_role("button", name="Save", exact=True).click()
    admin_page.get_by_text("is saved").wait_for()
    admin_page.goto("/orders/new/")
    admin_page.keyboard.type("1")
    admin_page.keyboard.press("Enter")
    admin_page.locator("[name=link]:focus").wait_for()
    assert admin_page.get_by_label("Quantity").input_value() == "170"
    admin_page.goto("/orders/new/")
    admin_page.once("dialog", lambda dialog: dialog.accept())
    admin_page.get_by_label("Delete the recipe a hundred and seventy").click()
    admin_page.get_by_text("is deleted").wait_for()


def test_the_link_goes_along_to_another_service(admin_page: Page) -> None:
    link = "https://lumen.example/along?a=1&b=ü"
    open_form(admin_page)
    admin_page.get_by_label("Link").fill(link)
    admin_page.get_by_role("link", name="Change service").click()
    admin_page.get_by_text(f"Taken along: {link}").wait_for()
    admin_page.get_by_label("Service", exact=True).press_sequentially("plays")
    found = admin_page.locator("#service-results:not(:has(.picker-title)) a[href*='service=']")
    found.first.click()
    admin_page.get_by_label("Link").wait_for()
    assert admin_page.get_by_label("Link").input_value() == link
    admin_page.locator("#order-preview").get_by_text("link=https://lumen.example/along").wait_for(
        state="attached"
    )
    admin_page.get_by_label("Link").fill("")
    admin_page.get_by_role("link", name="Change service").click()
    admin_page.wait_for_url("**/orders/new/")
    assert admin_page.get_by_text("Taken along").count() == 0


def test_a_favourite_stands_first(admin_page: Page) -> None:
    open_form(admin_page)
    name = admin_page.locator("h2.card-title").first.inner_text()
    admin_page.get_by_role("button", name="Add to favourites").click()
    admin_page.get_by_role("button", name="★ Favourite").wait_for()
    admin_page.goto("/orders/new/")
    favourites = admin_page.locator(".picker-title", has_text="Favourites")
    favourites.wait_for()
    assert admin_page.locator("[data-pick] .cell-main").first.inner_text() == name
    admin_page.get_by_label(f"Take {name} out of the favourites").first.click()
    favourites.wait_for(state="detached")
    assert admin_page.get_by_label(f"Take {name} out of the favourites").count() == 0


def test_the_button_is_in_reach_on_a_phone(admin_page: Page) -> None:
    admin_page.set_viewport_size({"width": 375, "height": 812})
    open_form(admin_page)
    place = admin_page.get_by_role("button", name="Place order").bounding_box()
    assert place is not None
    assert place["y"] + place["height"] <= 812
    link = admin_page.locator("[name=link]:focus").bounding_box()
    assert link is not None
    assert link["y"] + link["height"] < place["y"]


def test_a_long_word_of_a_provider_stays_in_its_card(admin_page: Page) -> None:
    open_form(admin_page)
    about = admin_page.locator("h2.card-title bdi, h2.card-title + div bdi")
    about.evaluate_all("them => them.forEach(one => { one.textContent = 'X'.repeat(300); })")
    assert admin_page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_on_a_phone_the_cost_stands_beside_the_button(admin_page: Page) -> None:
    admin_page.set_viewport_size({"width": 375, "height": 812})
    open_form(admin_page)
    cost = admin_page.locator(".order-submit-cost strong")
    fill_in(admin_page, "https://lumen.example/phone")
    above = admin_page.locator("#order-preview .h1")
    wait_until(lambda: any(sign.isdigit() for sign in cost.inner_text()), "the cost")
    assert cost.inner_text().strip() == above.inner_text().strip()
    place, button = cost.bounding_box(), admin_page.get_by_role("button", name="Place order")
    below = button.bounding_box()
    assert place and below and 0 < below["y"] - place["y"] < 60 and below["y"] < 812
    admin_page.set_viewport_size({"width": 1280, "height": 800})
    assert not cost.is_visible()
