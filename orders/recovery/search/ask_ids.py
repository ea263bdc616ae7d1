"""Asking a provider about ids nobody has claimed: free calls, each counted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from providers.actions.calling import MustWait
from providers.panel_api import Progress, ProviderError, RefusalCode, Unreadable

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
    parents = id_range.parents(run.rows, MOST_PARENTS, after=next(iter(canaries), None))
    if parents is None:
        raise CannotSearch("Too many drip-feeds and subscriptions run here: they start orders too.")
    size = run.client.dialect.batch_size
    seen.last = min(seen.last, seen.first + max(1, most) * size * IDS_TO_A_QUESTION)
    asked = [str(number) for number in range(seen.first, seen.last + 1)]
    taken = id_range.claimed(run.rows, asked)
    wanted = [one for one in asked if one not in taken]
    own = [str(number) for number in canaries]
    others = [one for one in parents.ids if one not in wanted]
    if size == 1:
        ask_one = partial(_answers, run, seen)
        told = search_singly(
            seen,
            ask_one,
            wanted,
            control=own[0],
            parents=others,
            gone=parents.gone,
            most=most,
            spare=spare,
        )
        _doubt_what_is_not_named(seen, parents, told)
        return
    own = own[: max(1, size // ROOM_FOR_A_CONTROL)]
    calls = _Calls(run, seen, parents, own, [one for one in others if one not in own])
    room = max(0, most * calls.room)
    if len(wanted) > room:
        seen.last = int(wanted[room]) - 1
        wanted = wanted[:room]
    _ask_all(calls, wanted, most)
    while seen.doubtful and not seen.is_cut and seen.calls < most + spare:
        _ask_again(calls)
    for child in calls.children:
        seen.candidates.pop(child, None)
    _doubt_what_is_not_named(seen, parents, calls.told)


@dataclass(slots=True)
class _Calls:
    """Questions about many ids. `own` begins each of them, and `rest` ends it: the orders that
    start others. `told` is what each of these has said last."""

    run: RecoveryRun
    seen: Seen
    parents: id_range.Parents
    own: list[str]
    rest: list[str]
    told: dict[str, Progress] = field(default_factory=dict)
    children: set[str] = field(default_factory=set)

    @property
    def room(self) -> int:
        """Ids for which there is room in one call."""
        return self.run.client.dialect.batch_size - len(self.own) - len(self.rest)

    def ask(self, part: Sequence[str]) -> None:
        """Nothing is taken in where a canary or an order that starts others does not answer."""
        batch = [*self.own, *part, *self.rest]
        answers = _answers(self.run, self.seen, batch)
        _check_canaries(self.own, answers)
        own = [one for one in self.own if one in self.parents.ids]
        _check_parents([*own, *self.rest], self.parents.gone, answers)
        self.seen.asked += [int(one) for one in part]
        self.told |= {
            one: said
            for one, said in answers.items()
            if isinstance(said, Progress) and (one in self.rest or one in self.parents.ids)
        }
        self.children |= _sort(answers, part, self.seen)


def _ask_all(calls: _Calls, wanted: Sequence[str], most: int) -> None:
    """What a lost order that starts others may be goes along from then on: what it starts until the
    next call stands above it."""
    seen, is_first = calls.seen, True
    while wanted:
        part, left = wanted[: max(0, calls.room)], wanted[max(0, calls.room) :]
        if not part or seen.calls >= most:
            seen.last = int(wanted[0]) - 1
            return
        try:
            calls.ask(part)
        except (MustWait, ProviderError, CannotSearch):
            if is_first:
                raise
            seen.last, seen.is_cut = int(part[0]) - 1, True
            return
        is_first, wanted = False, left
        if calls.parents.may_turn_up:
            calls.rest += [one for one in part if one in seen.candidates]


def _ask_again(calls: _Calls) -> None:
    """Once more about what could not be read; what does not fit into the call, or all where it
    fails, stays as doubtful as it is."""
    seen, doubtful = calls.seen, calls.seen.doubtful
    part = doubtful[: max(0, calls.room)]
    seen.is_cut, seen.doubtful = not part, doubtful[len(part) :]
    if not part:
        return
    try:
        calls.ask(part)
    except (MustWait, ProviderError, CannotSearch):
        seen.is_cut, seen.doubtful = True, doubtful


def _doubt_what_is_not_named(
    seen: Seen, parents: id_range.Parents, told: Mapping[str, Progress]
) -> None:
    """Some providers do not say which orders a drip-feed has started: those are nobody's, and look
    like the lost one, also where the drip-feed has ended since."""
    may_start = {**told, **seen.candidates} if parents.may_turn_up else told
    silent = [one for one, said in may_start.items() if not (said.children or said.names_children)]
    silent += parents.ended
    if parents.are_named or not silent:
        return
    for one in seen.candidates:
        number = id_range.number_of(one) or id_range.LARGEST_ID
        older = (it for it in silent if it != one and (id_range.number_of(it) or 0) < number)
        if parent := next(older, None):
            seen.unsure = f"{one} may be an order that {parent} has started, which this provider"
            seen.unsure += " has never named for any order: a person has to tell."
            return


def _answers(
    run: RecoveryRun, seen: Seen, batch: Sequence[str]
) -> dict[str, Progress | Unreadable]:
    answers = run.ask(partial(run.client.statuses_once, batch))
    seen.calls += 1
    return answers


def _check_canaries(own: list[str], answers: dict[str, Progress | Unreadable]) -> None:
    """One that was merely left out is made up for by another."""
    told = {one: answers[one] for one in own if one in answers}
    for one, said in told.items():
        if isinstance(said, Unreadable) and said.code is RefusalCode.UNKNOWN_ORDER:
            raise CannotSearch(f"The provider does not even know {one}, an order of ours.")
    if told and not any(isinstance(said, Progress) for said in told.values()):
        raise CannotSearch(f"The provider said nothing even of {own[0]}, an order of ours.")


def _check_parents(
    parents: Sequence[str], gone: Collection[str], answers: dict[str, Progress | Unreadable]
) -> None:
    """What one of them started is known only while each of them is told of."""
    for one in parents:
        said = answers.get(one)
        if isinstance(said, Unreadable) and one in gone:
            is_told = said.code is RefusalCode.UNKNOWN_ORDER
        else:
            is_told = isinstance(said, Progress)
        if not is_told:
            raise CannotSearch(f"The provider did not say what {one} has started.")


def _sort(answers: dict[str, Progress | Unreadable], part: Sequence[str], seen: Seen) -> set[str]:
    """Put each answer where it belongs; the children that any of ours names come back."""
    children = set[str]()
    for external_id, said in answers.items():
        children.update(said.children if isinstance(said, Progress) else ())
        if external_id not in part:
            continue
        if isinstance(said, Progress):
            seen.candidates[external_id] = said
        elif said.code is not RefusalCode.UNKNOWN_ORDER:
            seen.doubtful.append(external_id)
    return children
