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

from ...models import Attempt
from ...sending.replays import names_in
from ...status import LIVE_OUTCOMES, Flag, Outcome
from .id_range import IdRange, fits, number_of, widest_range
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
        return external_id in names_of(self.attempt) or self.fits(external_id, said)

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
    """Ids that an answer to this send has named, whatever else it said."""
    late = attempt.late.get("external_id")
    return names_in(attempt.evidence) | ({str(late)} if late else frozenset())


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
    """Every send that may own one of these, and each lost one of which the id range is known."""
    ranges = {id_range.attempt.pk: id_range for id_range in known}
    found = list[Owner]()
    for attempt in sends_without_an_id(run.rows):
        if (id_range := ranges.get(attempt.pk)) is not None:
            found.append(Owner(attempt, id_range, is_proven=True))
        elif any(
            one in names_of(attempt) or fits(attempt.order, said) is not False
            for one, said in candidates.items()
        ):
            widest = widest_range(attempt, run.rules, run.rows)
            found.append(Owner(attempt, widest, is_proven=False))
    return found


def edges_of(owners: Iterable[Owner], candidates: Mapping[str, Progress]) -> Edges:
    return {
        owner.attempt.pk: frozenset(
            one for one, said in candidates.items() if owner.may_have(one, said)
        )
        for owner in owners
    }
