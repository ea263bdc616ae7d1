"""The page of changed terms looks at the queued orders that were placed first, and says so."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from orders.models import Order
from orders.placing import terms_views
from orders.status import HoldReason, Status
from orders.terms import Terms
from providers.models import Service
from tests.builders import make_order, make_service
from tests.one_line import one_line
from tests.query_counts import queries_of
from tests.query_plans import scans_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]
UNSEEN = "queued orders that were placed first are looked at on this page"


def queued(service: Service, number: int) -> list[Order]:
    terms = Terms.of(service).as_json()
    return [make_order(Status.QUEUED, service=service, terms=terms) for _ in range(number)]


def shown(staff: Client, address: str = "") -> str:
    return one_line(staff.get(address or reverse("changed-terms")).content.decode())


def dearer(service: Service) -> None:
    Service.objects.filter(pk=service.pk).update(rate=Decimal(90))


def test_the_page_says_that_it_looks_at_the_first_queued_orders_alone(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terms_views, "MOST_QUEUED", 2)
    same, changed = make_service(), make_service()
    queued(same, 1)
    (seen,) = queued(changed, 1)
    dearer(changed)
    page = shown(staff)
    assert UNSEEN not in page and f">{seen}</a>" in page, "these are all there are"
    (unseen,) = queued(changed, 1)
    page = shown(staff)
    assert f"Only the 2 {UNSEEN}" in page
    assert f">{seen}</a>" in page and f">{unseen}</a>" not in page
    assert UNSEEN not in shown(staff, f"{reverse('changed-terms')}?order={seen.pk}")


def test_where_none_of_the_first_has_changed_the_page_does_not_say_that_none_has(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terms_views, "MOST_QUEUED", 2)
    queued(make_service(), 2)
    assert "No order waits for this<" in shown(staff)
    changed = make_service()
    queued(changed, 1)
    dearer(changed)
    page = shown(staff)
    assert UNSEEN in page and "No order waits for this yet" in page


def test_the_page_costs_the_same_however_many_are_queued(staff: Client, many_orders: None) -> None:
    changed = make_service()
    queued(changed, 1)
    held, *_ = queued(make_service(), 1)
    Order.objects.filter(pk=held.pk).update(status=Status.HELD, hold_reason=HoldReason.TERMS)
    dearer(changed)
    address = reverse("changed-terms")
    few = len(queries_of(lambda: staff.get(address)))
    queued(changed, terms_views.MOST_QUEUED + 1)
    assert len(queries_of(lambda: staff.get(address))) == few
    assert scans_of(lambda: staff.get(address)) == []
    assert f"Only the {terms_views.MOST_QUEUED} {UNSEEN}" in shown(staff)
