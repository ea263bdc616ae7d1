"""Only what holds in every way to give each candidate an owner is proven."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.recovery.search.match_ids import IdMatch, decide


@pytest.mark.parametrize(
    ("edges", "candidates", "decision"),
    [
        ({}, (), IdMatch()),
        ({1: ()}, (), IdMatch(absent=frozenset({1}))),
        ({1: "a"}, "a", IdMatch({1: "a"})),
        ({1: "a", 2: "a"}, "a", IdMatch()),
        ({1: "a", 2: "ab"}, "ab", IdMatch({1: "a", 2: "b"})),
        ({1: "ab", 2: "ab"}, "ab", IdMatch()),
        ({1: "ab", 2: "ab", 3: "c"}, "abc", IdMatch({3: "c"})),
        ({1: "a", 2: ""}, "a", IdMatch({1: "a"}, frozenset({2}))),
        ({1: "a"}, "ab", IdMatch(foreign=frozenset("b"))),
        ({}, "a", IdMatch(foreign=frozenset("a"))),
    ],
    ids=[
        "nothing lost",
        "no candidate: absent",
        "one and one",
        "two for one: nobody knows",
        "forced by the other",
        "two for two",
        "a part is proven",
        "the rest is absent",
        "one too many is not ours",
        "nobody to own it",
    ],
)
def test_what_is_proven(edges, candidates, decision):
    edges = {lost: frozenset(fits) for lost, fits in edges.items()}
    assert decide(edges, frozenset(candidates)) == decision


def every_way(edges: dict[int, frozenset[str]], candidates: list[str]) -> list[dict[str, int]]:
    """All ways to give each candidate a lost order of its own, by trying."""
    ways = []
    for owners in permutations(edges, len(candidates)):
        if all(one in edges[lost] for one, lost in zip(candidates, owners, strict=True)):
            ways.append(dict(zip(candidates, owners, strict=True)))
    return ways


small = st.dictionaries(st.integers(1, 5), st.frozensets(st.sampled_from("abcd"), max_size=4))


@given(edges=small, candidates=st.frozensets(st.sampled_from("abcd"), max_size=4))
def test_it_agrees_with_trying_every_way(edges, candidates):
    decision, ways = decide(edges, candidates), every_way(edges, sorted(candidates))
    assert bool(decision.foreign) == (not ways)
    if not ways:
        assert decision.found == {} and decision.absent == frozenset()
        return
    in_all = set.intersection(*({(lost, one) for one, lost in way.items()} for way in ways))
    assert set(decision.found.items()) == in_all
    ever = {lost for way in ways for lost in way.values()}
    assert decision.absent == edges.keys() - ever
