"""Placing an order in a browser: search, form, preview, once."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from core.roles import Role
from orders import wake_ups
from orders.models import Order
from orders.repeats import name_of
from orders.status import HoldReason, Status
from providers.models import ProviderHealth, Service
from providers.panel_api import PAYLOADS
from tests.builders import NOON, make_order, make_provider, make_service, terms_shown
from tests.one_line import one_line
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]

HTMX = {"HX-Request": "true"}
LINK = "https://lumen.example/home"
HOSTILE = "<img src=x onerror=alert(1)>"


def filled(service: Any, **over: Any) -> dict[str, Any]:
    fresh = {"service": service.pk, "form_key": uuid.uuid4(), "link": LINK, "quantity": "1000"}
    fresh["terms"] = terms_shown(service)
    return {**fresh, **over}


def test_placing_queues_the_order_and_rings(
    staff: Client,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    rung: list[int] = []
    monkeypatch.setattr(wake_ups, "ring", rung.append)
    service = make_service(external_id="42")
    with django_capture_on_commit_callbacks(execute=True):
        answer = staff.post("/orders/new/", filled(service))
    order = Order.objects.get()
    assert answer.headers["Location"] == f"/orders/{order.pk}/"
    assert order.payload == {"service": "42", "link": LINK, "quantity": "1000"}
    assert (order.status, order.service) == (Status.QUEUED, service)
    assert order.placed_by_id == int(staff.session["_auth_user_id"])
    assert rung == [service.provider_id]
    Order.objects.update(status=Status.UNCONFIRMED)  # which the message stands beside
    page = staff.get("/orders/").content.decode()
    assert f'Order <a href="/orders/{order.pk}/">#{order.pk}</a> is placed.' in page


def test_a_double_click_is_one_order(staff: Client) -> None:
    values = filled(make_service())
    first, second = staff.post("/orders/new/", values), staff.post("/orders/new/", values)
    order = Order.objects.get()
    assert first.headers["Location"] == second.headers["Location"] == f"/orders/{order.pk}/"
    page = staff.get(f"/orders/{order.pk}/").content.decode()
    assert "This form was sent before" in page


def test_a_form_that_was_placed_is_not_asked_about_itself(staff: Client) -> None:
    """A browser that did not hear the answer offers what was typed, with its form key."""
    values = filled(make_service())
    staff.post("/orders/new/", values)
    order = Order.objects.get()
    same = staff.post("/orders/new/preview/", values, headers=HTMX).content.decode()
    assert "Already placed:" in same and f'<a href="/orders/{order.pk}/">' in same
    assert "place_anyway" not in same
    for changed in ({"quantity": "2000"}, {"form_key": uuid.uuid4()}):
        other = staff.post("/orders/new/preview/", {**values, **changed}, headers=HTMX)
        page = other.content.decode()
        assert "Already placed:" not in page and "place_anyway" in page


@pytest.mark.parametrize("gone", [{"gone_at": NOON}, {"type": ""}, {"rate": None}])
def test_a_form_sent_again_is_answered_also_where_its_service_is_ordered_no_more(
    staff: Client, gone: dict[str, Any]
) -> None:
    service = make_service()
    values = filled(service)
    staff.post("/orders/new/", values)
    Service.objects.filter(pk=service.pk).update(**gone)
    answer = staff.post("/orders/new/", values)
    order = Order.objects.get()
    assert answer.headers["Location"] == f"/orders/{order.pk}/"
    page = staff.get(f"/orders/{order.pk}/").content.decode()
    assert f"This form was sent before: it is order {order}" in page
    unsent = staff.post("/orders/new/", {**values, "form_key": uuid.uuid4()})
    assert unsent.status_code == 422
    assert "data-refused" in unsent.content.decode()


def test_only_a_page_that_looked_for_an_earlier_sending_says_that_it_refuses(staff: Client) -> None:
    values = filled(make_service())
    refused = staff.post("/orders/new/", {**values, "quantity": "nonsense"}).content.decode()
    searched = staff.post("/orders/new/", {"form_key": values["form_key"]}).content.decode()
    assert "data-refused" in refused
    assert "data-refused" not in searched


@pytest.mark.parametrize("changed", [{"quantity": "2000"}, {"quantity": "nonsense"}])
def test_the_first_payload_stands_when_the_form_is_sent_again_with_other_values(
    staff: Client, changed: dict[str, str]
) -> None:
    values = filled(make_service())
    staff.post("/orders/new/", values)
    answer = staff.post("/orders/new/", {**values, **changed})
    page = answer.content.decode()
    assert Order.objects.get().payload["quantity"] == "1000"
    assert answer.status_code == 422
    assert "with other values" in page
    assert f'value="{changed["quantity"]}"' in page


def test_what_was_written_after_going_back_is_kept_and_is_an_order_of_its_own(
    staff: Client,
) -> None:
    values = filled(make_service())
    staff.post("/orders/new/", values)
    other = {**values, "link": "https://lumen.example/other"}
    answer = staff.post("/orders/new/", other)
    fresh = re.search(r'name="form_key" value="([-0-9a-f]+)"', answer.content.decode())
    assert fresh is not None
    assert fresh[1] != str(values["form_key"])
    for _ in range(2):
        staff.post("/orders/new/", {**other, "form_key": fresh[1]})
    links = Order.objects.order_by("pk").values_list("link", flat=True)
    assert list(links) == [LINK, "https://lumen.example/other"]


def test_the_first_payload_stands_even_when_it_was_placed_for_another_service(
    staff: Client,
) -> None:
    """Also one of the same number, at another provider: all that is sent is the same."""
    first = make_service()
    values = filled(first)
    staff.post("/orders/new/", values)
    for other in (make_service(), make_service(make_provider(), external_id=first.external_id)):
        answer = staff.post("/orders/new/", {**values, "service": other.pk})
        assert Order.objects.count() == 1
        assert "with other values" in answer.content.decode()


def test_another_start_is_not_dropped_either(staff: Client) -> None:
    values = filled(make_service())
    staff.post("/orders/new/", values)
    later = (timezone.localtime() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    answer = staff.post("/orders/new/", {**values, "starts_at": later, "zone": "UTC"})
    page = answer.content.decode()
    assert "with other values" in page
    assert later in page
    scheduled = {**filled(make_service()), "starts_at": later, "zone": "UTC"}
    first, second = staff.post("/orders/new/", scheduled), staff.post("/orders/new/", scheduled)
    assert first.headers["Location"] == second.headers["Location"]


def test_the_form_says_before_placing_that_the_order_would_wait(staff: Client) -> None:
    service = make_service()
    address = f"/orders/new/?service={service.pk}"
    assert "it waits until this is over" not in staff.get(address).content.decode()
    health = ProviderHealth.objects.filter(provider=service.provider)
    health.update(key_refused_at=NOON, last_error_at=NOON)
    page = staff.get(address).content.decode()
    assert "key refused" in page
    assert "it waits until this is over" in page


def test_place_and_next_keeps_service_and_quantity_and_no_link(staff: Client) -> None:
    service = make_service()
    answer = staff.post("/orders/new/", filled(service, another="yes", quantity="700"))
    form = staff.get(answer.headers["Location"]).context["form"]
    assert (form.service, form["quantity"].value(), form["link"].value()) == (service, "700", None)
    assert form.drawn_key != Order.objects.get().form_key
    assert [name for name in form.asks if form.fields[name].widget.attrs.get("autofocus")] == [
        "link"
    ]


def test_wrong_input_comes_back_filled_in(staff: Client) -> None:
    service = make_service()
    token = uuid.uuid4()
    answer = staff.post("/orders/new/", filled(service, form_key=token, quantity="1e3", link=LINK))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert not Order.objects.exists()
    assert 'value="1e3"' in page and f'value="{LINK}"' in page and str(token) in page
    assert "digits 0–9 only" in page
    assert 'aria-invalid="true"' in page


def test_a_second_order_for_the_link_needs_a_word(staff: Client) -> None:
    service = make_service()
    staff.post("/orders/new/", filled(service))
    first = Order.objects.get()
    refused = staff.post("/orders/new/", filled(service))
    page = refused.content.decode()
    assert refused.status_code == 422
    assert f'href="/orders/{first.pk}/"' in page and "Place anyway" in page
    consent = f"{name_of(first.form_key, first.status)}-{first.link_key[:16]}"
    assert f'value="now:{consent}"' in page
    assert page.count('name="beside"') == page.count('type="radio" name="beside"') == 2
    assert 'name="place_anyway"' not in page and 'name="queue_behind"' not in page
    staff.post("/orders/new/", filled(service, beside=f"now:{consent}"))
    assert Order.objects.count() == 2


def test_at_a_paused_provider_the_order_is_held_and_the_page_said_so(staff: Client) -> None:
    service = make_service(make_provider(state="paused", paused_reason="Top-up pending"))
    page = staff.get(f"/orders/new/?service={service.pk}").content.decode()
    assert "is paused" in page and "Top-up pending" in page
    staff.post("/orders/new/", filled(service))
    order = Order.objects.get()
    assert (order.status, order.hold_reason) == (Status.HELD, HoldReason.PROVIDER_PAUSED)


@pytest.mark.parametrize("over", [{"gone_at": NOON}, {"type": ""}, {"rate": None}])
def test_what_cannot_be_ordered_has_words_instead_of_a_form(
    staff: Client, over: dict[str, Any]
) -> None:
    service = make_service(**over)
    page = staff.get(f"/orders/new/?service={service.pk}")
    assert page.status_code == 200
    assert "cannot be ordered" in page.content.decode()
    assert 'id="order-form"' not in page.content.decode()
    assert staff.post("/orders/new/", filled(service)).status_code == 422
    assert staff.post("/orders/new/preview/", filled(service)).status_code == 404
    assert not Order.objects.exists()


@pytest.mark.parametrize("chosen", ["0", "x", "١", "1" * 40, "-1", "1.0"])
def test_a_service_that_is_not_there_is_404(staff: Client, chosen: str) -> None:
    assert staff.get("/orders/new/", {"service": chosen}).status_code == 404
    assert staff.get("/orders/new/", {"again": chosen}).status_code == 404
    assert staff.post("/orders/new/", {"service": chosen}).status_code == 404
    assert staff.post("/orders/new/preview/", {"service": chosen}).status_code == 404


def test_a_package_is_priced_as_a_whole(staff: Client) -> None:
    pages = {
        kind: staff.get(f"/orders/new/?service={make_service(type=kind).pk}").content.decode()
        for kind in ("Package", "Default")
    }
    assert "Price of the package" in pages["Package"]
    assert "Price per 1,000" in pages["Default"]


def test_services_are_found_by_a_few_letters(staff: Client) -> None:
    make_service(name="Directory listing", external_id="71")
    make_service(name="Video views")
    make_service(name="Old listing", gone_at=NOON)
    page = staff.get("/orders/new/?q=LIST+71").content.decode()
    assert "Directory listing" in page and "Video views" not in page and "Old listing" not in page
    part = staff.get("/orders/new/?q=LIST+71", headers=HTMX).content.decode()
    assert part.strip() in page
    assert "No matching services" in staff.get("/orders/new/?q=zzz").content.decode()


def test_searching_costs_the_same_for_one_and_for_ten(
    staff: Client, django_assert_max_num_queries: Any
) -> None:

    make_service()
    one = queries_of(lambda: staff.get("/orders/new/?q=website"))
    for _ in range(9):
        make_service()
    assert len(queries_of(lambda: staff.get("/orders/new/?q=website"))) == len(one)


def test_the_preview_fragment_is_part_of_the_page(staff: Client) -> None:
    values = filled(make_service(), quantity="1500")
    part = staff.post("/orders/new/preview/", values, headers=HTMX)
    page = staff.post("/orders/new/preview/", values)
    assert part.status_code == page.status_code == 200
    panel, _, cost = part.content.decode().partition('<div class="order-submit-cost"')
    assert panel.strip() in page.content.decode() and "$1.35" in cost and "hx-swap-oob" in cost
    assert "$1.35" in part.content.decode() and "key=<bdi>••••</bdi>" in part.content.decode()
    assert not Order.objects.exists()


@pytest.mark.parametrize("quantity", ["", "1e3", "x" * 3000, "9" * 18, "١٢", "\x00"])
def test_a_half_typed_form_never_fails_the_preview(staff: Client, quantity: str) -> None:
    values = {"service": make_service().pk, "quantity": quantity, "runs": "2"}
    part = staff.post("/orders/new/preview/", values, headers=HTMX)
    assert part.status_code == 200
    assert "invalid-feedback" not in part.content.decode()


def test_the_balance_is_for_those_who_may_see_it(client_for_role: Any) -> None:
    values = filled(make_service(make_provider(balance="0.0123")))
    shown = {
        role: client_for_role(role).post("/orders/new/preview/", values).content.decode()
        for role in (Role.OPERATOR, Role.MANAGER)
    }
    assert all("last known balance" in one_line(page) for page in shown.values())
    assert "$0.0123" in shown[Role.MANAGER] and "$0.0123" not in shown[Role.OPERATOR]


def test_order_again_is_filled_in_and_is_a_new_order(staff: Client) -> None:
    order = make_order(Status.COMPLETED, payload={"link": LINK, "quantity": "777"})
    page = staff.get(f"/orders/new/?again={order.pk}").content.decode()
    assert 'value="777"' in page and f'value="{LINK}"' in page
    assert str(order.form_key) not in page


def test_what_a_provider_says_is_only_ever_text(staff: Client) -> None:
    provider = make_provider(name=HOSTILE[:80], state="paused", paused_reason=HOSTILE)
    service = make_service(
        provider,
        name=HOSTILE,
        category=HOSTILE,
        description=HOSTILE,
        average_time=HOSTILE,
        external_id=HOSTILE,
        search_text="hostile",
    )
    refused = make_service(provider, type="", published_type=HOSTILE)
    for address in (f"?service={service.pk}", "?q=hostile", f"?service={refused.pk}"):
        page = staff.get(f"/orders/new/{address}").content.decode()
        assert "<img" not in page.replace('<img src="/static/', "") and "&lt;img" in page


def test_only_those_who_may_place_get_in(client_for_role: Any) -> None:
    service = make_service()
    viewer = client_for_role(Role.VIEWER)
    assert viewer.get("/orders/new/").status_code == 403
    assert viewer.post("/orders/new/", filled(service)).status_code == 403
    assert viewer.post("/orders/new/preview/", filled(service)).status_code == 403
    assert not Order.objects.exists()


def test_services_are_shown_by_category_and_cut_only_when_there_are_more(staff: Client) -> None:
    provider = make_provider()
    make_service(provider, category="Zebra", name="Visits, last")
    for _ in range(19):
        make_service(provider, category="Audio")
    page = staff.get("/orders/new/?q=visits").content.decode()
    assert page.index("Audio") < page.index("Zebra") and "Visits, last" in page
    assert "the first 20" not in page
    make_service(provider, category="Audio")
    page = staff.get("/orders/new/?q=visits").content.decode()
    assert "Visits, last" not in page and "the first 20" in page


@pytest.mark.parametrize("type_name", PAYLOADS)
def test_the_page_of_every_type_asks_for_its_fields(staff: Client, type_name: str) -> None:
    service = make_service(type=type_name)
    page = staff.get(f"/orders/new/?service={service.pk}").content.decode()
    for name in PAYLOADS[type_name].asks():
        assert f'name="{name}"' in page
    refused = staff.post("/orders/new/", {"service": service.pk, "form_key": uuid.uuid4()})
    needed = sum(not ask.optional for ask in PAYLOADS[type_name].asks().values())
    assert refused.status_code == 422
    page = refused.content.decode()
    assert page.count("Fill this in.") + page.count("Choose one.") == needed


def test_a_drip_feed_says_what_a_run_is_and_when_it_ends(staff: Client) -> None:
    values = filled(make_service(rate="2"), quantity="50", runs="4", interval="90")
    part = one_line(staff.post("/orders/new/preview/", values, headers=HTMX).content.decode())
    assert "50 units a run × 4 runs = 200 units in all" in part
    assert "$0.10" in part and "$0.40" in part and "ends<time" in part


def test_the_columns_of_the_picker_have_heads_and_a_price_says_of_how_many(staff: Client) -> None:
    provider = make_provider()
    make_service(provider, name="Visits, steady")
    make_service(provider, name="Visits, one set", type="Package")
    page = one_line(staff.get("/orders/new/?q=visits").content.decode())
    heads = page.partition("picker-heads")[2].partition("</div>")[0]
    assert "Min – max" in heads and "Price" in heads and "Service" in heads
    assert page.count("per 1,000") == 1 and page.count("a package") == 1
