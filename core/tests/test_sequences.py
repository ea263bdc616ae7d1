"""Which numbers the database has given, whether the rows are kept or not."""

from __future__ import annotations

import pytest
from django.db import transaction

from core.rows.sequences import last_given
from orders.models import RequestCall
from orders.status import Write
from tests.builders import NOON, make_provider

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def test_a_number_counts_as_given_although_its_row_has_gone() -> None:
    account = make_provider()
    before = last_given(RequestCall)
    call = RequestCall.objects.create(provider=account, write=Write.REFILL, started_at=NOON)
    given = call.pk
    assert last_given(RequestCall) == given > before
    call.delete()
    assert last_given(RequestCall) == given


@pytest.mark.django_db(transaction=True)
def test_no_number_is_lower_than_one_of_a_row_that_is_there() -> None:
    account = make_provider()
    made = {"provider": account, "write": Write.REFILL, "started_at": NOON}
    kept = RequestCall.objects.create(**made)
    with transaction.atomic():
        RequestCall.objects.create(**made)
        transaction.set_rollback(True)
    assert last_given(RequestCall) >= kept.pk
