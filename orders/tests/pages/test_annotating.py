"""Reference, note and tags of an order, finding it by them, and filters kept by name."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from core.models import User
from core.roles import Role
from orders.models import EventKind, Order, SavedFilter
from orders.models import saved as kept_rows
from orders.status import Status
from orders.tags import NotATag, read_tags
from tests.builders import make_order, make_provider, make_saved_filter, make_user
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db, pytest.mark.services]

HOSTILE = "<img src=x onerror=alert(1)>"


def shown(client: Client, query: str) -> set[int]:
    answer = client.get("/orders/", {"q": query})
    assert answer.status_code == 200
    return {order.pk for order in answer.context["page"].rows}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ""),
        ("  ", ""),
        ("Spring", " spring "),
        ("#urgent, Spring;spring", " urgent spring "),
        ("été\n2026-q1", " été 2026-q1 "),
    ],
)
def test_tags_are_words_apart_by_spaces(typed: str, kept: str) -> None:
    assert read_tags(typed) == kept


@pytest.mark.parametrize(
    "typed", ["a+b", "=1", "x" * 31, "%", " ".join(f"tag{n:027}" for n in range(9))]
)
def test_what_is_no_tag_is_refused(typed: str) -> None:
    with pytest.raises(NotATag):
        read_tags(typed)


def test_they_are_written_and_shown_and_remembered(staff: Client) -> None:
    order = make_order(note="before")
    form = {"reference": " INV-7 ", "note": "after\nall", "tags": "#Spring urgent"}
    assert staff.post(f"/orders/{order.pk}/about/", form).status_code == 302
    order.refresh_from_db()
    assert (order.reference, order.tags) == ("INV-7", " spring urgent ")
    event = order.events.get(kind=EventKind.NOTE)
    assert event.text.splitlines()[0] == "Reference: INV-7" and event.actor is not None
    assert "Note: before → after" in event.text and "Tags: spring urgent" in event.text
    row = one_line(staff.get("/orders/").content.decode())
    for words in ("INV-7", "after", "tag%3Aspring", ">urgent</a>"):
        assert words in row
    page = staff.get(f"/orders/{order.pk}/").content.decode()
    assert 'value="INV-7"' in page and 'value="spring urgent"' in page


def test_saving_what_stands_there_is_no_news(staff: Client) -> None:
    order = make_order(reference="A", note="b", tags=" c ")
    staff.post(f"/orders/{order.pk}/about/", {"reference": "A", "note": "b", "tags": "c"})
    assert not order.events.exists()
    staff.post(f"/orders/{order.pk}/about/", {})
    assert order.events.get().text == "Reference removed: A\nNote removed: b\nTags removed: c"


def test_a_mistake_comes_back_with_the_form(staff: Client) -> None:
    order = make_order(reference="stays")
    form = {"reference": "kept in the form", "note": "n" * 501, "tags": "a+b"}
    answer = staff.post(f"/orders/{order.pk}/about/", form)
    page = answer.content.decode()
    assert answer.status_code == 422 and "kept in the form" in page
    assert "a tag is made of letters" in page and "at most 500" in page
    order.refresh_from_db()
    assert order.reference == "stays"


def test_the_status_of_the_order_is_not_touched(staff: Client) -> None:
    order = make_order(Status.IN_PROGRESS)
    staff.post(f"/orders/{order.pk}/about/", {"note": "x", "status": "completed", "link": "y"})
    fresh = Order.objects.get(pk=order.pk)
    assert (fresh.status, fresh.link, fresh.changed_at) == (
        order.status,
        order.link,
        order.changed_at,
    )


def test_viewers_read_them(client_for_role: Any) -> None:
    order = make_order(reference="INV-7", note=HOSTILE, tags=" spring ")
    viewer = client_for_role(Role.VIEWER)
    page = viewer.get(f"/orders/{order.pk}/").content.decode()
    about = page[page.index('id="about"') : page.index("</main>")]
    assert "INV-7" in about and "spring" in about and "<form" not in about
    assert "<img" not in about and "&lt;img" in about
    assert viewer.post(f"/orders/{order.pk}/about/", {}).status_code == 403


def test_they_are_found(staff: Client) -> None:
    order = make_order(
        Status.PENDING,
        reference="INV-2041",
        note="call Ms Okafor first",
        tags=" spring urgent ",
        external_id="777",
    )
    numbered = make_order(reference="20419")
    make_order(reference="X-INV", tags=" springtime ")
    for words in (
        "INV-2041",
        "inv-20",
        "okafor",
        "Ms Okafor",
        "tag:urgent",
        "TAG:Spring",
        "tag:#spring",
        "urgent",
        "tag:spring tag:urgent",
        "tag:spring okafor",
        "okafor tag:spring",
        "777",
    ):
        assert shown(staff, words) == {order.pk}, words
    assert shown(staff, "20419") == shown(staff, "204") == {numbered.pk}
    assert shown(staff, "IN") == {order.pk}  # two letters: the start of a reference
    for words in ("tag:spr", "tag:", "tag:%", "tag:spring x-inv", "0419", "%", "_"):
        assert shown(staff, words) == set(), words


def test_numbers_and_tags_are_found_by_index() -> None:
    if connection.vendor != "sqlite":
        assert Order.objects.searching("204").count() == 0
        return
    for words in ("9000777", "ab", "tag:spring"):
        plan = Order.objects.for_list().searching(words).order_by("-pk")[:51].explain()
        assert "SCAN orders_order\n" not in f"{plan}\n", plan


def save(browser: Client, query: str, name: str, **more: str) -> Any:
    return browser.post(f"/orders/?{query}", {"name": name, **more})


def test_a_filter_is_saved_used_and_deleted(staff: Client) -> None:
    completed = make_order(Status.COMPLETED)
    make_order()
    answer = save(staff, "status=completed&cursor=x&stranger=1", "Done ones")
    assert answer.headers["Location"] == "/orders/?status=completed"
    saved = SavedFilter.objects.get()
    page = staff.get("/orders/").content.decode()
    assert "Done ones" in page and 'href="/orders/?status=completed"' in page
    rows = staff.get(f"/orders/?{saved.query}").context["page"].rows
    assert [order.pk for order in rows] == [completed.pk]
    back = staff.post(f"/orders/filters/{saved.pk}/delete/", {"back": "q=x"})
    assert back.headers["Location"] == "/orders/?q=x"
    assert not SavedFilter.objects.exists()


@pytest.mark.parametrize(
    ("query", "name", "words"),
    [
        ("status=completed", "", "Fill this in"),
        ("status=completed", "x" * 61, "at most 60"),
        ("", "All", "has no filter yet"),
        ("since=tomorrow", "Soon", "slip in the filter"),
        (f"q={'%C3%BC' * 280}", "Long", "too long to be saved"),
    ],
)
def test_what_cannot_be_saved_comes_back(staff: Client, query: str, name: str, words: str) -> None:
    make_order()
    answer = save(staff, query, name)
    page = answer.content.decode()
    assert answer.status_code == 422 and words in page
    assert not name or f'value="{name}"' in page
    assert not SavedFilter.objects.exists()


def test_there_is_an_end_to_saving(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_rows, "MOST_KEPT", 1)
    save(staff, "group=open", "One")
    assert save(staff, "group=ended", "Two").status_code == 422
    assert save(staff, "group=ended", "One", instead="on").status_code == 302


def test_filters_of_others_are_theirs(staff: Client) -> None:
    theirs = make_saved_filter(make_user(), name="Somebody else's")
    assert staff.post(f"/orders/filters/{theirs.pk}/delete/").status_code == 404
    assert "Somebody else" not in staff.get("/orders/").content.decode()


def test_a_saved_filter_is_checked_when_it_is_used(staff: Client) -> None:
    provider, order = make_provider(), make_order()
    save(staff, f"provider={provider.pk}", "Gone")
    provider.delete()
    page = staff.get(f"/orders/?{SavedFilter.objects.get().query}")
    assert {row.pk for row in page.context["page"].rows} == {order.pk}
    text = page.content.decode()
    assert (
        "Provider: This choice does not exist, or no longer. The list is shown without it." in text
    )
    assert "Delete the view Gone" in text  # although nothing narrows the list


def test_the_name_of_a_filter_is_only_ever_text(staff: Client) -> None:
    make_saved_filter(User.objects.get(pk=staff.session["_auth_user_id"]), name=HOSTILE)
    page = staff.get("/orders/").content.decode()
    assert HOSTILE not in page and "&lt;img" in page


def test_what_somebody_else_wrote_meanwhile_is_not_written_over(staff: Client) -> None:
    order = make_order(reference="A", note="b", tags=" c ")
    shown_words = {"shown_reference": "A", "shown_note": "b", "shown_tags": "c"}
    address, mine = f"/orders/{order.pk}/about/", {"reference": "A", "note": "b", "tags": "c"}
    page = staff.get(f"/orders/{order.pk}/").content.decode()
    assert all(f'name="{name}" value="{text}"' in page for name, text in shown_words.items())
    Order.objects.filter(pk=order.pk).update(note="theirs\nlong")
    staff.post(address, shown_words | mine | {"reference": "Z"})
    order.refresh_from_db()
    assert (order.reference, order.note, order.tags) == ("Z", "theirs\nlong", " c ")
    kept = shown_words | mine | {"shown_note": "theirs\r\nlong", "note": "theirs\r\nlong and mine"}
    assert (
        staff.post(address, kept | {"reference": "Z"}).status_code == 302
    )  # as a browser sends it
    Order.objects.filter(pk=order.pk).update(note="theirs\nlong")
    both = shown_words | mine | {"note": "mine", "shown_reference": "Z", "reference": "Z"}
    refused = staff.post(address, both)
    said = one_line(refused.content.decode())
    assert refused.status_code == 422 and "Somebody wrote “theirs long” here meanwhile." in said
    order.refresh_from_db()
    assert order.note == "theirs\nlong"
    form = refused.context["about_form"]
    again = {name: form[name].value() for name in form.fields}
    assert again["note"] == "mine"
    assert staff.post(address, again).status_code == 302  # seen, and meant
    order.refresh_from_db()
    assert (order.reference, order.note) == ("Z", "mine")
