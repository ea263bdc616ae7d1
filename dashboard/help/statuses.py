"""What the statuses mean. Names, colours and groups are those of `orders/status.py`, which every
page uses; only the sentences stand here, one for each, which a test asks for."""

from __future__ import annotations

from dataclasses import dataclass

from orders.status import (
    AT_PROVIDER,
    COLORS,
    COSTS_NOTHING,
    ENDED_THERE,
    GROUPS,
    MONEY_BACK,
    NOT_SENT,
    CancelStatus,
    Flag,
    HoldReason,
    RefillStatus,
    Status,
)

ORDER = {
    Status.HELD: "Waiting on purpose. The order says for what; it was not sent.",
    Status.QUEUED: "Will be sent in a moment.",
    Status.SENDING: "On its way to the provider now.",
    Status.UNCONFIRMED: "Sent, but no clear answer came. The desk looks for it and does not send "
    "it again by itself.",
    Status.NOT_PLACED: "Shown not to be at the provider. You may send it again.",
    Status.REJECTED: "The provider refused it. Its reason stands on the order.",
    Status.WITHDRAWN: "Taken back by staff before it was sent.",
    Status.GIVEN_UP: "Unconfirmed, and staff stopped looking. It may still be linked later.",
    Status.PENDING: "The provider has it and has not started.",
    Status.IN_PROGRESS: "The provider is delivering.",
    Status.PROCESSING: "The provider is preparing or delivering it.",
    Status.ACTIVE: "A subscription that is running.",
    Status.PAUSED: "The provider paused it. It can go on.",
    Status.COMPLETED: "Delivered, the provider says. If some remains, the order says so.",
    Status.PARTIAL: "Ended early: a part was delivered, and the rest of the money comes back.",
    Status.CANCELED: "The provider ended it.",
    Status.REFUNDED: "The provider gave the money back.",
    Status.EXPIRED: "A subscription that reached its end.",
}
REFILL = {
    RefillStatus.QUEUED: "Will be sent in a moment.",
    RefillStatus.WAITING: "The provider said to wait. It is sent at the time shown.",
    RefillStatus.SENDING: "On its way to the provider now.",
    RefillStatus.UNCONFIRMED: "Sent, but no clear answer came. Only a person sends it again.",
    RefillStatus.PENDING: "The provider has it and has not started.",
    RefillStatus.IN_PROGRESS: "The provider is delivering.",
    RefillStatus.COMPLETED: "Done.",
    RefillStatus.REJECTED: "The provider took the request and then turned it down.",
    RefillStatus.ERROR: "The provider says that it went wrong there.",
    RefillStatus.REFUSED: "The provider did not take the request.",
    RefillStatus.WITHDRAWN: "Taken back by staff before it was sent.",
}
CANCEL = {
    CancelStatus.QUEUED: "Will be sent in a moment.",
    CancelStatus.SENDING: "On its way to the provider now.",
    CancelStatus.ACCEPTED: "The provider took the request. The order ends when its status says so.",
    CancelStatus.REFUSED: "The provider did not take it. The order goes on.",
    CancelStatus.ENDED: "The order ended before or through it.",
}
_GROUP_NAMES = {"open": "Open", "attention": "Needs attention", "ended": "Ended"}


@dataclass(frozen=True, slots=True)
class Meaning:
    label: str
    text: str = ""
    color: str = "secondary"
    group: str = ""
    money: str = ""


def orders() -> list[Meaning]:
    return [
        Meaning(one.label, ORDER[one], COLORS[one], _group_of(one), _money_of(one))
        for one in Status
    ]


def hold_reasons() -> list[str]:
    return [reason.label for reason in HoldReason if reason]


def flags() -> list[str]:
    return [flag.label for flag in Flag if flag]


def refills() -> list[Meaning]:
    known = [Meaning(one.label, REFILL[one]) for one in RefillStatus]
    stays = "Staff stopped looking. The provider may have carried it out, or may yet."
    again = "Sent once more by a person. Nobody knows whether it was started the time before."
    return [*known, Meaning(Status.GIVEN_UP.label, stays), Meaning("Queued again, unclear", again)]


def cancels() -> list[Meaning]:
    known = [Meaning(one.label, CANCEL[one]) for one in CancelStatus]
    return [
        *known,
        Meaning("Unclear", "Sent, but no clear answer came. The order's status will say."),
        Meaning("Queued again, unclear", "The same, and the desk asks again by itself."),
    ]


def _group_of(status: Status) -> str:
    """The tab in which it stands; where it stands in two, the one that asks for more."""
    names = [name for name, statuses in GROUPS.items() if status in statuses]
    return _GROUP_NAMES["attention" if "attention" in names else names[0]]


def _money_of(status: Status) -> str:
    if status in COSTS_NOTHING:
        return "Costs nothing"
    if status in NOT_SENT:
        return "Nothing spent yet"
    if status not in AT_PROVIDER | ENDED_THERE:
        return "May have cost money"
    return "Money may come back" if status in MONEY_BACK else "Costs money"
