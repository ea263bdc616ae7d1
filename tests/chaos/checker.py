"""The checker: what the provider's ledger says against what the desk shows. Pure functions.

Nothing here reads the desk's own code, so that no mistake of the desk can hide itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

VISIBLE_WITHIN_SECONDS = 60

OPEN_THERE = frozenset({"pending", "in_progress", "processing", "active", "paused"})
ENDED_THERE = frozenset({"completed", "partial", "canceled", "refunded", "expired"})
PLACED = OPEN_THERE | ENDED_THERE
IN_DOUBT = frozenset({"unconfirmed", "given_up"})
SAID_NOT_THERE = frozenset({"held", "queued", "not_placed", "rejected", "withdrawn"})
ON_THE_WAY = frozenset({"queued", "sending"})

Key = tuple[str, str, int]  # account, link, quantity


class Kind(StrEnum):
    DOUBLE = "double"  # bought more than once
    TWICE_AT_DESK = "twice at the desk"  # one planned, two orders
    UNANSWERED = "unanswered"  # the desk did not take an order, however often it was sent
    LOST = "lost"  # somebody was told it is placed, or it was paid, and the desk has no order
    STRAY = "stray"  # bought or shown although nobody wanted it
    STUCK = "stuck"  # never reached an end
    WRONG_ID = "wrong id"  # shown as an order of the provider which is not that one
    SILENTLY_WRONG = "silently wrong"  # bought, and shown as not bought
    MONEY = "money"  # charges differ
    CONSENT = "consent"  # sent although the desk knew of terms nobody agreed to
    INVISIBLE = "invisible"  # in doubt, and shown so too late
    NO_EVIDENCE = "no evidence"  # in doubt, and nothing is said of why
    KEY_FOUND = "key found"
    BLIND = "blind"  # a check could not have seen what it looks for


@dataclass(frozen=True, slots=True)
class Wanted:
    """`acknowledged`: the desk has told somebody that it took the order. People ask for so long
    that it has to, in the end."""

    account: str
    service: str
    link: str
    quantity: int
    acknowledged: bool

    @property
    def key(self) -> Key:
        return self.account, self.link, self.quantity


@dataclass(frozen=True, slots=True)
class Bought:
    """A line of the provider's ledger. `charge` is what it stands at now, `charge_at_first` what
    it was accepted at."""

    account: str
    id: str
    service: str
    link: str
    quantity: int
    charge: Decimal
    charge_at_first: Decimal | None = None

    @property
    def key(self) -> Key:
        return self.account, self.link, self.quantity


@dataclass(frozen=True, slots=True)
class Shown:
    """An order of the desk. `waits_for_doubt`: held behind one that is in doubt.
    `waits_for_consent`: held for its terms, or behind such a one, and people leave it so."""

    number: int
    account: str
    service: str
    link: str
    quantity: int
    status: str
    external_id: str = ""
    charge: Decimal | None = None
    waits_for_doubt: bool = False
    waits_for_consent: bool = False

    @property
    def key(self) -> Key:
        return self.account, self.link, self.quantity


@dataclass(frozen=True, slots=True)
class Doubt:
    """How an order came to be unconfirmed: seconds after its send began, and after its lease
    ended (0 when an answer told sooner)."""

    order: int
    after_start: float
    after_lease: float
    has_evidence: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """A lost answer: `seconds` until it was replaced, by which `resolution`; None: it is not."""

    order: int
    account: str
    outcome: str
    resolution: str
    calls: int
    seconds: float | None

    @property
    def by_itself(self) -> bool:
        """No person was needed."""
        return self.seconds is not None and self.resolution not in ("person", "taught")


@dataclass(frozen=True, slots=True)
class Violation:
    kind: Kind
    words: str


def find_violations(
    wanted: Sequence[Wanted],
    bought: Sequence[Bought],
    shown: Sequence[Shown],
    doubts: Sequence[Doubt] = (),
    *,
    with_money: bool = True,
) -> list[Violation]:
    """Everything that must not be, in no particular order."""
    planned_orders = {planned.key for planned in wanted}
    found = [
        *_doubles(bought),
        *_twice(shown),
        *_lost(wanted, bought, shown),
        *_strays(planned_orders, bought, shown),
        *_stuck(shown),
        *_wrong_ids(bought, shown),
        *_silently_wrong(bought, shown),
        *_doubts(doubts),
    ]
    return [*found, *_money(bought, shown)] if with_money else found


def _doubles(bought: Iterable[Bought]) -> Iterator[Violation]:
    for key, ids in _grouped((one.key, one.id) for one in bought).items():
        if len(ids) > 1:
            yield Violation(Kind.DOUBLE, f"{_said(key)} was bought as {', '.join(ids)}")


def _twice(shown: Iterable[Shown]) -> Iterator[Violation]:
    for key, numbers in _grouped((one.key, str(one.number)) for one in shown).items():
        if len(numbers) > 1:
            yield Violation(Kind.TWICE_AT_DESK, f"{_said(key)} is orders {', '.join(numbers)}")


def _lost(
    wanted: Iterable[Wanted], bought: Iterable[Bought], shown: Iterable[Shown]
) -> Iterator[Violation]:
    known = {one.key for one in shown}
    for planned in wanted:
        if not planned.acknowledged:
            yield Violation(Kind.UNANSWERED, f"{_said(planned.key)} was never taken")
        if planned.acknowledged and planned.key not in known:
            yield Violation(Kind.LOST, f"{_said(planned.key)} was acknowledged and is not there")
    for row in bought:
        if row.key not in known:
            yield Violation(Kind.LOST, f"{_said(row.key)} was bought as {row.id}, unknown to us")


def _strays(
    planned_orders: set[Key], bought: Iterable[Bought], shown: Iterable[Shown]
) -> Iterator[Violation]:
    for key in [*(row.key for row in bought), *(one.key for one in shown)]:
        if key not in planned_orders:
            yield Violation(Kind.STRAY, f"{_said(key)} was wanted by nobody")


def _stuck(shown: Iterable[Shown]) -> Iterator[Violation]:
    for one in shown:
        waits = one.status == "held" and not (one.waits_for_doubt or one.waits_for_consent)
        if waits or one.status in ON_THE_WAY | OPEN_THERE:
            yield Violation(Kind.STUCK, f"order {one.number} is still {one.status}")


def _wrong_ids(bought: Sequence[Bought], shown: Iterable[Shown]) -> Iterator[Violation]:
    theirs = {(one.account, one.id): one for one in bought}
    claimed: set[tuple[str, str]] = set()
    for one in shown:
        if not one.external_id and one.status not in PLACED:
            continue
        place = (one.account, one.external_id)
        row = theirs.get(place)
        if row is None:
            words = f"order {one.number} is shown as {one.external_id!r}, which was never sold"
            yield Violation(Kind.WRONG_ID, words)
        elif (row.key, row.service) != (one.key, one.service):
            words = f"order {one.number} is shown as {row.id}, which is {_said(row.key)}"
            yield Violation(Kind.WRONG_ID, words)
        elif place in claimed:
            yield Violation(Kind.WRONG_ID, f"{row.id} is shown by two orders")
        claimed.add(place)


def _silently_wrong(bought: Iterable[Bought], shown: Iterable[Shown]) -> Iterator[Violation]:
    paid = {one.key: one.id for one in bought}
    for one in shown:
        if one.status in SAID_NOT_THERE and one.key in paid:
            words = f"order {one.number} is shown {one.status} and was bought as {paid[one.key]}"
            yield Violation(Kind.SILENTLY_WRONG, words)


def _doubts(doubts: Iterable[Doubt]) -> Iterator[Violation]:
    for one in doubts:
        if one.after_lease > VISIBLE_WITHIN_SECONDS:
            words = f"order {one.order} was shown in doubt {one.after_lease:.0f} s after its lease"
            yield Violation(Kind.INVISIBLE, words)
        if not one.has_evidence:
            yield Violation(Kind.NO_EVIDENCE, f"order {one.order} does not say why it is in doubt")


def _money(bought: Sequence[Bought], shown: Sequence[Shown]) -> Iterator[Violation]:
    """What the provider charged is what the desk shows, order by order and in all, to the last
    digit; of orders in doubt the desk knows no charge, so the ledger's counts."""
    rows = {(one.account, one.id): one for one in bought}
    for one in shown:
        row = rows.get((one.account, one.external_id))
        if one.status in PLACED and row is not None and one.charge != row.charge:
            words = f"order {one.number} shows a charge of {one.charge}, the ledger {row.charge}"
            yield Violation(Kind.MONEY, words)
    in_doubt = {one.key for one in shown if one.status in IN_DOUBT}
    for account in sorted({one.account for one in bought}):
        theirs = sum((o.charge for o in bought if o.account == account), Decimal(0))
        placed = [o for o in shown if o.account == account and o.status in PLACED]
        ours = sum((o.charge or Decimal(0) for o in placed), Decimal(0))
        open_ones = [o for o in bought if o.account == account and o.key in in_doubt]
        unsure = sum((o.charge for o in open_ones), Decimal(0))
        if theirs != ours + unsure:
            words = f"{account}: {theirs} was charged, {ours} is shown and {unsure} is in doubt"
            yield Violation(Kind.MONEY, words)


def _grouped(pairs: Iterable[tuple[Key, str]]) -> dict[Key, list[str]]:
    found: dict[Key, list[str]] = defaultdict(list)
    for key, text in pairs:
        found[key].append(text)
    return found


def _said(key: Key) -> str:
    account, link, quantity = key
    return f"{quantity} for {link} at {account}"
