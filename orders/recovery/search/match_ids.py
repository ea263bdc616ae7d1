"""Which id must belong to which lost order: pure reasoning, no rows and no calls.

Every candidate is an order of ours at the provider that nobody has claimed, so in truth each
belongs to exactly one send: a lost one, or one that is wrongly taken for not there. What holds in
*every* way to give each candidate an owner is proven; everything else is left to a person.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass, field

Edges = Mapping[int, Set[str]]  # send → candidates it can be
Pairs = dict[str, int]  # candidate → its owner


@dataclass(frozen=True, slots=True)
class IdMatch:
    """`found` and `absent` hold in every matching. `foreign`: candidates that cannot all have
    an owner among the lost orders, so something else orders with this key; then nothing holds."""

    found: dict[int, str] = field(default_factory=dict)
    absent: frozenset[int] = frozenset()
    foreign: frozenset[str] = frozenset()


def decide(edges: Edges, candidates: Collection[str]) -> IdMatch:
    """What is proven by these lost orders and candidates."""
    owners = {c: [lost for lost, fits in edges.items() if c in fits] for c in candidates}
    matching = _matching(owners)
    if len(matching) < len(owners):
        return IdMatch(foreign=frozenset(owners.keys() - matching.keys()))
    found = {lost: c for c, lost in matching.items() if _is_forced(owners, c, lost)}
    idle = edges.keys() - set(matching.values())
    return IdMatch(found, frozenset(lost for lost in idle if not _may_own(owners, lost)))


def _is_forced(owners: Mapping[str, list[int]], candidate: str, lost: int) -> bool:
    """No owner can be found for every candidate when this one is given to somebody else."""
    others = [one for one in owners[candidate] if one != lost]
    return len(_matching({**owners, candidate: others})) < len(owners)


def _may_own(owners: Mapping[str, list[int]], lost: int) -> bool:
    """Some way to give every candidate an owner gives one to this lost order."""
    return any(
        len(_matching({**owners, candidate: [lost]})) == len(owners)
        for candidate, able in owners.items()
        if lost in able
    )


def _matching(owners: Mapping[str, list[int]]) -> Pairs:
    """As many candidates as possible, each with an owner of its own (augmenting paths)."""
    held_by: dict[int, str] = {}

    def give(candidate: str, seen: set[int]) -> bool:
        for lost in owners[candidate]:
            if lost in seen:
                continue
            seen.add(lost)
            if lost not in held_by or give(held_by[lost], seen):
                held_by[lost] = candidate
                return True
        return False

    for candidate in owners:
        give(candidate, set())
    return {candidate: lost for lost, candidate in held_by.items()}
