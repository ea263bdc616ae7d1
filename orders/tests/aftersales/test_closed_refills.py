"""A refill without a number is closed at the moment at which its number arrives, by two threads."""

from __future__ import annotations

import uuid

import pytest

from core.models import User
from core.roles import Role
from orders.aftersales import request_refills
from orders.aftersales.batch_outcome import Answered, outcome_to_json
from orders.models import Refill, RequestCall
from orders.sending.restore_check import recalled_requests
from orders.status import RefillStatus, Status, Write
from orders.tests.sending.test_races import at_once
from providers.panel_api import RefillStarted
from tests.builders import NOON, make_order, make_refill, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
ROUNDS = 10


def a_call(refill: Refill) -> RequestCall:
    return RequestCall.objects.create(
        key=uuid.uuid4(), provider=refill.provider, write=Write.REFILL, worker="w", started_at=NOON
    )


def lost_from_sight() -> Refill:
    order = make_order(Status.COMPLETED, external_id=f"7{uuid.uuid4().int % 10**9}")
    refill = make_refill(order=order, status=RefillStatus.PENDING, external_id="", followed_by="")
    refill.call, refill.requests = a_call(refill), 1
    refill.save()
    return refill


def its_number_arrives(refill: Refill) -> bool:
    """The kept answer to an earlier call about it."""
    outcome = Answered({refill.order.external_id: RefillStarted("77")})
    said = {"call": a_call(refill).key.hex, "outcome": outcome_to_json(outcome)}
    return recalled_requests.take_in_kept(said, now=NOON)


def closed_meanwhile(refill: Refill, person: User) -> list[bool]:
    read = [Refill.objects.select_related("order").get(pk=refill.pk) for _ in range(2)]

    def act(number: int) -> bool:
        if number:
            return its_number_arrives(read[1])
        return request_refills.withdraw_refill(read[0], actor=person, now=NOON)

    return at_once(act, threads=2)


def test_one_whose_number_arrives_meanwhile_is_not_closed() -> None:
    person = make_user(Role.OPERATOR)
    for _ in range(ROUNDS):
        refill = lost_from_sight()
        closed, arrived = closed_meanwhile(refill, person)
        refill.refresh_from_db()
        assert arrived
        stands = (refill.status, refill.external_id)
        assert stands == ((RefillStatus.WITHDRAWN, "") if closed else (RefillStatus.PENDING, "77"))
        told = refill.order.events.filter(text__contains="77").exists()
        assert told, "in the history where it was closed first"


def test_one_that_was_read_without_its_number_is_not_closed_with_it() -> None:
    refill = lost_from_sight()
    Refill.objects.filter(pk=refill.pk).update(external_id="77", followed_by="77")
    assert not request_refills.withdraw_refill(refill, actor=make_user(), now=NOON)
    refill.refresh_from_db()
    assert refill.status == RefillStatus.PENDING
