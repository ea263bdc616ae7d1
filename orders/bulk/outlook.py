"""What would come of a bulk job, order by order, before anybody confirms it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from core.models import User

from ..aftersales import request_cancels, request_refills
from ..link_queue import numbers_ahead
from ..models import (
    BulkJob,
    CancelRequest,
    Order,
    OrderQuerySet,
    Place,
    PollSchedule,
    Refill,
    UnmatchedOrder,
    place_of,
)
from ..placing import before_sending
from ..placing.left_sends import Place as SendPlace
from ..placing.left_sends import left_sends, names_of
from ..placing.sent_after_all import words_beside
from ..repeats import Lately
from ..shown import gaps_of, word_of_hold
from ..status import HoldReason, JobKind, Status
from ..terms import at_rate
from . import ordered_again, shown_holds
from .again_lines import MOST_LINES, AgainLine, why_asked
from .apply_step import NO_TAGS, ON_ITS_PAGE, not_polled

REFILL_UNDER_WAY = "A refill has been asked for already."
FEW = 5  # orders that are named beside a reason
MOST_REASONS = 20  # some of them name an order, and there may be as many as orders
OTHERS = "Others, for reasons like these."
REPLACED = {JobKind.REFERENCE: "reference", JobKind.NOTE: "note"}


@dataclass(slots=True)
class Outlook:
    """What would come of a job: how many orders, why not for how many and for which, what they cost
    once and without those that may be bought a second time, which those are (beside an order for
    their service and link: themselves, perhaps, or what is bought for another of them), by which
    earlier jobs they were ordered again already, how many have words that others take the place
    of, or a refill in doubt before this one, what those wait for that are let go, the first of
    those it is done to, who is left out, and the names of what was bought before a restore and has
    no order here beside them."""

    total: int = 0
    replaced: int = 0
    second_refills: int = 0
    done_by: Counter[int] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    named: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    holds: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    told_sends: set[str] = field(default_factory=set)
    again_lines: list[AgainLine] = field(default_factory=list)
    left_ids: list[int] = field(default_factory=list)
    beside_ids: list[int] = field(default_factory=list)
    done_to: list[Order] = field(default_factory=list)
    estimates: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    estimates_alone: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def tell(self, line: AgainLine) -> None:
        """Of one that would be ordered again or not, while the table has room."""
        if len(self.again_lines) < MOST_LINES:
            self.again_lines.append(line)

    @property
    def lines_more(self) -> int:
        """How many the table has no room for."""
        return self.total - len(self.again_lines)

    @property
    def more_done_to(self) -> int:
        """How many can be done that the list has no room for."""
        return self.possible - len(self.done_to)

    @property
    def beside_open(self) -> int:
        """How many may be bought a second time."""
        return len(self.beside_ids)

    @property
    def alone(self) -> int:
        """Those that can be done and have no open order beside them."""
        return self.possible - self.beside_open

    @property
    def done_before(self) -> list[tuple[BulkJob, int]]:
        """The jobs that have ordered some of them again, newest first, and how many."""
        return ordered_again.with_counts(self.done_by)

    @property
    def why_not(self) -> list[tuple[str, int, list[int], int]]:
        """The reasons, for how many, the first of those orders, and how many more there are."""
        common = self.reasons.most_common()
        shown = [
            (words, count, self.named[words], count - len(self.named[words]))
            for words, count in common[:MOST_REASONS]
        ]
        rest = sum(count for _, count in common[MOST_REASONS:])
        return [*shown, (OTHERS, rest, [], rest)] if rest else shown

    def leave_out(self, order: Order, words: str) -> None:
        self.reasons[words] += 1
        self.left_ids.append(order.pk)
        if len(self.named[words]) < FEW:
            self.named[words].append(order.pk)

    @property
    def possible(self) -> int:
        return self.total - self.impossible

    @property
    def impossible(self) -> int:
        return self.reasons.total()

    @property
    def released(self) -> list[tuple[str, int]]:
        """What those wait for that would be let go, in words, and how many."""
        counts = Counter[str]()
        for word, ids in self.holds.items():
            counts[shown_holds.reason_of(word)] += len(ids)
        return [(HoldReason(reason).label, count) for reason, count in counts.most_common()]

    @property
    def shown_holds(self) -> str:
        """What each of them waits for, as the form carries it."""
        return shown_holds.spelled(self.holds)

    @property
    def maybe_sent(self) -> int:
        """How many may have been sent before the database was put back."""
        return sum(
            len(ids)
            for word, ids in self.holds.items()
            if shown_holds.reason_of(word) == HoldReason.RESTORED
        )


def outlook(
    kind: JobKind,
    parts: Iterable[OrderQuerySet],
    why_never: Callable[[Order], str],
    *,
    person: User,
    now: datetime,
) -> Outlook:
    """Look at every order as it is now, for this person. `why_never` says why one cannot be placed
    again."""
    seen, again = Outlook(), set[Place]()
    left = dict[SendPlace, list[UnmatchedOrder]]()
    for part in parts:
        some = list(part.select_related("service__provider", "provider").order_by("pk"))
        under_way, done = _under_way(kind, some, person, now), dict[int, set[int]]()
        lately, unknown = set[int](), set[int]()
        if kind == JobKind.REFILL:
            unknown = request_refills.may_be_second([order.pk for order in some])
        if kind == JobKind.REORDER:
            left = left_sends([order.link_key for order in some])
            done, lately = _ordered_again(some, now)
            under_way |= lately
        held = [one for one in some if one.status == Status.HELD and kind == JobKind.RELEASE]
        waits_for, beside = _waits_for(held), words_beside(held, now) if held else {}
        for order in some:
            seen.total += 1
            if words := _why_not(kind, order, under_way, why_never, person):
                seen.leave_out(order, words)
                if kind == JobKind.REORDER:
                    seen.tell(AgainLine(order, why_not=words))
                continue
            if order.pk in beside:  # the step asks nobody, and leaves it out
                seen.leave_out(order, f"{beside[order.pk]} {ON_ITS_PAGE}")
                continue
            if len(seen.done_to) < MOST_LINES:
                seen.done_to.append(order)
            seen.done_by.update(done.get(order.pk, ()))
            place = place_of(order)
            sends = left.get((order.provider_id, order.service.external_id, order.link_key), [])
            seen.told_sends |= names_of(sends)
            is_beside_open = kind == JobKind.REORDER and (
                order.pk in under_way or place in again or bool(sends)
            )
            if kind == JobKind.REORDER:
                asked = why_asked(
                    has_sends=bool(sends),
                    is_lately=order.pk in lately,
                    is_repeated=order.pk in under_way,
                )
                seen.tell(AgainLine(order, why_asked=asked if is_beside_open else ""))
            again.add(place)  # what is bought for it stands beside the next one
            if is_beside_open:
                seen.beside_ids.append(order.pk)
            _add_estimate(seen, order, is_alone=not is_beside_open)
            seen.replaced += kind in REPLACED and bool(getattr(order, REPLACED[kind]))
            seen.second_refills += order.pk in unknown
            if kind == JobKind.RELEASE:
                word = word_of_hold(order.hold_reason, waits_for.get(order.pk))
                seen.holds[word].append(order.pk)
    return seen


def _waits_for(some: list[Order]) -> dict[int, int]:
    """Behind which order each of those waits that wait for their link, and over which gap those are
    held that may have been sent."""
    ahead = numbers_ahead(one for one in some if one.hold_reason == HoldReason.LINK_BUSY)
    return ahead | gaps_of(one for one in some if one.hold_reason == HoldReason.RESTORED)


def _add_estimate(seen: Outlook, order: Order, *, is_alone: bool) -> None:
    estimate = at_rate(order.estimate, order.rate, order.service.rate, units=order.units)
    if estimate is None:
        return
    seen.estimates[order.provider.currency] += estimate
    if is_alone:
        seen.estimates_alone[order.provider.currency] += estimate


def _under_way(kind: JobKind, some: list[Order], person: User, now: datetime) -> set[int]:
    """Those of them for which the same is going on: a refill, a cancel, the same payload; or, to be
    asked about, those that are followed."""
    if kind == JobKind.REORDER:
        return _repeated(some, person, now)
    of_these = [order.pk for order in some]
    rows = {
        JobKind.REFRESH: PollSchedule.objects.all(),
        JobKind.REFILL: Refill.objects.open(),
        JobKind.CANCEL: CancelRequest.objects.open(),
    }.get(kind)
    if rows is None:
        return set()
    return set(rows.filter(order__in=of_these).values_list("order_id", flat=True))


def _repeated(some: list[Order], person: User, now: datetime) -> set[int]:
    """Those beside which the same is open or closed as unknown, or was placed by this person a
    short while ago; it may be the order itself."""
    same = Order.objects.same_of_many(some, Lately.by(person, now))
    return {pk for pk, beside in same.items() if beside}


def _ordered_again(some: list[Order], now: datetime) -> tuple[dict[int, set[int]], set[int]]:
    """The jobs that have ordered each of them again or are about to, and those for which that is
    not long ago."""
    done, lately = defaultdict[int, set[int]](set), set[int]()
    items = ordered_again.bought_or_to_buy([order.pk for order in some])
    for order_id, job_id, at in items.values_list("order_id", "job_id", "made__created_at"):
        done[order_id].add(job_id)
        if at is None or ordered_again.is_lately(at, now):
            lately.add(order_id)
    return done, lately


def _why_not(
    kind: JobKind,
    order: Order,
    under_way: set[int],
    why_never: Callable[[Order], str],
    person: User,
) -> str:
    is_under_way = order.pk in under_way
    match kind:
        case JobKind.REFRESH:
            return "" if is_under_way else not_polled(order)
        case JobKind.REFILL:
            words = request_refills.why_unfit(order)
            return words or (REFILL_UNDER_WAY if is_under_way else "")
        case JobKind.CANCEL:
            words = request_cancels.why_unfit(order)
            return words or (request_cancels.ASKED_FOR if is_under_way else "")
        case JobKind.HOLD:
            return before_sending.why_not_held(order)
        case JobKind.RELEASE:
            return before_sending.why_not_released(order, person)
        case JobKind.WITHDRAW:
            return before_sending.why_not_withdrawn(order)
        case JobKind.UNTAG:
            return "" if order.tags else NO_TAGS
        case JobKind.REORDER:
            return why_never(order)
    return ""
