"""What the ids that nobody has claimed prove about the sends that may own them.

A charge alone proves it where no price that moved unread would change the answer. Where one would,
each doubt is held against what is known of that price.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from providers.panel_api import Progress

from .id_owners import Owner, edges_of, owners_of
from .id_range import MOVED_UNSEEN, IdRange, claimed, last_place, may_be_reduced, number_of
from .match_ids import Edges, IdMatch, decide
from .prices.moved_prices import Factors, Moves, decide_despite_moves, moves_of
from .prices.price_proof import Unproven, costs_around
from .recovery_run import RecoveryRun


@dataclass(frozen=True, slots=True)
class Decision:
    """`matched` is proven. `moves` are the doubts that are left, and `why` they are, by send;
    `told` are ids that may be a send's at a price that was seen around it; `waits`: of these ids a
    catalog that is read later may show which is whose."""

    owners: Sequence[Owner]
    edges: Edges
    matched: IdMatch
    moves: Moves
    why: Mapping[int, str] = field(default_factory=dict)
    waits: frozenset[str] = frozenset()
    told: Edges = field(default_factory=dict)
    hangs: frozenset[int] = frozenset()  # sends of which the charges tell, and the prices do not


UNDECIDED = Decision((), {}, IdMatch(), {})


def decide_owners(
    run: RecoveryRun,
    ranges: Collection[IdRange],
    candidates: Mapping[str, Progress],
    *,
    read_since: Collection[str] = (),
) -> Decision:
    """`read_since`: ids that had been seen long before the catalog that was just read."""
    owners = owners_of(run, ranges, candidates)
    # Read after the owners: one that has got its number meanwhile is then among either of them.
    taken = claimed(run.rows, list(candidates))
    candidates = {one: said for one, said in candidates.items() if one not in taken}
    edges = edges_of(owners, candidates)
    moves = moves_of(owners, edges, candidates)
    clear, matched = decide(edges, candidates), decide_despite_moves(edges, moves, candidates)
    if matched == clear:
        return Decision(owners, edges, matched, moves)
    doubts = _Doubts(run, candidates, read_since)
    left, told = doubts.left_of(owners, moves)
    matched = decide_despite_moves(edges, left, candidates, told)
    hangs = (clear.found.keys() - matched.found.keys()) | (clear.absent - matched.absent)
    waits = frozenset(doubts.waits) if hangs else frozenset()
    return Decision(owners, edges, matched, left, doubts.why, waits, told, frozenset(hangs))


class _Doubts:
    """Which of the ids that a moved price gives to a send stay in doubt."""

    def __init__(
        self, run: RecoveryRun, candidates: Mapping[str, Progress], read_since: Collection[str]
    ) -> None:
        self.run, self.candidates, self.read_since = run, candidates, read_since
        self.why: dict[int, str] = {}
        self.waits: set[str] = set()

    def left_of(self, owners: Iterable[Owner], moves: Moves) -> tuple[Moves, Edges]:
        """Those, and the ids that are a send's at a price that a catalog has told."""
        left, told = dict[int, dict[str, Factors]](), dict[int, set[str]]()
        for owner in owners:
            pk = owner.attempt.pk
            left[pk], told[pk] = {}, set()
            for one, factors in moves[pk].items():
                may_be = self._may_be(owner, one, factors.charge)
                if may_be is None:
                    left[pk][one] = factors
                elif may_be:
                    told[pk].add(one)
        return left, told

    def _may_be(self, owner: Owner, one: str, charge: Decimal) -> bool | None:
        """None: at any price, for all that is known."""
        number = number_of(one) or 0  # what moved stands in a id_range: it has one
        place, is_read = last_place(charge), one in self.read_since
        try:
            low, high = costs_around(self.run, owner.attempt, number, place=place, is_read=is_read)
        except Unproven as doubt:
            self.why[owner.attempt.pk] = str(doubt)
            if doubt.waits:
                self.waits.add(one)
            return None
        slack = max(place, high * MOVED_UNSEEN)  # the provider may round as it likes
        is_less = may_be_reduced(owner.attempt.order, self.candidates[one])
        least = Decimal(0) if is_less else low - slack
        return least <= charge <= high + slack
