"""A send that the journal of a machine gave back has a new row, and was sent long before."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from orders.models import Attempt
from orders.recovery.neighbours import neighbours
from orders.recovery.search.id_range import Neighbourhood
from orders.restores.compare_accounts import _newest_id
from orders.status import Outcome, Status
from tests.builders import NOON, make_attempt, make_order, make_service

pytestmark = [pytest.mark.django_db, pytest.mark.services]
M = timedelta(minutes=1)
NOTE = import_module("orders.migrations.0059_recalled_sends").note_recalled


@pytest.fixture
def lost() -> Attempt:
    """Between two accepted sends; a third one, of before all of them, was given back since."""
    service = make_service()
    sends = [("71", Outcome.ACCEPTED), ("", Outcome.UNKNOWN), ("73", Outcome.ACCEPTED)]
    rows = []
    for place, (number, outcome) in enumerate(sends):
        status = Status.PENDING if number else Status.UNCONFIRMED
        order = make_order(status, service=service, external_id=number)
        rows.append(make_attempt(order, outcome=outcome, started_at=NOON + place * M))
    early = make_order(Status.PENDING, service=service, external_id="60")
    given_back = Attempt.recalled(early, NOON - 60 * M, now=NOON + 9 * M, reason="Given back.")
    given_back.outcome, given_back.code, given_back.external_id = Outcome.ACCEPTED, "", "60"
    given_back.save()
    return rows[1]


def test_it_is_no_neighbour_of_what_was_sent_before_its_row(lost: Attempt) -> None:
    around = Neighbourhood.of(lost, [lost.provider_id])
    assert [one.external_id for one in around.accepted_after] == ["73"]
    assert around.times_agree
    Attempt.objects.filter(external_id="73").delete()
    assert neighbours(lost).after is None


def test_what_was_sent_after_it_is_not_shown_as_sent_before_it(lost: Attempt) -> None:
    """As where another machine, which was away since the restore, gives it back."""
    given_back = Attempt.objects.exclude(recalled_at=None).get()
    assert neighbours(given_back).before is None
    first = Attempt.objects.filter(external_id="71")
    first.update(started_at=given_back.started_at - M)
    assert neighbours(given_back).before == first.get()


def test_it_is_not_the_newest_id_to_ask_from(lost: Attempt) -> None:
    assert _newest_id(lost.provider)[0] == 73


def test_an_older_release_tells_of_it_by_a_lease_that_ends_as_it_begins(lost: Attempt) -> None:
    Attempt.objects.update(recalled_at=None)
    NOTE(apps, connection.schema_editor())
    known = Attempt.objects.exclude(recalled_at=None)
    assert [one.external_id for one in known] == ["60"]
