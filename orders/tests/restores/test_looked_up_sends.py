"""What a restore has listed is found by an index, however many restores there were."""

from __future__ import annotations

import uuid
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from orders.models import UnmatchedOrder
from orders.placing.left_sends import left_sends, sends_beside
from orders.placing.sent_before import listed_since, unmatched_sends
from orders.restores.note_unmatched import note_listed
from orders.tests.placing.test_placing import draft
from orders.tests.restores.test_restored_pages import begin, close
from providers.panel_api import RecentOrder
from tests.builders import NOON, make_order, make_provider, make_unmatched_order
from tests.fake_provider import progress
from tests.query_counts import queries_of
from tests.query_plans import scans_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]
LINK = "https://lumen.example/home"


def test_a_form_and_a_paste_read_no_list_from_end_to_end() -> None:
    form, order = draft(), make_order()
    for _ in range(3):
        make_unmatched_order(token=f"{uuid.uuid4().hex}-1", sent_at=NOON, link=LINK)
    assert scans_of(lambda: unmatched_sends(form)) == []
    assert scans_of(lambda: listed_since(order)) == []
    assert scans_of(lambda: sends_beside(form.service, form.link_key, form.form_key)) == []
    assert scans_of(lambda: left_sends([form.link_key, order.link_key])) == []


@pytest.mark.skipif(connection.vendor != "sqlite", reason="it reads SQLite's own words")
def test_a_paste_looks_up_its_links_and_not_all_that_nobody_has_looked_into() -> None:
    """SQLite took the index of what somebody has looked into for "nobody has": nearly the list."""
    keys = ["k", "l"]
    seen = queries_of(lambda: left_sends(keys))
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {seen[0]}")
        assert "unmatched_by_link" in str(cursor.fetchall())


def test_a_link_that_a_later_comparison_tells_is_looked_up_too() -> None:
    """The row was listed by its number alone, by a comparison that could not read the list."""
    halt, form = close(), draft()
    account, number = form.service.provider, form.service.external_id
    make_unmatched_order(account, halt=halt, external_id="55")
    told = RecentOrder("55", progress(), link=form.link, service_id=number)
    note_listed(begin(halt), account, [told])
    assert len(sends_beside(form.service, form.link_key, uuid.uuid4())) == 1


def test_what_an_earlier_release_has_listed_is_given_its_keys() -> None:
    form, account = uuid.uuid4(), make_provider()
    sent = make_unmatched_order(account, token=f"{form.hex}-2", sent_at=NOON, link=LINK)
    found = make_unmatched_order(account, token="")
    UnmatchedOrder.objects.update(form_key=None, link_key="")
    migration = import_module("orders.migrations.0036_looked_up_sends")
    migration.give_keys(apps, None)
    sent.refresh_from_db()
    found.refresh_from_db()
    assert (sent.form_key, found.form_key, found.link_key) == (form, None, "")
    key = UnmatchedOrder(link=LINK)
    key.set_keys()
    assert sent.link_key == key.link_key
