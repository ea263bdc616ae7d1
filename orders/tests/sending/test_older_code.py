"""A worker knows when the database is of a newer release than its code."""

from __future__ import annotations

import pytest
from django.db.migrations.recorder import MigrationRecorder

from core.release import newer_migrations
from orders.sending import send_run
from orders.status import Status
from tests.builders import NOON, make_order
from tests.fake_provider import FakeProvider

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def applied(app: str, name: str) -> None:
    MigrationRecorder.Migration.objects.create(app=app, name=name)


def test_today_s_database_is_not_newer_than_today_s_code():
    assert newer_migrations() == []


def test_a_migration_that_only_the_database_has_is_of_a_newer_release():
    applied("orders", "9999_newer")
    assert newer_migrations() == ["orders.9999_newer"]


def test_what_other_packages_have_migrated_says_nothing():
    applied("sessions", "9999_newer")
    assert newer_migrations() == []


def test_a_worker_that_is_older_claims_nothing():
    order, provider = make_order(), FakeProvider()
    applied("orders", "9999_newer")
    assert send_run.send_queued(order.provider, provider, clock=lambda: NOON, seconds=0.1) == 0
    order.refresh_from_db()
    assert order.status == Status.QUEUED and not order.attempts.exists()
