"""The claim before a send: the order is taken and its attempt written down, or neither."""

from __future__ import annotations

import logging
import os
import socket
import threading
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Max

from core import clocks
from core.failpoints import failpoint
from core.regional.desk_days import desk_day
from core.rows.constraints import broken_constraint
from core.rows.durable import durable_transaction
from providers.models import Provider
from providers.panel_api import Dialect

from ..flags import raise_flag
from ..limits import agree_terms, check_limits
from ..models import Attempt, EventKind, Order
from ..placing import sent_before
from ..status import Flag, Status
from . import halts
from .writes.pre_send import is_unchanged

log = logging.getLogger(__name__)
MOST_NUMBERS = 3  # tried for one attempt, before its order has to wait


def worker_name() -> str:
    """Who holds a claim, for people reading the timeline."""
    return f"{socket.gethostname()}:{os.getpid()}:{threading.current_thread().name}"[:80]


def claim(order: Order, provider: Provider, *, now: datetime) -> Attempt | None:
    """Take the order for sending and write the attempt down, on disk before we speak.

    None: somebody else has it, another send is in flight for this account, a halt stands before it,
    it was paused or given another key since `provider` was read, its catalog is that of another
    address, the order is held because a rule, a limit or the terms of its service no longer let
    it go, or it turns out to be sent already. One that cannot be taken is flagged and put back for
    later, so that the orders behind it go on.
    """
    for tried in range(MOST_NUMBERS):
        try:
            attempt = _claim_once(order, provider, now, skipped=tried)
        except IntegrityError as error:
            broken = broken_constraint(error)
            order.refresh_from_db()  # it was moved in memory, and nowhere else
            if broken == "attempt_number_once":
                continue
            if broken == "one_live_attempt_per_order":
                put_back(order, Flag.LIVE_ATTEMPT, now=now)
            elif broken != "one_send_in_flight_per_provider":
                log.exception("order %s cannot be taken: %s", order.pk, broken)
                put_back(order, Flag.NOT_CLAIMED, now=now)
            return None
        if attempt is not None:
            failpoint("claim.committed")
        return attempt
    log.error("order %s cannot be taken: no number for its attempt is free", order.pk)
    put_back(order, Flag.NOT_CLAIMED, now=now)
    return None


def put_back(order: Order, flag: Flag, *, now: datetime) -> bool:
    """Let the orders behind this one go first for a while, and have a person look at it. False:
    it is not queued any more."""
    later = now + timedelta(seconds=clocks.BREAKER_SECONDS[-1])
    queued = Order.objects.filter(pk=order.pk, status=Status.QUEUED)
    with transaction.atomic():
        if not queued.update(send_after=later):
            return False
        if raise_flag(order, flag):
            order.remember(EventKind.FLAGGED, now=now, text=f"{flag.label}. It waits for a while.")
    return True


def _claim_once(order: Order, provider: Provider, now: datetime, *, skipped: int) -> Attempt | None:
    if order.status != Status.QUEUED:
        return None
    with durable_transaction():
        unchanged = is_unchanged(provider.pk, provider.version)
        if not unchanged or halts.sending_is_halted(provider.pk):
            return None
        if sends := sent_before.listed_since(order):
            sent_before.take_over(order, sends, now=now, actor=None)
            return None
        service = agree_terms.service_now(order)
        if reason := check_limits.why_hold(order, service, now):
            order.move(Status.HELD, now=now, hold_reason=reason)
            return None
        day, price = desk_day(now), agree_terms.dearer_since(order, service)
        if not order.move(Status.SENDING, now=now, sent_at=now, spend_day=day, **price):
            return None
        failpoint("claim.moved")
        attempt = _new_attempt(order, provider, now, skipped)
        attempt.save(force_insert=True)
        failpoint("claim.written")
    return attempt


def _new_attempt(order: Order, provider: Provider, now: datetime, skipped: int) -> Attempt:
    newest = order.attempts.aggregate(newest=Max("number"))["newest"] or 0
    attempt = Attempt(
        order=order,
        number=newest + 1 + skipped,
        provider=provider,
        provider_version=provider.version,
        worker=worker_name(),
        started_at=now,
        lease_until=now + timedelta(seconds=clocks.SEND_LEASE_SECONDS),
        balance_before=provider.balance,
        balance_before_at=provider.balance_at,
    )
    attempt.wire = {**order.payload, **_idempotency_key(attempt)}
    return attempt


def _idempotency_key(attempt: Attempt) -> dict[str, str]:
    """An id of ours for this attempt, under the name by which the provider takes one."""
    name = Dialect.from_profile(attempt.provider.dialect).idempotency_parameter
    return {name: attempt.idempotency_key} if name and name not in attempt.order.payload else {}
