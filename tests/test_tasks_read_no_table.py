"""No periodic task reads orders, attempts or events in proportion to how many there are."""

from __future__ import annotations

import pytest

from dashboard.celery import app
from dashboard.timetable import TIMETABLE
from orders.status import Outcome, Status

from .builders import make_attempt, make_event, make_order, make_provider
from .query_plans import scans_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]

TASKS = sorted({str(entry["task"]) for entry in TIMETABLE.values()})


@pytest.mark.parametrize("task", TASKS)
def test_it_finds_its_work_by_an_index(task: str, many_orders: None) -> None:
    provider = make_provider()
    for status in (Status.QUEUED, Status.IN_PROGRESS, Status.COMPLETED):
        make_event(make_order(status, provider=provider))
    lost = make_order(Status.UNCONFIRMED)
    make_attempt(lost, outcome=Outcome.UNKNOWN)
    app.loader.import_default_modules()
    assert not (found := scans_of(app.tasks[task])), "\n\n".join(found)
