"""A tab that is hours old: what is confirmed there is what it showed, or nothing is done."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from core import clocks
from core.clocks import database_now
from core.models import User
from core.roles import Role
from orders import shown
from orders.flags import clear_flag, raise_live_attempt
from orders.models import Attempt, EventKind, Order, Refill
from orders.placing import before_sending, place_orders
from orders.recovery import not_placed, resolve
from orders.sending import record_outcome
from orders.sending.outcome import SendOutcome
from orders.status import Flag, HoldReason, Outcome, RefillStatus, Resolution, Status
from orders.tests.bulk.test_other_orders import in_its_place
from tests.builders import NOON, make_attempt, make_order, make_refill, make_service, make_user
from tests.fake_provider import progress

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]

OLD = timedelta(seconds=clocks.NOT_PLACED_GRACE_SECONDS + 60)
TAKEN = SendOutcome(Outcome.ACCEPTED, Status.PENDING, external_id="4711")


@pytest.fixture
def manager(client_for_role: Callable[[Role], Client]) -> Client:
    return client_for_role(Role.MANAGER)


def lost() -> Order:
    """An order whose answer is lost, so long ago that anybody may say that it is not there."""
    sent = database_now() - OLD
    order = make_order(Status.UNCONFIRMED, created_at=sent, sent_at=sent)
    make_attempt(order, outcome=Outcome.UNKNOWN, unknown_at=sent, searched_at=sent)
    return order


def confirmed_then_taken(order: Order) -> None:
    """Somebody says that it is not there, and then the provider's answer comes: it took it."""
    attempt = order.attempts.get()
    assert not_placed.confirm_not_placed(
        Order.objects.get(pk=order.pk), actor=make_user(Role.MANAGER), now=database_now()
    )
    record_outcome.record(attempt, TAKEN, now=database_now())
    assert status_of(order) == Status.UNCONFIRMED


def status_of(order: Order) -> Status:
    return Status(Order.objects.values_list("status", flat=True).get(pk=order.pk))


def carried_by(page: str, address: str) -> str:
    """What the page's button or form for this address carries."""
    after = page[page.index(address) :]
    found = re.search(r'name="shown"[^>]*?value="([^"]*)"', after)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("step", "said"), [("not-placed", {"sure": "on"}), ("give-up", {"note": "Nobody knows."})]
)
def test_a_decision_from_before_the_proof_is_not_taken(
    manager: Client, step: str, said: dict[str, str]
) -> None:
    order = lost()
    address = f"/orders/{order.pk}/resolve/{step}/"
    seen = carried_by(manager.get(f"/orders/{order.pk}/resolve/").content.decode(), address)
    confirmed_then_taken(order)
    answer = manager.post(address, said | {"shown": seen}, follow=True)
    assert status_of(order) == Status.UNCONFIRMED
    assert shown.CHANGED in answer.content.decode() and "4711" in answer.content.decode()


def test_ids_that_a_search_found_meanwhile_are_looked_at_first(manager: Client) -> None:
    order = lost()
    seen = shown.of_order(order)
    Attempt.objects.update(candidates=[{"id": "4711", "charge": "0.9", "status": "Pending"}])
    manager.post(f"/orders/{order.pk}/resolve/not-placed/", {"sure": "on", "shown": seen})
    assert status_of(order) == Status.UNCONFIRMED


@pytest.mark.parametrize(
    "newest",
    [
        [{"id": "4711", "charge": "1.1", "status": "Completed", "remains": "0"}],
        [],
    ],
)
def test_how_far_a_stranger_s_order_is_makes_no_page_old(
    manager: Client, newest: list[dict[str, str]]
) -> None:
    order = lost()
    told = {"id": "4711", "charge": "0.9", "status": "Pending", "remains": "50"}
    Attempt.objects.update(candidates=[told], seen_ids=["4711"])
    seen = shown.of_order(order)
    Attempt.objects.update(candidates=newest)
    manager.post(f"/orders/{order.pk}/resolve/not-placed/", {"sure": "on", "shown": seen})
    assert status_of(order) == Status.NOT_PLACED


def test_an_id_that_the_newest_search_did_not_find_stands_on_the_page(manager: Client) -> None:
    """It may be found again: who decides from this page has had it in sight."""
    order = lost()
    attempt = order.attempts.get()
    Attempt.objects.update(searches=2)
    nothing = "So far no order at the provider can be this one."
    assert nothing in manager.get(f"/orders/{order.pk}/resolve/").content.decode()
    resolve.keep_candidates([attempt], {"4711": progress()})
    resolve.keep_candidates([attempt], {"4712": progress()})
    page = manager.get(f"/orders/{order.pk}/resolve/").content.decode()
    assert page.count('<bdi class="break">4711</bdi>') == 1 and nothing not in page
    resolve.keep_candidates([attempt], {})
    page = manager.get(f"/orders/{order.pk}/resolve/").content.decode()
    assert page.index('<bdi class="break">4711</bdi>') < page.index('<bdi class="break">4712</bdi>')
    assert nothing not in page


def test_of_the_ids_ever_seen_the_newest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that fell out is news once more, so that no page is silent about it."""
    monkeypatch.setattr(resolve, "MOST_SEEN", 2)
    order = lost()
    attempt = order.attempts.get()
    for found in ("1", "2", "1", "3"):
        resolve.keep_candidates([attempt], {found: progress()})
    resolve.keep_candidates([attempt], {})
    assert order.attempts.get().seen_ids == ["1", "3"]
    Attempt.objects.update(confirmed_by=make_user(Role.MANAGER), confirmed_at=NOON)
    seen = shown.of_order(order)
    resolve.keep_candidates([attempt], {"3": progress()})
    assert shown.of_order(order) == seen and order.attempts.get().confirmed_at == NOON
    resolve.keep_candidates([attempt], {"2": progress()})
    assert shown.of_order(order) != seen and order.attempts.get().confirmed_at is None


def test_what_was_seen_is_enough(manager: Client) -> None:
    order = lost()
    address = f"/orders/{order.pk}/resolve/not-placed/"
    seen = carried_by(manager.get(f"/orders/{order.pk}/resolve/").content.decode(), address)
    manager.post(address, {"sure": "on", "shown": seen})
    assert status_of(order) == Status.NOT_PLACED
    again = f"/orders/{order.pk}/requeue/"
    seen = carried_by(manager.get(f"/orders/{order.pk}/").content.decode(), again)
    manager.post(again, {"sure": "on", "shown": seen})
    assert status_of(order) == Status.QUEUED


def test_a_doubt_that_was_reopened_is_another_one() -> None:
    """The proof comes between the look at the attempt and the word about it."""
    order = lost()
    attempt = order.attempts.get()
    confirmed_then_taken(order)
    order = Order.objects.get(pk=order.pk)
    done = not_placed.prove_not_placed(
        order, attempt, resolution=Resolution.PERSON, text="It is not there.", now=database_now()
    )
    assert not done and status_of(order) == Status.UNCONFIRMED


def test_an_order_that_was_sent_again_since_is_not_queued_by_an_old_tab(manager: Client) -> None:
    order = make_order(Status.NOT_PLACED)
    make_attempt(order, outcome=Outcome.NOT_PLACED)
    address = f"/orders/{order.pk}/requeue/"
    seen = carried_by(manager.get(f"/orders/{order.pk}/").content.decode(), address)
    make_attempt(order, outcome=Outcome.NOT_PLACED)
    manager.post(address, {"sure": "on", "shown": seen})
    assert status_of(order) == Status.NOT_PLACED


def test_start_now_does_not_let_an_order_pass_a_limit(manager: Client) -> None:
    order = make_order(
        Status.HELD, hold_reason=HoldReason.SCHEDULED, starts_at=NOON + timedelta(days=1)
    )
    address = f"/orders/{order.pk}/release/"
    seen = carried_by(manager.get(f"/orders/{order.pk}/").content.decode(), address)
    Order.objects.update(hold_reason=HoldReason.SPEND_LIMIT)
    answer = manager.post(address, {"shown": seen}, follow=True)
    assert status_of(order) == Status.HELD and shown.CHANGED in answer.content.decode()
    manager.post(address, {"shown": carried_by(answer.content.decode(), address)})
    assert status_of(order) == Status.QUEUED


def test_a_lost_refill_that_was_found_is_not_asked_for_anew(manager: Client) -> None:
    refill = make_refill(RefillStatus.UNCONFIRMED, requests=1)
    again = f"/orders/refills/{refill.pk}/again/"
    seen = carried_by(manager.get(f"/orders/{refill.order_id}/").content.decode(), again)
    Refill.objects.update(status=RefillStatus.COMPLETED, ended_at=NOON)
    manager.post(again, {"shown": seen})
    ticked = {"step": "again", "refill": [refill.pk], f"shown-{refill.pk}": seen}
    manager.post("/orders/refills/selected/", ticked)
    assert list(Refill.objects.values_list("status", flat=True)) == [RefillStatus.COMPLETED]


def test_a_tab_from_before_the_last_refill_asks_for_no_other_one(manager: Client) -> None:
    order = make_order(Status.COMPLETED)
    ask = f"/orders/{order.pk}/refill/"
    seen = carried_by(manager.get(f"/orders/{order.pk}/").content.decode(), ask)
    manager.post(ask, {"shown": seen})
    Refill.objects.update(status=RefillStatus.COMPLETED, ended_at=NOON)
    manager.post(ask, {"shown": seen})
    assert Refill.objects.count() == 1
    seen = carried_by(manager.get(f"/orders/{order.pk}/").content.decode(), ask)
    manager.post(ask, {"shown": seen})
    assert Refill.objects.count() == 2


def test_a_release_from_before_another_order_came_first_on_the_link_is_not_taken(
    manager: Client,
) -> None:
    first = make_order(Status.IN_PROGRESS)
    same: dict[str, Any] = {"link": first.link, "link_key": first.link_key}
    waits = make_order(
        Status.HELD,
        service=make_service(first.provider),
        hold_reason=HoldReason.LINK_BUSY,
        blocked_by=first,
        **same,
    )
    address = f"/orders/{waits.pk}/release/"
    seen = carried_by(manager.get(f"/orders/{waits.pk}/").content.decode(), address)
    make_order(Status.IN_PROGRESS, service=first.service, **same)
    answer = manager.post(address, {"shown": seen}, follow=True)
    assert status_of(waits) == Status.HELD and shown.CHANGED in answer.content.decode()
    seen = carried_by(manager.get(f"/orders/{waits.pk}/").content.decode(), address)
    manager.post(address, {"shown": seen})
    assert status_of(waits) == Status.QUEUED


def test_nor_where_that_order_comes_between_the_click_and_the_release(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_order(Status.IN_PROGRESS)
    same: dict[str, Any] = {"link": first.link, "link_key": first.link_key}
    behind: dict[str, Any] = {"hold_reason": HoldReason.LINK_BUSY, "blocked_by": first, **same}
    waits = make_order(Status.HELD, service=make_service(first.provider), **behind)
    address = f"/orders/{waits.pk}/release/"
    seen = carried_by(manager.get(f"/orders/{waits.pk}/").content.decode(), address)
    why_not = before_sending.why_not_released

    def another_comes(order: Order, person: User) -> str:
        make_order(Status.IN_PROGRESS, service=first.service, **same)
        return why_not(order, person)

    monkeypatch.setattr(place_orders, "why_not_released", another_comes)
    answer = manager.post(address, {"shown": seen}, follow=True)
    assert status_of(waits) == Status.HELD and shown.CHANGED in answer.content.decode()


@pytest.mark.parametrize("is_another", [True, False])
def test_a_flag_of_which_the_page_has_told_nothing_is_not_cleared(
    manager: Client, is_another: bool
) -> None:
    order = make_order(Status.NOT_PLACED, flag=Flag.LIVE_ATTEMPT)
    address = f"/orders/{order.pk}/flag/clear/"
    said = {"flag": Flag.LIVE_ATTEMPT.value, "found": "It is not there."}
    seen = flag_shown(manager, order)
    if is_another:  # the database is put back, and gives its number to another order
        order = in_its_place(order, flag=Flag.LIVE_ATTEMPT)
    else:  # a machine tells of one send more
        raise_live_attempt(order, now=database_now())
        order.remember(EventKind.FLAGGED, now=database_now(), text="It had been sent too.")
    answer = manager.post(address, said | {"shown": seen})
    page = answer.content.decode()
    assert Order.objects.get(pk=order.pk).flag == Flag.LIVE_ATTEMPT
    assert answer.status_code == 422 and shown.CHANGED in page and "It is not there." in page
    manager.post(address, said | {"shown": flag_shown(manager, order)})
    assert Order.objects.get(pk=order.pk).flag == Flag.NONE


def flag_shown(manager: Client, order: Order) -> str:
    return carried_by(
        manager.get(f"/orders/{order.pk}/").content.decode(), "Resolve flag</summary>"
    )


def test_an_order_is_not_sent_again_from_a_page_of_before_it_was_flagged(manager: Client) -> None:
    """Also where somebody else has cleared the flag since."""
    order = make_order(Status.NOT_PLACED)
    make_attempt(order, outcome=Outcome.NOT_PLACED)
    address, now = f"/orders/{order.pk}/requeue/", database_now()
    seen = carried_by(manager.get(f"/orders/{order.pk}/").content.decode(), address)
    raise_live_attempt(order, now=now)
    order.remember(EventKind.FLAGGED, now=now, text="It had been sent by another machine too.")
    person = make_user(Role.MANAGER)
    assert clear_flag(order, Flag.LIVE_ATTEMPT, note="Found it.", actor=person, now=now)
    manager.post(address, {"sure": "on", "shown": seen})
    assert status_of(order) == Status.NOT_PLACED
