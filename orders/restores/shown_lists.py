"""What a page showed of a restored database, as a word that comes back with its acceptance.

Another run, or a machine that was away, may list more after the page was drawn; who accepts the
database then has not looked for these among the orders that wait. And somebody may have released
one of these, or put one back in the queue: it is sent with the others.
"""

from __future__ import annotations

import hashlib
import json
from typing import Final

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Q, QuerySet

from ..models import CancelRequest, Halt, Order, ReconcileRun, Refill
from ..placing.before_sending import UNTIL_A_PERSON
from ..status import REFILLS_TO_SEND, CancelStatus, Status

WAITING: Final = (Status.QUEUED, Status.SENDING, Status.HELD, Status.NOT_PLACED)
GOES: Final = "goes out"  # once the database is accepted, at once or when its time comes
_TOLD: Final = ("pk", "external_id", "token", "sent_at", "status", "order")


def waiting_orders(halt: Halt) -> QuerySet[Order]:
    """What this database shows as placed before the stop and not sent."""
    before = _before(halt, halt.orders_through, "created_at")
    return Order.objects.filter(before, status__in=WAITING)


def waiting_refills(halt: Halt) -> QuerySet[Refill]:
    before = _before(halt, halt.refills_through, "requested_at")
    return Refill.objects.filter(before, status__in=sorted(REFILLS_TO_SEND))


def waiting_cancels(halt: Halt) -> QuerySet[CancelRequest]:
    before = _before(halt, halt.cancels_through, "requested_at")
    return CancelRequest.objects.filter(before, status=CancelStatus.QUEUED)


def _before(halt: Halt, through: int | None, moment: str) -> Q:
    """By its number, as a clock may have been ahead when it was written down: all that waits where
    the stop has no numbers yet (`halts.number_restored_stops`). And by its moment, as what a
    machine gives back later is of before."""
    if through is None:
        return Q()
    return Q(pk__lte=through) | Q(**{f"{moment}__lte": halt.placed_at})


def of_halt(halt: Halt, run: ReconcileRun) -> str:
    """The stop, its newest run, which the page tells of, all that is listed as not known here, the
    gaps, and all that waits with what becomes of it: not where it stands until it goes, which time
    alone may change."""
    listed = list(halt.unmatched_orders.order_by("pk").values_list(*_TOLD))
    gaps = list(halt.journal_gaps.order_by("pk").values_list("pk", "found_at"))
    rows = waiting_orders(halt).order_by("pk")
    told = rows.values_list("pk", "form_key", "status", "hold_reason").iterator()
    waiting = [[pk, key, _becomes(status, reason)] for pk, key, status, reason in told]
    requests = [
        list(asked.order_by("pk").values_list("pk", "order__form_key"))
        for asked in (waiting_refills(halt), waiting_cancels(halt))
    ]
    shown = [halt.pk, halt.placed_at, run.pk, listed, gaps, waiting, requests]
    text = json.dumps(shown, cls=DjangoJSONEncoder)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _becomes(status: str, reason: str) -> str:
    if status == Status.HELD:
        return reason if reason in UNTIL_A_PERSON else GOES
    return status if status == Status.NOT_PLACED else GOES
