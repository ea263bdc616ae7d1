"""Whether an id is older than a send: a provider that counts its orders up cannot have given it to
that one. It may be an earlier try's, and the later one be bought as well."""

from __future__ import annotations

from itertools import pairwise

from providers.identity import same_account

from ..models import Attempt
from .search.id_range import Neighbourhood, number_of

LEAST = 2  # ids accepted before it, by which an account is seen to count up


def newer_before(attempt: Attempt, external_id: str) -> str:
    """An id of the account that was accepted before this send and is newer; empty where there is
    none, or its ids prove nothing."""
    near = Neighbourhood.of(attempt, same_account(attempt.provider))
    numbers = [number_of(row.external_id) for row in near.accepted_before]
    known = [number for number in numbers if number is not None]
    number = number_of(external_id)
    if number is None or len(known) < max(LEAST, len(numbers)) or not near.times_agree:
        return ""
    rises = all(one < other for one, other in pairwise(known))
    return str(known[-1]) if rises and number <= known[-1] else ""
