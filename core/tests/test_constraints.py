"""The name of a broken promise, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from core.rows.constraints import broken_constraint, raise_unless_broken
from orders.models import Order
from orders.status import Outcome, Status
from tests.builders import NOON, make_attempt, make_order, make_provider, make_run, make_service

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def twice(make: Callable[[], object]) -> None:
    make()
    make()


def two_live() -> None:
    order = make_order(Status.SENDING)
    make_attempt(order, outcome=Outcome.UNKNOWN)
    make_attempt(order, outcome=Outcome.ACCEPTED)


def two_in_flight() -> None:
    service = make_service()
    twice(lambda: make_attempt(make_order(Status.SENDING, service=service)))


def two_of_one_number() -> None:
    order = make_order()
    twice(lambda: make_attempt(order, outcome=Outcome.NOT_SENT, number=7))


def two_of_one_id() -> None:
    service = make_service()
    twice(lambda: make_order(Status.PENDING, service=service, external_id="77"))


def two_of_one_form_key() -> None:
    form_key = uuid4()
    twice(lambda: make_order(form_key=form_key))


def an_order_nowhere() -> None:
    order = make_order()
    Order.objects.filter(pk=order.pk).update(status="nowhere")


def two_runs() -> None:
    provider = make_provider()
    twice(lambda: make_run(provider))


@pytest.mark.parametrize(
    ("break_it", "name"),
    [
        (two_live, "one_live_attempt_per_order"),
        (two_in_flight, "one_send_in_flight_per_provider"),
        (two_of_one_number, "attempt_number_once"),
        (two_of_one_id, "external_id_once_per_provider"),
        (two_of_one_form_key, "orders_order.submission"),
        (two_runs, "one_run_at_a_time"),
        (lambda: make_order(charge=Decimal("-1")), "order_charge_is_not_negative"),
        (an_order_nowhere, "order_status_is_known"),
        (lambda: Order.objects.create(type="Default", created_at=NOON), ""),
    ],
)
def test_a_broken_promise_is_told_by_name(break_it, name):
    with pytest.raises(IntegrityError) as broken, transaction.atomic():
        break_it()
    assert broken_constraint(broken.value) == name


def test_only_the_promise_that_was_thought_of_is_let_pass():
    with pytest.raises(IntegrityError) as broken, transaction.atomic():
        two_of_one_number()
    error = broken.value
    raise_unless_broken(error, "one_live_attempt_per_order", "attempt_number_once")
    with pytest.raises(IntegrityError) as again:
        raise_unless_broken(error, "one_live_attempt_per_order")
    assert again.value is error
