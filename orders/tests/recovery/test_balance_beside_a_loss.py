"""What the balance did around a send whose answer was lost is said where it is decided."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.clocks import database_now
from core.roles import Role
from orders.models import Order
from orders.status import Outcome, Resolution, Status
from orders.tests.recovery.test_resolve_pages import OLD, lost
from tests.builders import make_attempt, make_order
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db, pytest.mark.services]

SENTENCE = "The balance fell by"


def read_since(order: Order, balance: str) -> None:
    order.attempts.update(balance_after=Decimal(balance), balance_after_at=database_now())


@pytest.mark.parametrize(("after", "fell"), [("30.6", "$0.90"), ("31.5", ""), ("40", "")])
def test_the_page_of_a_lost_answer_says_by_how_much_the_balance_fell(
    client_for_role: Any, after: str, fell: str
) -> None:
    order = lost()
    read_since(order, after)
    answer = client_for_role(Role.MANAGER).get(f"/orders/{order.pk}/resolve/")
    _, said, after_it = one_line(answer.content.decode()).partition(SENTENCE)
    assert bool(said) == bool(fell)
    assert fell in after_it[:80]


def test_nothing_is_said_before_the_balance_was_read_again(client_for_role: Any) -> None:
    page = client_for_role(Role.MANAGER).get(f"/orders/{lost().pk}/resolve/").content.decode()
    assert SENTENCE not in page


@pytest.mark.parametrize("role", [Role.MANAGER, Role.OPERATOR])
def test_send_again_says_it_to_who_may_see_balances(client_for_role: Any, role: Role) -> None:
    sent_at = database_now() - OLD
    order = make_order(Status.NOT_PLACED, created_at=sent_at, sent_at=sent_at)
    make_attempt(
        order,
        outcome=Outcome.NOT_PLACED,
        resolution=Resolution.PERSON,
        balance_before=Decimal("31.5"),
    )
    read_since(order, "30.6")
    page = one_line(client_for_role(role).get(f"/orders/{order.pk}/").content.decode())
    assert "Decided by staff: not at the provider" in page
    assert (SENTENCE in page) == (role is Role.MANAGER)
