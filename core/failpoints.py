"""Named places where a test may stop the world, to see what a crash just there leaves behind.

Nothing in the desk arms them: no setting, no variable. Unarmed, a failpoint is one look into an
empty dictionary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

POINTS: Final = frozenset(
    {
        "place.written",  # the order row, before its transaction is committed
        "place.committed",  # the order is wanted, no bell has rung
        "claim.moved",  # queued → sending, before the attempt row
        "claim.written",  # with the attempt row, before the commit
        "claim.committed",  # claimed, nothing sent
        "claim.journaled",  # the high-water mark outside the database is written
        "pre_send_check.passed",  # connected, the next thing is the first byte
        "send.answered",  # the answer is in memory only
        "send.spooled",  # the answer is on disk beside the database
        "record.begun",  # the outcome is known, its transaction has not begun
        "record.attempt",  # the attempt has its outcome, the order not yet
        "record.read",  # the order was read too, nothing of it is written
        "record.moved",  # both, before the commit
        "record.committed",  # written down, the spool file is still there
        "reap.recorded",  # a lost claim has become unconfirmed
        "request.taken",  # refills or cancels are claimed, before the commit
        "request.claimed",  # claimed, nothing sent
        "request.journaled",  # the call is in the journal outside the database
        "request.answered",  # the answer to the call is in memory only
        "request.kept",  # the answer is on disk beside the database
        "request.read",  # what stood beside it was read, its transaction has not begun
        "request.written",  # its answer is written, before the commit
        "request.recorded",  # written down, the file is still there
        "search.answered",  # a probe was answered, nothing is written
        "list.answered",  # the provider's list was read, nothing of it is written
        "list.told",  # what may be it is kept for a person, nothing is decided
        "link.attempt",  # found: the attempt has its id, the order not yet
        "link.moved",  # found: both, before the commit
        "restore.doubted",  # the database is another one: sending stops, nothing is brought in
        "recall.moved",  # a forgotten send: its order is in doubt, its attempt not written
        "recall.written",  # with the attempt, before the commit
        "recall.committed",  # in doubt, its answer not yet written
        "recall.listed",  # an order that has no row here is listed for a person
        "recall.replayed",  # a lost send has its replays of before, not yet committed
        "recall.call",  # a forgotten call about refills or cancels has its row
        "recall.taken",  # its requests are known as sent, its answer is not written
        "recall.recorded",  # that too, before the commit
        "recall.done",  # after it
        "accept.begun",  # all of an account is brought in, and its database not accepted
        "accept.sends",  # accepted in the journal of orders alone
        "accept.noted",  # in both
        "absent.attempt",  # shown not to be there: the attempt has its end, the order not yet
        "absent.moved",  # shown not to be there: both, before the commit
    }
)
_armed: dict[str, Callable[[], None]] = {}


def failpoint(name: str) -> None:
    """Do what a test has armed here; in the desk, nothing."""
    if _armed and name in _armed:
        _armed[name]()


@contextmanager
def armed(name: str, act: Callable[[], None]) -> Iterator[None]:
    """Within the block `act` is called at that place. Raises KeyError for a name not in POINTS."""
    if name not in POINTS:
        raise KeyError(name)
    _armed[name] = act
    try:
        yield
    finally:
        _armed.pop(name, None)
