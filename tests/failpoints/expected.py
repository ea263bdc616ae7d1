"""Where an order must end, from what the crash left and what the provider truly did.

One rule for all cells: nothing claimed is sent later; what a dead worker may have sent is looked
for, and found if and only if the provider has it; what is written down stays.
"""

from __future__ import annotations

from dataclasses import dataclass

from orders.status import Status

from .modes import Classification, Mode
from .places import Killed, Left, Place


@dataclass(frozen=True, slots=True)
class End:
    """The order's last status and how often the provider has it."""

    status: Status
    upstream: int


THERE = End(Status.PENDING, 1)
NOT_THERE = End(Status.NOT_PLACED, 0)
REFUSED = End(Status.REJECTED, 0)


def expected(place: Place, mode: Mode, *, spool: bool) -> End:
    """Where it ends once everything that repairs has run, and one more order has been sent.

    `spool`: answers are kept on disk, so a crash after that loses none.
    """
    left = place.left
    if place.killed is Killed.SENDING and not place.is_reached(mode):
        left = Left.SETTLED  # nobody was killed
    match left:
        case Left.PAYLOAD:
            return THERE  # sent afterwards, when the provider is well again
        case Left.CLAIM:
            return NOT_THERE
        case Left.SETTLED:
            return as_written_down(mode)
        case Left.KEPT if spool:
            return as_written_down(mode)
    return THERE if mode.taken else NOT_THERE


def as_written_down(mode: Mode) -> End:
    """What was answered is kept."""
    match mode.classification:
        case Classification.ACCEPTED | Classification.WAITS | Classification.NOT_SENT:
            return THERE  # the last two by a second, authorised send
        case Classification.REFUSED:
            return REFUSED
    return THERE if mode.taken else NOT_THERE
