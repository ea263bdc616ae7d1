"""A link, an id and a list of names mean the same however they were written down."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.roles import Role
from orders.lists.csv_export import bare, export_lines, inert
from orders.mass.check_lines import check
from orders.mass.mass_order import draft_batch
from orders.mass.read_own_export import HEADINGS
from orders.mass.read_paste import MORE, digest_of, read_paste
from orders.models import BatchLine, Order
from orders.placing.cells import (
    address_in,
    holds_more,
    id_in,
    is_written_around,
    names_in,
    number_in,
)
from orders.status import Status
from tests.builders import NOON, make_order, make_service, make_user

URL = "https://a.example/p/(1)?x=1,2;3"


@pytest.mark.parametrize(
    "written",
    [
        URL,
        f"<{URL}>",
        f"[our page]({URL})",
        f"![]({URL})",
        f'[x]( <{URL}> "A title" )',
        f'=HYPERLINK("{URL}";"our page")',
        f'=hyperlink( "{URL}" , A1 )',
        f'=HYPERLINK("{URL}")',
        f'<a class="x" href="{URL}" target=_blank>our <b>page</b></a>',
        f"\u200b{URL[:9]}\u2060{URL[9:]}\u202c\u00a0",
        f"\ufeff{URL}",
    ],
)
def test_a_link_is_its_address(written: str) -> None:
    assert address_in(written) == URL
    assert not is_written_around(address_in(written))


@pytest.mark.parametrize(
    "written", ["=A1", '=IMAGE("x")', "[x](y", "< a", "<https://a", "=", "[x] (y)"]
)
def test_what_is_no_address_after_all_is_known(written: str) -> None:
    assert is_written_around(address_in(written))


@pytest.mark.parametrize(
    ("link", "is_more"),
    [
        ("https://a.example/1 https://a.example/2", True),
        ("https://a.example/1, https://a.example/2", True),
        ("a.example/1 a.example/2", True),
        ("https://a.example/my page", True),
        ("anna https://a.example/anna", True),
        ("https://a.example/my%20page", False),
        ("anna and ben", False),
        ("AC/DC live", False),
        ("Anna B. Clark", False),
        ("", False),
    ],
)
def test_an_address_with_a_space_is_more_than_one_address(link: str, is_more: bool) -> None:
    assert holds_more(link) is is_more


@pytest.mark.parametrize("plain", ["@name", "name", "+49 1", "a[1](2)", "https://a.example/<x>"])
def test_any_other_text_stays(plain: str) -> None:
    assert address_in(plain) == plain and not is_written_around(plain)


def test_ids_and_names() -> None:
    assert [id_in(text) for text in ("12.0", "12,00", " 12\u200b", "12.5", "a.0")] == [
        "12",
        "12",
        "12",
        "12.5",
        "a.0",
    ]
    assert names_in("anna, ben;carl\r\n@dora  eve\n\n") == "anna\nben\ncarl\n@dora\neve"


@pytest.mark.parametrize("text", ["1.000", "12,000", "123.000"])
def test_an_id_that_may_be_in_thousands_is_not_guessed(text: str) -> None:
    assert id_in(text) == text
    assert id_in(f"1{int(text[:-4]):03}{text[-4:]}") == f"1{int(text[:-4]):03}"  # no group of three


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("1,000", "1000"),
        (" 12\u202f500 ", "12500"),
        ("1\u00a0000\u00a0000", "1000000"),
        ("1'000", "1000"),
        ("10,000,000", "10000000"),
        *(
            (text, text)
            for text in ("1.000", "1.5", "1,5", "0,100", "1,000 000", "1000,000", "1,00")
        ),
    ],
)
def test_thousands_may_be_set_apart_where_they_can_mean_nothing_else(text, digits) -> None:
    assert number_in(text) == digits


@given(st.text(st.sampled_from("'=+-@a \t\n\r\x0b\u200b"), max_size=12))
def test_what_the_export_made_harmless_is_put_back(text: str) -> None:
    if "'" not in text:
        assert bare(inert(text)) == text


@pytest.mark.django_db
@pytest.mark.services
def test_the_own_export_can_be_pasted_back() -> None:
    service = make_service(external_id="12", dripfeed=True)
    make_order(Status.COMPLETED, service=service, units=100, link="@name", note="=1+1")
    fed = {"service": "12", "link": "https://b.example", "quantity": "50"}
    parent = make_order(
        Status.COMPLETED,
        service=service,
        units=150,
        link="https://b.example",
        payload=fed | {"runs": "3", "interval": "60"},
    )
    make_order(Status.COMPLETED, service=service, units=50, parent=parent, link="https://b.example")
    pasted = read_paste("".join(export_lines(Order.objects.all())))
    batch, lines = draft_batch(
        pasted,
        provider=None,
        name="",
        digest=digest_of(pasted, None),
        by=make_user(Role.MANAGER),
        now=NOON,
    )
    check(lines, batch, person=batch.created_by, now=NOON)
    part, feed, plain = lines
    assert plain.is_good and plain.cells["quantity"] == "100", plain.problems
    assert (plain.cells["link"], plain.cells["note"]) == ("@name", "=1+1")
    assert feed.is_good, feed.problems
    asked = {name: feed.cells[name] for name in ("quantity", "runs", "interval")}
    assert asked == {"quantity": "50", "runs": "3", "interval": "60"}
    assert not part.is_good and f"order {parent.pk} started" in part.cells[MORE]
    assert plain.warnings == feed.warnings == []


@pytest.mark.django_db
@pytest.mark.services
@pytest.mark.parametrize("spoiled", ["quantity", "runs"])
def test_an_own_export_with_a_number_beyond_any_is_a_line_to_correct(
    client_for_role: Any, spoiled: str
) -> None:
    make_service(external_id="12")
    cells = {"service": "12", "link": "@name", "quantity": "7", "runs": "2"} | {spoiled: "9" * 5000}
    rows = [",".join(HEADINGS), ",".join(cells.get(name, "") for name in HEADINGS)]
    manager = client_for_role(Role.MANAGER)
    page = manager.post("/orders/mass-orders/new/", {"text": "\r\n".join(rows)}, follow=True)
    assert page.status_code == 200
    line = BatchLine.objects.get()
    assert not line.is_good and line.cells[spoiled] == "9" * 5000


def test_an_export_from_which_a_deciding_column_was_taken_is_refused_by_its_columns() -> None:
    text = "".join(export_lines(Order.objects.none())).replace('"runs",', "")
    with pytest.raises(ValueError, match="a column we do not know: “id”"):
        read_paste(f"{text}1\r\n")
