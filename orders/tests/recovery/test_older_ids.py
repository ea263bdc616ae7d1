"""The id of an earlier try is given to a later one by hand: it is asked about, and flagged."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from core.clocks import database_now
from core.roles import Role
from orders.models import Order
from orders.recovery import link_orders
from orders.recovery import resolve_views as views
from orders.recovery.search.id_owners import sends_without_an_id
from orders.recovery.support_report import evidence_of
from orders.sending.invariants import check_order
from orders.shown import of_order
from orders.status import Flag, Outcome, Resolution, Status
from providers.models import Provider
from providers.panel_api import OrderState
from tests.builders import make_attempt, make_order, make_provider, make_service, make_user
from tests.fake_provider import FakeProvider, progress
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db, pytest.mark.services]
FIRST, SECOND = "58383", "58414"
OLDER = f"{FIRST}<58408"


def taken(provider: Provider, external_id: str, seconds: int) -> None:
    order = make_order(Status.PENDING, provider=provider, external_id=external_id)
    make_attempt(order, outcome=Outcome.ACCEPTED, external_id=external_id, started_at=at(seconds))


def at(seconds: int) -> Any:
    return database_now() - timedelta(hours=1) + timedelta(seconds=seconds)


def sent_twice(*between: str) -> Order:
    """The first try was said not to be there; the second is in doubt. Both were bought."""
    provider = make_provider()
    taken(provider, "58371", 0)
    order = make_order(Status.UNCONFIRMED, service=make_service(provider))
    made: dict[str, Any] = {"outcome": Outcome.NOT_PLACED, "resolution": Resolution.PERSON}
    make_attempt(order, started_at=at(10), **made)
    for number, external_id in enumerate(between):
        taken(provider, external_id, 20 + number)
    make_attempt(order, outcome=Outcome.UNKNOWN, unknown_at=at(36), started_at=at(36))
    return order


def fake() -> FakeProvider:
    provider = FakeProvider()
    for number in (FIRST, SECOND):
        provider.says[number] = progress(OrderState.COMPLETED, charge="0.9")
    return provider


def link(order: Order, external_id: str, **more: Any) -> bool:
    actor = make_user(Role.MANAGER)
    return link_orders.link_order(
        order, external_id, actor=actor, client=fake(), clock=database_now, **more
    )


def test_the_id_of_an_earlier_try_is_not_linked_to_a_later_one_without_a_word() -> None:
    order = sent_twice("58408")
    with pytest.raises(link_orders.OlderThanTry, match="58408 was accepted before it was sent"):
        link(order, FIRST)
    order.refresh_from_db()
    assert order.status == Status.UNCONFIRMED
    assert link(order, FIRST, although_older=OLDER)
    order.refresh_from_db()
    assert (order.status, order.flag) == (Status.COMPLETED, Flag.BOUGHT_TWICE)
    assert order.events.filter(text__contains="58383 is older than this try").exists()


def test_the_earlier_try_owns_the_id_and_the_later_one_stays_in_doubt() -> None:
    order = sent_twice("58408")
    assert link(order, FIRST, although_older=OLDER)
    first, second = order.attempts.order_by("number")
    assert (first.outcome, first.external_id) == (Outcome.ACCEPTED, FIRST)
    assert (second.outcome, second.external_id) == (Outcome.NOT_PLACED, "")
    assert second.shown_outcome == Outcome.UNKNOWN and "58383" in second.reason
    assert second in sends_without_an_id([order.provider_id]), "what turns up may be its own"
    assert not check_order(order.pk, now=database_now())
    order.refresh_from_db()
    assert (order.status, order.flag) == (Status.COMPLETED, Flag.BOUGHT_TWICE)


def test_the_page_tells_of_the_later_one_as_unknown(
    client_for_role: Callable[[Role], Client],
) -> None:
    order = sent_twice("58408")
    link(order, FIRST, although_older=OLDER)
    page = one_line(client_for_role(Role.MANAGER).get(f"/orders/{order.pk}/").content.decode())
    assert "Not placed" not in page and "This one may have been bought too" in page


def test_the_evidence_for_the_provider_tells_of_the_later_one_as_unknown() -> None:
    order = sent_twice("58408")
    link(order, FIRST, although_older=OLDER)
    order.refresh_from_db()
    text = evidence_of(order, with_balances=False, now=database_now())
    assert "Request 2: unknown\n" in text and "not placed\n" not in text


def test_its_own_id_is_linked_and_not_flagged() -> None:
    order = sent_twice("58408")
    assert link(order, SECOND, although_older=OLDER)
    order.refresh_from_db()
    assert (order.external_id, order.flag) == (SECOND, Flag.NONE)


@pytest.mark.parametrize("between", [(), ("99000", "58408"), ("58372", "a-17")])
def test_where_ids_do_not_show_what_is_older_nothing_is_refused(between: tuple[str, ...]) -> None:
    order = sent_twice(*between)
    assert link(order, FIRST)
    order.refresh_from_db()
    assert order.flag == Flag.NONE


def test_the_page_says_why_and_links_it_once_the_box_is_ticked(
    client_for_role: Callable[[Role], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    order = sent_twice("58408")
    monkeypatch.setattr(views, "client_for", lambda provider: fake())
    manager, address = client_for_role(Role.MANAGER), f"/orders/{order.pk}/resolve/link/"
    assert "although_older" not in manager.get(f"/orders/{order.pk}/resolve/").content.decode()
    answer = manager.post(address, {"external_id": FIRST, "shown": of_order(order)})
    page = one_line(answer.content.decode())
    assert answer.status_code == 422 and "58408 was accepted before it was sent" in page
    assert 'name="although_older"' in page and "although_charge_differs" not in page
    said = {"external_id": FIRST, "although_older": "on", "shown": of_order(order)}
    page = one_line(manager.post(address, said).content.decode())
    assert f'value="{escape(OLDER)}"' in page, "a tick without the id is asked about anew"
    manager.post(address, said | {"although_older": OLDER})
    order.refresh_from_db()
    assert (order.external_id, order.flag) == (FIRST, Flag.BOUGHT_TWICE)
