"""What each order waited for when its release was confirmed, in the words of `shown.of_hold`:
"funds:3-5,9;link_busy-4:7;restored-1796000000000000:8" in the form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from ..shown import word_of_hold
from ..status import HoldReason
from . import chosen_orders
from .bulk_action import MOST
from .chosen_orders import NotChosen

_WORD = re.compile(r"[a-z_]+(?:-[0-9]{1,18})?")


def spelled(holds: Mapping[str, Iterable[int]]) -> str:
    """As text, so that a form can carry which order was shown to wait for what."""
    return ";".join(f"{reason}:{chosen_orders.spelled(ids)}" for reason, ids in holds.items())


def read(text: str) -> dict[str, str]:
    """The ids by the reason, still as text: a job keeps them so. Raises NotChosen."""
    holds = dict[str, str]()
    for part in text.split(";") if text else ():
        reason, _, ids = part.partition(":")
        if not _WORD.fullmatch(reason) or reason_of(reason) not in HoldReason.values:
            raise NotChosen("no reason of a hold")
        _ids(ids)
        holds[reason] = ids
    return holds


def reason_of(word: str) -> str:
    return word.partition("-")[0]


def is_shown(holds: Mapping[str, str], reason: str, order_id: int) -> bool:
    """Whether this very order was shown to wait for this, or to stand behind others of the same
    confirmation of which the first was: once these are released, it is next."""
    kind, seen, words = reason_of(reason), set[str](), [reason]
    while words:
        word = words.pop()
        if word in seen or word not in holds:
            continue
        seen.add(word)
        behind = _ids(holds[word])
        if order_id in behind:
            return True
        if kind == HoldReason.LINK_BUSY:
            words += (word_of_hold(kind, one) for one in behind)
    return False


@lru_cache(maxsize=2 * len(HoldReason))
def _ids(text: str) -> frozenset[int]:
    """A job asks once for each of its orders."""
    return frozenset(chosen_orders.read(text, most=MOST))
