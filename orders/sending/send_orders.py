"""Sending queued orders: claim, commit, speak once, write down. The heart of the desk.

The default of every doubt is *unconfirmed*. Only `NotSent` leads back to the queue, and only
an answer whose words are in the reviewed catalog of refusals is a refusal.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.db import IntegrityError

from core import clocks
from core.clocks import Clock
from core.failpoints import failpoint
from core.redaction import redact
from core.rows.durable import DATABASE_AWAY
from providers.actions import learning, note_calls
from providers.models import Provider, ProviderHealth
from providers.panel_api import (
    Dialect,
    Evidence,
    NotSent,
    OutcomeUnknown,
    Placed,
    RefusalCode,
    Rejected,
    SlowDown,
    WrittenPayload,
    parameter_asked_for,
)
from providers.panel_api.errors import SERVER_ERROR, Unavailable
from providers.panel_api.http.connection import PreSendCheckFailed

from .. import link_queue
from ..models import Attempt, Order
from ..status import RESTORE_DOUBT, Doubt, HoldReason, Outcome, Status, Write
from . import answer_spool, claims, record_outcome, reopen
from .doubts import doubt_of, says_it_is_there
from .outcome import AttemptGone, SendOutcome, id_known_already
from .restore_check import guard
from .reused_id import IdTaken
from .writes.pre_send import PreSendCheck
from .writes.recording import TRY_AGAIN, record_if_possible, tries
from .writes.send_clock import SendClock

log = logging.getLogger(__name__)


class PlacesOrders(Protocol):
    """All this needs of a client."""

    def add(
        self, payload: WrittenPayload, *, before_send: Callable[[], None] | None = None
    ) -> Placed: ...


# What a proven refusal means for the order. Anything else ends it as rejected.
_HOLDS: dict[RefusalCode, HoldReason] = {
    RefusalCode.FUNDS: HoldReason.FUNDS,
    RefusalCode.LINK_BUSY: HoldReason.LINK_BUSY,
    RefusalCode.KEY: HoldReason.KEY,
    RefusalCode.INACTIVE: HoldReason.KEY,
}


def may_be_sent_again(code: RefusalCode) -> bool:
    """The refusal is about the account or the moment, not about what was ordered."""
    return code in _HOLDS or code in (RefusalCode.RATE_LIMIT, RefusalCode.NEEDS_ID)


def next_to_send(
    provider: Provider, now: datetime, *, besides: Collection[int] = ()
) -> Order | None:
    """The oldest order of this account that may be sent now, `besides` apart: none while it has
    refused one for its funds, until a newer balance pays for one that is held or a person lets it
    be tried again, and none before the catalog of a new address is known."""
    queued = Order.objects.filter(provider=provider).due_to_send(now)
    taken = queued.filter(provider__moved_at=None, provider__health__funds_refused_at=None)
    taken = taken.exclude(pk__in=besides) if besides else taken
    return taken.select_related("placed_by").order_by("send_after", "pk").first()


def send_order(order: Order, provider: Provider, client: PlacesOrders, *, clock: Clock) -> bool:
    """Send a queued order to its provider, at most once. False: it was not ours to send."""
    now = SendClock(clock)  # before the claim: the worker may stand still right after it
    attempt = claims.claim(order, provider, now=now.claimed_at)
    if attempt is None:
        return False
    send_outcome = _speak(order, attempt, client, now)
    failpoint("send.answered")
    _write_down(attempt, send_outcome, clock)
    if send_outcome.code == RESTORE_DOUBT:  # its own earlier send could not be answered
        record_if_possible(
            lambda: guard.check_database(now=now()), what=f"the database after {attempt}"
        )
    record_if_possible(
        lambda: _pace_placing(provider, send_outcome, now()),
        what=f"the health after attempt {attempt.pk}",
    )
    return True


def _speak(order: Order, attempt: Attempt, client: PlacesOrders, now: SendClock) -> SendOutcome:
    """One call, and what it proves. Never raises: what is not understood is unknown."""
    check = PreSendCheck(
        Write.ADD, attempt.provider_id, attempt.provider_version, now, lambda: _still_holds(attempt)
    )
    try:
        guard.journal_send(attempt, now=now)
        placed = client.add(WrittenPayload(attempt.wire), before_send=check)
    except NotSent as error:
        return _not_sent(order, error, now())
    except Rejected as error:
        return _rejected(order, attempt, error, now())
    except OutcomeUnknown as error:
        unknown = _unknown(error.reason, error.evidence)
        return replace(unknown, account_trouble=error.account_trouble, until=error.until)
    except Exception as error:
        log.exception("sending order %s ended in an error of our own", order.pk)
        return _unknown(f"Our own error while sending: {type(error).__name__}", None)
    changes = {} if placed.charge is None else {"charge": placed.charge}
    return SendOutcome(
        Outcome.ACCEPTED,
        Status.PENDING,
        evidence=placed.evidence,
        external_id=placed.order_id,
        changes=changes,
    )


def _still_holds(attempt: Attempt) -> bool:
    """It is our claim, and no earlier try turned out to be at the provider meanwhile."""
    ours = Attempt.objects.same_as(attempt).filter(outcome=Outcome.IN_FLIGHT)
    return ours.exists() and reopen.contradicted(attempt.order) is None


def _not_sent(order: Order, error: NotSent, now: datetime) -> SendOutcome:
    later = now + timedelta(seconds=order.backoff_seconds())
    changes = {"send_after": later, "not_sent_count": order.not_sent_count + 1}
    return SendOutcome(
        Outcome.NOT_SENT, Status.QUEUED, error.reason, error.code, error.evidence, changes=changes
    )


def _rejected(order: Order, attempt: Attempt, error: Rejected, now: datetime) -> SendOutcome:
    to, changes = Status.REJECTED, dict[str, Any]()
    if error.code in _HOLDS:
        to, changes = Status.HELD, {"hold_reason": _HOLDS[error.code]}
        if error.code is RefusalCode.LINK_BUSY:
            changes |= _whom_to_wait_for(order, now)
    if earlier := _of_an_earlier_try(attempt, error, knows_blocker=bool(changes.get("blocked_by"))):
        words = f"{earlier}, and now the provider says: {error.reason}"
        return SendOutcome(
            Outcome.UNKNOWN, Status.UNCONFIRMED, words, Doubt.IS_THERE, error.evidence
        )
    if error.code is RefusalCode.RATE_LIMIT:
        pause = timedelta(seconds=clocks.RATE_LIMIT_PAUSE_SECONDS)
        most = now + timedelta(seconds=clocks.RETRY_AFTER_CAP_SECONDS)
        to, changes = Status.QUEUED, {"send_after": min(error.until or now + pause, most)}
    elif error.code is RefusalCode.NEEDS_ID and _may_carry_key(attempt, error):
        to, changes = Status.QUEUED, {"send_after": now}
    return SendOutcome(
        Outcome.REJECTED,
        to,
        error.reason,
        error.code.value,
        error.evidence,
        changes=changes,
        until=error.until,
    )


def _of_an_earlier_try(attempt: Attempt, refusal: Rejected, *, knows_blocker: bool) -> str:
    """Which try this refusal may speak of, in words; empty where it is about this one. While the
    database is away only a first try surely has none before it."""
    try:
        is_there = says_it_is_there(attempt.order, refusal.code, knows_blocker=knows_blocker)
    except DATABASE_AWAY:
        return "" if attempt.number == 1 else "What became of an earlier try could not be read"
    return "An earlier try counts as not placed" if is_there else ""


def _may_carry_key(attempt: Attempt, refusal: Rejected) -> bool:
    """It went out without one, and the next attempt can have one under the name asked for."""
    name = parameter_asked_for(refusal.reason)
    return not attempt.carries_idempotency_key and name not in attempt.wire


def _whom_to_wait_for(order: Order, now: datetime) -> dict[str, Any]:
    try:
        blocker, later = link_queue.refused_as_busy(order, now=now)
    except DATABASE_AWAY:  # away: without knowing of anybody, try again after a while
        blocker, later = None, now + timedelta(seconds=clocks.LINK_BUSY_RETRY_SECONDS[0])
    return {"blocked_by": blocker, "send_after": later}


def _unknown(reason: str, evidence: Evidence | None) -> SendOutcome:
    code = doubt_of(evidence)
    return SendOutcome(Outcome.UNKNOWN, Status.UNCONFIRMED, reason, code, evidence)


def _write_down(attempt: Attempt, send_outcome: SendOutcome, clock: Clock) -> None:
    """To disk first, then to the database, patiently: it may be away for a moment. If it stays
    away, the reaper makes the order unconfirmed, which is true, and the file tells it later."""
    reused = ""
    with answer_spool.kept(attempt, send_outcome) as answer:
        failpoint("send.spooled")
        for _ in tries(f"the answer to attempt {attempt.pk}"):
            try:
                record_outcome.record(attempt, send_outcome, now=clock(), reused=reused)
                failpoint("record.committed")
                answer.is_recorded()
                return
            except IdTaken:
                reused = send_outcome.external_id
                answer.send_outcome = send_outcome = id_known_already(send_outcome)
            except AttemptGone:
                break  # `recall_sends` finds the file
            except IntegrityError:
                log.exception("the answer to attempt %s breaks a rule", attempt.pk)
                break  # it would do so again: whoever finds the file sets it aside
            except TRY_AGAIN:
                continue
    log.error("attempt %s could not be recorded; its answer is kept on disk", attempt.pk)


def _pace_placing(provider: Provider, send_outcome: SendOutcome, now: datetime) -> None:
    """After an answer that bodes ill for the next order, wait before sending it."""
    health = ProviderHealth.objects.filter(provider=provider)
    code = send_outcome.account_trouble or send_outcome.code
    if code == RefusalCode.NEEDS_ID:
        name = parameter_asked_for(send_outcome.reason)
        words = f"It wants an id of ours with each order: from now on it gets one as “{name}”."
        provider.refresh_from_db(fields=["dialect"])  # somebody may have named one meanwhile
        if not Dialect.from_profile(provider.dialect).idempotency_parameter:
            learning.learn(provider, words, now=now, idempotency_parameter=name)
    elif code == RefusalCode.FUNDS:
        health.update(funds_refused_at=now)
    elif code in (RefusalCode.KEY, RefusalCode.INACTIVE):
        # reads may work all the same and forget the refusal: tried again, but rarely
        later = now + timedelta(seconds=clocks.BREAKER_SECONDS[-1])
        words = redact(send_outcome.reason)[:300]
        refused = {"key_refused_at": now, "last_error": words, "last_error_at": now}
        note_calls.with_same_key(provider).update(next_add_at=later, **refused)
    elif code == RefusalCode.RATE_LIMIT:
        note_calls.note_failure(
            provider, SlowDown(send_outcome.reason, send_outcome.until), now=now
        )
    elif _was_unreachable(send_outcome):
        note_calls.note_failure(provider, Unavailable(send_outcome.reason), now=now)
    elif send_outcome.outcome in (Outcome.NOT_SENT, Outcome.UNKNOWN):
        health.update(next_add_at=now + _pause_after_failures(provider))
    elif send_outcome.outcome == Outcome.ACCEPTED:
        note_calls.note_success(provider, now=now)


def _was_unreachable(send_outcome: SendOutcome) -> bool:
    """The way there failed, or a gateway said that nobody is behind it: the next order would fare
    no better. Our own objections before the first byte say nothing of the provider."""
    seen = send_outcome.evidence
    if seen is None or send_outcome.outcome not in (Outcome.NOT_SENT, Outcome.UNKNOWN):
        return False
    if seen.http_status is not None:
        return seen.http_status >= SERVER_ERROR
    objected = any(cause.startswith(PreSendCheckFailed.__name__) for cause in seen.exception_chain)
    return bool(seen.exception_chain) and not objected


def _pause_after_failures(provider: Provider) -> timedelta:
    """Grows with the number of attempts that failed one after the other."""
    recent = provider.attempts.exclude(outcome=Outcome.IN_FLIGHT).order_by("-pk")
    outcomes = list(recent.values_list("outcome", flat=True)[: len(clocks.BREAKER_SECONDS)])
    failed = (Outcome.NOT_SENT, Outcome.UNKNOWN)
    in_a_row = next((n for n, o in enumerate(outcomes) if o not in failed), len(outcomes))
    return timedelta(seconds=clocks.BREAKER_SECONDS[max(in_a_row, 1) - 1])
