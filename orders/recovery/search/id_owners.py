"""Which sends may own an id at the provider that no order of ours has.

Not only the lost ones that are looked for. A person, or a proof, may have been wrong about one that
counts as not there; of one nothing may be known that stands around it; one may have left while the
provider was asked. What may be theirs is given to no other order without a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Q

from providers.panel_api import Progress
from providers.same_ids import plain_id

from ...models import Attempt, Recovery
from ...sending.replays import names_in
from ...status import LIVE_OUTCOMES, Flag, Outcome
from .id_range import (
    NEIGHBOURS,
    IdRange,
    claimed,
    fits,
    has_more_left,
    number_of,
    surely_after,
    widest_range,
)
from .match_ids import Edges
from .recovery_run import RecoveryRun

OPEN_STILL = Q(outcome__in=(Outcome.IN_FLIGHT, Outcome.UNKNOWN))
MOST_DECIDED = 500  # the newest of an account


@dataclass(frozen=True, slots=True)
class Owner:
    """`is_proven`: the range was shown by the account's own orders, so that the desk may link."""

    attempt: Attempt
    id_range: IdRange
    is_proven: bool

    def may_have(self, external_id: str, said: Progress) -> bool:
        """By number and charge, or because an answer to this very send has named the id."""
        names = names_of(self.attempt)
        is_named = bool(names) and plain_id(external_id) in names
        return is_named or self.fits(external_id, said)

    def fits(self, external_id: str, said: Progress) -> bool:
        number = number_of(external_id)
        return (
            number is not None
            and self.id_range.holds(number)
            and fits(self.attempt.order, said) is not False
        )


def is_decided(attempt: Attempt) -> bool:
    """It counts as not there."""
    return attempt.outcome not in LIVE_OUTCOMES


def names_of(attempt: Attempt) -> frozenset[str]:
    """Ids that an answer to this send has named, whatever else it said, as they are compared."""
    late = attempt.late.get("external_id")
    names = names_in(attempt.evidence) | ({str(late)} if late else frozenset())
    return frozenset(map(plain_id, names))


def named_elsewhere(attempt: Attempt, id_range: IdRange, account: list[int]) -> str:
    """Ids that an answer to this send has named, and that do not stand in this range, or are
    another order's: they were not asked about."""
    known = {name: number_of(name) for name in names_of(attempt)}
    odd = claimed(account, list(known)) if known else set()
    last = id_range.before or 0
    odd |= {name for name, one in known.items() if one is None or not id_range.after < one < last}
    return ", ".join(sorted(odd))


def sends_without_an_id(account: list[int]) -> list[Attempt]:
    """What left this account, or is leaving, and has no id: to be read once the provider has
    answered, so that nothing is missed that left meanwhile. What may have been bought twice has
    perhaps a second one, until somebody has looked into it."""
    rows = Attempt.objects.filter(provider__in=account)
    rows = rows.select_related("order__service__proposed", "provider")
    decided = rows.counted_as_not_there().order_by("-pk")[:MOST_DECIDED]
    twice = rows.filter(outcome=Outcome.ACCEPTED, order__flag=Flag.BOUGHT_TWICE)
    return [*rows.filter(OPEN_STILL).order_by("pk"), *twice.order_by("pk"), *decided]


def owners_of(
    run: RecoveryRun, known: Iterable[IdRange], candidates: Mapping[str, Progress]
) -> list[Owner]:
    """Every send that may own one of these, at whatever price, and each lost one of which the
    id range is known."""
    ranges = {id_range.attempt.pk: id_range for id_range in known}
    sends, found = sends_without_an_id(run.rows), list[Owner]()
    is_known = all(attempt.pk in ranges for attempt in sends)
    last = None if is_known else _last_below(run.rows, candidates)
    for attempt in sends:
        if (id_range := ranges.get(attempt.pk)) is not None:
            found.append(Owner(attempt, id_range, is_proven=True))
        elif _may_own_one(attempt, candidates, is_closed=_is_before(attempt, last, run.rules)):
            widest = widest_range(attempt, run.rules, run.rows)
            found.append(Owner(attempt, widest, is_proven=False))
    return found


def _may_own_one(attempt: Attempt, candidates: Mapping[str, Progress], *, is_closed: bool) -> bool:
    order, names = attempt.order, names_of(attempt)
    return any(
        (names and plain_id(one) in names)
        or fits(order, said) is not False
        or not (is_closed or has_more_left(order, said))
        for one, said in candidates.items()
    )


def _last_below(account: list[int], candidates: Iterable[str]) -> Attempt | None:
    """The newest accepted send that has a lower number than each of these."""
    lowest = min(filter(None, map(number_of, candidates)), default=0)
    sent = Attempt.objects.in_row_order()
    accepted = sent.filter(provider__in=account, outcome=Outcome.ACCEPTED)
    rows = accepted.only("external_id", "started_at").order_by("-pk")[:NEIGHBOURS]
    return next((row for row in rows if (number_of(row.external_id) or lowest) < lowest), None)


def _is_before(attempt: Attempt, last: Attempt | None, rules: Recovery) -> bool:
    """It could appear no more when that one was sent, so its number is no higher: said of those
    that were decided long ago, without looking around each of them."""
    if last is None or last.started_at <= attempt.started_at:
        return False
    later = surely_after(attempt, rules)
    return later is not None and last.pk > later


def edges_of(owners: Iterable[Owner], candidates: Mapping[str, Progress]) -> Edges:
    return {
        owner.attempt.pk: frozenset(
            one for one, said in candidates.items() if owner.may_have(one, said)
        )
        for owner in owners
    }
