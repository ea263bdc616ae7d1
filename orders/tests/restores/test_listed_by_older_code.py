"""A worker of a release that knew no keys may list sends while this one is put in place."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orders.links import link_key
from orders.models import UnmatchedOrder
from orders.placing.left_sends import left_sends
from orders.placing.place_orders import place_order
from orders.restores import tasks
from orders.sending.restore_check import list_unmatched
from orders.sending.writes.sent_lines import Send
from orders.status import Status
from orders.tests.placing.test_placing import draft
from tests.builders import NOON, make_unmatched_order

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def without_keys(row: UnmatchedOrder) -> UnmatchedOrder:
    UnmatchedOrder.objects.filter(pk=row.pk).update(form_key=None, link_key="")
    return row


def test_what_it_has_listed_is_known_by_its_form_and_by_its_link() -> None:
    form = draft()
    link = form.link
    account, token = form.service.provider, f"{form.form_key.hex}-1"
    told = {"token": token, "sent_at": NOON, "service_id": form.service.external_id}
    row = without_keys(make_unmatched_order(account, link=link, external_id="", **told))
    of_another = make_unmatched_order(account, token="no key of ours", sent_at=NOON)
    tasks.import_spool()
    row.refresh_from_db()
    assert (row.form_key, row.link_key) == (form.form_key, link_key(link))
    assert list(left_sends([link_key(link)])) == [(account.pk, row.service_id, row.link_key)]
    order, _ = place_order(form, placed_by=None, now=NOON)
    order.refresh_from_db()
    assert order.status == Status.UNCONFIRMED
    of_another.refresh_from_db()
    assert of_another.form_key is None


def test_what_it_has_listed_and_a_person_has_accepted_stops_nothing_anew() -> None:
    form = draft()
    token = f"{form.form_key.hex}-1"
    row = without_keys(make_unmatched_order(form.service.provider, token=token, sent_at=NOON))
    row.halt.lifted_at = NOON + timedelta(minutes=1)
    row.halt.save()
    tasks.import_spool()
    send = Send(form.service.provider_id, token, NOON, {"service": "1"})
    assert list_unmatched._halt_to_list_under(send, None, NOON + timedelta(minutes=2)) is None
