"""Looking for lost orders by their number, with few free calls for each.

Soon after the loss one call finds nearly every order that is there. What was not found is searched
for once more, and further, when it can no longer appear, and is shown not to be there when a later
order closes the range. Calls of which nothing was learned count too: no lost order costs more than
`MOST_CALLS`, then a person decides.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from core import clocks
from core.failpoints import failpoint

from ...models import Attempt
from ...status import Outcome, Resolution
from .. import resolve
from . import contradictions, search_schedule
from .ask_ids import WIDEST, search_between
from .decide_owners import UNDECIDED, Decision
from .id_owners import named_elsewhere
from .id_range import IdRange, claimed, id_ranges
from .match_ids import IdMatch
from .prices import price_wait
from .recovery_run import RecoveryRun
from .search_types import CannotSearch, Seen

MOST_CALLS = 4  # answered, for one lost order
FOR_THE_END = 3  # of them: two for the last search, one to close the range
FEWEST = 100  # ids after the last known one that are always asked about
FEWEST_AT_LAST = 200  # what is missed once it can no longer appear looks like the next lost one
GAPS = 4  # times the largest gap seen, where that is more


class Search:
    """The search by ids in one run; what it decides is told in `run.done`."""

    def __init__(self, run: RecoveryRun) -> None:
        self.run, self.rules, self.clock = run, run.rules, run.clock

    def go(self) -> None:
        attempts = Attempt.objects.filter(provider__in=self.run.rows)
        if attempts.filter(outcome=Outcome.IN_FLIGHT).exists():
            return  # what is on its way has no id we know of, and would look like a lost one
        if attempts.given_back().filter(outcome=Outcome.UNKNOWN).exists():
            return  # between which ids those are nobody knows; the account's page says so
        self.ranges = id_ranges(self.run.rows, self.rules)
        now = self.clock()
        due = [w for w in self.ranges if search_schedule.is_due(w.attempt, now)]
        if due:
            self._search_range(due)
            return  # one search a run: what it found changes the ranges of the others
        for id_range in self.ranges:
            if _may_be_closed(id_range, now):
                self._close(id_range)
                return
        waited = price_wait.waited(self.ranges, now)
        price_wait.wait_no_more(self.run.rows, now)
        self._ask_for_prices(waited)

    def _ask_for_prices(self, group: list[IdRange]) -> None:
        """No later order is known, and a catalog may tell by now which of these ids is whose. One
        call is kept for when the range is closed."""
        attempts = [id_range.attempt for id_range in group]
        if sum(max(0, MOST_CALLS - attempt.calls) for attempt in attempts) < 2:
            return
        numbers = [number for attempt in attempts for number in price_wait.kept_numbers(attempt)]
        seen = Seen(min(numbers), max(numbers))
        if self._ask(attempts, seen, canaries=group[0].canaries, most=1, shared=True):
            self._resolve(seen, attempts, seen.last)

    # a search

    def _search_range(self, due: list[IdRange]) -> None:
        """Ask about the ids after the last one that is known."""
        asked_at = self.clock()
        most = {
            id_range.attempt.pk: self._affordable(id_range.attempt, asked_at) for id_range in due
        }
        wait = [id_range.attempt for id_range in due if not most[id_range.attempt.pk]]
        searched = [id_range for id_range in due if most[id_range.attempt.pk]]
        last = [id_range for id_range in due if self._is_last(id_range.attempt, asked_at)]
        at_last = frozenset(id_range.attempt.pk for id_range in last)
        if wait:
            self._note_search(wait, asked_at, None, at_last)
        if not searched:
            return
        last = [id_range for id_range in last if id_range in searched]
        attempts = [id_range.attempt for id_range in searched]
        calls = min(most[id_range.attempt.pk] for id_range in last or searched)
        seen = self._range(searched, is_last=bool(last))
        oldest = min(searched, key=lambda id_range: id_range.after)
        spare = min(MOST_CALLS - attempt.calls for attempt in attempts) - calls if last else 0
        wanted_last = seen.last
        if self._ask(attempts, seen, canaries=oldest.canaries, most=calls, spare=spare):
            decision = self._resolve(seen, attempts, wanted_last)
            still = resolve.reread(attempts)
            self._note_search(still, asked_at, seen, at_last)
            price_wait.wait_for_prices(still, decision, self.clock())

    def _is_last(self, attempt: Attempt, now: datetime) -> bool:
        return not search_schedule.later_moments(attempt, self.rules, now)

    def _affordable(self, attempt: Attempt, now: datetime) -> int:
        """How many calls may go into this search."""
        left = max(0, MOST_CALLS - attempt.calls)
        if self._is_last(attempt, now):
            return min(left, max(2, left - 1))
        return max(0, left - FOR_THE_END)

    def _range(self, searched: list[IdRange], *, is_last: bool) -> Seen:
        first = min(max(id_range.after, id_range.cleared) for id_range in searched) + 1
        gap = int(self.rules.calibration.get("largest_gap") or 0)
        width = min(WIDEST, max(FEWEST_AT_LAST if is_last else FEWEST, gap * GAPS))
        return Seen(first, first + width - 1)

    def _ask(
        self,
        attempts: list[Attempt],
        seen: Seen,
        *,
        canaries: Sequence[int],
        most: int,
        spare: int = 0,
        shared: bool = False,
    ) -> bool:
        """False: nothing was learned, and they are searched for a little later. `shared`: each of
        them pays for a part of the calls only."""
        try:
            search_between(self.run, seen, canaries=canaries, most=most, spare=spare)
        except CannotSearch as doubt:
            self._put_off(attempts, seen.calls)
            resolve.tell(attempts, f"Nothing was learned: {doubt}", {}, self.clock())
            return False
        finally:
            resolve.count_calls(attempts, seen.calls, shared=shared)
        failpoint("search.answered")
        return True

    def _put_off(self, attempts: list[Attempt], calls: int) -> None:
        """To their next moments; a last search is tried again soon."""
        now = self.clock()
        for attempt in attempts:
            if moment := self._next_moment(attempt, now, attempt.calls + calls):
                Attempt.objects.same_as(attempt).update(search_at=moment)
            else:
                search_schedule.put_off([attempt], now)

    def _next_moment(self, attempt: Attempt, now: datetime, calls: int) -> datetime | None:
        """The next one for which its calls are enough; None after the last."""
        later = search_schedule.later_moments(attempt, self.rules, now)
        return (later[0] if MOST_CALLS - calls > FOR_THE_END else later[-1]) if later else None

    def _resolve(self, seen: Seen, attempts: list[Attempt], wanted_last: int) -> Decision:
        """Link what must be ours, and doubt again what may be there although it was decided."""
        now = self.clock()
        for one in claimed(self.run.rows, list(seen.candidates)):
            del seen.candidates[one]  # while the provider was asked
        self.run.done.searched += len(attempts)
        evidence = {"calls": seen.calls, "ours": sorted(seen.candidates), "doubtful": seen.doubtful}
        resolve.tell(attempts, _in_words(seen, wanted_last), evidence, now)
        resolve.keep_candidates(attempts, seen.candidates)
        if seen.unsure:
            resolve.tell(attempts, seen.unsure, {}, now)
            return UNDECIDED
        decision = price_wait.decide_with_prices(self.run, self.ranges, seen.candidates)
        self._write_down(decision, seen, now)
        return decision

    def _write_down(self, decision: Decision, seen: Seen, now: datetime) -> None:
        owners, edges, matched = decision.owners, decision.edges, decision.matched
        told = decision.told
        able = {pk: fits | told.get(pk, frozenset()) for pk, fits in edges.items()}
        if matched.foreign:
            resolve.stop_searching(self.run.provider, matched.foreign, now=now)
        sends = [owner.attempt for owner in owners]
        offers = contradictions.strangers_offered(owners, matched, seen.candidates)
        offers |= contradictions.offered(sends, able, matched)
        if offers:
            contradictions.reopen_contradicted(self.run.provider, offers, now=now)
        resolve.tell_shared(sends, able, matched, now=now)
        resolve.tell_moved(sends, edges, decision.told, matched, now=now)
        resolve.tell_moved(sends, able, decision.moves, matched, now=now, why=decision.why)
        lost = [id_range.attempt for id_range in self.ranges]
        sure = resolve.linkable(matched, owners, seen.candidates)
        self.run.done.found += resolve.link_found(sure, lost, seen.candidates, now=now)

    def _note_search(
        self,
        attempts: list[Attempt],
        asked_at: datetime,
        seen: Seen | None,
        at_last: Collection[int],
    ) -> None:
        """When each that was not found is searched for next; after the last search no more. Those
        of which it was the last were `at_last` when it began: the wait of the others may have
        ended while the provider answered."""
        for attempt in attempts:
            row = Attempt.objects.same_as(attempt)
            searches = attempt.searches + (seen is not None)
            if attempt.pk not in at_last:
                moment = self._next_moment(attempt, asked_at, attempt.calls) or self.clock()
                row.update(searches=searches, search_at=moment)
                continue
            through = seen.cleared if seen is not None else attempt.searched_through
            if seen is not None and seen.is_patchy and attempt.calls < MOST_CALLS:
                soon = self.clock() + timedelta(seconds=clocks.BREAKER_SECONDS[0])
                row.update(searches=searches, search_at=soon, searched_through=through)
                continue  # what could not be read is asked about again before it buys on
            row.update(searches=searches, searched_at=asked_at, searched_through=through)
            if seen is None:
                words = f"Its {MOST_CALLS} free calls are used up: it is not searched for again."
                resolve.tell([attempt], words, {}, asked_at)

    # the range is closed

    def _close(self, id_range: IdRange) -> None:
        """A later order is known: no id of ours between means that this one is not there. Those
        that were lost in a row stand in one range and put together what is left of their calls."""
        group = [
            other
            for other in self.ranges
            if (other.after, other.before) == (id_range.after, id_range.before)
            and _may_be_closed(other, self.clock())
        ]
        attempts = [other.attempt for other in group]
        first = min(max(other.after, other.cleared) for other in group) + 1
        last = (id_range.before or 0) - 1
        left = sum(max(0, MOST_CALLS - attempt.calls) for attempt in attempts)
        seen = Seen(first, last)
        if not self._ask(attempts, seen, canaries=id_range.canaries, most=left, shared=True):
            return
        decision = self._resolve(seen, attempts, last)
        matched = decision.matched
        if matched.foreign:
            return
        if seen.calls < left and price_wait.wait_for_prices(attempts, decision, self.clock()):
            return  # it is asked again once they are known
        if seen.is_patchy and seen.calls < left:  # it is asked again
            later = self.clock() + timedelta(seconds=clocks.BREAKER_SECONDS[1])
            Attempt.objects.among(attempts).update(search_at=later)
        elif seen.last < last:
            between = f"{last - first + 1:,} ids lie between the orders before and after"
            self._leave(attempts, f"{between}: more than its free calls reach.")
        elif seen.doubtful:
            self._leave(attempts, "Some answers could not be read, and its free calls are used up.")
        else:
            self._show_absent(id_range, attempts, seen, matched)

    def _leave(self, attempts: list[Attempt], words: str) -> None:
        """To a person."""
        now = self.clock()
        Attempt.objects.among(attempts).update(range_closed_at=now)
        resolve.tell(attempts, words, {}, now)

    def _show_absent(
        self, id_range: IdRange, attempts: list[Attempt], seen: Seen, matched: IdMatch
    ) -> None:
        now = self.clock()
        absent = matched.absent.intersection(attempt.pk for attempt in attempts)
        gone = list[Attempt]()
        for attempt in resolve.reread(attempt for attempt in attempts if attempt.pk in absent):
            if named := named_elsewhere(attempt, id_range, self.run.rows):
                self._leave([attempt], resolve.NAMED_ELSEWHERE.format(named))
            else:
                gone.append(attempt)
        evidence = {
            "after": str(id_range.after),
            "before": str(id_range.before),
            "calls": seen.calls,
        }
        self.run.done.absent += resolve.show_absent(
            gone, by=Resolution.CLOSED_RANGE, now=now, evidence=evidence
        )
        # Last: who dies before has closed nothing, and the next run does it again.
        Attempt.objects.among(attempts).update(range_closed_at=now)


def _may_be_closed(id_range: IdRange, now: datetime) -> bool:
    attempt = id_range.attempt
    searched = attempt.searched_at is not None and attempt.range_closed_at is None
    waits = attempt.search_at is not None and attempt.search_at > now
    return searched and not waits and id_range.before is not None and resolve.is_open(attempt)


def _in_words(seen: Seen, wanted_last: int) -> str:
    """Only what was asked, and of which something came back."""
    if seen.asked:
        first, last = min(seen.asked), max(seen.asked)
        asked = f"the id {first}" if first == last else f"ids from {first} to {last}"
        found = f"{len(seen.candidates)} may be it." if seen.candidates else "none is ours."
        if seen.doubtful and not seen.candidates:
            found = "not every answer could be read."
        return f"Asked about {asked}: {found}"
    if seen.last < wanted_last:
        return "Its free calls do not reach any id that could be it."
    return "No id between the orders before and after is left to ask about."
