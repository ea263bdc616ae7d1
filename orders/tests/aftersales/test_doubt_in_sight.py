"""What is in doubt of a refill or cancel is in its badge, and where the next one is asked for."""

from __future__ import annotations

import re
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client

from orders.aftersales import request_refills, runs
from orders.aftersales.cancel_sends import CANCELS
from orders.aftersales.send_requests import claim
from orders.aftersales.views import SHOWN
from orders.models import CancelRequest, Refill
from orders.status import CancelStatus, RefillStatus
from orders.tests.aftersales.test_send_requests import FakeDesk, send
from orders.tests.aftersales.test_whose_words import shown
from tests.builders import NOON, make_cancel, make_refill
from tests.one_line import one_line

DOUBT = import_module("orders.migrations.0060_refills_that_wait_in_doubt").doubt_again
pytestmark = [pytest.mark.django_db, pytest.mark.services]


def badges(client: Client, one: Refill | CancelRequest) -> list[tuple[str, str]]:
    """Colour and words of each badge among the requests of its order."""
    page = shown(client, one.order).partition("list-group-flush")[2]
    return re.findall(r'badge bg-(\w+)-lt"><span class="badge-dot"></span>([^<]+)<', page)


def test_a_cancel_that_goes_out_again_in_doubt_says_so_in_its_badge(staff: Client) -> None:
    cancel = make_cancel()
    assert badges(staff, cancel) == [("secondary", "Queued")]
    assert claim(CANCELS, cancel.provider, now=NOON) is not None
    assert badges(staff, cancel) == [("cyan", "Sending")]
    assert runs.reap_lost_requests(now=NOON + timedelta(minutes=2)) == 1
    assert badges(staff, cancel) == [("orange", "Queued again, unclear")]
    CancelRequest.objects.update(status=CancelStatus.SENDING, requests=2)
    assert badges(staff, cancel) == [("orange", "Sending again, unclear")]
    waits = make_cancel(code="wait", reason="Not yet.", requests=1)
    assert badges(staff, waits) == [("secondary", "Queued")]


@pytest.mark.parametrize("status", ["queued", "waiting", "sending"])
def test_a_refill_that_goes_out_again_in_doubt_says_so_in_its_badge(
    staff: Client, status: str
) -> None:
    refill, first = make_refill(RefillStatus.UNCONFIRMED, requests=1), make_refill()
    assert request_refills.ask_again(refill, actor=None, now=NOON) == ""
    Refill.objects.filter(pk__in=[refill.pk, first.pk]).update(status=status)
    word = RefillStatus(status).label
    assert badges(staff, refill) == [("orange", f"{word} again, unclear")]
    assert [words for _, words in badges(staff, first)] == [word]
    listed = staff.get("/orders/refills/").content.decode()
    for page in (shown(staff, refill.order), listed):
        assert page.count("Nobody knows whether it was started the time before") == 1
    assert listed.count("again, unclear") == 1


@pytest.mark.parametrize("later", ["completed", "refused", "withdrawn", "rejected"])
def test_refill_says_that_an_earlier_one_was_closed_in_doubt(staff: Client, later: str) -> None:
    """Also after further ones: on the page of the order, in its question, and for many."""
    doubted, other = make_refill(RefillStatus.UNCONFIRMED, requests=1), make_refill()
    for one in (doubted, other):
        assert request_refills.withdraw_refill(one, actor=None, now=NOON)
        for _ in range(SHOWN):  # the page shows no more of them
            make_refill(RefillStatus(later), order=one.order)
    words = "An earlier refill was closed as unknown: this may be a second one."
    assert shown(staff, doubted.order).count(words) == 2  # the second time in its question
    assert words not in shown(staff, other.order)
    many = one_line(staff.get("/orders/bulk/?kind=refill&scope=all").content.decode())
    told = "For 1 of those that can be done an earlier refill was closed as unknown"
    assert told in many
    Refill.objects.filter(pk=doubted.pk).update(doubted_at=None)
    many = one_line(staff.get("/orders/bulk/?kind=refill&scope=all").content.decode())
    assert "Can be done" in many and "closed as unknown" not in many


def test_after_the_upgrade_one_that_was_lost_before_it_waited_is_not_sent_by_itself() -> None:
    """0.3 had it wait although the lost one may be why."""
    words = "Please wait 24 hours before requesting refill"
    waits: dict[str, Any] = {
        "status": RefillStatus.WAITING,
        "sent_at": NOON,
        "code": "wait",
        "reason": words,
    }
    twice = make_refill(**waits, requests=2, doubted_at=NOON)
    once = make_refill(**waits, requests=1, doubted_at=NOON)  # so the lost answer itself said
    never = make_refill(**waits, requests=2)
    DOUBT(apps, connection.schema_editor())
    desk, later = FakeDesk(), NOON + timedelta(days=2)
    for one in (twice, once, never):
        send(one, desk, later)
        one.refresh_from_db()
    assert (twice.status, twice.code) == (RefillStatus.UNCONFIRMED, "")
    assert twice.reason == f"“{words}” The one whose answer was lost may be under way."
    assert (once.requests, never.requests, len(desk.calls)) == (2, 3, 2)
