"""Entry points for the worker: each finds its row and calls one action. Arguments are ids."""

from __future__ import annotations

from celery import Task, shared_task
from django.db import transaction

from core import doorbell
from core.clocks import database_now

from .actions.balances import balance_run
from .actions.catalog.mirror_catalog import mirror_run
from .actions.connection_checks import run_check
from .actions.ringing import due_work
from .connect import client_for
from .models import ConnectionReport, Provider


@shared_task(name="providers.ring_due")
def ring_due() -> None:
    """Ring for every balance and catalog that is due, and for work whose bell was lost."""
    due = due_work(now=database_now())
    for provider_id in due.balances:
        doorbell.ring(read_balance.name, provider_id=provider_id)
    for provider_id in due.catalogs:
        doorbell.ring(mirror.name, provider_id=provider_id)
    for report_id in due.reports:
        doorbell.ring(check_connection.name, report_id=report_id)


@shared_task(name="providers.read_balance")
def read_balance(*, provider_id: int) -> None:
    """Read one account's balance."""
    for provider in Provider.objects.filter(pk=provider_id):
        balance_run(provider, client_for, clock=database_now)


@shared_task(name="providers.mirror")
def mirror(*, provider_id: int) -> None:
    """Make an account's open catalog run, or a new one."""
    for provider in Provider.objects.filter(pk=provider_id):
        mirror_run(provider, client_for, clock=database_now)


@shared_task(name="providers.examine")  # as bells of an earlier release ask for it
def check_connection(*, report_id: int) -> None:
    """Check the connection of an account."""
    for report in ConnectionReport.objects.select_related("provider").filter(pk=report_id):
        run_check(report, client_for, clock=database_now)


def ring(bell: Task[..., None], **ids: int) -> None:
    """Ring once the transaction is committed; a bell that is lost, `ring_due` rings again."""

    def ring_now() -> None:  # no partial: Django names a robust callback that failed
        doorbell.ring(bell.name, **ids)

    transaction.on_commit(ring_now, robust=True)
