"""Sends that neither a restored database nor the journal of this machine knows.

A journal keeps so much and no more. Where it begins later than the database ends, orders, refills
and cancels of the time between may stand here as waiting, and nothing can tell which of them.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Max, QuerySet

from providers.models import Provider

from ...models import (
    Attempt,
    BulkJob,
    CancelRequest,
    Halt,
    JournalGap,
    Order,
    OrderBatch,
    OrderEvent,
    Refill,
    RequestCall,
)
from ...status import HaltKind
from .. import send_journal
from ..halts import newest_row, one_at_a_time
from ..send_journal import Beginning, SentRow
from . import request_journal

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Journal:
    """One kind of journal and the rows it tells of. `own` are those that the database has by
    itself, and not because a journal gave them back."""

    beginning: Callable[[int], Beginning | None]
    rows: Callable[[int], QuerySet[Any]]
    own: Callable[[int], QuerySet[Any]]


def _attempts(account: int) -> QuerySet[Attempt]:
    return Attempt.objects.filter(provider=account).select_related("order")


def _calls(account: int) -> QuerySet[RequestCall]:
    return RequestCall.objects.filter(provider=account)


def _calls_of_its_own(account: int) -> QuerySet[RequestCall]:
    """A worker of release 0.3 marks none that it gives back; those of this machine its journal
    tells as well."""
    journaled = [call.idempotency_key for call in request_journal.calls_since_accepted(account)]
    return _calls(account).filter(recalled_at=None).exclude(key__in=journaled)


JOURNALS: Final = (
    Journal(send_journal.beginning, _attempts, lambda one: _attempts(one).filter(recalled_at=None)),
    Journal(request_journal.beginning, _calls, _calls_of_its_own),
)


@dataclass(frozen=True, slots=True)
class Between:
    """From when to when nobody knows what was sent."""

    known_until: datetime | None
    kept_from: datetime


def note_gap(account: int, *, now: datetime) -> JournalGap | None:
    """Write down that sends to this account may be known to nobody, and up to where its orders
    and requests are in doubt for that. None: there is no such gap, or it is written down.

    To be asked before anything is brought in: a send that was given back says nothing of those
    before it.
    """
    halt = Halt.objects.filter(kind=HaltKind.RESTORED).newest_first().first()
    found = [gap for journal in JOURNALS if (gap := _gap(journal, account)) is not None]
    provider = Provider.objects.filter(pk=account).first()
    if halt is None or not found or provider is None:
        return None
    known = [one.known_until for one in found if one.known_until is not None]
    kept_from = max(one.kept_from for one in found)  # a later one is another's
    with transaction.atomic():
        one_at_a_time(provider)  # a cancel asked for this moment has its number before, or sees it
        # One after the other: who knows of a gap knows of each with a lower number
        Halt.objects.select_for_update(no_key=True).get(pk=halt.pk)
        noted = JournalGap.objects.filter(halt=halt, provider=account, kept_from=kept_from)
        if noted.exists():  # whatever the machine is called by now: a container made anew
            return None
        row = JournalGap.objects.create(
            halt=halt,
            provider_id=account,
            host=socket.gethostname()[:80],
            kept_from=kept_from,
            found_at=now,
            known_until=min(known, default=None),
            events_through=newest_row(OrderEvent),
            orders_through=newest_row(Order),
            refills_through=newest_row(Refill),
            cancels_through=newest_row(CancelRequest),
            batches_through=newest_row(OrderBatch),
            jobs_through=newest_row(BulkJob),
        )
    log.critical("sends to account %s are known to nobody: %s", account, row)
    return row


def _gap(journal: Journal, account: int) -> Between | None:
    begins = journal.beginning(account)
    if begins is None or not begins.mark.attempt:
        return None
    mark = begins.mark
    row: SentRow | None = journal.rows(account).filter(pk=mark.attempt).first()
    if mark.is_of(row):
        return None
    own = journal.own(account)
    if not begins.is_older_known and not own.filter(pk__lt=mark.attempt).exists():
        return None  # the journal was begun with the first send of all
    return Between(own.aggregate(newest=Max("started_at"))["newest"], mark.started_at)
