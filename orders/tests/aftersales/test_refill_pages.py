"""Refills and cancels on the page of an order, and the list of refills."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.roles import Role
from orders import wake_ups
from orders.aftersales import forms
from orders.models import CancelRequest, Order, Refill
from orders.shown import of_newest_cancel
from orders.status import AT_PROVIDER, CancelStatus, RefillStatus, Status
from tests.builders import make_cancel, make_order, make_provider, make_refill, make_service
from tests.one_line import one_line
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]

HTMX = {"HX-Request": "true"}
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The accounts whose bell was rung."""
    bells: list[int] = []
    monkeypatch.setattr(wake_ups, "ring_requests", bells.append)
    return bells


def page_of(client: Client, order: Order) -> str:
    answer = client.get(f"/orders/{order.pk}/")
    assert answer.status_code == 200
    return answer.content.decode()


def list_of(client: Client, query: str = "") -> str:
    answer = client.get(f"/orders/refills/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_heading_names_what_stands_under_it(staff: Client) -> None:
    canceled = make_order(Status.CANCELED)
    make_cancel(CancelStatus.ENDED, order=canceled)
    partial = make_order(Status.PARTIAL)
    make_cancel(CancelStatus.ENDED, order=partial)
    make_refill(RefillStatus.REFUSED, order=partial)
    heading = '<h2 class="card-title">{}</h2>'
    assert heading.format("Cancel") in one_line(page_of(staff, canceled))
    assert heading.format("Refill") not in one_line(page_of(staff, canceled))
    assert heading.format("Refill and cancel") in one_line(page_of(staff, partial))


@pytest.mark.parametrize("status", list(Status))
def test_the_buttons_are_there_where_they_make_sense(staff: Client, status: Status) -> None:
    order = make_order(status)
    page = page_of(staff, order)
    assert (f"/orders/{order.pk}/refill/" in page) == (status in ("completed", "partial"))
    assert (f"/orders/{order.pk}/cancel/" in page) == (status in AT_PROVIDER)


def test_a_refill_is_asked_for_and_rung_for_at_once(
    staff: Client, rung: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    order = make_order(Status.COMPLETED)
    with django_capture_on_commit_callbacks(execute=True):
        answer = staff.post(f"/orders/{order.pk}/refill/", {"shown": "none"}, follow=True)
    assert "is requested" in answer.content.decode()
    refill = Refill.objects.get()
    assert refill.requested_by_id == int(staff.session["_auth_user_id"])
    assert rung == [order.provider_id]
    assert "asked for already and was not sent yet" in page_of(staff, order)


def test_a_cancel_is_asked_for_and_the_order_stays_as_it_is(
    staff: Client, rung: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    order = make_order(Status.IN_PROGRESS)
    drawn = {"shown": of_newest_cancel(order)}
    with django_capture_on_commit_callbacks(execute=True):
        staff.post(f"/orders/{order.pk}/cancel/", drawn)
        staff.post(f"/orders/{order.pk}/cancel/", drawn)
    order.refresh_from_db()
    assert (order.status, CancelRequest.objects.count()) == (Status.IN_PROGRESS, 1)
    assert rung == [order.provider_id]
    CancelRequest.objects.update(status=CancelStatus.ACCEPTED)
    page = page_of(staff, order)
    assert "Cancel requested" in page and "until its status says otherwise" in page


def test_an_order_that_was_not_sent_is_withdrawn_and_nobody_rings(
    staff: Client, rung: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    order = make_order(Status.QUEUED)
    drawn = {"shown": of_newest_cancel(order)}
    with django_capture_on_commit_callbacks(execute=True):
        answer = staff.post(f"/orders/{order.pk}/cancel/", drawn, follow=True)
    assert "Nothing was sent" in answer.content.decode()
    assert Order.objects.get().status == Status.WITHDRAWN
    assert rung == []


@pytest.mark.parametrize(
    ("status", "service", "words"),
    [
        (Status.COMPLETED, {"refill": False}, "does not refill this service"),
        (Status.COMPLETED, {"refill": None}, "may be tried"),
        (Status.IN_PROGRESS, {"cancel": False}, "does not cancel orders of this service"),
        (Status.IN_PROGRESS, {"cancel": None}, "may be tried"),
    ],
)
def test_a_greyed_button_says_why(
    staff: Client, status: Status, service: dict[str, Any], words: str
) -> None:
    page = page_of(staff, make_order(status, service=make_service(**service)))
    assert words in page
    greyed = page.partition("data-confirm=")[2].partition(">")[0]
    assert greyed.endswith(" disabled") == ("may be tried" not in words)


def test_a_capability_that_is_off_greys_the_button(staff: Client) -> None:
    account = make_provider(dialect={"refills": False})
    assert "takes no refills over its API" in page_of(
        staff, make_order(Status.COMPLETED, provider=account)
    )


@pytest.mark.parametrize("status", list(RefillStatus))
def test_every_refill_can_be_looked_at_in_both_places(staff: Client, status: RefillStatus) -> None:
    refill = make_refill(status, reason=HOSTILE, raw_status=HOSTILE, code="unknown_word")
    for page in (page_of(staff, refill.order), list_of(staff)):
        assert status.label in page
        assert "<img" not in page.replace('<img src="/static/', "")
        assert "&lt;img" in page


def test_a_lost_refill_can_be_asked_for_again_or_closed(
    staff: Client, rung: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    first, second = (make_refill(RefillStatus.UNCONFIRMED, requests=1) for _ in range(2))
    assert "Nobody knows whether it was started" in page_of(staff, first.order)
    with django_capture_on_commit_callbacks(execute=True):
        staff.post(f"/orders/refills/{first.pk}/again/", {"shown": first.shown})
        staff.post(f"/orders/refills/{second.pk}/withdraw/", {"shown": second.shown})
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == (RefillStatus.QUEUED, RefillStatus.WITHDRAWN)
    assert rung == [first.provider_id]


def test_a_cancel_can_be_taken_back_until_it_is_sent(staff: Client) -> None:
    mine, sent = make_cancel(), make_cancel(CancelStatus.ACCEPTED, requests=1)
    assert f"/orders/cancels/{mine.pk}/withdraw/" in page_of(staff, mine.order)
    assert f"/orders/cancels/{sent.pk}/withdraw/" not in page_of(staff, sent.order)
    for one in (mine, sent):
        staff.post(f"/orders/cancels/{one.pk}/withdraw/", {"shown": one.shown})
    assert sorted(CancelRequest.objects.values_list("status", flat=True)) == ["accepted", "ended"]


@pytest.mark.parametrize(
    ("status", "polls"), [("pending", True), ("unconfirmed", True), ("completed", False)]
)
def test_pages_ask_again_only_while_a_refill_moves(staff: Client, status: str, polls: bool) -> None:
    refill = make_refill(RefillStatus(status), changed_at=timezone.now())
    order_page, list_page = page_of(staff, refill.order), list_of(staff)
    assert ('hx-trigger="every 3s"' in order_page) is polls
    assert ('hx-trigger="every 5s"' in list_page) is polls


def test_the_live_part_is_part_of_the_list(staff: Client) -> None:
    make_refill()
    part = staff.get("/orders/refills/", headers=HTMX).content.decode().strip()
    assert part.startswith('<div id="refill-list"') and part in list_of(staff)


def test_the_list_is_narrowed_by_status_and_provider(staff: Client) -> None:
    waiting, ended = make_refill(RefillStatus.WAITING), make_refill(RefillStatus.COMPLETED)
    row = '<tr id="refill-{}">'.format
    for query, there, gone in [
        ("?status=open", waiting, ended),
        ("?status=completed", ended, waiting),
        (f"?provider={waiting.provider_id}", waiting, ended),
    ]:
        page = list_of(staff, query)
        assert row(there.pk) in page and row(gone.pk) not in page
    page = list_of(staff, "?status=nonsense&provider=x&cursor=y")
    assert row(waiting.pk) in page and row(ended.pk) in page


def test_the_ticked_ones_go_together_and_what_cannot_says_why(
    staff: Client, rung: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    lost, refused = make_refill(RefillStatus.UNCONFIRMED), make_refill(RefillStatus.REFUSED)
    running = make_refill(RefillStatus.IN_PROGRESS)
    ticked = {"step": "again", "refill": [lost.pk, refused.pk, running.pk], "back": "status=open"}
    ticked |= {f"shown-{one.pk}": one.shown for one in (lost, refused, running)}
    with django_capture_on_commit_callbacks(execute=True):
        answer = staff.post("/orders/refills/selected/", ticked)
    assert answer.headers["Location"] == "/orders/refills/?status=open"
    page = list_of(staff)
    assert "1 refill is requested again." in page
    assert f"Order {refused.order}: It has ended. Request another one on the page" in page
    assert f"Order {running.order}: A refill of it is under way already." in page
    assert rung == [lost.provider_id]


def test_the_list_asks_with_what_it_does_and_offers_it_where_it_can_be_done(staff: Client) -> None:
    lost, waiting = make_refill(RefillStatus.UNCONFIRMED), make_refill(RefillStatus.WAITING)
    ended, running = make_refill(RefillStatus.COMPLETED), make_refill(RefillStatus.IN_PROGRESS)
    page = list_of(staff)
    asked = re.search(r'value="again"\s+data-confirm="([^"]*)"', page)
    assert asked and asked[1] == (
        "Send the selected refills once more? The provider may already have the first one."
    )
    boxes = {int(pk) for pk in re.findall(r'id="refill-box-(\d+)"', page)}
    assert {lost.pk, waiting.pk} == boxes and not boxes & {ended.pk, running.pk}


@pytest.mark.parametrize(
    "ticked", [{}, {"step": "again"}, {"step": "burn", "refill": "1"}, {"refill": "x"}]
)
def test_a_slip_changes_nothing(staff: Client, ticked: dict[str, str]) -> None:
    refill = make_refill(RefillStatus.UNCONFIRMED)
    assert staff.post("/orders/refills/selected/", ticked).status_code == 302
    refill.refresh_from_db()
    assert refill.status == RefillStatus.UNCONFIRMED


@pytest.mark.parametrize("number", ["9" * 30, str(2**63), "9" * 5000, "-1", "１"])
def test_a_number_of_thirty_digits_selects_no_refill(staff: Client, number: str) -> None:
    refill = make_refill(RefillStatus.UNCONFIRMED)
    shown = {f"shown-{refill.pk}": refill.shown}
    ticked = {"step": "again", "refill": [str(refill.pk), number]} | shown
    assert staff.post("/orders/refills/selected/", ticked).status_code == 302
    assert "This choice does not exist, or no longer." in list_of(staff)
    refill.refresh_from_db()
    assert refill.status == RefillStatus.UNCONFIRMED


def test_a_viewer_sees_and_changes_nothing(client_for_role: Any) -> None:
    viewer, refill = client_for_role(Role.VIEWER), make_refill(RefillStatus.UNCONFIRMED)
    page = page_of(viewer, refill.order) + list_of(viewer)
    assert "Unconfirmed" in page
    for step in ("/again/", "/withdraw/", "/refill/", "/cancel/", 'type="checkbox"'):
        assert step not in page


def test_ten_refills_cost_what_one_costs(staff: Client) -> None:
    first = make_refill()
    list_of(staff)
    one = queries_of(lambda: list_of(staff))
    one_order = queries_of(lambda: page_of(staff, first.order))
    for _ in range(9):
        make_refill()
        make_refill(RefillStatus.COMPLETED, order=first.order)
        make_cancel(CancelStatus.ENDED, order=first.order)
    assert len(queries_of(lambda: list_of(staff))) == len(one)
    assert len(queries_of(lambda: page_of(staff, first.order))) == len(one_order)


def test_more_than_the_list_takes_at_once_is_told_and_changes_nothing(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "MOST_SELECTED", 1)
    rows = [make_refill(), make_refill()]
    staff.post("/orders/refills/selected/", {"step": "withdraw", "refill": [r.pk for r in rows]})
    assert "At most 1 at once." in list_of(staff)
    assert set(Refill.objects.values_list("status", flat=True)) == {RefillStatus.QUEUED}


def test_of_many_that_could_not_be_changed_five_are_told_and_the_rest_counted(
    staff: Client,
) -> None:
    rows = [make_refill(RefillStatus.SENDING) for _ in range(7)]
    ticked = {"step": "withdraw", "refill": [r.pk for r in rows]}
    staff.post("/orders/refills/selected/", ticked | {f"shown-{r.pk}": r.shown for r in rows})
    page = list_of(staff)
    assert page.count("It was sent already, or it has ended.") == 5
    assert "And 2 more could not be taken back." in page
