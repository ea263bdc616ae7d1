"""What staff type becomes a payload, or comes back with words beside the field."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from orders.links import link_key
from orders.models import Order
from orders.placing.order_form import SAME_PAYLOADS_SHOWN, OrderForm, form_for, obstacle
from orders.placing.preview import preview_of
from orders.status import HoldReason, Status
from providers.models import Service
from providers.panel_api.order_types.table import PAYLOADS
from tests.builders import NOON, make_order, make_provider, make_service

pytestmark = pytest.mark.django_db

LINK = "https://lumen.example/home"
TOMORROW = (NOON + timedelta(days=1)).strftime("%Y-%m-%d")
DEFAULT = {"link": LINK, "quantity": "1000"}
DRIP_FEED = {**DEFAULT, "runs": "5", "interval": "60"}
SUBSCRIPTION = {"username": "lumen", "min": "100", "max": "200", "delay": "30"}


def fill(service: Service, values: dict[str, Any]) -> OrderForm:
    return form_for(service, now=NOON, data={"form_key": str(uuid.uuid4()), **values})


@pytest.mark.parametrize(
    ("type_name", "values", "wire"),
    [
        pytest.param("Default", DEFAULT, {"link": LINK, "quantity": "1000"}, id="default"),
        pytest.param(
            "Default",
            DRIP_FEED,
            {"link": LINK, "quantity": "1000", "runs": "5", "interval": "60"},
            id="drip-feed",
        ),
        pytest.param("Package", {"link": LINK}, {"link": LINK}, id="package"),
        pytest.param(
            "Custom Comments",
            {"link": LINK, "comments": "Good work\r\n\r\n  Well made  \nمرحبا\n"},
            {"link": LINK, "comments": "Good work\nWell made\nمرحبا"},
            id="lines, empty ones left out",
        ),
        pytest.param(
            "Subscriptions",
            {**SUBSCRIPTION, "posts": "7", "old_posts": "0", "expiry": "2026-12-31"},
            {
                "username": "lumen",
                "min": "100",
                "max": "200",
                "delay": "30",
                "posts": "7",
                "old_posts": "0",
                "expiry": "31/12/2026",
            },
            id="subscription with everything",
        ),
        pytest.param(
            "Subscriptions",
            {**SUBSCRIPTION, "posts": "", "expiry": ""},
            SUBSCRIPTION,
            id="optional fields left empty are not sent",
        ),
        pytest.param(
            "Default",
            {"link": "  @lumen  ", "quantity": " 0010 "},
            {"link": "@lumen", "quantity": "10"},
            id="any text may be a link",
        ),
    ],
)
def test_what_is_typed_is_what_is_sent(
    type_name: str, values: dict[str, str], wire: dict[str, str]
) -> None:
    service = make_service(type=type_name, external_id="42", min=1)
    form = fill(service, values)
    assert form.is_valid(), form.errors
    assert form.draft().payload.wire() == {"service": "42", **wire}
    assert form.draft().service == service
    assert str(form.draft().form_key) == form.data["form_key"]


@pytest.mark.parametrize(
    ("type_name", "values", "field", "words"),
    [
        pytest.param("Default", {"quantity": "١٢٣"}, "quantity", "0–9", id="arabic digits"),
        pytest.param("Default", {"quantity": "１００"}, "quantity", "0–9", id="full-width digits"),
        pytest.param("Default", {"quantity": "1e3"}, "quantity", "0–9", id="exponent"),
        pytest.param("Default", {"quantity": "1_000"}, "quantity", "0–9", id="underscore"),
        pytest.param("Default", {"quantity": "1.000"}, "quantity", "0–9", id="point"),
        pytest.param("Default", {"quantity": "-50"}, "quantity", "0–9", id="negative"),
        pytest.param("Default", {"quantity": "+50"}, "quantity", "0–9", id="plus"),
        pytest.param("Default", {"quantity": "50.0"}, "quantity", "0–9", id="decimal"),
        pytest.param("Default", {"quantity": "9" * 5000}, "quantity", "0–9", id="5000 digits"),
        pytest.param("Default", {"quantity": "9" * 18}, "quantity", "Maximum is", id="huge"),
        pytest.param("Default", {"quantity": "0"}, "quantity", "Minimum is 10", id="zero"),
        pytest.param("Default", {"quantity": "9"}, "quantity", "Minimum is 10", id="below min"),
        pytest.param(
            "Default", {"quantity": "1001"}, "quantity", "Maximum is 1,000", id="above max"
        ),
        pytest.param("Default", {"quantity": ""}, "quantity", "Fill this in", id="no quantity"),
        pytest.param("Default", {"link": ""}, "link", "Fill this in", id="no link"),
        pytest.param("Default", {"link": "   "}, "link", "Fill this in", id="spaces only"),
        pytest.param("Default", {"link": "javascript:alert(1)"}, "link", "code", id="javascript"),
        pytest.param("Default", {"link": "JaVaScRiPt :x"}, "link", "code", id="any case"),
        pytest.param("Default", {"link": "data:text/html,x"}, "link", "code", id="data"),
        pytest.param("Default", {"link": "java\tscript:x"}, "link", "seen", id="hidden tab"),
        pytest.param("Default", {"link": f"{LINK}\x1b"}, "link", "seen", id="control"),
        pytest.param("Default", {"link": f"{LINK}\x00"}, "link", "", id="null character"),
        pytest.param("Default", {"link": "https://"}, "link", "no host", id="no host"),
        pytest.param("Default", {"link": f"{LINK} {LINK}2"}, "link", "a space", id="two links"),
        pytest.param("Default", {"link": "https://[::1"}, "link", "no host", id="half an address"),
        pytest.param("Default", {"link": f"{LINK}/{'a' * 2048}"}, "link", "2048", id="long link"),
        pytest.param("Default", {"runs": "5"}, "interval", "both", id="runs without interval"),
        pytest.param("Default", {"interval": "5"}, "runs", "both", id="interval without runs"),
        pytest.param(
            "Default", {"runs": "1", "interval": "5"}, "runs", "Minimum is 2", id="one run"
        ),
        pytest.param(
            "Default",
            {"quantity": "300", "runs": "4", "interval": "5"},
            "runs",
            "All runs together are 1,200. Maximum is 1,000.",
            id="total above max",
        ),
        pytest.param(
            "Custom Comments", {"comments": ""}, "comments", "Fill this in", id="no lines"
        ),
        pytest.param(
            "Custom Comments",
            {"comments": " \n\r\n "},
            "comments",
            "Fill this in",
            id="empty lines",
        ),
        pytest.param(
            "Custom Comments",
            {"comments": "\n".join("abc")},
            "comments",
            "3 lines are too few. Minimum is 10",
            id="too few lines",
        ),
        pytest.param(
            "Custom Comments",
            {"comments": "\n".join(["a"] * 1001)},
            "comments",
            "1,001 lines are too many. Maximum is 1,000",
            id="too many lines",
        ),
        pytest.param(
            "Custom Comments",
            {"comments": "\n".join(["a"] * 11 + ["b\x07"])},
            "comments",
            "Line 12 holds a control character",
            id="bell in a line",
        ),
        pytest.param(
            "Custom Comments", {"comments": "a" * 500_001}, "comments", "500000", id="huge text"
        ),
        pytest.param("Subscriptions", {"delay": "7"}, "delay", "not one of", id="wrong delay"),
        pytest.param("Subscriptions", {"delay": "٥"}, "delay", "not one of", id="arabic delay"),
        pytest.param("Subscriptions", {"min": "300"}, "max", "below the minimum", id="max < min"),
        pytest.param("Subscriptions", {"min": "9"}, "min", "Minimum is 10", id="min below service"),
        pytest.param(
            "Subscriptions", {"max": "1001"}, "max", "Maximum is 1,000", id="max above it"
        ),
        pytest.param("Subscriptions", {"posts": "0"}, "posts", "Minimum is 1", id="no posts"),
        pytest.param("Subscriptions", {"username": " "}, "username", "Fill this in", id="no name"),
        pytest.param("Subscriptions", {"expiry": "2026-11-22"}, "expiry", "passed", id="past day"),
        pytest.param("Subscriptions", {"expiry": "31/12/2026"}, "expiry", "year-month", id="d/m/Y"),
        pytest.param("Subscriptions", {"expiry": "2026-02-30"}, "expiry", "year-m", id="no day"),
        pytest.param("Subscriptions", {"expiry": "٢٠٢٧-٠١-٠١"}, "expiry", "year-", id="arabic"),
    ],
)
def test_bad_input_is_answered_beside_its_field(
    type_name: str, values: dict[str, str], field: str, words: str
) -> None:
    good = {
        "Default": DEFAULT,
        "Custom Comments": {"link": LINK, "comments": "\n".join(["a"] * 10)},
        "Subscriptions": SUBSCRIPTION,
    }
    service = make_service(type=type_name, min=10, max=1000)
    assert fill(service, good[type_name]).is_valid()
    form = fill(service, {**good[type_name], **values})
    assert not form.is_valid()
    assert words in str(form.errors[field][0])
    assert list(form.errors) == [field]
    with pytest.raises(ValueError):
        form.draft()


def test_every_type_of_the_table_can_be_drawn() -> None:
    for type_name, payload in PAYLOADS.items():
        form = form_for(make_service(type=type_name), now=NOON)
        needed = [field.name for field, _ in form.asked_fields]
        optional = [field.name for field, _ in form.optional_fields]
        asks = payload.asks()
        assert needed == [name for name in asks if not asks[name].optional]
        assert optional == [*(name for name in asks if asks[name].optional), "starts_at"]


def test_service_limits_that_are_not_known_still_bound_the_number() -> None:
    form = fill(make_service(min=None, max=None), {"link": LINK, "quantity": "9" * 15})
    assert "Maximum is 1,000,000,000,000" in form.errors["quantity"][0]


def test_a_cost_beyond_all_reason_is_refused() -> None:
    service = make_service(max=None, rate=Decimal(10) ** 12)
    assert fill(service, {"link": LINK, "quantity": "999999"}).is_valid()
    form = fill(service, {"link": LINK, "quantity": "1000000"})
    assert "cost more" in form.non_field_errors()[0]


def test_drip_feed_is_not_asked_for_where_it_is_refused() -> None:
    service = make_service(dripfeed=False)
    assert "runs" not in form_for(service, now=NOON).fields
    form = fill(service, DRIP_FEED)
    assert "does not allow drip-feed" in form.non_field_errors()[0]
    assert fill(service, DEFAULT).draft().payload.wire()["quantity"] == "1000"


def test_a_form_without_its_key_is_given_one_and_asked_for_again() -> None:
    form = form_for(make_service(), now=NOON, data=DEFAULT)
    assert "lost its form key" in form.non_field_errors()[0]
    again = form_for(form.service, now=NOON, data={**DEFAULT, "form_key": str(form.drawn_key)})
    assert again.is_valid()


def test_a_redrawn_form_keeps_its_key() -> None:
    form = fill(make_service(), {"link": LINK, "quantity": "x"})
    assert not form.is_valid()
    assert str(form.drawn_key) == form.data["form_key"]


@pytest.mark.parametrize(
    "status", [Status.QUEUED, Status.IN_PROGRESS, Status.UNCONFIRMED, Status.GIVEN_UP]
)
def test_a_second_order_beside_one_that_may_be_there_must_be_meant(status: Status) -> None:
    first = placed(status)
    form = fill(first.service, {"link": "http://www.lumen.example/home/", "quantity": "50"})
    assert form.same_payloads == [] and not form.is_valid()
    assert form.same_payloads == [first]
    assert list(form.errors) == ["place_anyway"]
    assert fill(first.service, {**DEFAULT, "place_anyway": form.consent}).is_valid()


def test_nobody_waits_for_an_order_that_was_closed_as_unknown_so_it_is_asked_about() -> None:
    first = placed(Status.GIVEN_UP)
    alone = fill(first.service, {**DEFAULT, "queue_behind": "on"})
    assert not alone.is_valid() and list(alone.errors) == ["place_anyway"]
    placed(Status.QUEUED, service=first.service)
    assert not fill(first.service, {**DEFAULT, "queue_behind": "on"}).is_valid()


def test_consent_is_worth_nothing_for_an_order_placed_since() -> None:
    first = placed(Status.QUEUED)
    seen = fill(first.service, DEFAULT)
    assert not seen.is_valid()
    placed(Status.QUEUED, service=first.service)
    assert not fill(first.service, {**DEFAULT, "place_anyway": seen.consent}).is_valid()


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.WITHDRAWN, Status.REJECTED])
def test_an_ended_order_for_the_link_is_no_matter(status: Status) -> None:
    assert fill(placed(status).service, DEFAULT).is_valid()


def test_the_same_link_at_another_service_is_no_matter() -> None:
    placed(Status.QUEUED)
    assert fill(make_service(), DEFAULT).is_valid()


def placed(status: Status, **over: Any) -> Any:
    return make_order(status, link=LINK, link_key=link_key(LINK), **over)


def test_order_again_fills_in_what_was_sent() -> None:
    values = {**SUBSCRIPTION, "expiry": TOMORROW}
    first = fill(make_service(type="Subscriptions"), values).draft()
    order = make_order(service=first.service, type="Subscriptions", payload=first.payload.wire())
    form = form_for(order.service, now=NOON, again=order)
    assert {name: form.initial[name] for name in values} == values
    assert form.initial["form_key"] != order.form_key


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"gone_at": NOON}, "no longer offers"),
        ({"type": "", "published_type": "Special 1"}, "Special 1"),
        ({"rate": None}, "price"),
    ],
)
def test_a_service_that_cannot_be_ordered_says_why(over: dict[str, Any], words: str) -> None:
    assert words in obstacle(make_service(**over))
    assert obstacle(make_service()) == ""


def preview(type_name: str, values: dict[str, str], **over: Any) -> Any:
    return preview_of(fill(make_service(type=type_name, **over), values), now=NOON)


def test_the_preview_of_a_drip_feed_shows_a_run_and_the_whole() -> None:
    shown = preview("Default", DRIP_FEED, rate=Decimal("0.90"))
    assert (shown.per_run, shown.runs, shown.units) == (1000, 5, 5000)
    assert (shown.cost_per_run, shown.cost) == (Decimal("0.90"), Decimal("4.50"))
    assert shown.last_run_at == NOON + timedelta(minutes=240)


def test_the_preview_of_a_subscription_is_a_range() -> None:
    open_end = preview("Subscriptions", SUBSCRIPTION, rate=Decimal(10))
    assert (open_end.cost, open_end.cost_high, open_end.is_range) == (Decimal(1), None, True)
    ten = preview("Subscriptions", {**SUBSCRIPTION, "posts": "10"}, rate=Decimal(10))
    assert (ten.cost, ten.cost_high) == (Decimal(10), Decimal(20))


def test_the_preview_counts_lines_and_prices_packages() -> None:
    lines = preview("Custom Comments", {"comments": "a\n\nb\nc"}, min=1, rate=Decimal(200))
    assert (lines.units, lines.cost) == (3, Decimal("0.6"))
    package = preview("Package", {"link": ""}, rate=Decimal("14.3168"))
    assert (package.units, package.cost) == (None, Decimal("14.3168"))


def test_the_price_appears_before_the_link_is_there() -> None:
    shown = preview("Default", {"quantity": "2000"}, rate=Decimal("0.90"))
    assert shown.cost == Decimal("1.80")
    assert shown.hints == ()
    assert dict(shown.wire)["quantity"] == "2000"


def test_a_half_typed_number_gives_a_quiet_hint_and_no_price() -> None:
    shown = preview("Default", {"quantity": "2000", "runs": "x"})
    assert shown.cost is None
    assert len(shown.hints) == 1 and shown.hints[0].startswith("Runs: ")


def test_the_wire_preview_is_what_will_be_sent_without_the_key() -> None:
    provider = make_provider(dialect={"idempotency_parameter": "request_id"})
    form = fill(make_service(provider, external_id="42"), DRIP_FEED)
    shown = preview_of(form, now=NOON).wire
    ours = {"key": "••••", "action": "add"}
    assert dict(shown) == {
        **ours,
        **form.draft().payload.wire(),
        "request_id": "(the attempt's own id)",
    }
    assert list(dict(shown))[:3] == ["key", "action", "service"]


def test_a_cost_above_the_last_known_balance_is_said() -> None:
    rich, poor = make_provider(balance=Decimal("0.90")), make_provider(balance=Decimal("0.89"))
    shown = [preview_of(fill(make_service(p), DEFAULT), now=NOON) for p in (rich, poor)]
    assert [one.is_short_of_funds for one in shown] == [False, True]


def test_an_endless_drip_feed_has_no_end_to_show() -> None:
    values = {"link": LINK, "quantity": "10", "runs": "10000", "interval": "525600"}
    assert preview("Default", values).last_run_at is None


def test_a_drip_feed_that_ends_with_the_last_year_has_no_end_to_show() -> None:
    """Its end would be in a year that has no name where clocks are ahead."""
    hours = (datetime.max.replace(tzinfo=UTC) - NOON) // timedelta(hours=1)
    values = {"link": LINK, "quantity": "10", "runs": str(hours + 1), "interval": "60"}
    assert preview("Default", values).last_run_at is None


def test_now_or_behind_is_one_choice_and_each_does_what_it_says() -> None:
    first = placed(Status.QUEUED)
    seen = fill(first.service, DEFAULT)
    assert not seen.is_valid() and "Choose what to do" in seen.errors["place_anyway"][0]
    now = fill(first.service, {**DEFAULT, "beside": f"now:{seen.consent}"})
    assert now.is_valid() and now.behind is None
    behind = fill(first.service, {**DEFAULT, "beside": f"behind:{seen.consent}"})
    assert behind.is_valid() and behind.behind == first
    both = {**DEFAULT, "beside": f"now:{seen.consent}", "queue_behind": "on"}
    one = fill(first.service, both)
    assert one.is_valid() and one.behind is None, "the choice counts, not what was ticked before"


def test_behind_one_that_was_closed_as_unknown_the_choice_says_that_it_is_a_second_order() -> None:
    first = placed(Status.GIVEN_UP)
    placed(Status.QUEUED, service=first.service)
    assert not fill(first.service, {**DEFAULT, "beside": "behind:"}).is_valid()
    seen = fill(first.service, DEFAULT)
    assert not seen.is_valid() and not seen.is_safe_behind
    agreed = fill(first.service, {**DEFAULT, "beside": f"behind:{seen.consent}"})
    assert agreed.is_valid() and agreed.behind is not None


@pytest.mark.parametrize("choice", ["now:", "now:1-x", "later:", ":", "behind"])
def test_a_choice_that_was_not_shown_is_none(choice: str) -> None:
    first = placed(Status.GIVEN_UP)
    assert not fill(first.service, {**DEFAULT, "beside": choice}).is_valid()


@pytest.mark.services
def test_behind_is_said_of_the_orders_that_were_shown_and_of_no_other() -> None:
    first = placed(Status.IN_PROGRESS)
    seen = fill(first.service, DEFAULT)
    assert not seen.is_valid() and seen.is_safe_behind
    behind = {**DEFAULT, "beside": f"behind:{seen.consent}"}
    assert fill(first.service, behind).is_valid()
    assert not fill(first.service, {**DEFAULT, "beside": "behind:"}).is_valid()
    link = "https://lumen.example/elsewhere"
    make_order(Status.IN_PROGRESS, service=first.service, link=link, link_key=link_key(link))
    assert not fill(first.service, {**behind, "link": link}).is_valid(), "typed since"
    placed(Status.QUEUED, service=first.service)
    assert not fill(first.service, behind).is_valid(), "a colleague's since"


@pytest.mark.services
def test_behind_one_that_starts_at_a_time_of_its_own_it_is_said_to_be_a_second_order() -> None:
    first = placed(Status.IN_PROGRESS)
    waits = {"service": first.service, "starts_at": NOON + timedelta(days=2)}
    timed = placed(Status.HELD, hold_reason=HoldReason.SCHEDULED, **waits)
    form = fill(first.service, DEFAULT)
    assert not form.is_valid() and not form.is_safe_behind
    Order.objects.filter(pk=timed.pk).update(hold_reason=HoldReason.LINK_BUSY)
    form = fill(first.service, DEFAULT)
    assert not form.is_valid() and form.is_safe_behind


@pytest.mark.services
def test_behind_more_orders_than_are_listed_the_oldest_counts_too() -> None:
    first = placed(Status.GIVEN_UP)
    for _ in range(SAME_PAYLOADS_SHOWN):
        placed(Status.QUEUED, service=first.service)
    form = fill(first.service, DEFAULT)
    assert not form.is_valid() and first not in form.same_payloads and not form.is_safe_behind
