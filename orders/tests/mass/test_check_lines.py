"""Checking pasted lines: each fault with its words, next to its field."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import pytest

from core.roles import Role
from orders.links import link_key
from orders.mass.check_lines import check
from orders.mass.mass_order import draft_batch, save_batch
from orders.mass.read_paste import digest_of, read_paste
from orders.models import BlockedLink, SpendLimit
from orders.placing.order_form import form_for
from orders.status import Status
from providers.models import ProviderState
from tests.builders import NOON, make_order, make_provider, make_service, make_user
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def north():
    return make_provider(name="North")


@pytest.fixture
def shop(north):
    """A few services with numbers that a paste can name."""
    make_service(north, external_id="1", rate=Decimal("1"), min=10, max=1000, dripfeed=True)
    make_service(north, external_id="2", type="Custom Comments", min=2, max=5)
    make_service(north, external_id="3", type="Package")
    make_service(north, external_id="4", type="", published_type="OrderPayload")
    make_service(north, external_id="5", rate=None)
    make_service(north, external_id="6", dripfeed=False)
    make_service(make_provider(name="South"), external_id="1")
    return north


def checked(text, provider=None, person=None):
    pasted = read_paste(text)
    batch, lines = draft_batch(
        pasted,
        provider=provider,
        name="",
        digest=digest_of(pasted, None),
        by=person or make_user(Role.MANAGER),
        now=NOON,
    )
    check(lines, batch, person=person or batch.created_by, now=NOON)
    return batch, lines


@pytest.mark.parametrize(
    ("row", "field", "words"),
    [
        ("|https://a.example|10||", "service", "Write the number"),
        ("99|https://a.example|10||", "service", "There is no service 99 at North."),
        ("4|https://a.example|10||", "service", "does not know this type"),
        ("5|https://a.example|10||", "service", "price of this service is not known"),
        ("1||10||", "link", "Fill this in"),
        ("1|javascript:alert(1)|10||", "link", "run as code"),
        ("1|https://|10||", "link", "no host"),
        ("1|https://a.example/\x07x|10||", "link", "cannot be seen"),
        ("1|=A1|10||", "link", "a formula"),
        ("1|[a](https://a.example|10||", "link", "a formula or a link with its words"),
        ("1.50|https://a.example|10||", "service", "There is no service 1.50"),
        ("1|https://a.example|||", "quantity", "Fill this in"),
        ("1.000|https://a.example|10||", "service", "There is no service 1.000"),
        ("1|https://a.example|1.000||", "quantity", "digits 0–9"),
        ("1|https://a.example|٣٠||", "quantity", "digits 0–9"),
        ("1|https://a.example|9||", "quantity", "Minimum is 10"),
        ("1|https://a.example|1001||", "quantity", "Maximum is 1,000"),
        ("1|https://a.example|500|3|5", "runs", "All runs together are 1,500"),
        ("1|https://a.example|100|3|", "interval", "needs both"),
        ("6|https://a.example|100|3|5", "runs", "does not allow drip-feed"),
        ("1|https://a.example|100|||||x", "more", "more cells"),
    ],
)
def test_a_wrong_line_says_what_is_wrong_with_which_cell(shop, row, field, words):
    _, [line] = checked(f"service|link|quantity|runs|interval\n{row}", shop)
    assert not line.is_good
    said = {problem["field"]: problem["words"] for problem in line.problems}
    assert words in said[field]


def test_a_number_that_two_providers_use_has_to_be_told_apart(shop):
    _, [line] = checked("1|https://a.example|10")
    words = "Several providers have a service 1: name one of North, South."
    assert line.problems == [{"field": "service", "words": words}]
    _, [line] = checked("service|provider|link|quantity\n1|sOUTH|https://a.example|10")
    assert line.is_good
    assert line.service.provider.name == "South"
    _, [line] = checked("service|provider|link|quantity\n1|East|https://a.example|10", shop)
    assert "at “East”" in line.problems[0]["words"]
    _, [line] = checked("3|https://a.example|")
    assert line.is_good  # only one provider has a service 3


@pytest.mark.parametrize("number", ["1.0", "\u200b1\ufeff", "\u00a01\u202c", "1"])
def test_a_number_is_read_however_a_spreadsheet_wrote_it(shop, number):
    _, [line] = checked(f"{number}|https://a.example|\u200e10\u00a0", shop)
    assert line.is_good, line.problems
    assert line.cells == {"service": "1", "link": "https://a.example", "quantity": "10"}


def test_a_quantity_may_have_its_thousands_set_apart(shop):
    _, [line] = checked("service|link|quantity\n1|https://a.example|1,000", shop)
    assert line.is_good, line.problems
    assert line.cells["quantity"] == "1000"  # as it is read, beside its cost


def test_names_in_one_cell_are_as_many_units(shop):
    make_service(shop, external_id="8", type="Mentions Custom List", min=1, max=9)
    _, lines = checked(
        "service|link|usernames\n8|a.example|anna, ben; carl\n8|b.example|anna ben", shop
    )
    assert [line.is_good for line in lines] == [True, True]
    assert lines[0].cells["usernames"] == "anna\nben\ncarl"
    assert lines[1].cells["usernames"] == "anna\nben"
    form = form_for(
        lines[0].service,
        now=NOON,
        data={"form_key": str(uuid.uuid4()), "link": "a.example", "usernames": "anna, ben"},
    )
    assert "several names" in form.errors["usernames"][0]


def test_comments_are_counted_by_line(shop):
    _, lines = checked(
        "service|link|comments\n2|https://a.example|one\\ntwo\n2|b.example|one", shop
    )
    assert [line.is_good for line in lines] == [True, False]
    assert "1 line are too few" in lines[1].problems[0]["words"]
    assert lines[0].cost == Decimal("0.0018")


def test_what_a_type_does_not_take_is_said_and_left_out(shop):
    _, [line] = checked("3|https://a.example|500", shop)
    assert line.is_good
    assert line.warnings == ["“Quantity” is left out: Package orders have no such field."]


def test_a_repeated_line_is_stopped_until_somebody_means_it(shop):
    batch, lines = checked("1|https://a.example/x|10\n1|http://www.a.example/x/|20", shop)
    assert [line.is_good for line in lines] == [True, False]
    assert lines[1].problems == [
        {"field": "is_meant", "words": "Line 1 orders this service for this link too."}
    ]
    lines[1].is_meant = True
    check(lines, batch, person=batch.created_by, now=NOON)
    assert lines[1].is_good
    assert lines[1].warnings == ["This line will wait for line 1, which has this link at North."]


def test_an_open_order_is_not_repeated_unasked_and_an_ended_one_does_not_count(shop):
    service = shop.services.get(external_id="1")
    ended: dict[str, Any] = {"service": service, "link_key": link_key("https://b.example")}
    order = make_order(service=service, link_key=link_key("https://a.example"))
    make_order(Status.COMPLETED, **ended)
    _, lines = checked("1|https://a.example|10\n1|https://b.example|10", shop)
    assert (
        lines[0].problems[0]["words"]
        == f"Order #{order.pk} for this service and link is still open."
    )
    assert lines[1].is_good


def test_an_order_closed_as_unknown_is_not_repeated_unasked_and_nobody_waits_for_it(shop):
    service, other = shop.services.get(external_id="1"), make_service(shop, external_id="77")
    order = make_order(Status.GIVEN_UP, service=service, link_key=link_key("https://a.example"))
    _, lines = checked("1|https://a.example|10\n77|https://a.example|10", shop)
    (problem,) = lines[0].problems
    assert problem["words"].startswith(f"Order #{order.pk} for this service and link was closed")
    assert lines[1].service == other and lines[1].is_good and not lines[1].warnings


def test_another_order_on_the_link_is_waited_for(shop):
    other = make_service(shop, external_id="77")
    order = make_order(service=other, link_key=link_key("https://a.example"))
    _, [line] = checked("1|https://a.example|10", shop)
    assert line.is_good
    assert line.warnings == [
        f"This line will wait for order #{order.pk}, which has this link at North."
    ]


def test_a_paused_provider_is_mentioned(shop):
    type(shop).objects.update(state=ProviderState.PAUSED)
    _, [line] = checked("1|https://a.example|10", shop)
    assert line.is_good
    assert line.warnings == ["North is paused: it will be held."]


def test_the_guard_watches_over_all_lines_together(shop):
    BlockedLink.objects.create(pattern="bad.example", added_at=NOON)
    SpendLimit.objects.create(role="manager", currency="USD", per_day=Decimal("0.05"))
    _, lines = checked(
        "1|https://bad.example|10\n1|a.example|20\n1|b.example|30\n1|c.example|10", shop
    )
    assert [line.is_good for line in lines] == [False, True, True, False]
    assert "block list" in lines[0].problems[0]["words"]
    assert "0.06 USD would be spent today" in lines[3].problems[0]["words"]


def test_a_line_fixed_alone_is_held_against_the_other_good_lines(shop):
    batch, lines = checked("1|a.example|10\n1|b.example|x", shop)
    save_batch(batch, lines)
    lines[1].cells = {**lines[1].cells, "link": "a.example", "quantity": "10"}
    check([lines[1]], batch, person=batch.created_by, now=NOON, with_others=True)
    assert lines[1].problems[0]["words"] == "Line 1 orders this service for this link too."
    SpendLimit.objects.create(role="manager", currency="USD", per_day=Decimal("0.015"))
    lines[1].cells["link"] = "b.example"
    check([lines[1]], batch, person=batch.created_by, now=NOON, with_others=True)
    assert "0.02 USD would be spent today" in lines[1].problems[0]["words"]


@pytest.mark.parametrize(
    "cells",
    [
        {"link": "https://a.example", "quantity": "100"},
        {"link": "https://a.example", "quantity": "100", "runs": "2", "interval": "5"},
        {"link": " https://a.example ", "quantity": "0100"},
        {"link": "ftp:x y", "quantity": "5000"},
        {"link": "x" * 2049, "quantity": "-1"},
        {"link": "https://a.example", "quantity": "100", "runs": "1", "interval": "0"},
    ],
)
def test_lines_and_the_order_form_check_alike(shop, cells):
    service = shop.services.get(external_id="1")
    form = form_for(service, now=NOON, data={"form_key": str(uuid.uuid4()), **cells})
    text = "service|" + "|".join(cells) + "\n1|" + "|".join(cells.values())
    _, [line] = checked(text, shop)
    assert line.is_good is form.is_valid()
    said = {(problem["field"], problem["words"]) for problem in line.problems}
    assert said == {(f, w) for f, words in form.errors.items() for w in words}


def test_a_thousand_lines_cost_as_many_queries_as_one(shop):
    person = make_user(Role.MANAGER)
    one = queries_of(lambda: checked("1|https://a.example/0|10", shop, person))
    many = queries_of(
        lambda: checked("\n".join(f"1|https://a.example/{n}|10" for n in range(1000)), shop, person)
    )
    assert len(many) <= len(one)
