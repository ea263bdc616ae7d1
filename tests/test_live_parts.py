"""Every part of a page that asks again by itself: nothing moved is 204, anything moved is drawn."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import cast

import pytest
from django.conf import settings
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from core.clocks import database_now
from core.roles import Role
from core.templatetags import desk
from core.web.live_parts import SHOWN
from dashboard.first_run.steps import OVER_KEY
from orders.models import BatchState, BulkItem, Order, OrderBatch, ReconcileRun, Refill
from orders.restores import compare_accounts
from orders.status import HaltKind, JobState, Outcome, RefillStatus, Status
from providers.models import CatalogRun, RunState
from tests.builders import (
    NOON,
    log_in,
    make_attempt,
    make_batch,
    make_batch_line,
    make_halt,
    make_job,
    make_order,
    make_refill,
    make_run,
    make_saved_filter,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.services]

Scene = tuple[str, Callable[[], object]]  # the page it is part of, and what moves it
GZIP_WITH_A_NAME = 8
POLLS = re.compile(r'hx-trigger="[^"]*\bevery\b')


def polled() -> list[str]:
    """The ids of all elements that ask by themselves, from the templates."""
    found = []
    for path in (settings.BASE_DIR / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for trigger in POLLS.finditer(text):
            tag = text[text.rindex("<", 0, trigger.start()) : trigger.start()]
            named = re.match(r'<\w+ id="([\w-]+)"', tag)
            assert named, f"{path.name}: what asks again needs an id, to be known again by"
            found.append(named[1])
    return sorted(found)


def order_list() -> Scene:
    order = make_order(Status.IN_PROGRESS, remains=400)
    return "/orders/", lambda: Order.objects.filter(pk=order.pk).update(remains=300)


def saved_views() -> Scene:
    make_saved_filter(is_shared=True)

    def one_more() -> None:
        make_order(Status.COMPLETED)
        cache.clear()  # counted a minute later

    return "/orders/", one_more


def order_page() -> Scene:
    order = make_order(Status.IN_PROGRESS, remains=400)
    return f"/orders/{order.pk}/", lambda: Order.objects.filter(pk=order.pk).update(remains=300)


def peek() -> Scene:
    order = make_order(Status.IN_PROGRESS, remains=400)
    address = f"/orders/{order.pk}/peek/"
    return address, lambda: Order.objects.filter(pk=order.pk).update(remains=300)


def stops_beside_the_navigation() -> Scene:
    return "/", make_halt


def overview() -> Scene:
    return "/", make_order


def start() -> Scene:
    cache.delete(OVER_KEY)  # another desk's, of this process
    return "/start/", make_order


def provider() -> Scene:
    account = make_run().provider
    return f"/providers/{account.pk}/", lambda: make_run(account, state=RunState.APPLIED)


def catalog_run() -> Scene:
    run = make_run()
    address = reverse("catalog-run", args=[run.pk])
    return address, lambda: CatalogRun.objects.update(state=RunState.FAILED, error="It broke.")


def restored() -> Scene:
    halt = make_halt(kind=HaltKind.RESTORED)
    compare_accounts.start_run(halt, actor=make_user(Role.MANAGER), now=NOON)
    return "/orders/restored/", lambda: ReconcileRun.objects.update(state=JobState.DONE)


def batch() -> Scene:
    pasted = make_batch(total=2, good=1, state=BatchState.PLACING)
    line = make_batch_line(pasted, is_good=True, problems=[])
    make_batch_line(pasted)

    def placed() -> None:
        pasted.lines.filter(pk=line.pk).update(order=make_order())
        OrderBatch.objects.update(placed=1)

    return f"/orders/mass-orders/{pasted.pk}/?tab=all", placed


def refills() -> Scene:
    make_refill(RefillStatus.PENDING)
    return "/orders/refills/", lambda: Refill.objects.update(status=RefillStatus.COMPLETED)


def bulk_job() -> Scene:
    job = make_job(make_order(), make_order(), state=JobState.RUNNING)
    first = job.items.order_by("pk")[:1].get()
    address = f"/orders/bulk-actions/{job.pk}/"
    return address, lambda: BulkItem.objects.filter(pk=first.pk).update(ok=False, words="Ended.")


def not_placed() -> Scene:
    sent_at = database_now() - timedelta(seconds=5)
    order = make_order(Status.UNCONFIRMED, created_at=sent_at, sent_at=sent_at)
    make_attempt(order, outcome=Outcome.UNKNOWN, evidence={"bytes_left": True})
    return f"/orders/{order.pk}/resolve/", lambda: Order.objects.update(reason="Cut off.")


SCENES: dict[str, Callable[[], Scene]] = {
    "batch-figures": batch,
    "batch-lines": batch,
    "catalog-run": catalog_run,
    "job-live": bulk_job,
    "navigation": stops_beside_the_navigation,
    "not-placed": not_placed,
    "order-list": order_list,
    "order-live": order_page,
    "overview-live": overview,
    "peek-order": peek,
    "provider-live": provider,
    "refill-list": refills,
    "restored-live": restored,
    "saved-views": saved_views,
    "start-live": start,
}


@pytest.fixture
def browser(client: Client) -> Client:
    log_in(client, make_user(Role.ADMIN))
    return client


def asks(browser: Client, page: str, part: str) -> Callable[[str], HttpResponse]:
    """What htmx asks for this part of the page; static/js says what the part shows."""
    drawn = browser.get(page).content.decode()
    found = re.search(rf'<\w+ id="{part}"[^>]* hx-get="([^"]*)"', drawn)
    assert found, f"{part} of {page} does not ask"
    address, current = unescape(found[1]), f"http://testserver{page}"

    def ask(shown: str) -> HttpResponse:
        told = {"HX-Request": "true", "HX-Current-URL": current, SHOWN: shown}
        return cast(HttpResponse, browser.get(address, headers=told))

    return ask


def test_each_is_looked_at() -> None:
    assert polled() == sorted(SCENES)


@pytest.mark.parametrize("part", SCENES)
def test_what_is_shown_already_is_not_drawn_again(browser: Client, part: str) -> None:
    page, move = SCENES[part]()
    ask = asks(browser, page, part)
    first = ask("none")
    assert first.status_code == 200
    shown = first.headers[SHOWN]
    again = ask(shown)
    assert (again.status_code, again.content) == (204, b"")
    assert SHOWN in again.headers["Vary"] and "no-store" in again.headers["Cache-Control"]
    move()
    cache.clear()
    moved = ask(shown)
    assert moved.status_code == 200 and moved.headers[SHOWN] != shown


def test_a_row_that_came_is_told(browser: Client) -> None:
    make_order(Status.IN_PROGRESS)
    ask = asks(browser, "/orders/", "order-list")
    shown = ask("none").headers[SHOWN]
    make_order(Status.IN_PROGRESS)
    assert b"1 new" in ask(shown).content


def test_a_part_falls_silent_though_it_was_shown(browser: Client) -> None:
    order = make_order(Status.IN_PROGRESS)
    ask = asks(browser, f"/orders/{order.pk}/", "order-live")
    shown = ask("none").headers[SHOWN]
    Order.objects.update(status=Status.COMPLETED, ended_at=NOON)
    assert b"hx-trigger" not in ask(shown).content


def test_times_in_words_are_kept_by_the_page(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_order(Status.IN_PROGRESS)
    ask = asks(browser, "/orders/", "order-list")
    shown = ask("none").headers[SHOWN]
    monkeypatch.setattr(desk, "ago", lambda moment, now: "17 min ago")
    assert b"17 min ago" in ask("none").content
    assert ask(shown).status_code == 204


def test_after_a_new_log_in_forms_are_drawn_with_its_tokens(browser: Client) -> None:
    order = make_order(Status.IN_PROGRESS)
    browser.cookies[settings.CSRF_COOKIE_NAME] = "a" * 32
    ask = asks(browser, f"/orders/{order.pk}/", "order-live")
    shown = ask("none").headers[SHOWN]
    assert ask(shown).status_code == 204
    browser.cookies[settings.CSRF_COOKIE_NAME] = "b" * 32
    assert ask(shown).status_code == 200


def test_who_does_not_say_what_it_shows_gets_what_there_is(browser: Client) -> None:
    answer = browser.get("/orders/", headers={"HX-Request": "true"})
    assert answer.status_code == 200 and SHOWN not in answer.headers


def test_what_tells_htmx_more_than_to_draw_is_never_left_out(browser: Client) -> None:
    order = make_order(Status.COMPLETED)
    for _ in range(2):
        told = {"HX-Request": "true", SHOWN: "none"}
        answer = browser.get(f"/orders/{order.pk}/resolve/", headers=told)
        assert answer.headers["HX-Redirect"] and SHOWN not in answer.headers


def test_a_page_is_compressed_and_hides_its_length(browser: Client) -> None:
    address, told = reverse("sending-control"), {"Accept-Encoding": "gzip"}
    pages = [browser.get(address, headers=told) for _ in range(2)]
    assert [page.headers["Content-Encoding"] for page in pages] == ["gzip"] * 2
    assert "Accept-Encoding" in pages[0].headers["Vary"]
    assert all(
        page.content[3] == GZIP_WITH_A_NAME for page in pages
    )  # random bytes stand in the name
    bare = [gzip.decompress(page.content) for page in pages]
    assert b"csrfmiddlewaretoken" in bare[0] and bare[0] != bare[1]  # masked anew each time
    assert browser.cookies[settings.SESSION_COOKIE_NAME].value.encode() not in bare[0]


def test_static_files_are_answered_before_anything_is_compressed_twice() -> None:
    order = [name.rpartition(".")[2] for name in settings.MIDDLEWARE]
    assert order.index("WhiteNoiseMiddleware") < order.index("GZipMiddleware")
    assert order.index("GZipMiddleware") < order.index(
        "UnchangedParts"
    )  # which reads what is drawn
