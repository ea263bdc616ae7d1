"""By what orders are found, and that no index is written twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, models

from orders.models import Attempt, Order, OrderEvent, Recheck
from orders.polling import recheck_ended
from orders.templatetags.provider_sends import sends_of
from providers.models import Provider
from tests.builders import NOON
from tests.query_plans import plans_of, scans_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def test_ended_orders_of_an_account_are_found_by_their_end(many_orders: None) -> None:
    account = Provider.objects.latest("pk")
    recheck_ended.accounts_to_recheck(NOON)
    later = NOON + timedelta(days=9)
    (accounts,) = (
        plan
        for plan in plans_of(lambda: recheck_ended.accounts_to_recheck(later))
        if "order_by" in plan
    )
    recheck = Recheck(provider=account, through_at=NOON - timedelta(days=1))
    (next_few,) = plans_of(lambda: recheck_ended._next_few(recheck, 100, later))
    for plan in (accounts, next_few):
        assert "order_by_account_end" in plan
        assert "USE TEMP B-TREE" not in plan  # PostgreSQL weighs whether to sort these few


def test_the_newest_sends_of_an_account_are_found_by_their_number(many_orders: None) -> None:
    account = Provider.objects.latest("pk")
    newest = Attempt.objects.newest_of(account)
    for work in (lambda: list(newest[:9]), lambda: sends_of(account)):
        assert scans_of(work) == []
        (plan,) = (one for one in plans_of(work) if "attempt" in one)
        if connection.vendor == "sqlite":  # PostgreSQL weighs whether to sort the few of this one
            assert "attempt_by_account" in plan


def test_the_start_of_a_reference_is_found_by_its_index(many_orders: None) -> None:
    wanted = Order.objects.exclude(reference="").filter(reference__startswith="R100010")
    if connection.vendor == "postgresql":  # whatever its collation; SQLite's LIKE uses no index
        assert scans_of(lambda: list(wanted.values("pk"))) == []
        (plan,) = plans_of(lambda: list(wanted.values("pk")))
        assert "order_by_start_of_reference" in plan and "~>=~" in plan


@pytest.mark.parametrize("model", [Order, Attempt, OrderEvent])
def test_no_index_begins_as_another_does(model: type[models.Model]) -> None:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table)
    partial = {
        one.name
        for one in (*model._meta.indexes, *model._meta.constraints)
        if getattr(one, "condition", None)
    }
    whole = {
        name: tuple(one["columns"])
        for name, one in found.items()
        if (one["index"] or one["unique"]) and name not in partial and one["columns"]
        if not name.endswith("_like")  # PostgreSQL's second one of a text, for its start
    }
    twice = [
        (name, other)
        for name, columns in whole.items()
        for other, longer in whole.items()
        if name != other and longer[: len(columns)] == columns
    ]
    assert twice == []
