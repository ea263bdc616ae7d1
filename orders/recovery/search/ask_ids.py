"""Asking a provider about ids nobody has claimed: free calls, each counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from providers.actions.calling import MustWait
from providers.panel_api import Progress, ProviderError, RefusalCode, Unreadable
from providers.panel_api.id_batches import chunks

from . import id_range
from .ask_singly import search_singly
from .recovery_run import RecoveryRun
from .search_types import CannotSearch, Seen

WIDEST = 300  # ids in one search
MOST_PARENTS = 40
IDS_TO_A_QUESTION = 10  # most of them are known to be ours where so many go to one
ROOM_FOR_A_CONTROL = 10  # ids of a batch for each of our own orders in it


def search_between(
    run: RecoveryRun, seen: Seen, *, canaries: Sequence[int], most: int, spare: int
) -> None:
    """Ask about all unclaimed ids from `seen.first` to `seen.last`, as far as `most` calls reach,
    and in each call about `canaries`, accepted orders of ours from before: while these are unknown
    there, no answer is proof. Each call ends with the orders that start others, for what they name
    is as new as what it found. What comes back goes into `seen`, its last id and the calls made
    too. Up to `spare` more calls ask again about what could not be read.

    Raises CannotSearch where the provider's answers prove nothing just now, MustWait where no
    call is left, ProviderError where the provider does not answer.
    """
    parents = id_range.parents(run.rows, MOST_PARENTS)
    if parents is None:
        raise CannotSearch("Too many drip-feeds and subscriptions run here: they start orders too.")
    size = run.client.dialect.batch_size
    seen.last = min(seen.last, seen.first + max(1, most) * size * IDS_TO_A_QUESTION)
    asked = [str(number) for number in range(seen.first, seen.last + 1)]
    taken = id_range.claimed(run.rows, asked)
    wanted = [one for one in asked if one not in taken]
    own = [str(number) for number in canaries]
    parents = [one for one in parents if one not in wanted]
    rest = [one for one in parents if one not in own]
    if size == 1:
        ask_one = partial(_answers, run, seen)
        search_singly(
            seen, ask_one, wanted, control=own[0], parents=parents, most=most, spare=spare
        )
        return
    own = own[: max(1, size // ROOM_FOR_A_CONTROL)]
    room = most * (size - len(own) - len(rest))
    if len(wanted) > max(0, room):
        seen.last = int(wanted[max(0, room)]) - 1
        wanted = wanted[: max(0, room)]
    known, children = {*own, *rest}, set[str]()
    is_first = True
    for batch in _batches(own, wanted, rest, size):
        try:
            answers = _answers(run, seen, batch)
            _check_canaries(own, answers)
            _check_parents(parents, batch, answers)
        except (MustWait, ProviderError, CannotSearch):
            if is_first:
                raise
            missed = (int(one) for one in batch if one not in known)
            seen.last, seen.is_cut = min(missed, default=seen.first) - 1, True
            break
        is_first = False
        seen.asked += [int(one) for one in batch if one not in known]
        children |= _sort(answers, known, seen)
    while seen.doubtful and not seen.is_cut and seen.calls < most + spare:
        again, seen.doubtful = seen.doubtful, []
        children |= _sort(_again(run, seen, own, again, rest), known, seen)
    for child in children:
        seen.candidates.pop(child, None)


def _again(
    run: RecoveryRun, seen: Seen, own: list[str], doubtful: list[str], rest: list[str]
) -> dict[str, Progress | Unreadable]:
    """Once more about these; those that do not fit into the call, or all where it fails, stay as
    doubtful as they are."""
    batch = doubtful[: run.client.dialect.batch_size - len(own) - len(rest)]
    unread: dict[str, Progress | Unreadable] = {one: Unreadable("not asked") for one in doubtful}
    try:
        answers = _answers(run, seen, [*own, *batch, *rest])
        _check_canaries(own, answers)
        _check_parents(rest, rest, answers)
    except (MustWait, ProviderError, CannotSearch):
        seen.is_cut = True
        return unread
    return unread | {one: said for one, said in answers.items() if one in (*batch, *rest)}


def _answers(
    run: RecoveryRun, seen: Seen, batch: Sequence[str]
) -> dict[str, Progress | Unreadable]:
    answers = run.ask(partial(run.client.statuses_once, batch))
    seen.calls += 1
    return answers


def _batches(
    own: list[str], wanted: list[str], rest: list[str], size: int
) -> Iterable[Sequence[str]]:
    if not wanted:
        return ()
    return ([*own, *part, *rest] for part in chunks(wanted, size - len(own) - len(rest)))


def _check_canaries(own: list[str], answers: dict[str, Progress | Unreadable]) -> None:
    """One that was merely left out is made up for by another."""
    told = {one: answers[one] for one in own if one in answers}
    for one, said in told.items():
        if isinstance(said, Unreadable) and said.code is RefusalCode.UNKNOWN_ORDER:
            raise CannotSearch(f"The provider does not even know {one}, an order of ours.")
    if told and not any(isinstance(said, Progress) for said in told.values()):
        raise CannotSearch(f"The provider said nothing even of {own[0]}, an order of ours.")


def _check_parents(
    parents: list[str], batch: Sequence[str], answers: dict[str, Progress | Unreadable]
) -> None:
    """What one of them started is known only while each of them is told of."""
    for one in parents:
        if one in batch and not isinstance(answers.get(one), Progress):
            raise CannotSearch(f"The provider did not say what {one} has started.")


def _sort(answers: dict[str, Progress | Unreadable], known: set[str], seen: Seen) -> set[str]:
    """Put each answer where it belongs; the children that any of ours names come back."""
    children = set[str]()
    for external_id, said in answers.items():
        children.update(said.children if isinstance(said, Progress) else ())
        if external_id in known:
            continue
        if isinstance(said, Progress):
            seen.candidates[external_id] = said
        elif said.code is not RefusalCode.UNKNOWN_ORDER:
            seen.doubtful.append(external_id)
    return children
