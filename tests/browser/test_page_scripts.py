"""What the small scripts do on every page; docs/scripts.md says which test is whose."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.running_desk import wait_until

from .test_order_list import FORGET
from .test_orders import place
from .test_sending_control import LOOK

if TYPE_CHECKING:
    from playwright.sync_api import Locator, LocatorAssertions, Page

    from sandbox import RemoteSandbox

SAY = "([text, level]) => document.dispatchEvent(new CustomEvent('toast', {detail: {text, level}}))"
THEME = "document.documentElement.dataset.bsTheme"
DRAWN = "Chart.getChart(document.querySelector('canvas[data-chart]')) !== undefined"
BENDS = """(() => {
  const chart = Chart.getChart(document.querySelector('canvas[data-chart]'));
  const line = chart.getDatasetMeta(0).dataset.options;
  return line.tension + (line.cubicInterpolationMode === 'monotone' ? 1 : 0);
})()"""
SOONER = "nav => { nav.setAttribute('hx-trigger', 'every 1s'); htmx.process(nav); }"
TOP = "one => one.getBoundingClientRect().top"
FOCUSED = "field => field === document.activeElement"
CORNER = """(kind) => {
  const one = document.createElement(kind);
  Object.assign(one, {href: "#", textContent: "In the corner"});
  one.style.cssText = "position: fixed; inset: auto 3rem 3rem auto";
  document.body.append(one);
}"""
COVERS = """(shelf, what) => {
  const under = what ?? document.activeElement;
  const [one, other] = [shelf, under].map((it) => it.getBoundingClientRect());
  return one.top < other.bottom && other.top < one.bottom && one.left < other.right;
}"""
WRONG_CLOCK = "{ const real = Date.now; Date.now = () => real() + 7_200_000; }"
REFRESHED = "document.dispatchEvent(new Event('htmx:afterSettle'))"
LONG_AGO = "[...document.querySelectorAll('time')].some((one) => /\\bh\\b/.test(one.textContent))"
HIDE = "Object.defineProperty(document, 'hidden', {get: () => true, configurable: true})"


@pytest.fixture
def other_page(admin_page: Page) -> Iterator[Page]:
    """A second tab, in which a failed answer is not a complaint."""
    page = admin_page.context.new_page()
    yield page
    page.close()


def expect(what: Locator) -> LocatorAssertions:
    """What must become true of it, in as long as a busy machine may take."""
    from playwright import sync_api

    sync_api.expect.set_options(timeout=30_000)
    return sync_api.expect(what)


def toast(page: Page, text: str) -> Locator:
    return page.locator("#toasts").get_by_text(text)


def test_a_toast_is_said_and_closed(admin_page: Page) -> None:
    admin_page.evaluate(SAY, ["The first one.", "error"])
    card = admin_page.locator("#toasts .toast").filter(has_text="The first one.")
    assert card.get_attribute("role") == "alert"
    card.get_by_label("Close").click()
    assert card.count() == 0


def test_a_toast_does_not_cover_what_has_the_focus(admin_page: Page) -> None:
    admin_page.evaluate(CORNER, "a")  # a button is not under the shelf in any case
    shelf, corner = admin_page.locator("#toasts"), admin_page.get_by_text("In the corner")
    corner.focus()
    admin_page.evaluate(SAY, ["The first one.", "error"])
    assert not shelf.evaluate(COVERS)
    at_the_top = shelf.evaluate(TOP)
    admin_page.get_by_label("Search orders").focus()
    assert shelf.evaluate(TOP) > at_the_top and not shelf.evaluate(COVERS)
    corner.focus()
    assert not shelf.evaluate(COVERS)


def test_a_chosen_theme_outlives_the_page(admin_page: Page) -> None:
    light = "light"  # also what the system of this browser has, which other tests rely on
    for name, theme in (("Dark", "dark"), ("Light", light), ("Use system setting", light)):
        admin_page.get_by_label("Theme").click()
        with admin_page.expect_response("**/profile/theme/"):
            admin_page.get_by_role("button", name=name, exact=True).click()
        assert admin_page.evaluate(THEME) == theme
        admin_page.evaluate("localStorage.removeItem('desk-theme')")  # as another browser has it
        admin_page.reload()
        assert admin_page.evaluate(THEME) == theme


def test_keys_search_and_begin_an_order(admin_page: Page) -> None:
    search = admin_page.get_by_label("Search orders")
    admin_page.keyboard.press("/")
    assert search.evaluate(FOCUSED)
    admin_page.keyboard.press("n")
    assert search.input_value() == "n"
    search.blur()
    admin_page.keyboard.press("n")
    admin_page.wait_for_url("**/orders/new/")


def test_the_content_that_is_skipped_to_is_not_under_the_bar(admin_page: Page) -> None:
    admin_page.goto("/orders/sending-control/")
    admin_page.keyboard.press("Tab")
    admin_page.keyboard.press("Enter")
    admin_page.wait_for_url("**#content")
    bar, title = admin_page.locator(".desk-top"), admin_page.locator("h1")
    assert title.evaluate(TOP) > bar.evaluate("bar => bar.getBoundingClientRect().bottom")


def test_a_mistake_is_forgotten_when_its_field_changes(admin_page: Page) -> None:
    admin_page.goto("/orders/sending-control/")
    stop = admin_page.locator("form[action$='/sending-control/all/']")
    stop.get_by_role("button").click()
    field = stop.get_by_label("Why")
    assert field.get_attribute("aria-invalid") == "true"
    assert field.evaluate(FOCUSED)  # keys go on at the mistake, and a small screen shows it
    field.press_sequentially("A")
    assert field.get_attribute("aria-invalid") is None
    assert stop.get_by_text("Fill this in").count() == 0


@pytest.fixture
def open_order(admin_page: Page, still_box: RemoteSandbox) -> Iterator[None]:
    """One that stays open, so that the list of orders is asked for again and again."""
    place(admin_page, f"https://lumen.example/open/{uuid.uuid4().hex}")
    yield


@pytest.mark.usefixtures("open_order")
def test_what_is_in_use_is_not_refreshed_away(admin_page: Page) -> None:
    admin_page.goto("/orders/?q=open")
    menu = admin_page.locator("#save-filter summary")
    menu.click()
    row = admin_page.locator("tr[id^=order-]").first
    row.evaluate("row => row.dataset.mark = 'old'")
    admin_page.locator("#order-list").evaluate(FORGET)
    with admin_page.expect_response("**/orders/?q=open&top=*"):
        pass
    assert row.get_attribute("data-mark") == "old"
    menu.click()
    admin_page.locator("#order-list").evaluate(FORGET)
    admin_page.locator("tr[id^=order-]:not([data-mark])").first.wait_for()


@pytest.mark.usefixtures("open_order")
def test_a_hidden_page_asks_for_nothing(admin_page: Page) -> None:
    admin_page.goto("/orders/")
    with admin_page.expect_response("**/orders/?top=*"):
        pass
    admin_page.evaluate(HIDE)
    admin_page.wait_for_timeout(500)  # what was under way
    asked: list[str] = []
    admin_page.on("request", lambda request: asked.append(request.url))
    admin_page.wait_for_timeout(4_000)
    assert asked == []


def test_a_desk_that_does_not_answer_is_said_until_it_does(other_page: Page) -> None:
    other_page.goto("/orders/")
    banner = other_page.locator("#connection-lost")
    other_page.route("**/navigation/", lambda route: route.fulfill(status=502, body="Bad gateway"))
    other_page.locator("#navigation").evaluate(SOONER)
    expect(banner).to_be_visible()
    other_page.unroute("**/navigation/")
    expect(banner).to_be_hidden()
    expect(toast(other_page, "The desk answers again.")).to_be_visible()


@pytest.mark.parametrize("status", [403, 404])
def test_a_part_that_is_refused_does_not_go_on_as_if_it_were_of_now(
    other_page: Page, status: int
) -> None:
    """Somebody may not see it any more, or it is gone: it would stand there for ever."""
    other_page.goto("/orders/")
    other_page.route("**/navigation/", lambda route: route.fulfill(status=status, body="no"))
    other_page.locator("#navigation").evaluate(SOONER)
    expect(toast(other_page, "no longer brought up to date")).to_have_count(1)
    stale = other_page.locator("html.is-stale")
    expect(stale).to_have_count(1)
    other_page.unroute("**/navigation/")
    expect(stale).to_have_count(0)


@pytest.mark.parametrize(
    ("status", "words"),
    [(403, "You may not do that"), (404, "no longer there"), (429, "Too many"), (500, "No answer")],
)
def test_an_answer_that_failed_is_explained(other_page: Page, status: int, words: str) -> None:
    other_page.goto("/services/")
    other_page.route("**/services/?*", lambda route: route.fulfill(status=status, body="no"))
    other_page.locator("#id_q").fill("visits")
    expect(toast(other_page, words)).to_be_visible()


def test_what_is_written_stays_when_a_page_would_leave_by_itself(admin_page: Page) -> None:
    admin_page.goto("/orders/sending-control/")
    why = admin_page.locator("form[action$='/sending-control/all/']").get_by_label("Why")
    why.fill("Half a reason")
    elsewhere = {"HX-Redirect": "/orders/"}
    admin_page.route("**/navigation/", lambda route: route.fulfill(headers=elsewhere))
    admin_page.evaluate(LOOK)
    toast(admin_page, "What you typed is kept: copy it")
    assert why.input_value() == "Half a reason"


def test_a_refused_form_gets_the_new_token(admin_page: Page) -> None:
    detail = "{detail: {token: 'the-new-one', text: 'Send it again.'}}"
    admin_page.evaluate(f"document.dispatchEvent(new CustomEvent('desk:refused', {detail}))")
    expect(toast(admin_page, "Send it again.")).to_be_visible()
    tokens = admin_page.locator("input[name=csrfmiddlewaretoken]")
    assert {field.input_value() for field in tokens.all()} == {"the-new-one"}
    assert "the-new-one" in (admin_page.locator("body").get_attribute("hx-headers") or "")


def test_times_in_words_stay_true(admin_page: Page) -> None:
    number = place(admin_page, "https://lumen.example/times")
    admin_page.goto(f"/orders/{number}/")
    admin_page.evaluate(
        """() => {
          const time = document.querySelector(".card-footer time");
          time.dateTime = new Date(Date.now() - 125_000).toISOString();
          document.dispatchEvent(new Event("htmx:afterSettle"));
        }"""
    )
    assert admin_page.locator(".card-footer time").first.inner_text() == "2 min ago"


def test_times_in_words_are_those_of_the_desk(other_page: Page) -> None:
    """Nothing draws them anew while nothing moves, so the clock of this machine must not count."""
    number = place(other_page, "https://lumen.example/clock")
    other_page.add_init_script(WRONG_CLOCK)
    other_page.goto(f"/orders/{number}/")
    other_page.evaluate(REFRESHED)
    assert not other_page.evaluate(LONG_AGO)
    other_page.evaluate(WRONG_CLOCK)  # once more, while the page is open
    with other_page.expect_response("**/navigation/"):
        other_page.locator("#navigation").evaluate(SOONER)
    other_page.wait_for_timeout(200)  # until it is taken in
    other_page.evaluate(REFRESHED)
    assert not other_page.evaluate(LONG_AGO)


def test_a_text_is_copied(admin_page: Page) -> None:
    number = place(admin_page, "https://lumen.example/copied")
    admin_page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    admin_page.goto(f"/orders/{number}/evidence/")
    admin_page.locator("[data-copy-from]").click()
    expect(toast(admin_page, "Copied.")).to_be_visible()
    assert "lumen.example/copied" in admin_page.evaluate("navigator.clipboard.readText()")


def test_every_row_is_selected_and_counted(admin_page: Page) -> None:
    for number in range(2):
        place(admin_page, f"https://lumen.example/counted/{number}")
    admin_page.goto("/orders/?q=lumen.example/counted")
    admin_page.locator("[data-check-all]").check()
    assert admin_page.locator("[data-order-box]:checked").count() == 2
    assert admin_page.locator("[data-ticked]").inner_text() == "2"
    admin_page.locator("[data-order-box]").first.uncheck()
    assert admin_page.locator("[data-ticked]").inner_text() == "1"


def test_a_step_that_asks_is_taken_only_after_a_yes(admin_page: Page) -> None:
    leave = admin_page.locator("form[action='/log-out/'] button")
    leave.evaluate("button => button.dataset.confirm = 'Really?'")
    admin_page.once("dialog", lambda dialog: dialog.dismiss())
    leave.evaluate("button => button.click()")
    admin_page.wait_for_timeout(500)
    assert admin_page.locator("h1").inner_text() == "Overview"
    admin_page.once("dialog", lambda dialog: dialog.accept())
    leave.evaluate("button => button.click()")
    admin_page.wait_for_url("**/log-in/**")


def test_the_chart_is_drawn_and_follows_the_chosen_days(admin_page: Page) -> None:
    wait_until(lambda: admin_page.evaluate(DRAWN), "no chart")
    canvas = admin_page.locator("canvas[data-chart]")
    assert admin_page.evaluate(BENDS) == 0, "between two days there is nothing to be seen"
    before = canvas.get_attribute("aria-label")
    admin_page.locator("#overview-chart nav a:not(.active)").first.click()
    expect(canvas).not_to_have_attribute("aria-label", before or "")
    wait_until(lambda: admin_page.evaluate(DRAWN), "no chart")
