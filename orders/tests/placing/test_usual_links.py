"""A link that is no web address is told of, and taken all the same: some providers take names."""

from __future__ import annotations

import uuid
from functools import partial

import pytest
from django.test import Client

from core.roles import Role
from orders.links import has_host
from orders.mass.check_lines import check
from orders.placing.order_form import form_for
from orders.placing.preview import preview_of
from orders.placing.usual_links import EXAMPLE, WITH_SPACES, WITHOUT_HOST
from orders.status import Status
from orders.tests.mass.test_place_lines import make_batch
from providers.models import Service
from tests.builders import NOON, make_blocked_link, make_order, make_service, make_user, terms_shown
from tests.malformed_values import HTMX
from tests.one_line import one_line
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def warnings(service: Service, link: str) -> tuple[str, ...]:
    data = {"form_key": str(uuid.uuid4()), "link": link, "quantity": "100"}
    form = form_for(service, now=NOON, data=data)
    assert form.is_valid(), form.errors
    return preview_of(form, now=NOON).warnings


@pytest.mark.parametrize(
    "link",
    [
        "https://shop.example/new",
        "shop.example",
        "//shop.example/new",
        "http://user@shop.example",
        "xn--bcher-kva.example",
        "HTTPS%3A%2F%2Fshop.example%2Fnew",
        "http://192.0.2.7/new",
    ],
)
def test_a_web_address_gets_no_warning(link: str) -> None:
    assert has_host(link) and warnings(make_service(), link) == ()


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("nice shoes, please", WITH_SPACES),
        ("nice shoes. Please", WITH_SPACES),
        ("lumen", WITHOUT_HOST),
        ("@lumen", WITHOUT_HOST),
        ("anna@mail.example", WITHOUT_HOST),
        ("http://localhost/new", WITHOUT_HOST),
    ],
)
def test_what_is_no_address_is_taken_with_a_warning(link: str, words: str) -> None:
    assert warnings(make_service(), link) == (f"Link: {words} {EXAMPLE}",)


def test_what_is_usual_is_learned_from_what_the_provider_took() -> None:
    service = make_service()
    make_order(Status.REJECTED, service=service, link="@lumen")
    make_order(Status.COMPLETED, service=service)
    assert "that its provider took was for one" in warnings(service, "lumen")[0]
    make_order(Status.IN_PROGRESS, service=service)
    assert (
        "The last 2 orders of this service were for web addresses." in warnings(service, "lumen")[0]
    )
    make_order(Status.COMPLETED, service=service, link="@lumen")
    assert warnings(service, "lumen") == ()
    assert warnings(service, "two words") == (f"Link: {WITH_SPACES}",)


def test_the_preview_says_it_and_the_order_is_placed(staff: Client) -> None:
    service = make_service()
    data = {"service": service.pk, "form_key": uuid.uuid4(), "link": "lumen", "quantity": "100"}
    page = one_line(staff.post("/orders/new/preview/", data).content.decode())
    assert f"Link: {WITHOUT_HOST} {EXAMPLE}" in page
    data["terms"] = terms_shown(service)
    assert staff.post("/orders/new/", data).status_code == 302


def test_lines_of_a_mass_order_get_it_with_as_many_queries_for_ten_as_for_one() -> None:
    service, costs = make_service(), list[int]()
    make_order(Status.COMPLETED, service=service)
    for count in (1, 10):
        text = "\n".join(f"{service.external_id}|name{number}|100" for number in range(count))
        batch = make_batch(text, person=make_user(Role.MANAGER))
        rows = list(batch.lines.order_by("number"))
        assert all(row.is_good and WITHOUT_HOST in row.warnings[0] for row in rows)
        found = queries_of(partial(check, rows, batch, person=None, now=NOON))
        costs.append(len(found))
    assert costs[0] == costs[1]


@pytest.mark.parametrize("quantity", ["100", "", "many"])
def test_a_blocked_link_is_told_while_the_form_is_filled_in(staff: Client, quantity: str) -> None:
    make_blocked_link("rival.example", reason="A rival.")
    service, key = f"{make_service().pk}", str(uuid.uuid4())
    form = {"service": service, "form_key": key, "quantity": quantity}
    told = "This link is on the block list (“rival.example”): A rival."
    for link, is_told in (("https://RIVAL.example/a", True), ("https://shop.example/a", False)):
        part = staff.post("/orders/new/preview/", form | {"link": link}, headers=HTMX)
        assert (told in one_line(part.content.decode())) == is_told
        page = staff.get("/orders/new/", {"service": service, "link": link})
        assert (told in one_line(page.content.decode())) == is_told
