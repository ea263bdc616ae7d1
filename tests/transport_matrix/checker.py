"""Compares what the client claimed with what the server knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from .callers import Run
from .mode import Outcome

MOST_OVERRUN: Final = 0.5


def is_false_not_sent(run: Run) -> bool:
    """Sending again would buy twice: something the server could act upon had reached it."""
    return run.outcome is Outcome.NOT_SENT and run.truth.request_bytes > 0


def is_false_accepted(run: Run) -> bool:
    """The order is not in the ledger, or what was said is not one whole, clean answer."""
    if run.outcome is not Outcome.ACCEPTED:
        return False
    return run.order_id not in run.truth.ledger or run.truth.said is None


def is_false_rejected(run: Run) -> bool:
    """The order is in the ledger all the same, or nobody said a whole, clean no."""
    if run.outcome is not Outcome.REJECTED:
        return False
    return bool(run.truth.ledger) or run.truth.said is None


def is_of_another_class(run: Run) -> bool:
    expected = {run.mode.expected, *run.mode.or_else}
    return run.outcome not in expected and not came_to_nothing(run)


def came_to_nothing(run: Run) -> bool:
    """On a busy machine the deadline may pass before the first byte; then not sent is true."""
    in_time = run.seconds < run.mode.deadline
    return run.outcome is Outcome.NOT_SENT and not in_time and not run.truth.request_bytes


def speaks_against_itself(run: Run) -> bool:
    """The evidence that is kept says the opposite of the claim."""
    return run.bytes_left is (run.outcome is Outcome.NOT_SENT)


def shows_the_key(run: Run) -> bool:
    return run.shows_key


FAULTS: Final[dict[str, Callable[[Run], bool]]] = {
    "false not sent": is_false_not_sent,
    "false accepted": is_false_accepted,
    "false rejected": is_false_rejected,
    "another class than expected": is_of_another_class,
    "evidence against the claim": speaks_against_itself,
    "key shown": shows_the_key,
}


def faults(run: Run) -> list[str]:
    return [fault for fault, shows in FAULTS.items() if shows(run)]


def slowest_overrun(runs: Iterable[Run]) -> float:
    """By how much the slowest call outlasted its deadline; below zero where none did."""
    return max(run.seconds - run.mode.deadline for run in runs)
