"""The claim before a send and the settling after it: two short transactions."""

from __future__ import annotations

import os
import socket
import threading
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError

from core import clocks
from core.durable import durable_transaction
from core.failpoints import failpoint
from providers.models import Provider, ProviderState
from providers.panel_api import Dialect, Evidence

from ..models import Attempt, EventKind, Order, Watch
from ..status import LIVE_OUTCOMES, NOT_SENT, Flag, Outcome, Resolution, Status
from . import charging, gates, guarding, spending

_OF_A_HOLD = ("hold_reason", "blocked_by")


def worker_name() -> str:
    """Who holds a claim, for people reading the timeline."""
    return f"{socket.gethostname()}:{os.getpid()}:{threading.current_thread().name}"[:80]


def claim(order: Order, provider: Provider, *, now: datetime) -> Attempt | None:
    """Take the order for sending and write the attempt down, on disk before we speak.

    None: somebody else has it, another send is in flight for this account, a gate before it is
    closed, it was paused or given another key since `provider` was read, or the order is held
    because a rule, a limit or the terms of its service no longer let it go.
    """
    if order.status != Status.QUEUED:
        return None
    try:
        with durable_transaction():
            unchanged = Provider.objects.filter(
                pk=provider.pk, version=provider.version, state=ProviderState.ACTIVE
            )
            if not unchanged.exists() or gates.is_closed(provider.pk):
                return None
            if reason := guarding.why_hold(order, now):
                order.move(Status.HELD, now=now, hold_reason=reason)
                return None
            day = spending.day_of(now)
            if not order.move(Status.SENDING, now=now, sent_at=now, spend_day=day):
                return None
            failpoint("claim.moved")
            attempt = Attempt(
                order=order,
                number=order.attempts.count() + 1,
                provider=provider,
                provider_version=provider.version,
                worker=worker_name(),
                started_at=now,
                lease_until=now + timedelta(seconds=clocks.SEND_LEASE_SECONDS),
                balance_before=provider.balance,
                balance_before_at=provider.balance_at,
            )
            attempt.wire = {**order.wish, **_our_id(attempt)}
            attempt.save(force_insert=True)
            failpoint("claim.written")
    except IntegrityError:
        _flag_if_live(order, now)
        return None
    failpoint("claim.committed")
    return attempt


def _our_id(attempt: Attempt) -> dict[str, str]:
    """An id of ours for this attempt, under the name by which the provider takes one."""
    name = Dialect.from_profile(attempt.provider.dialect).idempotency_parameter
    return {name: attempt.token} if name and name not in attempt.order.wish else {}


def _flag_if_live(order: Order, now: datetime) -> None:
    """An order that is queued while an attempt of it is live must never be picked again."""
    if not order.attempts.filter(outcome__in=LIVE_OUTCOMES).exists():
        return  # another order of this account is in flight: nothing is wrong
    later = now + timedelta(seconds=clocks.BREAKER_SECONDS[-1])
    queued = Order.objects.filter(pk=order.pk, status=Status.QUEUED)
    queued.update(send_after=later, flag=Flag.LIVE_ATTEMPT)


def settle(
    attempt: Attempt,
    outcome: Outcome,
    to: Status,
    *,
    now: datetime,
    by: Resolution = Resolution.NONE,
    reason: str = "",
    code: str = "",
    evidence: Evidence | None = None,
    external_id: str = "",
    **changes: Any,
) -> bool:
    """Write down how an attempt ended and move its order.

    Works while the claim is ours, and also when the reaper took it for lost and nobody has
    decided since: a late answer is still the answer. Otherwise the answer is kept on the
    attempt, the order is flagged, and False comes back. Raises IntegrityError when
    `external_id` already belongs to another order of this account. `by` says where an answer
    comes from that was not settled by the worker who heard it.
    """
    seen = asdict(evidence) if evidence else {}
    order = Order.objects.get(pk=attempt.order_id)
    if external_id:
        changes["external_id"] = external_id
    written = {
        "outcome": outcome, "settled_at": now, "reason": reason[:500], "code": code,
        "evidence": seen, "external_id": external_id,
    }  # fmt: skip
    with durable_transaction():
        won = _close_attempt(attempt, order, written, now, by)
        failpoint("settle.attempt")
        ours = order.status in (Status.SENDING, Status.UNCONFIRMED) and won
        if order.status == Status.UNCONFIRMED and to in NOT_SENT:
            to = Status.NOT_PLACED  # proven late: a person may have looked at it, so a person asks
            changes = {name: changes[name] for name in changes if name not in _OF_A_HOLD}
        if ours and order.status == to:
            return True
        if ours and order.move(
            to, now=now, text=reason, evidence=seen, reason=reason[:500], **changes
        ):
            if external_id:
                charging.write_first_charge(order, now=now)
                watch(order, now=now)
            failpoint("settle.moved")
            return True
        return _keep_late_answer(attempt, order, written)


def _close_attempt(
    attempt: Attempt, order: Order, written: dict[str, Any], now: datetime, by: Resolution
) -> bool:
    """Give the attempt its outcome while nobody has decided. A lost answer holds the account."""
    undecided = Attempt.objects.filter(
        pk=attempt.pk, outcome__in=(Outcome.IN_FLIGHT, Outcome.UNKNOWN), resolved_by=None
    )
    if written["outcome"] == Outcome.UNKNOWN:
        won = undecided.update(**written, unknown_at=now)
        if won:
            gates.note_lost_answer(attempt, now=now)
        return bool(won)
    late = Resolution.LATE if order.status == Status.UNCONFIRMED else Resolution.NONE
    return bool(undecided.update(**written, resolution=by or late))


def watch(order: Order, *, now: datetime) -> None:
    """Start to follow an order that the provider has."""
    if order.is_final:
        return
    Watch.objects.get_or_create(
        order=order,
        defaults={
            "provider_id": order.provider_id,
            "external_id": order.external_id,
            "next_at": now + timedelta(seconds=clocks.FIRST_CHECK_SECONDS),
            "changed_at": now,
        },
    )


def _keep_late_answer(attempt: Attempt, order: Order, written: dict[str, Any]) -> bool:
    """Keep what came after the decision. True when it says what had been decided anyway."""
    now = written["settled_at"]
    late = {name: written[name] for name in ("outcome", "reason", "external_id")}
    late["at"] = now.isoformat()
    decided = Attempt.objects.get(pk=attempt.pk)
    Attempt.objects.filter(pk=attempt.pk).update(late=late)
    if (decided.outcome, decided.external_id) == (written["outcome"], written["external_id"]):
        return True
    Order.objects.filter(pk=order.pk).update(flag=Flag.LATE_ANSWER)
    order.remember(
        EventKind.FLAGGED, now=now, text=f"Attempt {attempt.number} was answered late.",
        evidence=late,
    )  # fmt: skip
    return False
