"""The one step of a connection check that is not a reading action: an order of nothing.

It has no service, link or quantity, so nothing can be bought by it. A provider that wants an id of
ours with each order refuses it for that, and says under which name.
"""

from __future__ import annotations

from collections.abc import Callable

from ..answers.answer import heed, order_placed
from ..errors import NotSent, OutcomeUnknown, Rejected
from ..errors import RefusalCode as Code
from ..refusals.idempotency_parameter import parameter_asked_for
from .findings import FindingLevel
from .steps import ConnectionCheck

TOPIC = "repeats"


def add_nothing(check: ConnectionCheck, before_send: Callable[[], None] | None = None) -> None:
    """Send it once, and note what the answer tells of ids of ours. Raises as `heed` does.

    `before_send` is the pre-send check, as of any order.
    """
    try:
        answer = check.client.call("add", {}, before_send=before_send)
    except NotSent as error:
        check.note(TOPIC, FindingLevel.WARN, "The empty order was not sent.", error.reason)
        return
    except OutcomeUnknown as error:
        check.note(TOPIC, FindingLevel.WARN, "The empty order got no answer.", error.reason)
        return
    heed(answer, check.dialect, check.client.now(), write=True)
    missing = [said for said, code in answer.refusals(check.dialect) if code is Code.NEEDS_ID]
    try:
        placed = order_placed(answer, check.dialect)
    except Rejected as refusal:
        _hear_what_is_missing(check, refusal.reason, missing)
    except OutcomeUnknown as error:
        if error.evidence is not None and error.evidence.candidate_id:
            _note_that_it_was_taken(check, error.evidence.candidate_id)
            return
        words = "What it says to an empty order proves nothing about ids of ours."
        check.note(TOPIC, FindingLevel.WARN, words, error.reason)
    else:
        _note_that_it_was_taken(check, placed.order_id)


def _hear_what_is_missing(check: ConnectionCheck, reason: str, missing: list[str]) -> None:
    if missing:
        name = parameter_asked_for(missing[0])
        check.learn(idempotency_parameter=name)
        words = f"It wants an id of ours with each order; from now on it gets one as “{name}”."
    else:
        words = (
            "It refused an empty order for another reason and asked for no id of ours. If it wants"
            " one, the first order shows it; whether it knows a replay, its documentation tells."
        )
    check.note(TOPIC, FindingLevel.OK, words, reason)


def _note_that_it_was_taken(check: ConnectionCheck, order_id: str) -> None:
    words = f"It answered an empty order with the number {order_id}: look on its site what that is."
    check.note(TOPIC, FindingLevel.FAIL, words)
