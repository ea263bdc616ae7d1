"""A provider in memory that remembers what it was asked, and can be told how to fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import count

from providers.panel_api import (
    BatchRefused,
    Dialect,
    Evidence,
    NotSent,
    OrderState,
    OutcomeUnknown,
    Placed,
    Progress,
    ProviderError,
    RefusalCode,
    Rejected,
    Unreadable,
    WrittenPayload,
)


class FakeProvider:
    """`placed` is its ledger: (id, parameters) of every order it took.

    `then` is raised by the next `add`, `accepts_first` says whether it took the order before.
    `meanwhile` is called while the request is under way.
    """

    def __init__(self) -> None:
        self.placed: list[tuple[str, dict[str, str]]] = []
        self.asked: list[list[str]] = []
        self.then: Exception | None = None
        self.accepts_first = False
        self.meanwhile: Callable[[], None] | None = None
        self.says: dict[str, Progress | Unreadable] = {}
        self.poison: set[str] = set()
        self.down: ProviderError | None = None
        self.dialect = Dialect()
        self._ids = count(23501)

    def add(
        self, payload: WrittenPayload, *, before_send: Callable[[], None] | None = None
    ) -> Placed:
        if before_send is not None:
            before_send()
        failure, self.then = self.then, None
        if isinstance(failure, NotSent):
            raise failure
        if self.meanwhile is not None:
            self.meanwhile()
        if failure is not None and not self.accepts_first:
            raise failure
        order_id = str(next(self._ids))
        self.placed.append((order_id, payload.wire()))
        if failure is not None:
            raise failure
        return Placed(order_id)

    def statuses_once(self, order_ids: Sequence[str]) -> dict[str, Progress | Unreadable]:
        self.asked.append(list(order_ids))
        if self.down is not None:
            raise self.down
        if self.poison & set(order_ids):
            raise BatchRefused("Something went wrong.")
        unknown = Unreadable("Incorrect order ID", RefusalCode.UNKNOWN_ORDER)
        return {order_id: self.says.get(order_id, unknown) for order_id in order_ids}


def progress(
    status: OrderState | None = OrderState.IN_PROGRESS,
    *,
    raw: str = "",
    charge: str | None = None,
    start_count: int | None = None,
    remains: int | None = None,
) -> Progress:
    """What a provider says of one order."""
    return Progress(
        status=status,
        raw_status=raw or (status.value if status else "?"),
        charge=None if charge is None else Decimal(charge),
        start_count=start_count,
        remains=remains,
    )


def lost_answer(reason: str = "read timeout") -> OutcomeUnknown:
    return OutcomeUnknown(reason, Evidence(reason=reason, bytes_left=True))


def never_left(reason: str = "connection refused") -> NotSent:
    return NotSent(reason, Evidence(reason=reason, bytes_left=False))


def refusal(code: RefusalCode, words: str = "No.") -> Rejected:
    return Rejected(words, code, Evidence(reason=words, bytes_left=True, http_status=200))
