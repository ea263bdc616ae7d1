"""A provider in memory whose ledger is the truth, and that answers as it is told to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum

from core.clocks import Clock
from orders.models import Order
from orders.status import Write
from providers.panel_api import (
    CancelAccepted,
    Dialect,
    OrderState,
    Placed,
    Progress,
    RecentOrder,
    RefillStarted,
    RefusalCode,
    Refused,
    Unavailable,
    Unreadable,
    WrittenPayload,
)
from tests.fake_provider import lost_answer, never_left, progress, refusal

NOBODYS = Unreadable("Incorrect order ID", RefusalCode.UNKNOWN_ORDER)
PRICE = Decimal("0.0009")


class Answer(Enum):
    """What becomes of the next order, and what is said of it."""

    ACCEPTED = "accepted"
    LOST = "taken, the answer is lost"
    LOST_LATE = "taken, the answer is lost, and its id answers only later"
    NOT_TAKEN = "not taken, the answer is lost"
    NEVER_LEFT = "never left"
    REUSED = "taken, answered with the id of another order of ours that we know"
    BUG = "taken, and our own code breaks on the answer"
    LINK = "refused for its link"
    FUNDS = "refused for want of money"
    BUSY = "refused because its link is busy"
    RATE = "refused for too many calls"


_REFUSED = {
    Answer.LINK: RefusalCode.LINK,
    Answer.FUNDS: RefusalCode.FUNDS,
    Answer.BUSY: RefusalCode.LINK_BUSY,
    Answer.RATE: RefusalCode.RATE_LIMIT,
}
LATE = timedelta(seconds=90)  # less than the grace


def _is_known(order_id: str) -> bool:
    """The id of an order whose answer was lost, given to another one, nobody could tell from its
    own."""
    return Order.objects.filter(external_id=order_id).exists()


@dataclass(slots=True)
class Taken:
    """One order as the provider has it."""

    order_id: str
    link: str
    quantity: int
    charge: Decimal
    visible_at: datetime
    state: OrderState = OrderState.PENDING


class Upstream:
    """`ledger` holds what it took, by id. Between two ids of ours lie those of others.

    `departs` is called when the first byte of an order is about to leave, `leaves` when that of
    a refill or cancel is, `took` when the order was carried
    out and nothing is answered yet.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.dialect = Dialect(recent_orders=False)
        self.ledger: dict[str, Taken] = {}
        self.next: Answer = Answer.ACCEPTED
        self.answers_reads = True
        self.departs: Callable[[], None] = lambda: None
        self.took: Callable[[], None] = lambda: None
        self.leaves: Callable[[Write], None] = lambda write: None
        self.refilled: Counter[str] = Counter()
        self.canceled: Counter[str] = Counter()
        self._last, self._step = 23_500, 0

    def add(
        self, payload: WrittenPayload, *, before_send: Callable[[], None] | None = None
    ) -> Placed:
        answer, self.next = self.next, Answer.ACCEPTED
        if answer is Answer.NEVER_LEFT:
            raise never_left()
        if before_send is not None:
            before_send()
        self.departs()
        if answer in _REFUSED:
            raise refusal(_REFUSED[answer])
        if answer is Answer.NOT_TAKEN:
            raise lost_answer()
        earlier = next((one for one in reversed(self.ledger) if _is_known(one)), "")
        taken = self._take(payload, late=answer is Answer.LOST_LATE)
        self.took()
        if answer in (Answer.LOST, Answer.LOST_LATE):
            raise lost_answer()
        if answer is Answer.BUG:
            raise RuntimeError("a bug of our own")
        return Placed(earlier if answer is Answer.REUSED and earlier else taken.order_id)

    def refill(
        self, order_ids: Sequence[str], *, before_send: Callable[[], None] | None = None
    ) -> dict[str, RefillStarted | Refused]:
        if (
            refused := self._asked(Write.REFILL, order_ids, self.refilled, before_send)
        ) is not None:
            return dict.fromkeys(order_ids, refused)
        return {one: RefillStarted(f"7{one}{self.refilled[one]}") for one in order_ids}

    def cancel(
        self, order_ids: Sequence[str], *, before_send: Callable[[], None] | None = None
    ) -> dict[str, CancelAccepted | Refused]:
        if (
            refused := self._asked(Write.CANCEL, order_ids, self.canceled, before_send)
        ) is not None:
            return dict.fromkeys(order_ids, refused)
        return {one: CancelAccepted() for one in order_ids}

    def _asked(
        self,
        write: Write,
        order_ids: Sequence[str],
        done: Counter[str],
        before_send: Callable[[], None] | None,
    ) -> Refused | None:
        """Do it and be silent, or lose the answer, or refuse."""
        answer, self.next = self.next, Answer.ACCEPTED
        if answer is Answer.NEVER_LEFT:
            raise never_left()
        if before_send is not None:
            before_send()
        self.leaves(write)
        if answer in _REFUSED:
            return Refused("No.", _REFUSED[answer])
        if answer is Answer.NOT_TAKEN:
            raise lost_answer()
        done.update(order_ids)
        self.took()
        if answer in (Answer.LOST, Answer.LOST_LATE):
            raise lost_answer()
        if answer is Answer.BUG:
            raise RuntimeError("a bug of our own")
        return None

    def statuses_once(self, order_ids: Sequence[str]) -> dict[str, Progress | Unreadable]:
        if not self.answers_reads:
            raise Unavailable("It does not answer.")
        return {one: self._said(one) for one in order_ids}

    def lists_orders(self, *, lists: bool) -> None:
        self.dialect = Dialect(recent_orders=lists)

    def recent_orders(self) -> tuple[RecentOrder, ...]:
        """Its newest first, as soon as their ids answer."""
        if not self.answers_reads:
            raise Unavailable("It does not answer.")
        told = ((taken, self._said(taken.order_id)) for taken in reversed(self.ledger.values()))
        return tuple(
            RecentOrder(taken.order_id, said, taken.link, taken.quantity)
            for taken, said in told
            if isinstance(said, Progress)
        )

    def of_link(self, link: str) -> list[Taken]:
        return [taken for taken in self.ledger.values() if taken.link == link]

    def go_on(self, state: OrderState) -> None:
        """All its orders are said to be there from now on, whatever was said before."""
        for taken in self.ledger.values():
            taken.state = state

    def _take(self, payload: WrittenPayload, *, late: bool) -> Taken:
        self._step += 1
        self._last += 1 + self._step % 4  # the ids between are other customers'
        fields, order_id = payload.wire(), str(self._last)
        quantity = int(fields["quantity"])
        visible = self.clock() + (LATE if late else timedelta())
        taken = Taken(order_id, fields["link"], quantity, PRICE * quantity, visible)
        self.ledger[order_id] = taken
        return taken

    def _said(self, order_id: str) -> Progress | Unreadable:
        taken = self.ledger.get(order_id)
        if taken is None or taken.visible_at > self.clock():
            return NOBODYS
        return progress(
            taken.state,
            charge=str(taken.charge),
            start_count=7,
            remains=0 if taken.state is OrderState.COMPLETED else taken.quantity,
        )
