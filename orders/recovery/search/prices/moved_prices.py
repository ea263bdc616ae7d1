"""What a charge proves where the price of a service may have moved and the desk has not read it.

An order that was charged thirty percent more looks like one that costs thirty percent more. So what
the charges say is believed only where it is still so with a moved price: no one factor gives an id
another owner, and no factors at all give one to an order that counts as not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from providers.panel_api import Progress

from ....models import Order
from ..id_owners import Owner
from ..id_range import (
    MOVED_UNSEEN,
    costs_of,
    has_more_left,
    last_place,
    may_be_reduced,
    number_of,
)
from ..match_ids import Edges, IdMatch, decide


@dataclass(frozen=True, slots=True)
class Factors:
    """By what the price must have moved for this charge: from `least` up to `most`, if any."""

    charge: Decimal
    least: Decimal
    most: Decimal | None

    def has(self, factor: Decimal) -> bool:
        return self.least <= factor and (self.most is None or factor <= self.most)


Moves = Mapping[int, Mapping[str, Factors]]  # send → candidates it can be at another price


def decide_despite_moves(
    edges: Edges, moves: Moves, candidates: Mapping[str, Progress], told: Edges | None = None
) -> IdMatch:
    """What these edges prove, and a price that moved unread does not put in doubt. `told`: ids that
    may be a send's at a price that a catalog has told."""
    edges = {pk: fits | (told or {}).get(pk, frozenset()) for pk, fits in edges.items()}
    matched = decide(edges, candidates)
    if matched.foreign or not any(moves.values()):
        return matched
    found = set(matched.found.items())
    for factor in {one.least for able in moves.values() for one in able.values()}:
        found &= decide(_at(factor, edges, moves), candidates).found.items()
    absent = decide(_with_moves(edges, moves), candidates).absent
    return IdMatch(dict(found), matched.absent & absent)


def moves_of(owners: Iterable[Owner], edges: Edges, candidates: Mapping[str, Progress]) -> Moves:
    """Each id that stands in the id range of a send, and that only its charge speaks against."""
    return {
        owner.attempt.pk: {
            one: factors
            for one, said in candidates.items()
            if one not in edges[owner.attempt.pk]
            and owner.id_range.holds(number_of(one) or 0)
            and (factors := factors_for(owner.attempt.order, said)) is not None
        }
        for owner in owners
    }


def _with_moves(edges: Edges, moves: Moves) -> Edges:
    """Every price may have moved, each as it likes."""
    return {pk: fits | moves[pk].keys() for pk, fits in edges.items()}


def _at(factor: Decimal, edges: Edges, moves: Moves) -> Edges:
    """The prices that moved have moved by this factor."""
    return {
        pk: fits | {one for one, factors in moves[pk].items() if factors.has(factor)}
        for pk, fits in edges.items()
    }


def factors_for(order: Order, said: Progress) -> Factors | None:
    """None where no price makes this charge one of this order."""
    if said.charge is None or said.charge < 0 or has_more_left(order, said):
        return None
    if order.estimate is None:
        return None
    low, high = costs_of(order)
    place = last_place(said.charge)
    is_endless = order.has_no_bound or high == 0
    least = Decimal(0) if is_endless else (said.charge - place) / (high * (1 + MOVED_UNSEEN))
    is_open = may_be_reduced(order, said) or low == 0
    most = None if is_open else (said.charge + place) / (low * (1 - MOVED_UNSEEN))
    return Factors(said.charge, max(least, Decimal(0)), most)
