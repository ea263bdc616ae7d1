"""What pages say of parents, children, lines and set times; placing into a line or for later."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from dashboard import overview
from orders.links import link_key
from orders.models import Order
from orders.pages.related_figures import parts_of
from orders.pages.related_orders import CHILDREN_SHOWN
from orders.status import HoldReason, Status
from tests.builders import NOON, make_order, make_service, terms_shown
from tests.one_line import one_line
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]

LINK = "https://lumen.example/home"
DRIP = {"service": "1", "link": LINK, "quantity": "100", "runs": "10", "interval": "30"}
WATCHED = {"service": "1", "username": "lumen", "min": "10", "max": "20", "delay": "5"}


def make_family(*children: Status, payload: dict[str, str] = DRIP, **over: Any) -> Order:
    """A drip-feed of ten runs, and its children: 100 units each, 40 of which remain."""
    parent = make_order(
        Status.IN_PROGRESS, payload=payload, units=1000, parts_done=len(children), **over
    )
    for status in children:
        make_order(
            status,
            service=parent.service,
            parent=parent,
            units=100,
            remains=40,
            charge=Decimal("0.05"),
            estimate=None,
        )
    return parent


def page_of(browser: Client, order: Order, query: str = "") -> str:
    answer = browser.get(f"/orders/{order.pk}/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_parts_of_a_drip_feed_are_counted_and_summed():
    parent = make_family(Status.COMPLETED, Status.IN_PROGRESS, Status.CANCELED)
    parts = parts_of(parent)
    assert parts is not None
    assert (parts.name, parts.begun, parts.ended, parts.open, parts.left) == ("run", 3, 2, 1, 7)
    assert (parts.charge, parts.delivered) == (Decimal("0.15"), 60 + 60 + 60)
    assert parts.delivered == sum(child.delivered or 0 for child in parent.children.all())


def test_a_parent_that_tells_nothing_is_as_far_as_its_parts(staff: Client):
    parent = make_family(Status.COMPLETED, Status.IN_PROGRESS)
    for page in (staff.get("/orders/").content.decode(), page_of(staff, parent)):
        assert f'value="{60 + 60}" max="1000"' in page


def test_ten_parents_cost_the_queries_of_one(staff: Client):
    def parents(count: int) -> int:
        for _ in range(count):
            make_family(Status.COMPLETED)
        return len(queries_of(lambda: staff.get("/orders/")))

    assert parents(1) == parents(9)


@pytest.mark.parametrize(
    ("more", "total"),
    [
        ({}, None),
        ({"posts": "0"}, None),
        ({"posts": "6"}, 6),
        ({"posts": "6", "old_posts": "4"}, 10),
    ],
)
def test_a_subscription_without_a_number_of_posts_has_no_limit(more, total):
    parent = make_family(payload={**WATCHED, **more, "expiry": "31/12/2026"}, type="Subscriptions")
    parts = parts_of(parent)
    assert parts is not None
    assert (parts.name, parts.total) == ("post", total)
    assert parts.ends_on == datetime(2026, 12, 31, tzinfo=UTC).date()


def test_an_ordinary_order_has_no_parts(staff: Client):
    order = make_order(Status.IN_PROGRESS)
    assert parts_of(order) is None
    assert 'id="children"' not in page_of(staff, order)


def test_the_page_of_a_parent_lists_its_children_and_leads_back(staff: Client):
    parent = make_family(Status.COMPLETED, Status.IN_PROGRESS)
    page = page_of(staff, parent)
    child = parent.children.first()
    assert child is not None
    assert "2 of 10 begun" in page and "$0.10" in page and child.external_id in page
    assert f'href="/orders/{parent.pk}/"' in page_of(staff, child)


def test_an_ended_parent_stays_live_while_a_child_is_running(staff: Client):
    parent = make_family(Status.IN_PROGRESS)
    Order.objects.filter(pk=parent.pk).update(status=Status.CANCELED, ended_at=NOON)
    assert "hx-trigger" in page_of(staff, parent).partition('id="order-live"')[2][:300]
    parent.children.update(status=Status.COMPLETED)
    assert "hx-trigger" not in page_of(staff, parent).partition('id="order-live"')[2][:300]


def test_many_children_are_paged(staff: Client):
    parent = make_family(*[Status.IN_PROGRESS] * (CHILDREN_SHOWN + 1))
    oldest = parent.children.order_by("pk")[0]
    assert (
        f'href="/orders/{oldest.pk}/"' not in page_of(staff, parent).partition('id="children"')[2]
    )
    last = page_of(staff, parent, "?cursor=last")
    assert f'href="/orders/{oldest.pk}/"' in last and "?cursor=last" in last


def test_ten_children_cost_the_queries_of_one(staff: Client):
    def queries(number: int) -> int:
        parent = make_family(*[Status.IN_PROGRESS] * number)
        captured = queries_of(lambda: page_of(staff, parent))
        return len(captured)

    assert queries(10) == queries(1)


def waiting(behind: Order | None = None, **over: Any) -> Order:
    if behind is not None:
        over |= {"service": behind.service, "link": behind.link, "link_key": behind.link_key}
    return make_order(
        Status.HELD, **{"hold_reason": HoldReason.LINK_BUSY, "blocked_by": behind, **over}
    )


def test_a_waiting_order_says_for_whom_and_the_other_who_waits(staff: Client):
    first = make_order(Status.IN_PROGRESS)
    second = waiting(first)
    page = page_of(staff, second)
    assert f'Waiting for order <a href="/orders/{first.pk}/">' in page
    assert "Release" in page and "Withdraw" in page
    assert f'<a href="/orders/{second.pk}/">{second}</a>' in page_of(staff, first)


def test_letting_go_what_waits_on_purpose_is_not_the_main_button_of_its_page(staff: Client):
    page = page_of(staff, waiting(make_order(Status.IN_PROGRESS)))
    content = page[page.index('id="order-live"') :]
    (release,) = re.findall(r'<button class="([^"]*)"[^>]*formaction="[^"]*/release/', content)
    assert release == "btn" and "btn-primary" not in content


def test_a_waiting_order_of_which_only_the_provider_knows_why_says_when_it_is_tried(staff: Client):
    assert "None of ours is known to be; it is tried again" in one_line(page_of(staff, waiting()))


def test_a_scheduled_order_says_when_and_can_be_started_now(staff: Client):
    order = make_order(
        Status.HELD, hold_reason=HoldReason.SCHEDULED, starts_at=timezone.now() + timedelta(hours=3)
    )
    page = page_of(staff, order)
    assert "It starts" in page and "Start now" in page
    staff.post(f"/orders/{order.pk}/release/", {"shown": "scheduled"})
    order.refresh_from_db()
    assert order.status == Status.QUEUED


def filled(service: Any, **over: str) -> dict[str, str]:
    return {
        "service": str(service.pk),
        "form_key": str(uuid.uuid4()),
        "link": LINK,
        "quantity": "100",
        "terms": terms_shown(service),
        **over,
    }


def placed(service: Any, **over: Any) -> Order:
    place: dict[str, Any] = {"link": LINK, "link_key": link_key(LINK)}
    return make_order(Status.IN_PROGRESS, service=service, **(place | over))


def test_the_form_offers_to_wait_instead_of_buying_beside(staff: Client):
    first = placed(make_service())
    answer = staff.post("/orders/new/", filled(first.service))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f"Queue after order {first}" in page and "Place anyway" in page
    beside = f"behind:{answer.context['form'].consent}"
    assert f'value="{beside}"' in page
    staff.post("/orders/new/", filled(first.service, beside=beside))
    order = Order.objects.latest("pk")
    assert (order.status, order.hold_reason) == (Status.HELD, HoldReason.LINK_BUSY)
    assert order.blocked_by_id == first.pk


def test_an_order_to_queue_after_that_is_none_of_the_repeats_says_why_it_is_named(staff: Client):
    first = placed(make_service())
    assert "last in line" not in staff.post("/orders/new/", filled(first.service)).content.decode()
    last = placed(make_service(first.service.provider, external_id="77"))
    page = one_line(staff.post("/orders/new/", filled(first.service)).content.decode())
    words = f"Queue after order {last} ({last} is the last in line for this link)"
    assert words in page


def test_the_choice_to_wait_comes_back_unmade_where_it_spoke_of_another_link(staff: Client):
    first = placed(make_service())
    consent = staff.post("/orders/new/", filled(first.service)).context["form"].consent
    link = "https://lumen.example/typed-since"
    placed(first.service, link=link, link_key=link_key(link))
    said = filled(first.service, beside=f"behind:{consent}")
    answer = staff.post("/orders/new/", said | {"link": link})
    page = one_line(answer.content.decode())
    radio = page[page.index('value="behind:') : page.index("Queue after order")]
    assert answer.status_code == 422 and " checked" not in radio
    again = said | {"link": link, "beside": f"behind:{answer.context['form'].consent}"}
    page = one_line(staff.post("/orders/new/preview/", again).content.decode())
    radio = page[page.index('value="behind:') : page.index("Queue after order")]
    assert " checked" in radio


def test_another_service_with_the_link_is_offered_but_not_asked_about(staff: Client):
    first = placed(make_service())
    other = make_service(first.provider)
    page = staff.post("/orders/new/preview/", filled(other)).content.decode()
    assert "This link is in use" in page
    staff.post("/orders/new/", filled(other))
    assert Order.objects.latest("pk").status == Status.QUEUED


def test_a_link_that_is_free_is_no_matter_although_waiting_was_asked_for(staff: Client):
    service = make_service()
    staff.post("/orders/new/", filled(service, queue_behind="on"))
    assert Order.objects.get().status == Status.QUEUED


def test_an_order_can_be_placed_for_later_in_the_desks_own_time(staff: Client, settings: Any):
    settings.TIME_ZONE = "Asia/Kathmandu"
    service, start = make_service(), timezone.now() + timedelta(days=2)
    with timezone.override("Asia/Kathmandu"):
        typed = timezone.localtime(start).strftime("%Y-%m-%dT%H:%M")
        answer = staff.post(
            "/orders/new/", filled(service, starts_at=typed, zone="Asia/Kathmandu"), follow=True
        )
    order = Order.objects.get()
    assert (order.status, order.hold_reason) == (Status.HELD, HoldReason.SCHEDULED)
    assert order.starts_at == start.replace(second=0, microsecond=0)
    page = one_line(answer.content.decode())
    assert "is placed: held. " in page and f"at {typed[-5:]} (Asia/Kathmandu)" in page


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("2020-01-01T10:00", "This time has passed."),
        ("2999-01-01T10:00", "more than a year away"),
        ("soon", "date and time"),
    ],
)
def test_a_time_that_cannot_be_meant_comes_back(staff: Client, typed: str, words: str):
    answer = staff.post("/orders/new/", filled(make_service(), starts_at=typed, zone="UTC"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page and f'value="{typed}"' in page
    assert not Order.objects.exists()


def test_no_money_is_counted_twice():
    today: dict[str, Any] = {"created_at": NOON, "estimate": Decimal(2)}
    told = make_family(Status.COMPLETED, Status.IN_PROGRESS, charge=Decimal(1), **today)
    silent = make_family(Status.COMPLETED, **today)
    Order.objects.filter(parent__in=[told, silent]).update(created_at=NOON)
    cache.clear()
    found = overview.figures(NOON)
    assert found.spend == {"USD": Decimal("1.05")}
    assert found.placed == 2
