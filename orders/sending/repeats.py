"""A send that was said again under its id of ours: its first answer alone tells no more whether the
order was bought. Providers promise that a repeat is no other order; what if it was one?"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import F

from ..flags import raise_flag
from ..models import Attempt, EventKind, Order
from ..status import Flag, Outcome, Status
from .outcome import SendOutcome

# In `Attempt.evidence` from before a repeat's first byte: the number that it was answered with,
# empty while nobody knows what became of it.
REPEATED_AS: Final = "repeated_as"


def begin(attempt: Attempt) -> None:
    """Before the call: who dies in it has had it."""
    with transaction.atomic():
        known = Attempt.objects.select_for_update().get(pk=attempt.pk)
        evidence = {REPEATED_AS: "", **known.evidence}
        lost = Attempt.objects.filter(pk=known.pk, outcome=Outcome.UNKNOWN)
        lost.update(looks=F("looks") + 1, evidence=evidence)


def end_without_an_order(attempt: Attempt) -> None:
    """This repeat is proven to have bought nothing; of one before it, as `attempt` was read, nobody
    may know."""
    if REPEATED_AS in attempt.evidence:
        return
    with transaction.atomic():
        known = Attempt.objects.select_for_update().get(pk=attempt.pk)
        rest = {name: value for name, value in known.evidence.items() if name != REPEATED_AS}
        Attempt.objects.filter(pk=known.pk).update(evidence=rest)


def keep_in_doubt(lost: Attempt, first: SendOutcome, *, now: datetime) -> SendOutcome:
    """The first send has bought nothing, and its repeat may have: what the order follows. In the
    transaction that records it. Told once."""
    words = f"Its first send bought nothing, and its repeat may have been taken. {first.reason}"
    repeated = lost.evidence[REPEATED_AS]
    named = {"candidate_id": repeated} if repeated else {}
    if lost.reason != words[:500]:
        evidence = {**first.seen, REPEATED_AS: repeated, **named}
        Attempt.objects.filter(pk=lost.pk).update(evidence=evidence, reason=words[:500])
        lost.order.remember(EventKind.EVIDENCE, now=now, text=words, evidence=first.seen)
    return SendOutcome(Outcome.UNKNOWN, Status.UNCONFIRMED, words, evidence=first.evidence)


def note_second_id(order: Order, repeated: str, first: str, *, now: datetime) -> None:
    """A repeat that comes back as another order than the first was no repeat to the provider. Told
    once for each number."""
    words = f"The repeat was answered with the number {repeated}, and the first send with {first}."
    if first == repeated or order.events.filter(text=words).exists():
        return
    raise_flag(order, Flag.BOUGHT_TWICE)
    evidence = {"candidate_id": repeated}
    order.remember(EventKind.FLAGGED, now=now, text=words, evidence=evidence)
