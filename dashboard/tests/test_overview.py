"""What the first page says, to whom, and what it costs."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from core.roles import Role
from dashboard import overview
from dashboard.health.attention import order_counts
from dashboard.models import BEAT, Heartbeat
from dashboard.navigation import Item
from orders.models import Order
from orders.sending import halts
from orders.status import Flag, HaltKind, HoldReason, RefillStatus, Status
from providers.account_health import account_health
from providers.models import ProviderHealth, RunState
from tests.builders import make_order, make_provider, make_refill, make_run, make_service
from tests.one_line import one_line
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]
ForRole = Callable[[Role | None], Client]
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def page(browser: Client) -> str:
    cache.clear()
    return browser.get("/").content.decode()


def test_a_quiet_desk_says_nothing_waits(client_for_role: ForRole) -> None:
    drawn = page(client_for_role(Role.MANAGER))
    assert 'id="waiting-title"' not in drawn and "No orders yet" in drawn


def test_everything_that_waits_for_a_person_is_named(client_for_role: ForRole) -> None:
    make_order(Status.UNCONFIRMED)
    make_order(Status.NOT_PLACED)
    make_order(Status.IN_PROGRESS, flag=Flag.UNKNOWN_WORD)
    make_refill(RefillStatus.UNCONFIRMED)
    make_provider(name="Keyless", key="")
    make_provider(name="Poor", balance=Decimal(3), low_balance=Decimal(5))
    make_run(make_provider(name="Shrunk"), state=RunState.HELD)
    drawn = page(client_for_role(Role.MANAGER))
    for words in (
        "1 order unconfirmed",
        "1 order not placed",
        "1 order flagged",
        "Keyless: no key",
        "1 refill unconfirmed",
        "/orders/refills/?status=unconfirmed",
        "confirmed by somebody",
        "Poor: low balance",
        "The catalog of Shrunk was held back",
    ):
        assert words in drawn


def test_an_account_that_lost_too_many_answers_waits_for_a_person(client_for_role: ForRole) -> None:
    lossy, now = make_provider(name="Lossy"), timezone.now()
    kind, reason = HaltKind.EXPOSURE, "3 answers were lost within 10 minutes."
    halts.place_halt(kind, now=now, provider=lossy, reason=reason)
    drawn = page(client_for_role(Role.OPERATOR))
    assert "Lossy: too many answers were lost" in drawn and f"{reason} It is sent nothing" in drawn
    halts.lift_halt(kind, now=now, provider=lossy)
    assert 'id="waiting-title"' not in page(client_for_role(Role.OPERATOR))


def test_a_lost_order_is_looked_for_only_where_the_desk_may(client_for_role: ForRole) -> None:
    """At an account as it is added, nobody has said yet that it may."""
    make_order(Status.UNCONFIRMED)
    manager = client_for_role(Role.MANAGER)
    for drawn in (page(manager), manager.get("/orders/unconfirmed/").content.decode()):
        words = one_line(drawn)
        assert "looks for them" not in words
        assert "Where the desk may look for one, it does; any other waits for a person." in words


def test_what_waits_reads_well_of_one_and_of_several(client_for_role: ForRole) -> None:
    order = make_order(Status.UNCONFIRMED, flag=Flag.UNKNOWN_WORD)
    make_order(Status.HELD, hold_reason=HoldReason.TERMS)
    make_refill(RefillStatus.UNCONFIRMED, order=order)
    manager = client_for_role(Role.MANAGER)
    one = one_line(page(manager)).partition('id="waiting-title"')[2].partition("</section>")[0]
    assert "1 order under changed terms" in one and "1 refill unconfirmed" in one
    for words in ("of them", "They ", "Their ", "started it"):
        assert words not in one.partition("Open orders")[0], words


def test_a_balance_is_in_the_currency_of_its_account_here_too(client_for_role: ForRole) -> None:
    """As on every other page, with a mark where its provider calls it otherwise."""
    make_provider(balance="874.5", currency="EUR", balance_currency="USD")
    manager = client_for_role(Role.MANAGER)
    for drawn in (page(manager), manager.get("/providers/").content.decode()):
        assert "€874.50" in drawn and "$874.50" not in drawn
        assert 'title="The provider says USD"' in drawn


def test_balances_are_for_those_who_may_see_them(client_for_role: ForRole) -> None:
    make_provider(name="Poor", balance=Decimal("777.25"), low_balance=Decimal(1000))
    assert "777.25" in page(client_for_role(Role.MANAGER))
    for role in (Role.VIEWER, Role.OPERATOR):
        drawn = page(client_for_role(role))
        assert "777.25" not in drawn and "low balance" not in drawn


def test_somebody_without_a_role_sees_no_figures(client_for_role: ForRole) -> None:
    make_provider(name="Northwind")
    drawn = page(client_for_role(None))
    assert "You have no role yet" in drawn and "Northwind" not in drawn


def test_stopped_background_work_is_said(client_for_role: ForRole) -> None:
    Heartbeat.objects.note(BEAT, timezone.now() - timedelta(minutes=5))
    assert "Beat has stopped" in page(client_for_role(Role.VIEWER))
    cache.clear()
    Heartbeat.objects.note(BEAT, timezone.now())
    assert "Beat has stopped" not in page(client_for_role(Role.VIEWER))


def test_spend_is_by_currency_charged_or_else_estimated() -> None:
    dollars, euros = (make_service(make_provider(currency=c)) for c in ("USD", "EUR"))
    today: dict[str, Any] = {"created_at": NOW, "estimate": Decimal("2.5")}
    make_order(Status.COMPLETED, service=dollars, charge=Decimal("1.25"), **today)
    make_order(Status.PENDING, service=dollars, **today)
    make_order(Status.REJECTED, service=dollars, **today)  # cost nothing
    make_order(Status.QUEUED, service=euros, **today)  # not sent yet
    make_order(Status.COMPLETED, service=euros, charge=Decimal("0.000000000001"), **today)
    make_order(Status.COMPLETED, service=euros, created_at=NOW - timedelta(days=1))
    found = overview.figures(NOW)
    assert found.spend == {"USD": Decimal("3.75"), "EUR": Decimal("0.000000000001")}
    assert (found.placed, found.completed, found.open) == (5, 2, 2)


def test_days_begin_at_midnight_where_the_desk_stands(settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"  # nine hours on: this is the 24th there
    with timezone.override("America/Lima"):  # of whoever looks
        late, service = NOW.replace(hour=20), make_service()
        make_order(Status.COMPLETED, service=service, created_at=late, charge=Decimal(2))
        make_order(Status.COMPLETED, service=service, created_at=NOW, charge=Decimal(3))
        found = overview.daily(7, late)
    assert [day.day for day in found.days] == [18, 19, 20, 21, 22, 23, 24]
    assert found.orders == [0, 0, 0, 0, 0, 1, 1]
    assert found.spend == {"USD": [Decimal(n) for n in (0, 0, 0, 0, 0, 3, 2)]}


def test_figures_are_remembered_for_a_moment() -> None:
    service = make_service()
    assert overview.figures(NOW).placed == 0
    make_order(service=service, created_at=NOW)
    assert overview.figures(NOW).placed == 0
    cache.clear()
    assert overview.figures(NOW).placed == 1


def test_the_charts_today_is_as_fresh_as_the_cards() -> None:
    service = make_service()
    assert overview.daily(7, NOW).orders[-1] == 0
    make_order(Status.COMPLETED, service=service, created_at=NOW, charge=Decimal(2))
    cache.delete(f"overview-figures-{NOW.date()}")
    found = overview.daily(7, NOW)
    assert (found.orders[-1], found.spend["USD"][-1]) == (1, Decimal(2))


def test_the_days_of_a_long_chart_are_joined_without_a_gap_or_a_day_twice() -> None:
    services = [make_service(make_provider(currency=currency)) for currency in ("USD", "EUR")]
    for ago, service in ((0, 0), (6, 0), (7, 1), (29, 0), (30, 0)):
        at = NOW - timedelta(days=ago)
        done: dict[str, Any] = {"created_at": at, "charge": Decimal(ago + 1)}
        make_order(Status.COMPLETED, service=services[service], **done)
    found = overview.daily(30, NOW)
    assert found.days == [(NOW - timedelta(days=ago)).date() for ago in range(29, -1, -1)]
    placed = {29 - number: count for number, count in enumerate(found.orders) if count}
    assert placed == {29: 1, 7: 1, 6: 1, 0: 1}
    assert (found.spend["USD"][0], found.spend["USD"][-1]) == (Decimal(30), Decimal(1))
    assert found.spend["EUR"][22] == sum(found.spend["EUR"]) == Decimal(8)


def test_old_days_of_a_chart_are_remembered_for_longer_than_the_last_week() -> None:
    service = make_service()
    assert sum(overview.daily(30, NOW).orders) == 0
    for ago in (3, 20):
        make_order(service=service, created_at=NOW - timedelta(days=ago))
    cache.delete_many([f"overview-{part}-{NOW.date()}" for part in ("figures", "days")])
    assert sum(overview.daily(30, NOW).orders) == 1
    cache.clear()
    assert sum(overview.daily(30, NOW).orders) == 2


def test_the_fragment_is_a_part_of_the_page(client_for_role: ForRole) -> None:
    make_order(Status.PENDING, created_at=timezone.now() - timedelta(minutes=5))
    browser = client_for_role(Role.MANAGER)
    whole = browser.get("/").content.decode()
    part = browser.get("/", headers={"HX-Request": "true"}).content.decode()
    assert part.strip() in whole and "<html" not in part and 'id="overview-live"' in part


@pytest.mark.parametrize("asked", ["7", "30", "90", "", "1000000", "-1", "٧", "x"])
def test_the_chart_takes_only_its_spans(client_for_role: ForRole, asked: str) -> None:
    response = client_for_role(Role.VIEWER).get("/chart/", {"days": asked})
    assert response.status_code == 200
    span = int(asked) if asked in ("7", "30", "90") else 30
    assert len(json.loads(response.context["chart"])["days"]) == span


def test_many_rows_cost_the_queries_of_one(client_for_role: ForRole) -> None:
    browser = client_for_role(Role.MANAGER)

    def fill() -> None:
        make_order(Status.PENDING, created_at=timezone.now())
        make_order(Status.UNCONFIRMED, created_at=timezone.now())

    fill()
    few = queries_of(lambda: page(browser))
    for _ in range(6):
        fill()
    many = queries_of(lambda: page(browser))
    # The watchdog asks six, once in seconds; one is for the first run, while that is not over;
    # three ask PostgreSQL what time it is; one is for orders that wait until the balance pays.
    assert len(many) == len(few) <= 35


def test_a_flagged_order_that_waits_anyway_is_counted_once() -> None:
    make_order(Status.UNCONFIRMED, flag=Flag.LATE_ANSWER)
    make_order(Status.PENDING, flag=Flag.LATE_ANSWER)
    counts = order_counts()
    assert (counts.unconfirmed, counts.not_placed, counts.flagged) == (1, 0, 1)


@pytest.mark.parametrize(
    ("health", "label"),
    [
        ({}, "Not called yet"),
        ({"last_ok_at": NOW}, "Healthy"),
        ({"last_ok_at": NOW, "open_until": NOW + timedelta(minutes=1)}, "Not answering"),
        ({"last_ok_at": NOW, "open_until": NOW - timedelta(minutes=1)}, "Not answering"),
        ({"last_ok_at": NOW, "slow_until": NOW + timedelta(minutes=1)}, "Rate-limited"),
        ({"last_ok_at": NOW, "funds_refused_at": NOW}, "Out of funds"),
        ({"last_ok_at": NOW, "key_refused_at": NOW}, "Key refused"),
        ({"last_ok_at": NOW, "latency_ms": 8000.0}, "Slow"),
        ({"last_ok_at": NOW, "key_unreadable_at": NOW}, "Stored key cannot be read"),
    ],
)
def test_the_standing_of_an_account(health: dict[str, datetime], label: str) -> None:
    provider = make_provider()
    ProviderHealth.objects.filter(provider=provider).update(**health)
    provider = type(provider).objects.select_related("health").get(pk=provider.pk)
    assert account_health(provider, now=NOW).label == label


def items_of(response: Any) -> list[Item]:
    """Of the sidebar, in all its sections."""
    return [item for section in response.context["navigation"].sections for item in section.items]


@pytest.mark.parametrize(
    ("role", "places"),
    [
        (
            Role.VIEWER,
            [
                "Overview",
                "Orders",
                "Refills",
                "Services",
                "Order types",
                "Catalog changes",
                "Providers",
                "Sending control",
            ],
        ),
        (
            Role.MANAGER,
            [
                "Overview",
                "Orders",
                "Mass orders",
                "Unconfirmed",
                "Refills",
                "Bulk actions",
                "Services",
                "Order types",
                "Catalog changes",
                "Providers",
                "Balance differences",
                "Limits",
                "Sending control",
            ],
        ),
        (
            Role.ADMIN,
            [
                "Overview",
                "Orders",
                "Mass orders",
                "Unconfirmed",
                "Refills",
                "Bulk actions",
                "Services",
                "Order types",
                "Catalog changes",
                "Providers",
                "Balance differences",
                "Limits",
                "Sending control",
                "People",
            ],
        ),
    ],
)
def test_the_sidebar_shows_where_one_may_go(
    client_for_role: ForRole, role: Role, places: list[str]
) -> None:
    response = client_for_role(role).get("/navigation/")
    assert [item.title for item in items_of(response)] == places


@pytest.mark.parametrize("page", ["recovery/1/", "statements/day/1/", "phrases/1/"])
def test_what_is_about_one_provider_stands_below_providers(
    client_for_role: ForRole, page: str
) -> None:
    response = client_for_role(Role.MANAGER).get(
        "/navigation/",
        headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver/orders/{page}"},
    )
    assert [item.title for item in items_of(response) if item.is_here] == ["Providers"]


def test_the_sidebar_knows_the_page_and_what_waits(client_for_role: ForRole) -> None:
    make_order(Status.UNCONFIRMED)
    response = client_for_role(Role.MANAGER).get(
        "/navigation/",
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/orders/new/?a=1"},
    )
    items = {item.title: item for item in items_of(response)}
    assert [title for title, item in items.items() if item.is_here] == ["Orders"]
    assert items["Unconfirmed"].count == 1


def test_orders_that_only_a_person_lets_go_are_told_and_no_others(
    client_for_role: ForRole,
) -> None:
    browser = client_for_role(Role.VIEWER)
    make_order(Status.HELD, hold_reason=HoldReason.FUNDS)
    assert "somebody releases" not in page(browser)
    make_order(Status.HELD, hold_reason=HoldReason.STAFF)
    assert "1 order held until somebody releases it" in page(browser)
    make_order(Status.HELD, hold_reason=HoldReason.STAFF)
    make_order(Status.HELD, hold_reason=HoldReason.BLOCKED_LINK)
    drawn = page(browser)
    assert "3 orders held until somebody releases them" in drawn
    assert "2 by staff, 1 for a blocked link. Nothing else lets them go." in drawn
    assert 'href="/orders/?status=held"' in drawn


def test_orders_that_wait_for_a_balance_that_pays_for_them_are_told(
    client_for_role: ForRole,
) -> None:
    """While a refusal stands the account says so."""
    browser = client_for_role(Role.VIEWER)
    service = make_service(make_provider(balance="1", balance_at=NOW))
    order = make_order(Status.HELD, service=service, hold_reason=HoldReason.FUNDS, estimate="5")
    make_order(Status.HELD, service=service, hold_reason=HoldReason.FUNDS, estimate="1")
    drawn = page(browser)
    assert "1 order held until the balance pays for it" in drawn
    assert "Top it up, or release them" in drawn
    health = ProviderHealth.objects.filter(provider=order.provider)
    health.update(funds_refused_at=NOW, last_ok_at=NOW)
    drawn = page(browser)
    assert "until the balance pays" not in drawn and "out of funds" in drawn


def test_orders_under_changed_terms_are_named_and_linked_while_there_are_any(
    client_for_role: ForRole,
) -> None:
    browser = client_for_role(Role.MANAGER)
    assert "/orders/terms/" not in page(browser)
    order = make_order(Status.HELD, hold_reason=HoldReason.TERMS)
    drawn = page(browser)
    assert drawn.count('href="/orders/terms/"') == 2
    assert "1 order under changed terms" in drawn
    assert 'href="/orders/terms/"' not in page(client_for_role(Role.VIEWER))
    Order.objects.filter(pk=order.pk).update(status=Status.WITHDRAWN, hold_reason="")
    assert "/orders/terms/" not in page(browser)


def test_a_provider_that_does_not_answer_says_what_becomes_of_its_orders(
    client_for_role: ForRole,
) -> None:
    provider = make_provider(name="Harbor")
    down = {"last_ok_at": NOW, "open_until": timezone.now() + timedelta(minutes=1)}
    ProviderHealth.objects.filter(provider=provider).update(**down)
    drawn = one_line(page(client_for_role(Role.MANAGER)))
    assert "Harbor: not answering" in drawn
    assert "Its orders wait. They are sent by themselves once it answers again." in drawn


def test_the_tile_says_that_it_counts_orders_and_leads_to_as_many(
    client_for_role: ForRole,
) -> None:
    make_order(Status.UNCONFIRMED)
    make_order(Status.PENDING, flag=Flag.LATE_ANSWER)
    ProviderHealth.objects.update(open_until=timezone.now() + timedelta(minutes=1))
    browser = client_for_role(Role.MANAGER)
    drawn = browser.get("/")
    assert "Orders to review" in drawn.content.decode()
    listed = browser.get("/orders/?group=attention").context["page"].rows
    assert drawn.context["waiting"] == len(listed) == 2


def test_each_figure_leads_to_as_many_orders_as_it_counts(
    client_for_role: ForRole, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"  # nine hours on: its day began at 15:00 of the day before
    monkeypatch.setattr("dashboard.views.database_now", lambda: NOW)
    this_day, day_before = NOW.replace(hour=1), NOW - timedelta(hours=22)
    feed = make_order(Status.ACTIVE, created_at=this_day, parts_done=1)
    make_order(Status.COMPLETED, parent=feed, created_at=this_day)  # a run of it
    make_order(Status.COMPLETED, created_at=NOW - timedelta(hours=20))  # today there alone
    make_order(Status.COMPLETED, created_at=day_before, ended_at=this_day)
    make_order(Status.COMPLETED, created_at=day_before)
    make_order(Status.PARTIAL, created_at=this_day)
    make_order(Status.UNCONFIRMED, created_at=day_before)
    browser = client_for_role(Role.MANAGER)
    with timezone.override("America/Lima"):  # of whoever looks
        drawn = browser.get("/")
        links = set(re.findall(r'href="(/orders/\?[^"]+)"', drawn.content.decode()))
        led = {link: len(browser.get(html.unescape(link)).context["page"].rows) for link in links}
    figures = drawn.context["figures"]
    assert (figures.completed, figures.placed, figures.open) == (2, 3, 2)
    assert led == {
        "/orders/?status=completed&amp;kin=placed&amp;ended=2026-11-23": figures.completed,
        "/orders/?kin=placed&amp;since=2026-11-23": figures.placed,
        "/orders/?group=open": figures.open,
        "/orders/?group=attention": drawn.context["waiting"],
    }


def test_a_figure_of_yesterday_is_not_told_of_the_day_that_has_begun() -> None:
    late = NOW.replace(hour=23, minute=59, second=59)
    make_order(Status.COMPLETED, created_at=late)
    assert overview.figures(late).completed == 1
    assert overview.figures(late + timedelta(seconds=1)).completed == 0


def test_what_is_red_stands_before_what_is_orange_and_that_before_yellow(
    client_for_role: ForRole,
) -> None:
    make_order(Status.UNCONFIRMED)
    make_order(Status.COMPLETED, flag=Flag.UNKNOWN_WORD)
    make_provider(name="Keyless", key="")
    make_provider(name="Poor", balance=Decimal(3), low_balance=Decimal(5))
    make_provider(name="Keyless too", key="")
    cache.clear()
    found = client_for_role(Role.MANAGER).get("/").context["matters"]
    assert [(item.color, item.title) for item in found] == [
        ("red", "Keyless: no key"),
        ("red", "Keyless too: no key"),
        ("orange", "1 order unconfirmed"),
        ("orange", "Poor: low balance"),
        ("yellow", "1 order flagged"),
    ]
