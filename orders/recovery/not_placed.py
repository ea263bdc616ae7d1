"""A person or a proof says that a lost order is not at its provider, or that nobody looks on."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum, auto
from typing import Any, cast

from django.db import transaction
from django.db.models import Min, QuerySet
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from core.failpoints import failpoint
from core.models import User
from core.rows.durable import durable_transaction
from core.texts import LONGEST_TEXT
from providers.identity import rows_of
from providers.panel_api import Rejected

from .. import link_queue, shown
from ..models import Attempt, EventKind, Order, Recovery
from ..sending import halts, reopen
from ..sending.doubts import says_it_is_there
from ..sending.replays import REPLAYED_AS, UNSAID
from ..sending.send_orders import may_be_sent_again
from ..status import Doubt, Outcome, Resolution, Status
from .doubted_attempt import ResolvedMeanwhile, only, open_attempt, resolve_attempt
from .search import wait_clock


class TooEarly(Exception):
    """The order may still appear at the provider; `until` is when that is over."""

    def __init__(self, until: datetime) -> None:
        super().__init__(
            _("Too early. The order can still appear at the provider until %(time)s.")
            % {"time": f"{localtime(until):%H:%M:%S %Z}"}
        )
        self.until = until


class Confirmed(Enum):
    """What became of a person's word that an order is not there."""

    DONE = auto()
    ONE_OF_TWO = auto()
    TOO_LATE = auto()


def confirm_not_placed(
    order: Order, *, actor: User, now: datetime, seen: str | None = None
) -> Confirmed:
    """A person has made sure that the provider does not have this order.

    From the account's limit on another person has to say so too. Raises TooEarly, and NotAsShown
    where more is known by now than `seen`, the word of the page that they decided by.
    """
    attempt = open_attempt(order)
    if attempt is None or order.status != Status.UNCONFIRMED:
        return Confirmed.TOO_LATE
    until = not_placed_from(attempt, now)
    if now < until:
        raise TooEarly(until)
    if takes_two(order) and attempt.confirmed_by_id in (None, actor.pk):
        return _first_of_two(order, attempt, actor, now, seen)
    words = f"Confirmed by {actor} not to be at the provider."
    if attempt.confirmed_by_id not in (None, actor.pk):  # the same again, once it takes one alone
        words = (
            f"Confirmed by a second person not to be at the provider, after {attempt.confirmed_by}."
        )
    done = prove_not_placed(
        order, attempt, resolution=Resolution.PERSON, text=words, now=now, actor=actor, seen=seen
    )
    return Confirmed.DONE if done else Confirmed.TOO_LATE


def takes_two(order: Order) -> bool:
    """One person alone may not say that an order of this cost is not there. The narrowest limit of
    the rows of its account holds, as for lost answers."""
    return costs_as_much_as(order, two_people_from(order.provider_id))


def two_people_from(provider_id: int) -> Decimal | None:
    rules = Recovery.objects.filter(provider__in=rows_of(provider_id))
    return cast("Decimal | None", rules.aggregate(least=Min("two_people_above"))["least"])


def costs_as_much_as(order: Order, limit: Decimal | None) -> bool:
    most = order.estimate_high  # unknown, or without a bound: it may be any amount
    return limit is not None and (most is None or most >= limit)


def _first_of_two(
    order: Order, attempt: Attempt, actor: User, now: datetime, seen: str | None
) -> Confirmed:
    """Once: who says it again is still the first. Where another person said it this moment, they
    are the first."""
    unsaid = only(attempt).filter(outcome=Outcome.UNKNOWN, confirmed_by=None)
    with transaction.atomic():
        shown.refuse_unless_shown(order, seen)
        if unsaid.update(confirmed_by=actor, confirmed_at=now):
            order.remember(
                EventKind.EVIDENCE,
                now=now,
                actor=actor,
                text="Said not to be at the provider. A second person has to say so too.",
            )
            return Confirmed.ONE_OF_TWO
    known = open_attempt(order)
    if known is None or (known.pk, known.started_at) != (attempt.pk, attempt.started_at):
        return Confirmed.TOO_LATE
    if known.confirmed_by_id == actor.pk:
        return Confirmed.ONE_OF_TWO
    return confirm_not_placed(order, actor=actor, now=now, seen=seen)


def prove_not_placed(
    order: Order,
    attempt: Attempt,
    *,
    resolution: Resolution,
    text: str,
    now: datetime,
    actor: User | None = None,
    evidence: dict[str, Any] | None = None,
    seen: str | None = None,
) -> bool:
    """It is shown not to be at the provider. False: somebody else resolved it meanwhile."""
    return _close(
        order,
        attempt,
        Outcome.NOT_PLACED,
        Status.NOT_PLACED,
        resolution,
        actor,
        now,
        text,
        evidence,
        seen,
    )


def give_up(
    order: Order, *, actor: User, note: str, now: datetime, seen: str | None = None
) -> bool:
    """Stop looking. The attempt stays unknown, so the order can never be sent again. Raises
    NotAsShown, as `confirm_not_placed` does."""
    attempt = open_attempt(order)
    if attempt is None or order.status != Status.UNCONFIRMED:
        return False
    closed = Outcome.UNKNOWN, Status.GIVEN_UP, Resolution.PERSON
    return _close(order, attempt, *closed, actor, now, note, seen=seen)


def resolve_refused(
    order: Order,
    attempt: Attempt,
    refusal: Rejected,
    *,
    actor: User,
    now: datetime,
    text: str,
    evidence: dict[str, Any],
    seen: str | None = None,
) -> bool:
    """The kept answer of `attempt`, as it was read, proves a refusal by what was learned since.

    A refusal that is not about the order leaves it not placed, for a person to queue again.
    False: somebody resolved it, a late answer came or something was found that can be it, meanwhile
    (or since `seen`, the word of a page); the words say that it is there; or it takes two people to
    say that it is not.
    """
    if order.status != Status.UNCONFIRMED or takes_two(order):
        return False
    as_read = _as_read(attempt)
    blocker = link_queue.ahead_of(order)
    if says_it_is_there(order, refusal.code, knows_blocker=blocker is not None):
        _leave_in_doubt(order, as_read, refusal, actor, now)
        return False
    to = Status.NOT_PLACED if may_be_sent_again(refusal.code) else Status.REJECTED
    reason = refusal.reason[:LONGEST_TEXT]
    try:
        with durable_transaction():
            shown.refuse_unless_shown(order, seen)
            known = as_read.select_for_update(of=("self",)).first()
            if known is None or known.ever_seen != attempt.ever_seen:
                raise ResolvedMeanwhile
            resolve_attempt(
                as_read, Outcome.REJECTED, Resolution.PHRASE, actor, now, code=refusal.code.value
            )
            if not order.move(
                to, now=now, actor=actor, text=text, evidence=evidence, reason=reason
            ) or not reopen.reopen_contradicted(order, now=now):
                raise ResolvedMeanwhile
    except (ResolvedMeanwhile, shown.NotAsShown):
        return False
    halts.lift_if_resolved(order.provider, now=now)
    return True


def _leave_in_doubt(
    order: Order, as_read: QuerySet[Attempt], refusal: Rejected, actor: User, now: datetime
) -> None:
    """An earlier try counts as not placed, and its evidence speaks of the phrase."""
    words = f"An earlier try counts as not placed, and now the provider says: {refusal.reason}"
    doubt = {"code": Doubt.IS_THERE, "reason": words[:LONGEST_TEXT], "searched_at": now, **UNSAID}
    with transaction.atomic():
        if as_read.filter(outcome=Outcome.UNKNOWN).update(**doubt):
            order.remember(EventKind.EVIDENCE, now=now, actor=actor, text=words)
    halts.lift_if_resolved(order.provider, now=now)


def not_placed_from(attempt: Attempt, now: datetime) -> datetime:
    """From when *not placed* may be confirmed: before, the order may still appear there. Counted
    from the loss; where the clock was set since, or it was replayed, by what was waited. One whose
    wait nobody counts goes by the clock alone."""
    grace = wait_clock.grace_of(attempt.provider_id)
    until = max(attempt.started_at, attempt.unknown_at or attempt.started_at)
    until += timedelta(seconds=grace)
    counted = now + timedelta(seconds=wait_clock.left(attempt, grace))
    if until > now + timedelta(seconds=grace) or REPLAYED_AS in attempt.evidence:
        return counted
    return until if attempt.waited_at is None else max(until, counted)


def _as_read(attempt: Attempt) -> QuerySet[Attempt]:
    """A doubt that was reopened since is another one, and so is one that was replayed since: a
    first time, or again, which begins its wait anew."""
    waited = {"waited_seconds__gte": attempt.waited_seconds}
    same = only(attempt).filter(recorded_at=attempt.recorded_at, **waited)
    if REPLAYED_AS in attempt.evidence:
        return same
    return same.exclude(evidence__has_key=REPLAYED_AS)


def _close(
    order: Order,
    attempt: Attempt,
    outcome: Outcome,
    to: Status,
    resolution: Resolution,
    actor: User | None,
    now: datetime,
    text: str,
    evidence: dict[str, Any] | None = None,
    seen: str | None = None,
) -> bool:
    try:
        with durable_transaction():
            shown.refuse_unless_shown(order, seen)
            resolve_attempt(_as_read(attempt), outcome, resolution, actor, now)
            failpoint("absent.attempt")
            if not order.move(
                to, now=now, actor=actor, text=text, reason=text[:LONGEST_TEXT], evidence=evidence
            ) or not reopen.reopen_contradicted(order, now=now):
                raise ResolvedMeanwhile
            failpoint("absent.moved")
    except ResolvedMeanwhile:
        return False
    halts.lift_if_resolved(order.provider, now=now)
    return True
