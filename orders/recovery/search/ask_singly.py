"""Asking where each id takes a call of its own: ids that can be ours come first, and an order that
is known to be ours is asked about only where its answer is needed for a proof."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from providers.actions.calling import MustWait
from providers.panel_api import Progress, ProviderError, RefusalCode, Unreadable

from .search_types import CannotSearch, Seen

Ask = Callable[[Sequence[str]], dict[str, Progress | Unreadable]]


def search_singly(
    seen: Seen,
    ask: Ask,
    wanted: Sequence[str],
    *,
    control: str,
    parents: Sequence[str],
    gone: Collection[str] = (),
    most: int,
    spare: int,
) -> dict[str, Progress]:
    """Ask about `wanted`, lowest first, until one is ours or `most` calls are made. Nothing is
    cleared unless the call for `control`, out of `spare` where there is one, was left and shows
    that orders of ours are known there. What was said of `parents` comes back; those that are
    `gone` need not be known any more."""
    proves = most + spare > 1
    room = most - len(parents) - (1 if proves and not spare else 0)
    if wanted and parents and room < 1:
        raise CannotSearch("Orders that start others run here, and asking about each takes a call.")
    if len(wanted) > max(0, room):
        seen.last = int(wanted[max(0, room)]) - 1
        wanted = wanted[: max(0, room)]
    for one in wanted:
        if not _ask_one(seen, ask, one):
            return {}
        if seen.candidates:
            seen.last = int(one)
            break
    if seen.candidates:
        return _drop_children(seen, ask, parents, gone)
    if wanted:
        _prove(seen, ask, control, may_ask=proves)
    return {}


def _ask_one(seen: Seen, ask: Ask, one: str) -> bool:
    """False: the provider cannot be asked on, and what was learned so far stands."""
    try:
        said = ask([one]).get(one)
    except (MustWait, ProviderError):
        if not seen.asked:
            raise
        seen.last, seen.is_cut = seen.first - 1, True
        return False
    seen.asked.append(int(one))
    if isinstance(said, Progress):
        seen.candidates[one] = said
    elif said is None or said.code is not RefusalCode.UNKNOWN_ORDER:
        seen.doubtful.append(one)
    return True


def _drop_children(
    seen: Seen, ask: Ask, parents: Sequence[str], gone: Collection[str]
) -> dict[str, Progress]:
    """What one of them started is no lost order; while one does not tell, nobody knows."""
    told = dict[str, Progress]()
    for parent in parents:
        said = ask([parent]).get(parent)
        if not isinstance(said, Progress):
            if said and said.code is RefusalCode.UNKNOWN_ORDER and parent in gone:
                continue
            seen.candidates.clear()
            raise CannotSearch(f"The provider did not say what {parent} has started.")
        told[parent] = said
        for child in said.children:
            seen.candidates.pop(child, None)
    return told


def _prove(seen: Seen, ask: Ask, control: str, *, may_ask: bool) -> None:
    """An unknown id proves nothing where our own orders are unknown too."""
    said = None
    if may_ask:
        try:
            said = ask([control]).get(control)
        except (MustWait, ProviderError):
            said = None
    if isinstance(said, Unreadable) and said.code is RefusalCode.UNKNOWN_ORDER:
        raise CannotSearch(f"The provider does not even know {control}, an order of ours.")
    if not isinstance(said, Progress):
        seen.last, seen.is_cut = seen.first - 1, True
