"""The ledger of every account, kept by beat."""

from __future__ import annotations

from celery import shared_task

from core.clocks import database_now
from core.rows.loops import one_by_one
from providers.models import Provider

from .reconcile import keep_ledger
from .refund_evidence import gather_evidence
from .refunds import book_refunds


@shared_task(name="orders.reconcile")
def reconcile() -> None:
    """End the days that are over; begin the ledger of accounts that have none. What came back
    apart from charges is booked first."""
    one_by_one(Provider.objects.order_by("pk"), _keep, what="ledgers")


def _keep(provider: Provider) -> None:
    gather_evidence(provider, now=database_now())
    book_refunds(provider, now=database_now())
    keep_ledger(provider, now=database_now())
