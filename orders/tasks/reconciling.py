"""The books of every account, kept by beat."""

from __future__ import annotations

from celery import shared_task

from core.clocks import database_now
from providers.models import Provider

from ..actions.reconciling import keep_books


@shared_task(name="orders.reconcile")
def reconcile() -> None:
    """End the days that are over; begin the books of accounts that have none."""
    for provider in Provider.objects.order_by("pk"):
        keep_books(provider, now=database_now())
