"""An order that was not placed: what is proven and what somebody decided are told apart."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from core.roles import Role
from orders.status import Outcome, Resolution, Status
from tests.builders import make_attempt, make_order, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.mark.parametrize("resolution", [Resolution.PERSON, Resolution.PHRASE])
def test_what_somebody_decided_is_not_called_proven(
    client_for_role: Callable[[Role], Client], resolution: Resolution
) -> None:
    order = make_order(Status.NOT_PLACED)
    manager = make_user(Role.MANAGER, username="mira")
    make_attempt(order, outcome=Outcome.NOT_PLACED, resolution=resolution, resolved_by=manager)
    page = client_for_role(Role.OPERATOR).get(f"/orders/{order.pk}/").content.decode()
    assert "<bdi>mira</bdi> decided it, it is not proven" in page
    assert "It is not at the provider" not in page


@pytest.mark.parametrize("resolution", [Resolution.CLOSED_RANGE, Resolution.LATE, Resolution.NONE])
def test_what_is_proven_says_by_what(
    client_for_role: Callable[[Role], Client], resolution: Resolution
) -> None:
    order = make_order(Status.NOT_PLACED)
    make_attempt(order, outcome=Outcome.NOT_PLACED, resolution=resolution)
    page = client_for_role(Role.OPERATOR).get(f"/orders/{order.pk}/").content.decode()
    assert "It is not at the provider" in page and "decided it" not in page
    proof = f": {resolution.label.lower()}" if resolution else ""
    assert f"That is proven{proof}." in page


def test_a_decision_stays_one_when_its_person_is_gone(
    client_for_role: Callable[[Role], Client],
) -> None:
    order = make_order(Status.NOT_PLACED)
    make_attempt(order, outcome=Outcome.NOT_PLACED, resolution=Resolution.PERSON)
    page = client_for_role(Role.OPERATOR).get(f"/orders/{order.pk}/").content.decode()
    assert "Somebody</bdi> decided it" in page and "That is proven" not in page
