"""Whose words stand on the pages of refills and cancels, and what the desk itself does next."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from orders.aftersales import cancel_sends, refill_sends
from orders.aftersales.batch_outcome import NO_ROW, Answered, Later
from orders.models import CancelRequest, Order, Refill
from orders.shown import since_restores
from orders.status import UNCLEAR, CancelStatus, RefillStatus
from providers.panel_api import RefusalCode, Refused
from tests.builders import NOON, make_cancel, make_refill
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db, pytest.mark.services]

CLEAR = import_module("orders.migrations.0057_codes_beside_words_of_the_desk").clear_codes
SAID = "Something went wrong. Please try again later."
QUOTED = "The provider said: “Something went wrong. Please try again later.”"


def shown(client: Client, order: Order) -> str:
    """What the page of the order says of its requests, without the history."""
    page = one_line(client.get(f"/orders/{order.pk}/").content.decode())
    page = page.replace("<bdi>", "").replace("</bdi>", "")
    return page.partition('id="order-live"')[2].partition('id="story"')[0]


def answer(one: Refill | CancelRequest, said: Refused | Later | None, status: str) -> None:
    """As if it had been sent, and this were the answer about it; None: no row about it."""
    type(one)._default_manager.filter(pk=one.pk).update(status=status, requests=1, sent_at=NOON)
    one.refresh_from_db()
    rows = {one.order.external_id: said} if isinstance(said, Refused) else {}
    outcome: Answered[Any] | Later = said if isinstance(said, Later) else Answered(rows)
    if isinstance(one, Refill):
        refill_sends.record([one], outcome, one.provider, NOON)
    else:
        cancel_sends.record([one], outcome, one.provider, NOON)
    one.refresh_from_db()


def test_a_cancel_that_the_provider_has_not_taken_is_not_told_as_taken(staff: Client) -> None:
    ended, taken = make_cancel(), make_cancel(CancelStatus.ACCEPTED)
    answer(ended, Refused("Order is already ended", RefusalCode.NOT_ALLOWED), "sending")
    assert ended.status == CancelStatus.ACCEPTED
    page = shown(staff, ended.order)
    assert "Order is already ended" in page and "The provider has taken" not in page
    assert "The provider has taken the request" in shown(staff, taken.order)


@pytest.mark.parametrize("code", ["unlisted", "wait", "rate_limit", "not_allowed", "already_open"])
def test_words_of_the_provider_are_quoted_as_theirs(staff: Client, code: str) -> None:
    cancel, refill = make_cancel(), make_refill()
    for one in (cancel, refill):
        answer(one, Refused(SAID, RefusalCode(code)), "sending")
        page = shown(staff, one.order)
        assert page.count(SAID) == page.count(QUOTED) == 1
    listed = one_line(staff.get("/orders/refills/").content.decode()).replace("<bdi>", "")
    assert listed.count(SAID) == listed.replace("</bdi>", "").count(QUOTED) == 1


def test_words_of_the_desk_are_not_put_into_their_mouth(staff: Client) -> None:
    """Nor beside a code of theirs from the time before."""
    for one in (make_cancel(code="wait"), make_refill(code="wait")):
        answer(one, None, "sending")
        page = shown(staff, one.order)
        assert NO_ROW.reason in page and "The provider said" not in page
    own = Refused("The refill was not taken on.", is_own=True)  # their answer had no words
    for one in (make_cancel(code="wait"), make_refill(code="wait")):
        answer(one, own, "sending")
        page = shown(staff, one.order)
        assert own.reason in page and "The provider said" not in page
    doubted = make_refill(RefillStatus.UNCONFIRMED, code="wait", reason="Nobody knows.")  # by 0.3
    page = shown(staff, doubted.order)
    assert "Nobody knows." in page and "The provider said" not in page
    for one in (make_cancel(code="wait"), make_refill(code="wait")):
        answer(one, Later("The kill switch is on.", NOON), "sending")
        page = shown(staff, one.order)
        assert "The kill switch is on." in page and "The provider said" not in page


def test_upgrading_quotes_nothing_that_may_be_the_desk_s(staff: Client) -> None:
    """0.3 left the code of the answer before where the desk has said something since."""
    said: dict[str, Any] = {"code": "wait", "reason": "The kill switch is on.", "requests": 1}
    asked: list[Refill | CancelRequest] = [
        *(make_cancel(status, **said) for status in (CancelStatus.QUEUED, CancelStatus.ENDED)),
        make_refill(RefillStatus.WITHDRAWN, **said),
    ]
    theirs = make_refill(RefillStatus.WAITING, **said)
    CLEAR(apps, None)
    for one in asked:
        page = shown(staff, one.order)
        assert "The kill switch is on." in page and "The provider said" not in page
    assert "The provider said: “The kill switch is on.”" in shown(staff, theirs.order)
    twice = make_refill(RefillStatus.WITHDRAWN, code="number_twice", reason="7")
    unclear = make_cancel(code=UNCLEAR)
    CLEAR(apps, None)
    for kept, code in ((twice, "number_twice"), (unclear, UNCLEAR)):
        kept.refresh_from_db()
        assert kept.code == code


def test_the_page_says_what_the_desk_does_next(staff: Client) -> None:
    cancel, refill = make_cancel(), make_refill()
    for one in (cancel, refill):
        answer(one, Refused(SAID), "sending")
    assert (cancel.status, cancel.code) == (CancelStatus.QUEUED, UNCLEAR)
    assert "reads the status of the order, and then asks again by itself" in shown(
        staff, cancel.order
    )
    assert refill.status == RefillStatus.UNCONFIRMED
    assert "the desk does not send it again by itself. Look at the provider first" in shown(
        staff, refill.order
    )
    given_up = make_cancel(CancelStatus.REFUSED, code=UNCLEAR, requests=3, reason=QUOTED)
    assert "the desk does not ask again by itself" in shown(staff, given_up.order)
    waits = make_cancel(code="wait", reason=SAID, requests=1)
    assert "The desk asks again by itself" in shown(staff, waits.order)


def withdraw(client: Client, *refills: Refill) -> str:
    """By the buttons of a list that shows them; what it says then."""
    known = {f"shown-{one.pk}": f"{one.shown}{since_restores()}" for one in refills}
    ticked = {"step": "withdraw", "refill": [one.pk for one in refills]}
    client.post("/orders/refills/selected/", ticked | known)
    page = one_line(client.get("/orders/refills/").content.decode())
    return page.replace("<bdi>", "").replace("</bdi>", "")


def test_a_refill_closed_in_doubt_is_not_shown_as_taken_back(staff: Client) -> None:
    """Nobody knows whether it is carried out, and a next one may be a second one."""
    doubted, queued = make_refill(RefillStatus.UNCONFIRMED), make_refill()
    page = withdraw(staff, doubted, queued)
    assert "1 refill is taken back." in page
    assert "1 refill is closed: the provider may still carry it out." in page
    for status, lists in (("withdrawn", queued), ("unknown", doubted)):
        listed = staff.get(f"/orders/refills/?status={status}").content.decode()
        assert re.findall(r'<tr id="refill-(\d+)">', listed) == [str(lists.pk)]
    of_doubted, of_queued = shown(staff, doubted.order), shown(staff, queued.order)
    for words in ("Closed as unknown", "the provider may have carried it out", "a second one"):
        assert words in of_doubted and words not in of_queued
    assert "Withdrawn" in of_queued and "Withdrawn" not in of_doubted


@pytest.mark.parametrize(
    ("refill", "words"),
    [
        ({"status": "unconfirmed"}, "is closed: the provider may still carry it out."),
        ({"doubted_at": NOON}, "is closed: the provider may still carry it out."),
        ({}, "is taken back."),
    ],
    ids=["in doubt", "to be sent once more", "never sent"],
)
def test_what_is_said_of_one_that_a_person_ends(
    staff: Client, refill: dict[str, Any], words: str
) -> None:
    one = make_refill(**refill)
    seen = {"shown": f"{one.shown}{since_restores()}"}
    page = staff.post(f"/orders/refills/{one.pk}/withdraw/", seen, follow=True).content.decode()
    assert f"The refill of order {one.order} {words}" in one_line(page)
