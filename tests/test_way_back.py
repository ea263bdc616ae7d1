"""After a test that committed, the next one finds what migrations made: no less, no more."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection

from core.models import User
from orders.models import Order, OrderEvent
from orders.status import Status
from tests.builders import make_event, make_order, make_user
from tests.way_back import WayBack

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def way_back() -> WayBack:
    return WayBack()


def test_what_a_test_has_left_is_gone(way_back: WayBack) -> None:
    make_event(make_order(Status.COMPLETED))
    make_user()
    way_back.go()
    connection.check_constraints()
    assert not Order.objects.exists()
    assert not OrderEvent.objects.exists()
    assert not User.objects.exists()


def test_what_the_migrations_made_is_there_as_before(way_back: WayBack) -> None:
    def made() -> list[list[tuple[object, ...]]]:
        tables = (Group, Group.permissions.through, Permission, ContentType)
        return [list(table._base_manager.order_by("pk").values_list()) for table in tables]

    before = made()
    Group.objects.all().delete()
    Permission.objects.all().delete()
    ContentType.objects.filter(model="order").update(model="another")
    Group.objects.create(name="Guests")
    way_back.go()
    connection.check_constraints()
    assert made() == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_turn", ["first", "second"])
def test_no_test_finds_rows_of_another(_turn: str) -> None:
    assert not Order.objects.exists()
    assert Permission.objects.exists()
    make_order()
