"""The words providers use for where an order or a refill is, with their aliases and typos."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from ..results import OrderState, RefillState

State = TypeVar("State", OrderState, RefillState)

_NO_WORDS: Final[Mapping[str, OrderState]] = {}
_NO_REFILL_WORDS: Final[Mapping[str, RefillState]] = {}

# Words that might end an order only where a provider means something else by them (fail,
# error, refill, success) are left out on purpose: an unknown word keeps the order open.
ORDER_WORDS: Final[Mapping[OrderState, tuple[str, ...]]] = {
    OrderState.PENDING: ("pending", "awaiting", "waiting", "queued", "in queue", "new"),
    OrderState.IN_PROGRESS: ("in progress", "inprogress", "in progess", "in process", "running"),
    OrderState.PROCESSING: ("processing", "procesing"),
    OrderState.ACTIVE: ("active",),
    OrderState.PAUSED: ("paused", "on hold", "suspended"),
    OrderState.COMPLETED: ("completed", "complete", "complited", "finished", "done"),
    OrderState.PARTIAL: ("partial", "partially completed", "partially complete", "partialy"),
    OrderState.CANCELED: ("canceled", "cancelled", "canelled", "canceled by user", "cancel"),
    OrderState.REFUNDED: ("refunded", "refunds", "refund"),
    OrderState.EXPIRED: ("expired",),
}

REFILL_WORDS: Final[Mapping[RefillState, tuple[str, ...]]] = {
    RefillState.PENDING: ("pending", "awaiting", "waiting", "queued"),
    RefillState.IN_PROGRESS: ("in progress", "in progess", "inprogress", "processing"),
    RefillState.COMPLETED: ("completed", "complete", "done"),
    RefillState.REJECTED: ("rejected", "reject", "canceled", "cancelled"),
    RefillState.ERROR: ("error", "fail", "failed"),
}


def plain_word(raw: str) -> str:
    """Lower case, with `_`, `-` and runs of spaces as one space."""
    return " ".join(raw.lower().replace("_", " ").replace("-", " ").split())


_ORDER_STATES = {word: state for state, words in ORDER_WORDS.items() for word in words}
_REFILL_STATES = {word: state for state, words in REFILL_WORDS.items() for word in words}
# The published spelling needs no normalising: it is nearly every row.
_ORDER_STATES |= {
    spelling: state
    for state in OrderState
    for spelling in (state.value.replace("_", " ").capitalize(),)
}


def order_state(raw: str, additions: Mapping[str, OrderState] = _NO_WORDS) -> OrderState | None:
    """The state a provider's word means; None when nobody has told us."""
    if additions and (state := _added(raw, additions)):
        return state
    return _ORDER_STATES.get(raw) or _ORDER_STATES.get(plain_word(raw))


def refill_state(
    raw: str, additions: Mapping[str, RefillState] = _NO_REFILL_WORDS
) -> RefillState | None:
    """The refill state a provider's word means; None when nobody has told us."""
    if additions and (state := _added(raw, additions)):
        return state
    return _REFILL_STATES.get(plain_word(raw))


def _added(raw: str, additions: Mapping[str, State]) -> State | None:
    wanted = plain_word(raw)
    return next((state for word, state in additions.items() if plain_word(word) == wanted), None)
