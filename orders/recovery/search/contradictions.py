"""An id of ours that nobody has claimed speaks against a decision that an order is not there.

Such ids turn up while another order is looked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from django.db import IntegrityError, transaction

from core.rows.constraints import raise_unless_broken
from core.rows.loops import one_by_one
from providers.models import Provider
from providers.panel_api import Progress

from ...flags import raise_flag
from ...models import Attempt, EventKind, Order
from ...sending.reopen import note_seen, reopen
from ...status import LIVE_OUTCOMES, REOPENED_BY_PROOF, Flag, Resolution
from .. import resolve
from .id_owners import Owner, is_decided
from .match_ids import Edges, IdMatch

Offers = dict[Attempt, str]  # the id that each may own
BY_PROOF = (Resolution.CLOSED_RANGE, Resolution.LISTING)


def offered(attempts: Iterable[Attempt], edges: Edges, matched: IdMatch) -> Offers:
    """To each of these that counts as not there, the id that it may own once every other id has
    the owner that it must have."""
    others, found = set(matched.found.values()), dict[Attempt, str]()
    for attempt in attempts:
        pk = attempt.pk
        if not is_decided(attempt) or pk in matched.absent:
            continue
        free = [matched.found[pk]] if pk in matched.found else sorted(edges[pk] - others)
        if free:
            found[attempt] = free[0]
    return found


def strangers_offered(
    owners: Iterable[Owner], matched: IdMatch, candidates: Mapping[str, Progress]
) -> Offers:
    """The same of the ids that no send seems to own. What was cleared before does not count: it is
    what the proof rested on."""
    found = dict[Attempt, str]()
    for owner in owners:
        id_range = replace(owner.id_range, cleared=owner.id_range.after)
        for external_id in sorted(matched.foreign) if is_decided(owner.attempt) else ():
            if replace(owner, id_range=id_range).may_have(external_id, candidates[external_id]):
                found.setdefault(owner.attempt, external_id)
    return found


def reopen_contradicted(provider: Provider, offers: Offers, *, now: datetime) -> int:
    """Each order counted as not there to which an id is offered is in doubt again, and buys
    nothing; how many. A person ends such a doubt. Where it is a proof of the desk that is in doubt,
    the desk searches no more."""
    proofs = Attempt.objects.among(offers).filter(resolution__in=BY_PROOF)
    doubted = proofs.order_by("pk").first()
    if doubted is not None:
        words = f"The provider has {offers[doubted]}, which may be an order that was shown"
        resolve.switch_off(provider, f"{words} not to be there.", now=now)
    return one_by_one(
        offers.items(), lambda offer: reopen_one(*offer, now=now), what="decisions in doubt"
    )


def reopen_one(known: Attempt, external_id: str, *, now: datetime) -> bool:
    """The order of this attempt, which counts as not there, is in doubt again, for the provider has
    `external_id`. Where a later try of it is under way, or was taken, a person hears of it. Raises
    Attempt.DoesNotExist where the database was put back since it was read."""
    rows = Attempt.objects.same_as(known).select_related("order", "provider")
    try:
        with transaction.atomic():
            attempt = rows.get()
            order = attempt.order
            if attempt.outcome in LIVE_OUTCOMES:
                return False
            if order.attempts.filter(outcome__in=LIVE_OUTCOMES).exists():
                _tell_of_two(attempt, order, external_id, now)
                return False
            if order.status not in REOPENED_BY_PROOF:
                return False
            words = f"It was not there, and the provider has {external_id}, which could be it."
            if reopen(attempt, order, external_id, words, now=now):
                return True
            transaction.set_rollback(True)  # somebody moved it: the next search sees the id again
    except IntegrityError as error:
        raise_unless_broken(error, "one_live_attempt_per_order")
        attempt = rows.get()
        _tell_of_two(attempt, attempt.order, external_id, now)  # it was claimed this moment
    return False


def _tell_of_two(attempt: Attempt, order: Order, external_id: str, now: datetime) -> None:
    """Once for each id: a later try of this order is under way, or the provider has it too. Where
    that one ends without buying, the order is in doubt."""
    words = (
        f"The provider has {external_id}, which could be attempt {attempt.number}. That one counts"
        " as not there, and the order was sent again since: it may have been bought twice."
    )
    evidence = {"candidate_id": external_id, "attempt": attempt.number}
    if order.events.telling_of(external_id, evidence).exists():
        return
    with transaction.atomic():
        note_seen(attempt, external_id)
        raise_flag(order, Flag.BOUGHT_TWICE)
        order.remember(EventKind.FLAGGED, now=now, text=words, evidence=evidence)
