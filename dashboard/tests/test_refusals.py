"""A page that somebody may not open says who may."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from core.roles import ALLOWED, May, Role, who_may
from tests.builders import make_order
from tests.one_line import one_line

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/orders/mass-orders/", "Only managers and admins may place many orders at once."),
        (
            "/orders/new/",
            "Only operators, managers and admins may place, refill and cancel orders.",
        ),
        ("/people/", "Only admins may add people and change their roles."),
    ],
)
def test_it_names_the_roles(
    client_for_role: Callable[[Role], Client], address: str, words: str
) -> None:
    refused = client_for_role(Role.VIEWER).get(address)
    assert refused.status_code == 403
    page = one_line(refused.content.decode())
    assert words in page and "Nothing was changed." in page


def test_it_names_them_where_one_action_of_many_is_refused(
    client_for_role: Callable[[Role], Client],
) -> None:
    order = make_order()
    address = f"/orders/bulk/?kind=reorder&scope=picked&order={order.pk}"
    refused = client_for_role(Role.OPERATOR).get(address)
    assert refused.status_code == 403
    assert "Only managers and admins may" in refused.content.decode()


@pytest.mark.parametrize("what", list(May))
def test_every_role_that_may_is_named_and_no_other(what: May) -> None:
    named = {role for role in Role if f"{role.value}s" in who_may(what)}
    assert named == {role for role in Role if what in ALLOWED[role]}
