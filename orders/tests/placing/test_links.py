"""One normal form of links, for block rules, busy links and repeats."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orders.draft import OrderDraft
from orders.limits.check_limits import objection
from orders.link_queue import last_in_line
from orders.links import link_key, normalised_link
from orders.models import BatchLine, Order
from orders.status import Status
from providers.panel_api import DefaultPayload
from tests.builders import (
    NOON,
    make_batch_line,
    make_blocked_link,
    make_order,
    make_service,
    make_user,
)

EMPTY_PARAMETERS = "0035_links_without_empty_parameters"
PLAIN = "https://bad.example/p/Äpfel"
SPELLINGS = [
    "bad.example/p/Äpfel",
    "http://www.Bad.Example/p/Äpfel/",
    "https://bad.example./p/Äpfel",
    "https://.www.bad.example/p/Äpfel",
    "https://bad..example/p/Äpfel",
    "https://bad.example//p//Äpfel",
    "https://bad.example/./p/./Äpfel",
    "https://bad.example/x/../p/y/%2e%2E/Äpfel",
    "https://bad。example/p/Äpfel",
    "https://ｂａｄ．example/p/Äpfel",
    "https:\\\\bad.example\\p\\Äpfel",
    "https:/bad.example/p/Äpfel",
    "https://bad.example/%70/%C3%84pfel",
    "https://bad.example/%2570/%25C3%2584pfel",
    "https://b%61d.example/p/Äpfel",
    "https%3A%2F%2Fbad.example/p/Äpfel",
    "https://bad.example:8443/p/Äpfel",
    "https://bad.example:/p/Äpfel",
    "https://someone@bad.example/p/Äpfel",
    "https://bad.example/p/A\u0308pfel",
    "https://bad.example/p/\u200bÄpfel#top",
    "//bad.example/p/Äpfel",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_a_link_has_one_key(spelling):
    assert normalised_link(spelling) == normalised_link(PLAIN) == "bad.example/p/Äpfel"
    assert link_key(spelling) == link_key(PLAIN)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://lumen.example/p/1", "http://www.Lumen.example/p/1/", True),
        ("https://lumen.example:443/p", "https://lumen.example/p", True),
        ("https://lumen.example/P", "https://lumen.example/p", False),
        ("https://lumen.example/p?x=1", "https://lumen.example/p?x=2", False),
        ("https://lumen.example/p?x=1&y=2", "https://lumen.example/p?x=1&amp;y=2", True),
        ("https://lumen.example/p?x=1&copy=2", "https://lumen.example/p?x=1©=2", False),
        ("https://lumen.example/p?", "https://lumen.example/p", True),
        ("https://lumen.example/p/1?igsh=MzRl", "https://lumen.example/p/1?igsh=ZHg4", True),
        ("https://lumen.example/p/1?utm_source=a&utm_medium=b", "https://lumen.example/p/1", True),
        ("https://lumen.example/p?v=1&si=a", "https://lumen.example/p?si=b&v=1", True),
        ("https://lumen.example/p?v=1&si=a", "https://lumen.example/p?v=2&si=a", False),
        ("https://lumen.example/p?v=1&amp;fbclid=a", "https://lumen.example/p?v=1", True),
        ("https://lumen.example/p?v=1&", "https://lumen.example/p?v=1", True),
        ("https://lumen.example/p?&v=1&&w=2", "https://lumen.example/p?v=1&w=2", True),
        ("https://lumen.example/p?v=1%26", "https://lumen.example/p?v=1", True),
        ("https://lumen.example/p?&", "https://lumen.example/p", True),
        ("https://lumen.example/p?v=", "https://lumen.example/p", False),
        ("https://lumen.example/p?site=1", "https://lumen.example/p?site=2", False),
        ("https://lumen.example/p?t=10", "https://lumen.example/p", False),
        ("https://lumen.example/a%23b", "https://lumen.example/a#b", False),
        ("https://xn--bcher-kva.example/p", "https://bücher.example/p", True),
        ("https://BÜCHER.example/p", "https://xn--bcher-kva.example/p", True),
        ("https://lumen.example/..", "https://lumen.example", True),
        ("@Lumen", "lumen", True),
        ("Ｌumen", "@lumen", True),
        ("anna@lumen.example", "ben@lumen.example", False),
        ("#spring", "#summer", False),
        ("https://[broken", "https://[broken", True),
        ("https://lumen.example/%E4", "https://lumen.example/%F6", False),
        ("https://xn--\u00e4.example/", "https://xn--.example/", False),
    ],
)
def test_links_to_the_same_place_have_the_same_key(one, other, same):
    assert (link_key(one) == link_key(other)) is same


def test_a_link_encoded_a_thousand_times_is_read_at_once():
    assert normalised_link("https://bad.example/%" + "25" * 1000 + "70") == "bad.example/p"


def test_what_no_encoding_can_hold_still_has_a_key():
    assert len(link_key("https://lumen.example/\ud800")) == 64


@pytest.mark.django_db
@pytest.mark.services
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("pattern", ["bad.example/p/Äpfel", "https://bad.example/p/%C3%84pfel"])
def test_no_spelling_passes_a_block_rule(pattern, spelling):
    make_blocked_link(pattern)
    assert "block list" in _objection(spelling)


@pytest.mark.django_db
@pytest.mark.services
@pytest.mark.parametrize(
    ("pattern", "link"),
    [
        ("bücher.example", "https://xn--bcher-kva.example/p"),
        ("xn--bcher-kva.example", "https://bücher.example/p"),
        ("bücher.example", "https://bu\u0308cher.example/p"),
        ("ｂａｄ．example", "https://bad.example/p"),
        ("bad.example./p", "https://bad.example/p"),
        ("bad.example:8443/p", "https://bad.example/p"),
        ("bad.example//p", "https://bad.example/p"),
        ("/secret", "https://lumen.example//%2573ecret"),
        ("/secret", "https://lumen.example/p#/%73ecret"),
        ("@someone", "someone"),
        ("@some.one", "some.one"),
        ("*.bad.example/x", "https://a.bad.example/y/../x"),
    ],
)
def test_a_rule_is_read_like_the_links_it_is_about(pattern, link):
    make_blocked_link(pattern)
    assert "block list" in _objection(link)


@pytest.mark.django_db
@pytest.mark.services
@pytest.mark.parametrize(
    ("pattern", "link"),
    [("@someone", "https://someone.example/"), ("/secret", "https://lumen.example/mysecret")],
)
def test_a_rule_is_not_read_as_more_than_it_says(pattern, link):
    make_blocked_link(pattern)
    assert _objection(link) == ""


@pytest.mark.django_db
@pytest.mark.services
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_link_is_busy_in_every_spelling(spelling):
    service = make_service()
    first = make_order(service=service, link=PLAIN, link_key=link_key(PLAIN))
    assert last_in_line(service.provider_id, link_key(spelling)) == first


@pytest.mark.django_db
@pytest.mark.services
def test_upgrading_gives_open_orders_and_waiting_lines_the_new_key():
    link = "https://bad.example//p/"
    waiting = make_order(link=link, link_key="old")
    ended = make_order(Status.COMPLETED, link=link, link_key="old")
    line = make_batch_line(cells={"link": link}, link_key="old")
    import_module("orders.migrations.0009_link_keys").give_new_keys(apps, None)
    keys = dict(Order.objects.values_list("pk", "link_key"))
    assert keys == {waiting.pk: link_key(link), ended.pk: "old"}
    assert BatchLine.objects.get(pk=line.pk).link_key == link_key(link)


@pytest.mark.django_db
@pytest.mark.services
def test_upgrading_leaves_out_what_sharing_has_added_where_links_are_still_compared():
    link, plain = "https://lumen.example/p/1?igsh=MzRl", "https://lumen.example/p/1"
    waiting, ended = (
        make_order(status, link=link, link_key="old")
        for status in (Status.QUEUED, Status.COMPLETED)
    )
    old = make_order(Status.COMPLETED, link=link, link_key="old")
    Order.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=3))
    Order.objects.exclude(pk=old.pk).update(created_at=timezone.now())
    line = make_batch_line(cells={"link": link}, link_key="old")
    import_module("orders.migrations.0032_links_without_share_marks").give_new_keys(apps, None)
    keys = dict(Order.objects.values_list("pk", "link_key"))
    assert keys == {waiting.pk: link_key(plain), ended.pk: link_key(plain), old.pk: "old"}
    assert BatchLine.objects.get(pk=line.pk).link_key == link_key(plain)


@pytest.mark.django_db
@pytest.mark.services
def test_upgrading_leaves_out_empty_parameters_of_open_orders():
    waiting = make_order(link="https://lumen.example/p?v=1&", link_key="old")
    import_module(f"orders.migrations.{EMPTY_PARAMETERS}").give_new_keys(apps, None)
    waiting.refresh_from_db()
    assert waiting.link_key == link_key("https://lumen.example/p?v=1")


@pytest.mark.django_db
@pytest.mark.services
@pytest.mark.parametrize("name", ["0032_links_without_share_marks", EMPTY_PARAMETERS])
def test_upgrading_reads_and_writes_no_more_than_links(name):
    """Among a million rows few have such a link, and what people wrote beside them is long."""
    link = "https://lumen.example/p?v=1&"
    stale = [make_order(link=link, link_key="old"), make_batch_line(cells={"link": link})]
    BatchLine.objects.filter(pk=stale[1].pk).update(link_key="old")
    make_order(link=link, link_key=link_key(link))
    make_batch_line(cells={"link": link}, link_key=link_key(link))
    with CaptureQueriesContext(connection) as asked:
        import_module(f"orders.migrations.{name}").give_new_keys(apps, None)
    said = [query["sql"] for query in asked]
    assert not any(column in sql for sql in said for column in ('"payload"', '"note"', '"said"'))
    written = [sql for sql in said if sql.startswith("UPDATE")]
    assert [sql.count("WHEN") for sql in written] == [1, 1], written


def test_each_upgrade_stands_on_its_own():
    """What another one does may be taken away with it when they are squashed."""
    for room in ("core", "providers", "orders", "dashboard"):
        for path in (settings.BASE_DIR / room / "migrations").glob("*.py"):
            assert not re.search(
                r"import_module|from [\w.]*migrations\.?\w* import", path.read_text()
            ), path


def _objection(link: str) -> str:
    service = make_service()
    payload = DefaultPayload(service_id=service.external_id, link=link, quantity=100)
    return objection(OrderDraft(service, payload, uuid.uuid4()), person=make_user(), now=NOON)
