"""Two people with the page of one day, or of one difference."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.roles import Role
from orders.models import Discrepancy
from tests.builders import make_discrepancy, make_statement
from tests.drawn_forms import hidden_in, hidden_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def manager(client_for_role: Any) -> Any:
    return client_for_role(Role.MANAGER)


def test_an_invoice_that_somebody_else_wrote_down_is_not_counted_twice(manager: Any) -> None:
    """Twice the money put in hides as much that is missing."""
    made = make_statement(closing=Decimal(150))
    page, to = f"/orders/statements/day/{made.pk}/", f"/orders/statements/day/{made.pk}/top-up/"
    old, typed = hidden_in(manager, page, to), {"amount": "50", "note": "invoice 7"}
    assert manager.post(to, typed | old).status_code == 302
    again = manager.post(to, typed | old)
    text = again.content.decode()
    assert again.status_code == 422 and made.top_ups.count() == 1
    assert "if this is other money" in text and 'value="invoice 7"' in text
    assert manager.post(to, typed | hidden_of(text, to)).status_code == 302
    assert made.top_ups.count() == 2


def test_a_difference_is_closed_about_the_amount_that_was_shown(manager: Any) -> None:
    """An open one is kept to the figures of today: closed, it says that those are explained."""
    found = make_discrepancy(difference=Decimal(-5))
    page, to = f"/orders/discrepancies/{found.pk}/", f"/orders/discrepancies/{found.pk}/close/"
    old, typed = hidden_in(manager, page, to), {"note": "They paid it back."}
    Discrepancy.objects.update(difference=Decimal(-500))
    answer = manager.post(to, typed | old)
    text = answer.content.decode()
    assert answer.status_code == 422 and "They paid it back." in text
    assert "Something changed" in text and Discrepancy.objects.get().is_open
    assert manager.post(to, typed | hidden_of(text, to)).status_code == 302
    assert not Discrepancy.objects.get().is_open
