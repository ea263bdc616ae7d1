"""Where an order can be, and from where it may go where. The one page of statuses."""

from __future__ import annotations

from typing import Final

from django.db import models


class Status(models.TextChoices):
    HELD = "held", "Held"  # waiting on purpose; `Order.hold_reason` says for what
    QUEUED = "queued", "Queued"  # wanted, not yet sent
    SENDING = "sending", "Sending"  # one worker holds it
    UNCONFIRMED = "unconfirmed", "Unconfirmed"  # sent, answer lost; never re-sent
    NOT_PLACED = "not_placed", "Not placed"  # shown not to be at the provider
    REJECTED = "rejected", "Rejected"  # refused by the provider
    WITHDRAWN = "withdrawn", "Withdrawn"  # taken back by staff before it was sent
    GIVEN_UP = "given_up", "Closed as unknown"  # unconfirmed for good: staff stopped looking
    # the provider's word for an open order
    PENDING = "pending", "Pending"
    IN_PROGRESS = "in_progress", "In progress"
    PROCESSING = "processing", "Processing"
    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"
    # the provider's word for an ended one
    COMPLETED = "completed", "Completed"
    PARTIAL = "partial", "Partial"
    CANCELED = "canceled", "Canceled"
    REFUNDED = "refunded", "Refunded"
    EXPIRED = "expired", "Expired"


_S = Status
AT_PROVIDER = frozenset({_S.PENDING, _S.IN_PROGRESS, _S.PROCESSING, _S.ACTIVE, _S.PAUSED})
ENDED_THERE = frozenset({_S.COMPLETED, _S.PARTIAL, _S.CANCELED, _S.REFUNDED, _S.EXPIRED})
MONEY_BACK = frozenset({_S.PARTIAL, _S.CANCELED, _S.REFUNDED})  # not all was delivered
THERE = AT_PROVIDER | ENDED_THERE

# A late proof that the provider took such an order puts it back in doubt, whoever decided.
REOPENED_BY_PROOF = frozenset({_S.HELD, _S.QUEUED, _S.NOT_PLACED, _S.WITHDRAWN, _S.REJECTED})

MOVES: dict[Status, frozenset[Status]] = {
    _S.HELD: frozenset({_S.QUEUED, _S.WITHDRAWN, _S.UNCONFIRMED}),
    _S.QUEUED: frozenset({_S.SENDING, _S.HELD, _S.WITHDRAWN, _S.UNCONFIRMED}),
    _S.SENDING: frozenset({_S.PENDING, _S.REJECTED, _S.QUEUED, _S.HELD, _S.UNCONFIRMED}),
    _S.UNCONFIRMED: THERE | {_S.NOT_PLACED, _S.REJECTED, _S.GIVEN_UP},
    _S.GIVEN_UP: THERE,
    _S.NOT_PLACED: frozenset({_S.QUEUED, _S.WITHDRAWN, _S.UNCONFIRMED}),
    _S.WITHDRAWN: frozenset({_S.UNCONFIRMED}),
    _S.REJECTED: frozenset({_S.UNCONFIRMED}),
    **{status: THERE - {status} for status in AT_PROVIDER},
}

# How far an order has come at its provider. In progress and Processing are seen in either order,
# paused orders go on, an ended order has come as far as one can.
THE_END = 3
HOW_FAR: dict[str, int] = {
    _S.PENDING: 1,
    **dict.fromkeys((_S.IN_PROGRESS, _S.PROCESSING, _S.ACTIVE, _S.PAUSED), 2),
    **dict.fromkeys(ENDED_THERE, THE_END),
}


NOT_SENT = frozenset({_S.HELD, _S.QUEUED})
RESTING = frozenset({_S.HELD, _S.NOT_PLACED})  # not sent until somebody or something queues it
COSTS_NOTHING = frozenset({_S.REJECTED, _S.WITHDRAWN, _S.NOT_PLACED})
FINAL = ENDED_THERE | {_S.REJECTED, _S.WITHDRAWN, _S.GIVEN_UP}
OPEN = frozenset(Status) - FINAL - {_S.NOT_PLACED}
# The same beside it may be bought a second time: it is asked. Of those that rest because a person
# may have said so, beside the ones where one did (`OrderQueries.buying_again`).
ENDED_BY_WORD = frozenset({_S.WITHDRAWN, _S.REJECTED})
BY_WORD = ENDED_BY_WORD | {_S.NOT_PLACED}
BUYS_AGAIN = OPEN | {_S.GIVEN_UP} | BY_WORD
NEEDS_A_PERSON = frozenset({_S.UNCONFIRMED, _S.NOT_PLACED})
MAY_HAVE_COST = THERE | {_S.SENDING, _S.UNCONFIRMED, _S.GIVEN_UP}

GROUPS: dict[str, frozenset[Status]] = {
    "open": OPEN,
    "attention": NEEDS_A_PERSON,
    "ended": FINAL,
}

COLORS: dict[Status, str] = {
    _S.HELD: "yellow",
    _S.QUEUED: "secondary",
    _S.SENDING: "cyan",
    _S.UNCONFIRMED: "orange",
    _S.NOT_PLACED: "orange",
    _S.REJECTED: "red",
    _S.WITHDRAWN: "secondary",
    _S.GIVEN_UP: "red",
    _S.PENDING: "purple",
    _S.IN_PROGRESS: "blue",
    _S.PROCESSING: "blue",
    _S.ACTIVE: "blue",
    _S.PAUSED: "yellow",
    _S.COMPLETED: "green",
    _S.PARTIAL: "orange",
    _S.CANCELED: "red",
    _S.REFUNDED: "secondary",
    _S.EXPIRED: "secondary",
}


class HoldReason(models.TextChoices):
    """What a held order waits for."""

    NONE = "", "—"
    PROVIDER_PAUSED = "provider_paused", "The provider is paused"
    FUNDS = "funds", "The provider's balance is too low"
    LINK_BUSY = "link_busy", "An order with this link is still running there"
    KEY = "key", "The provider refuses our key"
    SCHEDULED = "scheduled", "It starts at a set time"
    SPEND_LIMIT = "spend_limit", "A spend limit is reached"
    BLOCKED_LINK = "blocked_link", "Its link is on the block list"
    TERMS = "terms_changed", "The terms of its service changed"
    RESTORED = "restored", "It may have been sent before the database was put back"
    STAFF = "staff", "Held by staff until it is released"


class Outcome(models.TextChoices):
    """How one attempt to send ended. `IN_FLIGHT`, `ACCEPTED` and `UNKNOWN` are live: while an
    order has one of these, a second attempt cannot be written down."""

    IN_FLIGHT = "in_flight", "In flight"
    ACCEPTED = "accepted", "Accepted"
    UNKNOWN = "unknown", "Unknown"
    REJECTED = "rejected", "Refused"
    NOT_SENT = "not_sent", "Not sent"
    NOT_PLACED = "not_placed", "Not placed"


RECALLED = "recalled"  # `Attempt.code` of a send that a restored database had forgotten
BOUGHT_TOO = "bought_too"  # and of one beside which an earlier try has the order's id: nobody knows


class Doubt(models.TextChoices):
    """Why nobody knows what became of a send: `Attempt.code` where the outcome is unknown."""

    LOST = "lost", "No answer to the order came"
    NOT_UNDERSTOOD = "not_understood", "The answer was not understood"
    CONTRADICTS = "contradicts", "The answer contradicts itself or what is known"
    IS_THERE = "is_there", "The provider says that it has the order already"
    RECALLED = RECALLED, "It was sent before the database was put back"


# Not lost now: an answer came, or it was sent before the database was put back.
NOT_LOST = (Doubt.NOT_UNDERSTOOD, Doubt.CONTRADICTS, Doubt.IS_THERE, Doubt.RECALLED)

LIVE_OUTCOMES = (Outcome.IN_FLIGHT, Outcome.ACCEPTED, Outcome.UNKNOWN)
NOTHING_BOUGHT = (Outcome.NOT_SENT, Outcome.REJECTED, Outcome.NOT_PLACED)


class Resolution(models.TextChoices):
    """By what a lost answer was replaced."""

    NONE = "", "—"
    LATE = "late", "The answer came late"
    SPOOL = "spool", "The answer was kept on disk"
    NAMED = "named", "The number in its own answer, which the provider knows"
    LISTING = "listing", "The provider's own list of orders"
    PROBE = "probe", "The one id of ours after the last known one"
    MATCH = "match", "The only way several ids fit several orders"
    CLOSED_RANGE = "bracket", "No id of ours between the orders before and after"
    REPLAY = "repeat", "Idempotent replay"
    PHRASE = "taught", "Staff said what the provider's words mean"  # the word of older rows
    PERSON = "person", "A person decided"


BY_STAFF: Final = (Resolution.PERSON, Resolution.PHRASE)


class HaltKind(models.TextChoices):
    """Why nothing is sent for the moment."""

    STOP = "stop", "All sending is stopped"
    RESTORED = "restored", "The database is not the one we left"
    INCIDENT = "incident", "The provider has an incident"
    ANSWER_LOST = "answer_lost", "An order is in doubt"
    EXPOSURE = "exposure", "Too many answers were lost"


class Write(models.TextChoices):
    """What changes something at a provider: sent at most once for each time it is wanted."""

    ADD = "add", "Order"
    REFILL = "refill", "Refill"
    CANCEL = "cancel", "Cancel"
    REPLAY = "replay", "Idempotent replay of an order"


class Flag(models.TextChoices):
    """Why an order is marked for a person although it goes on."""

    NONE = "", "—"
    UNKNOWN_WORD = "unknown_word", "The provider uses a status word we do not know"
    NOT_KNOWN_THERE = "not_known_there", "The provider does not know this order"
    LATE_ANSWER = "late_answer", "An answer came after the order had been resolved"
    LIVE_ATTEMPT = "live_attempt", "Queued although an earlier try may have reached the provider"
    BOUGHT_TWICE = "bought_twice", "It may have been bought twice"
    CHILD_TAKEN = "child_taken", "The provider lists another order of ours as one it started"
    ID_REUSED = "id_reused", "The provider gave the number of another order of ours"
    WENT_BACKWARDS = "went_backwards", "Status went backwards"
    CHARGE_CHANGED = "charge_changed", "The provider changed what it charges"
    CHARGE_DIFFERS = "charge_differs", "The charge does not fit what was ordered or delivered"
    ODD_REMAINS = "odd_remains", "Invalid remaining count"
    NOT_CLAIMED = "not_claimed", "It could not be taken for sending"
    OUT_OF_STEP = "out_of_step", "Its status and its sends contradict each other"
    UNREADABLE = "unreadable", "The provider's answers about this order cannot be read"


# They end by themselves with what they tell of; the others stay until a person has looked.
PASSING_FLAGS = frozenset(
    {Flag.UNKNOWN_WORD, Flag.NOT_KNOWN_THERE, Flag.ODD_REMAINS, Flag.UNREADABLE}
)
REPLACEABLE_FLAGS = (Flag.NONE, *sorted(PASSING_FLAGS))  # any other stands until it was looked at


class RefillStatus(models.TextChoices):
    """Where a refill is. `WAITING` has a next possible time, `UNCONFIRMED` lost its answer."""

    QUEUED = "queued", "Queued"
    WAITING = "waiting", "Waiting"
    SENDING = "sending", "Sending"
    UNCONFIRMED = "unconfirmed", "Unconfirmed"
    PENDING = "pending", "Pending"
    IN_PROGRESS = "in_progress", "In progress"
    COMPLETED = "completed", "Completed"
    REJECTED = "rejected", "Rejected"
    ERROR = "error", "Error"
    REFUSED = "refused", "Refused"
    WITHDRAWN = "withdrawn", "Withdrawn"


_R = RefillStatus
OPEN_REFILLS = frozenset(
    {_R.QUEUED, _R.WAITING, _R.SENDING, _R.UNCONFIRMED, _R.PENDING, _R.IN_PROGRESS}
)
REFILLS_TO_SEND = frozenset({_R.QUEUED, _R.WAITING})
REFILLS_AT_PROVIDER = frozenset({_R.PENDING, _R.IN_PROGRESS})
REFILLABLE = frozenset({Status.COMPLETED, Status.PARTIAL})


class CancelStatus(models.TextChoices):
    """Where a request to cancel is. `ACCEPTED` means taken, not carried out."""

    QUEUED = "queued", "Queued"
    SENDING = "sending", "Sending"
    ACCEPTED = "accepted", "Cancel requested"
    REFUSED = "refused", "Refused"
    ENDED = "ended", "Order ended"


RESTORE_DOUBT = "restore_doubt"  # of what was not sent: the database may have been put back
UNCLEAR = "unclear"  # `CancelRequest.code`: given up, or to be looked into; no word of theirs
OPEN_CANCELS = frozenset({CancelStatus.QUEUED, CancelStatus.SENDING, CancelStatus.ACCEPTED})


class JobKind(models.TextChoices):
    """What is done to many orders at once, in the background."""

    REFRESH = "refresh", "Refresh"
    REFILL = "refill", "Refill"
    CANCEL = "cancel", "Cancel"
    HOLD = "hold", "Hold"
    RELEASE = "release", "Release"
    REORDER = "reorder", "Order again"
    WITHDRAW = "withdraw", "Withdraw"
    REFERENCE = "reference", "Reference"
    TAG = "tag", "Add tags"
    UNTAG = "untag", "Remove tags"
    NOTE = "note", "Note"


class JobState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    STOPPED = "stopped", "Stopped"


UNDER_WAY = frozenset({JobState.WAITING, JobState.RUNNING})


def how_it_stands(status: str) -> str:
    """Why whoever orders the same beside such an order is asked first; see `BUYS_AGAIN`."""
    if status == Status.WITHDRAWN:
        unproven = "was withdrawn, and that it was not bought is not proven: look there first"
        return f"{unproven}. Where its page offers it, *Found it after all* links it"
    if status == Status.REJECTED:
        by_word = "was refused, but that it is not there is the word of a person, and not proven"
        return f"{by_word}: *Found it after all* on its page links it"
    if status == Status.NOT_PLACED:
        by_hand = "was marked as not placed by hand, and that is not proven"
        return f"{by_hand}: the usual way is *Send again* on its page"
    return "is still open" if status in OPEN else "was closed as unknown, and may have been bought"
