"""A send that was said again under its id of ours: its first answer alone tells no more whether the
order was bought. Providers promise that a replay is no other order; what if it was one?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import F

from core.texts import LONGEST_TEXT
from providers.same_ids import plain_id

from ..flags import raise_flag
from ..models import Attempt, EventKind, Order, Recovery
from ..status import Flag, Outcome, Status
from .outcome import SendOutcome

# In `Attempt.evidence` from before a replay's first byte: the number that it was answered with,
# empty while nobody knows what became of it.
REPLAYED_AS: Final = "repeated_as"
CANDIDATE: Final = "candidate_id"  # the first number that any answer to this send has named
ALSO_NAMED: Final = "also_named"  # and the others: of several none is known to be the order
SEEN_THERE: Final = "seen_there"  # an id at the provider that could be it
# The first of two people has said so of what was known then.
UNSAID: Final[dict[str, Any]] = {"confirmed_by": None, "confirmed_at": None}
_WAIT: Final = ("waited_seconds", "waited_at", "surely_after")


def begin(attempt: Attempt, *, now: datetime) -> None:
    """Before the call: who dies in it has had it. It may buy the order, which is waited for from
    here on as it was from the loss of the first send."""
    with transaction.atomic():
        known = Attempt.objects.same_as(attempt).select_for_update().get()
        if known.outcome == Outcome.UNKNOWN:
            note(known, now=now)
            Attempt.objects.filter(pk=known.pk).update(searches=F("searches") + 1)


def note(lost: Attempt, *, now: datetime) -> None:
    """On a row as it reads in this transaction."""
    lost.evidence = {REPLAYED_AS: "", **lost.evidence}
    anew = {"waited_seconds": 0, "waited_at": now, "surely_after": None}
    Attempt.objects.filter(pk=lost.pk).update(evidence=lost.evidence, **anew, **UNSAID)


def end_without_an_order(attempt: Attempt) -> None:
    """This replay is proven to have bought nothing, so it is not waited for; of one before it, as
    `attempt` was read, nobody may know."""
    with transaction.atomic():
        known = Attempt.objects.same_as(attempt).select_for_update().get()
        waited = {name: getattr(attempt, name) for name in _WAIT}
        evidence = dict(known.evidence)
        if REPLAYED_AS not in attempt.evidence:
            evidence.pop(REPLAYED_AS, None)
        Attempt.objects.filter(pk=known.pk).update(evidence=evidence, **waited)


def names_in(evidence: Mapping[str, Any]) -> frozenset[str]:
    """Every number that an answer to this send, or to a replay of it, has named."""
    one = (evidence.get(CANDIDATE), evidence.get(REPLAYED_AS))
    return frozenset(str(name) for name in (*one, *evidence.get(ALSO_NAMED, ())) if name)


def with_names_of(before: Mapping[str, Any], evidence: Mapping[str, Any]) -> dict[str, Any]:
    """This evidence, which is about to be written over `before`: no number that was named there is
    forgotten, nor that it was replayed. The number to look at first is the new one."""
    names = names_in(before) | names_in(evidence)
    first = str(evidence.get(CANDIDATE) or before.get(CANDIDATE) or min(names, default=""))
    kept = {name: value for name, value in evidence.items() if name != ALSO_NAMED}
    if REPLAYED_AS in before:
        kept[REPLAYED_AS] = before[REPLAYED_AS]
    if first:
        kept[CANDIDATE] = first
    return kept | ({ALSO_NAMED: sorted(names - {first})} if names - {first} else {})


def with_seen(attempt: Attempt, evidence: dict[str, Any]) -> dict[str, Any]:
    """This evidence, which is about to take the place of the attempt's own."""
    number = attempt.evidence.get(SEEN_THERE)
    return {**evidence, SEEN_THERE: number} if number else evidence


def note_number(lost: Attempt, number: str, *, now: datetime) -> None:
    """A replay of this lost send, as it reads in this transaction, was answered with this number.
    It takes the place of none that was named before: a person tells which is the order."""
    seen = lost.evidence
    others = names_in(seen) - {number}
    first = str(seen.get(CANDIDATE) or min(others, default=number))
    evidence = {**seen, CANDIDATE: first, REPLAYED_AS: seen.get(REPLAYED_AS) or number}
    if others:
        evidence[ALSO_NAMED] = sorted({number, *others} - {first})
    shown = _shown(lost, evidence)
    Attempt.objects.filter(pk=lost.pk).update(candidates=shown, evidence=evidence)
    lost.candidates, lost.evidence = shown, evidence
    if others:
        note_second_id(lost.order, number, min(others), now=now)


def note_first_answer(lost: Attempt, first: SendOutcome, *, now: datetime) -> None:
    """What was seen of the first send itself, which proves nothing: where nothing of it was seen
    before, whatever is known of its replays."""
    if not lost.evidence.keys() <= {CANDIDATE, REPLAYED_AS, ALSO_NAMED, SEEN_THERE}:
        return
    evidence = with_seen(lost, with_names_of(lost.evidence, first.seen))
    seen: dict[str, Any] = {"evidence": evidence, "reason": first.reason[:LONGEST_TEXT]}
    replayed, named = evidence.get(REPLAYED_AS), first.seen.get(CANDIDATE)
    if replayed and named:
        seen["candidates"] = _shown(lost, evidence)
        note_second_id(lost.order, replayed, named, now=now)
    if evidence != lost.evidence:
        seen |= UNSAID
    Attempt.objects.filter(pk=lost.pk).update(**seen)


def _shown(lost: Attempt, evidence: Mapping[str, Any]) -> list[dict[str, str]]:
    """Every number that was named, for the person who decides."""
    rows = {row["id"]: row for row in lost.candidates}
    return [rows.get(name) or _unread(name) for name in sorted(names_in(evidence))]


def _unread(number: str) -> dict[str, str]:
    return {"id": number, "charge": "", "status": "", "start_count": "", "remains": ""}


def keep_in_doubt(lost: Attempt, first: SendOutcome, *, now: datetime) -> SendOutcome:
    """The first send has bought nothing, and its replay may have: what the order follows. In the
    transaction that records it. Told once."""
    words = f"Its first send bought nothing, and its replay may have been taken. {first.reason}"
    if lost.reason != words[:LONGEST_TEXT]:
        evidence = with_seen(lost, with_names_of(lost.evidence, first.seen))
        Attempt.objects.filter(pk=lost.pk).update(evidence=evidence, reason=words[:LONGEST_TEXT])
        lost.order.remember(EventKind.EVIDENCE, now=now, text=words, evidence=first.seen)
    return SendOutcome(Outcome.UNKNOWN, Status.UNCONFIRMED, words, evidence=first.evidence)


def note_second_id(order: Order, replayed: str, first: str, *, now: datetime) -> None:
    """A replay that comes back as another order than the first was no replay to the provider. Told
    once for each number."""
    words = f"The replay was answered with the number {replayed}, and the same send with {first}."
    evidence = {"candidate_id": replayed, "first_answer": first}
    is_told = order.events.telling_of(replayed, evidence).exists()
    if plain_id(first) == plain_id(replayed) or is_told:
        return
    raise_flag(order, Flag.BOUGHT_TWICE)
    order.remember(EventKind.FLAGGED, now=now, text=words, evidence=evidence)
    _end_promise(order, now)


def _end_promise(order: Order, now: datetime) -> None:
    """That a replay is answered with the first order; an admin may promise it again."""
    promised = Recovery.objects.filter(pk=order.provider_id).exclude(replays_promised_for="")
    if promised.update(replays_promised_for=""):
        words = f"Orders are no longer replayed under the same id: order {order} came back as two."
        order.provider.remember(words, now=now)
