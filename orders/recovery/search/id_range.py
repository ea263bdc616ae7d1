"""Between which of the provider's ids a lost order can be, and which ids are spoken for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Max, Q, QuerySet

from providers.identity import same_account
from providers.panel_api import OrderState, Progress
from providers.panel_api.order_types.table import SUBSCRIPTIONS
from providers.same_ids import plain_id, spellings

from ...models import Attempt, Order, Recovery
from ...status import AT_PROVIDER, ENDED_THERE, LIVE_OUTCOMES, Outcome, Status
from ...terms import Terms, at_rate, proposed_for
from . import wait_clock

CANARIES = 2
NEIGHBOURS = 20  # accepted orders looked at on either side
LARGEST_ID = 10**18
NEARLY = Decimal("0.2")  # of the cost: more than this is not the provider's rounding
MOVED_UNSEEN = Decimal(
    "0.05"
)  # of the cost: a price may have moved so far since a catalog was read
STARTS_OTHERS = Q(payload__has_key="runs") | Q(type__in=SUBSCRIPTIONS) | Q(children__isnull=False)
REDUCED = frozenset({OrderState.PARTIAL, OrderState.CANCELED, OrderState.REFUNDED})


@dataclass(frozen=True, slots=True)
class IdRange:
    """An order of this attempt would have an id above `after`, and below `before` once an order
    is known that was surely given its id later. `cleared` ids were asked for when it could no
    longer appear, and were not ours. `canaries`: the last ids of ours up to `after`."""

    attempt: Attempt
    after: int
    before: int | None
    cleared: int
    canaries: tuple[int, ...]

    def holds(self, number: int) -> bool:
        return number > max(self.after, self.cleared) and (
            self.before is None or number < self.before
        )


def number_of(external_id: str) -> int | None:
    """The id as a number; None for those that are none."""
    plain = external_id.isascii() and external_id.isdigit() and external_id[0] != "0"
    return int(external_id) if plain and len(external_id) < 19 else None


def lost_attempts(rows: list[int]) -> list[Attempt]:
    """Attempts of the account of these rows whose outcome nobody knows, the given-up ones too,
    oldest first. Those of all its rows: an id that is nobody's may be theirs."""
    lost = Attempt.objects.filter(provider__in=rows, outcome=Outcome.UNKNOWN)
    return list(lost.select_related("order__service__proposed", "provider").order_by("pk"))


def id_ranges(rows: list[int], rules: Recovery) -> list[IdRange]:
    """Those of the lost orders of this account of which it can be told."""
    known = (id_range_of(attempt, rules, rows) for attempt in lost_attempts(rows))
    return [id_range for id_range in known if id_range is not None]


def id_range_of(attempt: Attempt, rules: Recovery, rows: list[int]) -> IdRange | None:
    """None where no id is known from before it, or its neighbours prove nothing: ids that are not
    numbers, rows that are not in the order of their times.

    One send at a time is in flight at an account, so its rows are numbered as they were sent.
    """
    near = Neighbourhood.of(attempt, rows)
    below = _numbers(row.external_id for row in near.accepted_before)
    if not below or not near.times_agree:
        return None
    later = surely_after(attempt, rules)
    above = _numbers(
        row.external_id for row in near.accepted_after if later is not None and row.pk > later
    )
    return IdRange(
        attempt,
        max(below),
        min(above, default=None),
        attempt.searched_through or 0,
        tuple(sorted(below, reverse=True)[:CANARIES]),
    )


def widest_range(attempt: Attempt, rules: Recovery, account: list[int]) -> IdRange:
    """Where an order of this attempt can be at most, however little is known around it: only what
    stands before or after it both by its row and by its time is a bound. It proves no absence."""
    sent = Attempt.objects.in_row_order()
    accepted = sent.filter(provider__in=account, outcome=Outcome.ACCEPTED)
    earlier = accepted.filter(pk__lt=attempt.pk, started_at__lte=attempt.started_at)
    later = surely_after(attempt, rules)
    below = _numbers(row.external_id for row in earlier.order_by("-pk")[:NEIGHBOURS])
    above = list[int]()
    if later is not None:
        rows = accepted.filter(pk__gt=later, started_at__gt=attempt.started_at)
        above = _numbers(row.external_id for row in rows.order_by("pk")[:NEIGHBOURS])
    return IdRange(
        attempt,
        max(below, default=0),
        min(above, default=None),
        attempt.searched_through or 0,
        (),
    )


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The sends of the account around an attempt, as they were written down."""

    accepted_before: list[Attempt]
    attempt: Attempt
    accepted_after: list[Attempt]

    @classmethod
    def of(cls, attempt: Attempt, rows: list[int]) -> Neighbourhood:
        sends = Attempt.objects.in_row_order().filter(provider__in=rows)
        accepted = sends.filter(outcome=Outcome.ACCEPTED).only(
            "external_id", "started_at", "unknown_at"
        )
        before = list(accepted.filter(pk__lt=attempt.pk).order_by("-pk")[:NEIGHBOURS])
        after = list(accepted.filter(pk__gt=attempt.pk).order_by("pk")[:NEIGHBOURS])
        return cls(before[::-1], attempt, after)

    @property
    def times_agree(self) -> bool:
        return wait_clock.times_agree([*self.accepted_before, self.attempt, *self.accepted_after])


def surely_after(attempt: Attempt, rules: Recovery) -> int | None:
    """Sends of the account with a higher row than this left when the lost order could no longer
    appear; None while it can."""
    if attempt.outcome not in LIVE_OUTCOMES:
        return _after_the_decision(attempt, rules)
    return None if wait_clock.left(attempt, rules.grace_seconds) else attempt.surely_after


def _after_the_decision(attempt: Attempt, rules: Recovery) -> int | None:
    """Of one that was decided the wait is counted no further: what left after the decision, and
    after the wait as the clock tells it, is later."""
    if attempt.surely_after is not None or attempt.recorded_at is None:
        return attempt.surely_after
    known = attempt.unknown_at or attempt.started_at
    over = max(attempt.recorded_at, known + timedelta(seconds=rules.grace_seconds))
    rows = Attempt.objects.filter(provider__in=same_account(attempt.provider), started_at__lte=over)
    newest: int | None = rows.aggregate(newest=Max("pk"))["newest"]
    return newest


def _numbers(ids: Iterable[str]) -> list[int]:
    return [number for number in map(number_of, ids) if number is not None]


def claimed(rows: list[int], ids: Sequence[str]) -> set[str]:
    """Which of these ids already belong to an order of ours, however it is spelled there."""
    orders = Order.objects.filter(provider__in=rows, external_id__in=spellings(ids))
    known = {plain_id(one) for one in orders.values_list("external_id", flat=True)}
    return {one for one in ids if plain_id(one) in known} if known else known


@dataclass(frozen=True, slots=True)
class Parents:
    """`ids` of the orders that may start others, and of those that a lost one may be. The provider
    need not know those any more that are `gone`: a given-up order is not decided about again.
    `may_turn_up`: a lost one starts others, and its own id may be news. `are_named`: the provider
    has told before which orders were started by each of their kinds. `ended`: they run no more,
    and did lately."""

    ids: list[str]
    gone: frozenset[str] = frozenset()
    may_turn_up: bool = False
    are_named: bool = False
    ended: Sequence[str] = ()


def parents(rows: list[int], most: int, *, after: int | None = None) -> Parents | None:
    """None where they are too many to ask along. `after`: an order of ours, above which the ids
    stand that are asked about; what had ended before it was sent has started none of them."""
    ours = Order.objects.filter(provider__in=rows)
    found = (
        ours.filter(STARTS_OTHERS, status__in=AT_PROVIDER, parent=None).order_by("pk").distinct()
    )
    lost = [attempt for attempt in lost_attempts(rows) if starts_others(attempt.order)]
    may_be = _ids_kept(rows, lost)
    gone = may_be - _ids_kept(rows, [one for one in lost if one.order.status != Status.GIVEN_UP])
    running = list(found[: most + 1])
    ids = [*(order.external_id for order in running), *sorted(may_be)]
    if len(ids) > most:
        return None
    ended = [] if after is None else _ended_since(rows, after)
    are_named = _are_named(ours, [*running, *(attempt.order for attempt in lost), *ended])
    return Parents(ids, gone, bool(lost), are_named, [order.external_id for order in ended])


def _are_named(ours: QuerySet[Order], starting: Iterable[Order]) -> bool:
    """What orders of their kind have started was named before: drip-feeds and subscriptions are
    answered by different parts of a panel."""
    kinds = {"runs" in order.payload for order in starting if starts_others(order)}
    named = {
        True: ours.filter(parent__payload__has_key="runs"),
        False: ours.filter(parent__type__in=SUBSCRIPTIONS),
    }
    return all(named[kind].exists() for kind in kinds)


def _ended_since(rows: list[int], after: int) -> list[Order]:
    accepted = Attempt.objects.filter(provider__in=rows, outcome=Outcome.ACCEPTED)
    sent = accepted.filter(external_id=str(after)).order_by("pk")
    since = sent.values_list("started_at", flat=True).first()
    return [] if since is None else list(feeds_ended_since(rows, since))


def feeds_ended_since(rows: list[int], moment: datetime) -> QuerySet[Order]:
    """Orders that may have started others, of which none was named, and that run no more. When the
    desk heard of it tells, which is later than it was."""
    ours = Order.objects.filter(provider__in=rows, parent=None, status__in=ENDED_THERE)
    return ours.filter(STARTS_OTHERS, ended_at__gte=moment, children=None).order_by("pk")


def _ids_kept(rows: list[int], lost: Iterable[Attempt]) -> frozenset[str]:
    """Ids that nobody has claimed and that may be one of these."""
    rows_of_ours = (row for attempt in lost for row in attempt.candidates if row.get("status"))
    ids = frozenset(str(row["id"]) for row in rows_of_ours)
    return ids - claimed(rows, sorted(ids)) if ids else ids


def fits(order: Order, said: Progress) -> bool | None:
    """Whether what the provider says can be this order; None where it says too little.

    The charge is compared within one unit of its last place, which is how providers round, and
    within what a price moves before a catalog tells: only a clear difference is a contradiction.
    """
    if has_more_left(order, said):
        return False
    if said.charge is None or order.estimate is None:
        return None
    low, high = costs_of(order)
    slack = max(min(last_place(said.charge), high * NEARLY), high * MOVED_UNSEEN)
    least = Decimal(0) if said.status in REDUCED else low - slack
    return bool(least <= said.charge and (order.has_no_bound or said.charge <= high + slack))


def has_more_left(order: Order, said: Progress) -> bool:
    """Than it ever had to do."""
    return said.remains is not None and order.units is not None and said.remains > order.units


def may_be_reduced(order: Order, said: Progress) -> bool:
    """Whether it may have been charged less than it costs: something was given back, perhaps in a
    word that the desk does not know, or what it starts is paid as it goes along."""
    return starts_others(order) or said.status is None or said.status in REDUCED


def starts_others(order: Order) -> bool:
    """It is done, and paid, by other orders that the provider starts."""
    return "runs" in order.payload or order.type in SUBSCRIPTIONS


def last_place(amount: Decimal) -> Decimal:
    """One unit of the last place it is written with."""
    exponent = amount.as_tuple().exponent
    return Decimal(1).scaleb(exponent) if isinstance(exponent, int) else Decimal(0)


def costs_of(order: Order) -> tuple[Decimal, Decimal]:
    """The least and the most at the prices its service is known to have had: the one agreed to, the
    one at which it left, and the one of now, which may have been that of the send already."""
    agreed, now = Terms.read(order.terms), order.service
    told = proposed_for(now)
    rates = {now.rate, *(terms.rate for terms in (agreed, told) if terms)} - {order.rate}
    ends = {order.estimate, order.estimate_high}
    moved = (at_rate(end, order.rate, rate, units=order.units) for end in ends for rate in rates)
    known = [cost for cost in (*ends, *moved) if cost is not None]
    return min(known), max(known)
