"""A page from before its database was put back: another row has the number of what it showed. Its
button acts on neither, and that of the page of now acts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from django.urls import reverse
from django.utils import timezone

from core.models import User
from core.shown_fields import CHANGED
from dashboard.tests.test_policy import browser_of
from orders.models import BatchLine, BulkItem, BulkJob, Order, OrderBatch
from orders.models.batch import BatchState
from orders.status import JobState, Status
from providers.actions.catalog.snapshots import packed, snapshot_of
from providers.models import CatalogRun
from providers.models.catalog import RunState
from providers.panel_api import Catalog
from tests.builders import (
    NOON,
    make_batch,
    make_batch_line,
    make_job,
    make_order,
    make_provider,
    make_run,
)
from tests.drawn_forms import hidden_of

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.services,
    pytest.mark.usefixtures("watchdog_has_looked"),
]
NUMBER = 4711
NEW = "another-good-long-phrase"


class Case(NamedTuple):
    page: str
    step: str
    make: Callable[[int], Any]  # of either moment, both with the number
    is_as_made: Callable[[], bool]


def _batch(state: BatchState) -> Callable[[int], OrderBatch]:
    def make(later: int) -> OrderBatch:
        BatchLine.objects.all().delete()
        Order.objects.all().delete()
        OrderBatch.objects.all().delete()
        at = NOON + timedelta(seconds=later)
        batch = make_batch(pk=NUMBER, state=state, created_at=at, total=1)
        make_batch_line(batch)
        if state == BatchState.PLACING:
            make_order(Status.QUEUED, batch=batch)
        return batch

    return make


def _job(later: int) -> BulkJob:
    BulkItem.objects.all().delete()
    BulkJob.objects.all().delete()
    return make_job(make_order(), pk=NUMBER)


def _run(later: int) -> CatalogRun:
    CatalogRun.objects.all().delete()
    return make_run(
        make_provider(),
        pk=NUMBER,
        started_at=NOON + timedelta(seconds=later),
        state=RunState.HELD,
        held_catalog=packed(snapshot_of(Catalog((), ()))),
    )


def _person(later: int) -> User:
    User.objects.filter(pk=NUMBER).delete()
    at = timezone.now() + timedelta(seconds=later)
    person = User(pk=NUMBER, username="nora", date_joined=at)
    person.set_unusable_password()
    person.save()
    return person


def _held() -> bool:
    return CatalogRun.objects.get().state == RunState.HELD


CASES = {
    "withdraw a mass order": Case(
        f"/orders/mass-orders/{NUMBER}/",
        "withdraw/",
        _batch(BatchState.PLACING),
        lambda: (
            OrderBatch.objects.get().state == BatchState.PLACING
            and Order.objects.get().status == Status.QUEUED
        ),
    ),
    "discard a mass order": Case(
        f"/orders/mass-orders/{NUMBER}/",
        "discard/",
        _batch(BatchState.CHECKED),
        lambda: OrderBatch.objects.get().state == BatchState.CHECKED,
    ),
    "stop a bulk action": Case(
        f"/orders/bulk-actions/{NUMBER}/",
        "stop/",
        _job,
        lambda: BulkJob.objects.get().state == JobState.WAITING,
    ),
    "apply a catalog": Case(reverse("catalog-run", args=[NUMBER]), "apply/", _run, _held),
    "refuse a catalog": Case(reverse("catalog-run", args=[NUMBER]), "refuse/", _run, _held),
    "set a password": Case(
        f"/people/{NUMBER}/password/",
        "",
        _person,
        lambda: not User.objects.get(pk=NUMBER).has_usable_password(),
    ),
}


def _pressed(drawn: str, to: str) -> tuple[str, dict[str, str]]:
    """The address of a button, with what it says itself, and what its form carries."""
    button = re.search(rf'formaction="({to}[^"]*)"', drawn)
    carried = {} if button else hidden_of(drawn, to)
    assert button or "shown" in carried, "it is drawn"
    return (button[1], {}) if button else (to, carried)


@pytest.mark.parametrize("name", CASES)
def test_a_button_acts_on_no_row_that_was_given_its_number_since(name: str) -> None:
    case, ours = CASES[name], browser_of("admin")
    typed = {"new_password1": NEW, "new_password2": NEW}
    case.make(0)
    to, carried = _pressed(ours.get(case.page).content.decode(), case.page + case.step)
    case.make(1)
    answer = ours.post(to, carried | typed, follow=True)
    assert case.is_as_made() and CHANGED in answer.content.decode()
    ours.post(*_given(_pressed(ours.get(case.page).content.decode(), case.page + case.step), typed))
    assert not case.is_as_made(), "the page of now acts"


def _given(
    pressed: tuple[str, dict[str, str]], typed: dict[str, str]
) -> tuple[str, dict[str, str]]:
    return pressed[0], pressed[1] | typed
