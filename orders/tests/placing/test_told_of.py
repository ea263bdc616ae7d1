"""*Place anyway* on the order form speaks of exactly the orders that it was drawn with."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from orders.links import link_key
from orders.models import Order
from orders.placing.order_form import SAME_PAYLOADS_SHOWN, OrderForm, form_for
from orders.placing.place_orders import NotAgreed, place_order, requeue_order
from orders.repeats import NAMED, name_of
from orders.status import Status
from providers.models import Service
from tests.builders import NOON, make_order, make_service, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]
LINK = "https://lumen.example/home"


def same(service: Service, status: Status = Status.IN_PROGRESS, **over: Any) -> Order:
    usual: dict[str, Any] = {"link": LINK, "link_key": link_key(LINK), "service": service}
    return make_order(status, **(usual | over))


def typed(service: Service, consent: str = "") -> OrderForm:
    data = {"form_key": str(uuid.uuid4()), "link": LINK, "quantity": "500"}
    form = form_for(service, now=NOON, data=data | {"place_anyway": consent})
    form.is_valid()
    return form


def test_an_older_order_that_was_queued_again_since_was_not_shown() -> None:
    service, at = make_service(), NOON - timedelta(days=3)
    older = same(service, Status.NOT_PLACED, created_at=at)
    newer = [same(service) for _ in range(SAME_PAYLOADS_SHOWN)]
    told = {name_of(one.form_key, one.status) for one in newer}
    drawn = typed(service)
    assert typed(service, drawn.consent).is_valid()
    assert requeue_order(older, actor=make_user(), now=NOON, beside=told)
    anew = typed(service, drawn.consent)
    assert not anew.is_valid() and older not in anew.same_payloads
    assert typed(service, anew.consent).is_valid()


def test_an_order_that_is_committed_with_a_lower_number_was_not_shown() -> None:
    service = make_service()
    same(service, pk=90_000)
    meant = typed(service, typed(service).consent).draft()
    late = same(service, pk=80_000)
    with pytest.raises(NotAgreed, match=f"#{late.pk} "):
        place_order(meant, placed_by=None, now=NOON)
    late.delete()
    assert place_order(meant, placed_by=None, now=NOON)[1]


def test_a_number_that_stands_for_another_order_by_now_was_not_shown() -> None:
    service = make_service()
    shown = same(service)
    drawn = typed(service)
    Order.objects.filter(pk=shown.pk).update(form_key=uuid.uuid4(), units=90_000)
    assert not typed(service, drawn.consent).is_valid()


def test_beside_very_many_it_is_placed_by_a_tick_of_bounded_length() -> None:
    service = make_service()
    for _ in range(NAMED + 5):
        same(service)
    consent = typed(service).consent
    assert len(consent) < 600
    assert place_order(typed(service, consent).draft(), placed_by=None, now=NOON)[1]
