"""A number that gets an owner while somebody decides: what rested on it is decided anew."""

from __future__ import annotations

from typing import Any

import pytest

from orders.models import Attempt, Order
from orders.recovery import link_orders, resolve
from orders.recovery.search import recovery_run
from orders.recovery.search.match_ids import IdMatch
from orders.recovery.search.prices.price_wait import LAG
from orders.status import Outcome, Resolution, Status
from orders.tests.sending.test_races import at_once
from providers.panel_api import OrderState, Progress
from tests.builders import NOON, make_attempt, make_order, make_provider, make_user
from tests.fake_provider import progress

from .test_known_prices import IN_DOUBT, look, status_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def test_a_number_that_is_linked_while_the_catalog_is_read_is_nobodys_any_more(bench, monkeypatch):
    """Of two numbers and three orders of one cost, a person links the first to the third order.
    Whose the second is, is as open as before."""
    least = 100 * max(1, -(-(bench.service.min or 100) // 100))
    early, third, *dearer = (bench.place(quantity=least * times) for times in (1, 1, 2, 2))
    for order in (early, third, *dearer):
        bench.lose(taken=order is third, order=order)
        bench.lift_halt()
    bench.send()
    late = bench.lose(taken=True, order=bench.place(quantity=least))
    number = bench.upstream()[-3]
    said = Progress(OrderState.PENDING, "Pending")

    def link_and_read(*_: object, **__: object) -> bool:
        attempt = third.attempts.get()
        order = Order.objects.get(pk=third.pk)
        told = {"resolution": Resolution.PERSON, "now": bench.now, "actor": make_user()}
        return link_orders.record_link(order, attempt, number, said, text="Linked.", **told)

    decided = list[dict[int, str]]()

    def noted(matched: IdMatch, *told: Any, **more: Any) -> int:
        decided.append(dict(matched.found))
        return link_found(matched, *told, **more)

    link_found = resolve.link_found
    monkeypatch.setattr(resolve, "link_found", noted)
    look(bench)
    assert set(status_of(early, third, late)) == {Status.UNCONFIRMED}
    monkeypatch.setattr(recovery_run, "read_now", link_and_read)
    bench.recover(after=LAG + 1)
    assert status_of(third) == (Status.PENDING,)
    assert status_of(early, late) == IN_DOUBT
    assert not any(decided), "it is not even tried"


@pytest.mark.django_db(transaction=True)
def test_a_person_and_a_search_at_the_same_moment_leave_no_half_of_what_was_told_apart():
    """The person gives the second number to a third order; then the first is nobody's proven."""
    account, person = make_provider(), make_user()
    for _ in range(3):
        make_attempt(make_order(Status.UNCONFIRMED, provider=account), outcome=Outcome.UNKNOWN)
    said = {number: progress() for number in ("77", "78")}

    def link(who: int) -> int:
        rows = Attempt.objects.select_related("order__provider", "provider").order_by("pk")
        first, second, third = rows
        if who == 0:
            found = IdMatch(found={first.pk: "77", second.pk: "78"})
            return resolve.link_found(found, [first, second], said, now=NOON)
        told: dict[str, Any] = {"resolution": Resolution.PERSON, "now": NOON, "actor": person}
        try:
            return link_orders.record_link(third.order, third, "78", said["78"], text="", **told)
        except link_orders.CannotLink:
            return 0

    linked = at_once(link, threads=2)
    ids = list(Order.objects.order_by("pk").values_list("external_id", flat=True))
    assert (linked, ids) in (([2, 0], ["77", "78", ""]), ([0, True], ["", "", "78"]))
