"""The provider's own list of our newest orders, where it has one.

An order is linked from it only from a row that came after what was known before the send, and
shown not to be there only where every such row is explained and a later order of ours is in the
list. Everything else is evidence for a person.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core import clocks
from core.failpoints import failpoint
from providers.panel_api import Progress, RecentOrder

from ...models import Attempt, Order, Recovery
from ...status import AT_PROVIDER, Outcome, Resolution
from .. import resolve
from . import contradictions, id_range, search_schedule
from .find_lost import MOST_CALLS
from .id_owners import is_decided, names_of, sends_without_an_id
from .list_rows import Likeness, likeness
from .list_trust import OwnList, read_list
from .match_ids import Edges, IdMatch, decide
from .recovery_run import RecoveryRun


def search(run: RecoveryRun, lost: list[Attempt]) -> None:
    """Look up in the list what is due, or what can be shown not to be there by now."""
    now, rules = run.clock(), run.rules
    due = [a for a in lost if search_schedule.is_due(a, now) and _is_worth_it(a, rules, now)]
    closing = [a for a in lost if _may_be_closed(a, run, now)]
    asked = [*due, *closing]
    if not asked or run.client.dialect.recent_orders is not True or _is_unclear(run, lost):
        return
    _ask_later_again(closing, now)  # first, in case the list does not come
    listed = read_list(run.rows, run.ask(run.client.recent_orders))
    failpoint("list.answered")
    resolve.count_calls(asked, 1)
    run.done.searched += len(due)
    view = _view(run, listed, lost)
    now = run.clock()
    _tell(asked, listed, view, now)
    failpoint("list.told")
    if rules.key_is_ours_alone and not rules.stopped_because:
        _decide(run, view, listed, lost, closing, now)
    _leave(closing, now)


def _is_worth_it(attempt: Attempt, rules: Recovery, now: datetime) -> bool:
    """At the first search; at the last one too where numbers do not say more with the same call."""
    is_last = not search_schedule.later_moments(attempt, rules, now)
    return attempt.calls == 0 or (is_last and not rules.searches and attempt.calls < MOST_CALLS)


def _may_be_closed(attempt: Attempt, run: RecoveryRun, now: datetime) -> bool:
    """It was searched for, and an order has been sent since that must be in the list."""
    rules, later = run.rules, id_range.surely_after(attempt, run.rules)
    if rules.searches or not rules.key_is_ours_alone or later is None:
        return False
    waits = attempt.search_at is not None and attempt.search_at > now
    is_left = attempt.range_closed_at is not None or attempt.calls >= MOST_CALLS
    if attempt.searched_at is None or waits or is_left or not resolve.is_open(attempt):
        return False
    rows = Attempt.objects.in_row_order().filter(provider__in=run.rows)
    return rows.filter(pk__gt=later, outcome=Outcome.ACCEPTED).exists()


def _is_unclear(run: RecoveryRun, lost: list[Attempt]) -> bool:
    """Something is on its way, or was sent nobody knows when: its row would look like another's."""
    if any(attempt.is_given_back for attempt in lost):
        return True
    rows = Attempt.objects.filter(provider__in=run.rows)
    return rows.filter(outcome=Outcome.IN_FLIGHT).exists()


@dataclass(frozen=True, slots=True)
class _View:
    """The unclaimed rows from after the first lost send, and which send each can be: `others` are
    those that are not searched for, or of which the list does not show where they stand."""

    free: dict[str, RecentOrder]
    like: dict[int, dict[str, Likeness]]
    others: list[Attempt]
    matched: IdMatch

    @property
    def edges(self) -> Edges:
        return {pk: like.keys() for pk, like in self.like.items()}

    def is_surely(self, pk: int, order_id: str) -> bool:
        return self.like[pk].get(order_id) is Likeness.IS


def _view(run: RecoveryRun, listed: OwnList, lost: list[Attempt]) -> _View:
    feeds, rules = _links_of_feeds(run.rows, lost), run.rules
    free, like = dict[str, RecentOrder](), dict[int, dict[str, Likeness]]()
    for attempt in lost:
        rows = listed.rows if listed.doubt else listed.rows_for(attempt, rules)
        reach = {row.order_id: row for row in rows or () if row.order_id not in listed.taken}
        free |= reach
        like[attempt.pk] = _like(attempt, reach.values(), feeds)
    others = _others(run, listed, lost)
    for attempt in others:
        rows = listed.rows_that_may_be(attempt, rules)
        reach = {row.order_id: row for row in rows if row.order_id in free}
        like[attempt.pk] = _like(attempt, reach.values(), feeds)
        if is_decided(attempt):
            _leave_to_the_lost(like, attempt.pk)
    view = _View(free, like, others, IdMatch())
    return view if listed.doubt else replace(view, matched=decide(view.edges, free))


def _others(run: RecoveryRun, listed: OwnList, lost: list[Attempt]) -> list[Attempt]:
    if listed.doubt:
        return []
    known = {attempt.pk for attempt in lost if listed.rows_for(attempt, run.rules) is not None}
    return [one for one in sends_without_an_id(run.rows) if one.pk not in known]


def _leave_to_the_lost(like: dict[int, dict[str, Likeness]], pk: int) -> None:
    """A row that is another send to the letter is no word against a decision it only may fit."""
    certain = {
        one for grades in like.values() for one, grade in grades.items() if grade is Likeness.IS
    }
    like[pk] = {
        one: grade for one, grade in like[pk].items() if grade is Likeness.IS or one not in certain
    }


def _like(
    attempt: Attempt, rows: Iterable[RecentOrder], feeds: frozenset[str]
) -> dict[str, Likeness]:
    graded = {row.order_id: _grade(attempt.order, row, feeds) for row in rows}
    return {one: grade for one, grade in graded.items() if grade}


def _links_of_feeds(rows: list[int], lost: list[Attempt]) -> frozenset[str]:
    """Links for which a drip-feed or subscription may have started this row: one that runs, or has
    ended since our last order from before a lost one and has named none of those it started."""
    running = Order.objects.filter(provider__in=rows, status__in=AT_PROVIDER, parent=None)
    links = set(running.filter(id_range.STARTS_OTHERS).values_list("link_key", flat=True))
    before = (
        id_range.Neighbourhood.of(attempt, rows).accepted_before
        for attempt in lost
        if resolve.is_open(attempt)
    )
    if since := min((sends[-1].started_at for sends in before if sends), default=None):
        ended = id_range.feeds_ended_since(rows, since)
        links |= set(ended.values_list("link_key", flat=True))
    return frozenset(links)


def _grade(order: Order, row: RecentOrder, feeds: frozenset[str]) -> Likeness:
    found = likeness(order, row)
    return Likeness.MAY_BE if found is Likeness.IS and order.link_key in feeds else found


def _tell(asked: list[Attempt], listed: OwnList, view: _View, now: datetime) -> None:
    for attempt in asked:
        like = view.like[attempt.pk]
        words = f"The provider's list of our newest orders has {len(like)} that may be it."
        evidence = {"rows": len(listed.rows), "ours": sorted(like)}
        resolve.tell([attempt], f"{words} {listed.doubt}".strip(), evidence, now)
        rows = {one: view.free[one].progress for one in like}
        told = {one: said for one, said in rows.items() if isinstance(said, Progress)}
        resolve.keep_candidates([attempt], told)


def _decide(
    run: RecoveryRun,
    view: _View,
    listed: OwnList,
    lost: list[Attempt],
    closing: list[Attempt],
    now: datetime,
) -> None:
    told = {one: row.progress for one, row in view.free.items()}
    said = {one: progress for one, progress in told.items() if isinstance(progress, Progress)}
    offered = contradictions.offered(view.others, view.edges, view.matched)
    contradictions.reopen_contradicted(run.provider, offered, now=now)
    others = {attempt.pk for attempt in view.others}
    own = {attempt.pk: attempt for attempt in lost if attempt.pk not in others}
    sends = [*own.values(), *view.others]
    resolve.tell_shared(sends, view.edges, view.matched, now=now)
    sure = {
        pk: one
        for pk, one in view.matched.found.items()
        if pk in own and one in said and view.is_surely(pk, one)
    }
    run.done.found += resolve.link_found(
        IdMatch(found=sure), lost, said, now=now, by=Resolution.LISTING
    )
    explained = set(sure.values())
    gone = [
        attempt
        for attempt in closing
        if attempt.pk in view.matched.absent
        and _is_explained(attempt, listed, run.rules, explained)
    ]
    run.done.absent += resolve.show_absent(
        resolve.reread(gone),
        by=Resolution.LISTING,
        now=now,
        evidence={"rows": len(listed.rows)},
    )


def _is_explained(attempt: Attempt, listed: OwnList, rules: Recovery, explained: set[str]) -> bool:
    """The list reaches from before the send to after its time, and each row between is known."""
    rows = listed.rows_for(attempt, rules)
    if listed.doubt or rows is None or not listed.is_fresh(attempt, rules):
        return False
    if names_of(attempt):
        return False  # an answer to it has named an order, and this is no row of it
    return all(row.order_id in listed.taken | explained for row in rows)


def _ask_later_again(closing: list[Attempt], now: datetime) -> None:
    later = now + timedelta(seconds=clocks.BREAKER_SECONDS[1])
    Attempt.objects.among(closing).update(search_at=later)


def _leave(closing: list[Attempt], now: datetime) -> None:
    """To a person, once its calls are used up."""
    for attempt in resolve.reread(closing):
        if attempt.calls >= MOST_CALLS:
            Attempt.objects.same_as(attempt).update(range_closed_at=now)
            words = f"Its {MOST_CALLS} free calls are used up: it is not searched for again."
            resolve.tell([attempt], words, {}, now)
