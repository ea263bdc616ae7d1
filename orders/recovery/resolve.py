"""What a search proves is written down: linked, shown not to be there, or kept for a person."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import product
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from core.money import plain
from providers.identity import rows_of
from providers.models import Provider
from providers.panel_api import Progress

from ..models import Attempt, EventKind, Recovery
from ..sending.replays import UNSAID
from ..status import Doubt, Resolution, Status
from . import link_orders, not_placed
from .search.id_owners import Owner, is_decided
from .search.id_range import claimed
from .search.match_ids import Edges, IdMatch

NAMED_ELSEWHERE = (
    "An answer to it has named {}, and what was asked about does not show whose order that is: a "
    "person has to tell."
)
SEEN_BEFORE = (
    "An earlier search has found {}, of which the provider tells nothing now: a person has to tell."
)
MOST_CANDIDATES = 20  # kept for the page of the decision
MOST_SEEN = 300  # and of those that earlier searches found; one from before them is news again


def is_open(attempt: Attempt) -> bool:
    """Nobody has decided about it: the desk may. A given-up order waits for a person alone, and so
    does one that was shown not to be there before and is said to be."""
    if attempt.code == Doubt.IS_THERE:
        return False
    return attempt.resolved_by_id is None and attempt.order.status == Status.UNCONFIRMED


def linkable(
    matched: IdMatch, owners: Iterable[Owner], candidates: Mapping[str, Progress]
) -> IdMatch:
    """What of `found` the desk may link: lost orders whose id range was shown, and nothing against
    it. An id that another answer of the order has named may be its own at another charge."""
    sure = {
        owner.attempt.pk
        for owner in owners
        if owner.is_proven
        and (one := matched.found.get(owner.attempt.pk)) is not None
        and owner.fits(one, candidates[one])
    }
    return IdMatch(found={pk: one for pk, one in matched.found.items() if pk in sure})


def tell_shared(
    attempts: Collection[Attempt], edges: Edges, matched: IdMatch, *, now: datetime
) -> None:
    """Each lost order is told of the orders counted as not there that may have what it may have."""
    linked = set(matched.found.values())
    others = [one for one in attempts if is_decided(one) and edges[one.pk]]
    for attempt in attempts:
        if not is_open(attempt):
            continue
        for other in others:
            if shared := sorted((edges[attempt.pk] & edges[other.pk]) - linked):
                words = f"{', '.join(shared)} may also be order {other.order}, which counts as not"
                tell([attempt], f"{words} there: a person has to tell which.", {}, now)


def tell_moved(
    attempts: Collection[Attempt],
    edges: Edges,
    moves: Mapping[int, Collection[str]],
    matched: IdMatch,
    *,
    now: datetime,
    why: Mapping[int, str] | None = None,
) -> None:
    """Each lost order is told of the orders that may have what it may have at another price: had
    one moved that nobody has read, and `why` that cannot be told of each of those; or, without
    `why`, one that was seen around their send."""
    linked = {*matched.found.values(), *matched.foreign}
    able = {pk: {*fits, *moves.get(pk, ())} - linked for pk, fits in edges.items()}
    for one, other in product(filter(is_open, attempts), attempts):
        both = able[one.pk] & able[other.pk] if one.pk != other.pk else set()
        if shared := sorted(both - (edges[one.pk] & edges[other.pk])):
            price = "at a price that was seen around its send"
            if why is not None:
                price = "if a price has moved that the desk has not read"
            words = f"{', '.join(shared)} may also be order {other.order}, {price}: a person has"
            reason = (why or {}).get(other.pk, "")
            tell([one], f"{words} to tell which. {reason}".strip(), {}, now)


def link_found(
    matched: IdMatch,
    lost: Collection[Attempt],
    candidates: dict[str, Progress],
    *,
    now: datetime,
    by: Resolution = Resolution.PROBE,
) -> int:
    """Give each lost order the id that must be its own; how many that were. Those whose ids were
    told apart together are linked together or not at all: where one of them has been given away, or
    somebody has decided, the others may be another's, and the next search knows. What proves each
    by itself (a list, a number in the answer) links the rest."""
    by_pk = {attempt.pk: attempt for attempt in lost}
    resolution = Resolution.MATCH if len(matched.found) > 1 and by is Resolution.PROBE else by
    links = [
        link_orders.Link(
            by_pk[pk].order,
            by_pk[pk],
            external_id,
            candidates[external_id],
            f"Found at the provider as {external_id}: {resolution.label.lower()}.",
        )
        for pk, external_id in matched.found.items()
        if is_open(by_pk[pk])
    ]
    together = [links] if resolution is Resolution.MATCH else [[link] for link in links]
    return sum(_linked(group, resolution, now) for group in together)


def _linked(links: Sequence[link_orders.Link], resolution: Resolution, now: datetime) -> int:
    try:
        done = link_orders.record_links(links, resolution=resolution, now=now)
    except link_orders.CannotLink:
        return 0  # it was given to another order a moment ago
    return len(links) if done else 0


def show_absent(
    attempts: Iterable[Attempt],
    *,
    by: Resolution,
    now: datetime,
    evidence: dict[str, Any] | None = None,
) -> int:
    """These are proven not to be at the provider; how many were still open. A provider that tells
    nothing now of what it told of before proves nothing: that one is left to a person."""
    done = 0
    for attempt in attempts:
        if not is_open(attempt):
            continue
        if gone := _seen_and_gone(attempt):
            tell([attempt], SEEN_BEFORE.format(", ".join(gone[:5])), {}, now)
            continue
        done += not_placed.prove_not_placed(
            attempt.order,
            attempt,
            resolution=by,
            now=now,
            evidence=evidence,
            text=f"Shown not to be at the provider: {by.label.lower()}.",
        )
    return done


def _seen_and_gone(attempt: Attempt) -> list[str]:
    """Without what is another order of ours by now."""
    before = attempt.seen_before
    known = claimed(rows_of(attempt.provider_id), before) if before else set[str]()
    return [one for one in before if one not in known]


def stop_searching(provider: Provider, foreign: Collection[str], *, now: datetime) -> None:
    """Something else orders with this key, as far as can be told: from now on ids prove nothing
    here. A price that moved, and that the desk has not read, looks the same."""
    shown = ", ".join(sorted(foreign)[:5])
    switch_off(
        provider,
        f"The provider has an order that fits none of the desk's: {shown}. Something else may "
        "order with this key, or a price has moved that the desk has not read.",
        now=now,
    )


def switch_off(provider: Provider, words: str, *, now: datetime) -> None:
    """At every row of its account, until a person switches the search on again."""
    rows = rows_of(provider.pk)
    on = Recovery.objects.filter(provider__in=rows, stopped_because="")
    with transaction.atomic():
        for pk in rows:
            Recovery.objects.get_or_create(provider_id=pk)
        if on.update(stopped_because=words[:300]):
            provider.remember(f"The search for lost orders is off. {words}", now=now)


def keep_candidates(attempts: Iterable[Attempt], candidates: Mapping[str, Progress]) -> None:
    """For the person who will have to decide; each with how long its order had been waited for when
    it was first seen. What one of two people has said was said without an id that is new; one that
    stood there before, and is back, is not."""
    newest = list(candidates.items())[:MOST_CANDIDATES]
    for attempt in attempts:
        row = _row_of(attempt)
        for before in row:
            kept, known = before.candidates, before.ever_seen
            first = {row["id"]: row["seen_after"] for row in kept if "seen_after" in row}
            seen = [
                {**_in_text(one, said), "seen_after": first.get(one, str(before.waited_seconds))}
                for one, said in newest
            ]
            ids = [one for one, _ in newest]
            ever = [*(one for one in known if one not in ids), *ids][-MOST_SEEN:]
            row.update(candidates=seen, seen_ids=ever, **({} if {*ids} <= {*known} else UNSAID))


def _row_of(attempt: Attempt) -> QuerySet[Attempt]:
    """`AttemptQuerySet.same_as`, written here: each search comes by several times."""
    known = {"order": attempt.order_id, "started_at": attempt.started_at}
    return Attempt.objects.filter(pk=attempt.pk, **known)


def _in_text(external_id: str, said: Progress) -> dict[str, str]:
    told = {
        "charge": plain(said.charge) if said.charge is not None else "",
        "status": said.raw_status[:80],
        "start_count": "" if said.start_count is None else str(said.start_count),
        "remains": "" if said.remains is None else str(said.remains),
    }
    return {"id": external_id, **told}


def tell(attempts: Iterable[Attempt], text: str, evidence: dict[str, Any], now: datetime) -> None:
    """A line in the history of each order that was looked for."""
    for attempt in attempts:
        attempt.order.remember(EventKind.EVIDENCE, now=now, text=text, evidence=evidence)


def count_calls(attempts: Collection[Attempt], calls: int, *, shared: bool = False) -> None:
    """To each of them, or `shared`: one after the other to who has paid for the fewest so far."""
    paid = dict.fromkeys((attempt.pk for attempt in attempts), 0 if shared else calls)
    before = {attempt.pk: attempt.calls for attempt in attempts}
    for _ in range(calls if shared else 0):
        paid[min(paid, key=lambda pk: before[pk] + paid[pk])] += 1
    for attempt in attempts:
        if count := paid[attempt.pk]:
            _row_of(attempt).update(calls=F("calls") + count)


def reread(attempts: Iterable[Attempt]) -> list[Attempt]:
    """As they are now, with their orders, those that are still open: another send that was given
    the number of one since is none of them."""
    claims = {attempt.pk: (attempt.order_id, attempt.started_at) for attempt in attempts}
    rows = Attempt.objects.filter(pk__in=claims).select_related("order__service__proposed")
    same = (row for row in rows.order_by("pk") if claims[row.pk] == (row.order_id, row.started_at))
    return [attempt for attempt in same if is_open(attempt)]
