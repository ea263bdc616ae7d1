"""The step of a connection check that finds out how several orders are asked about in one call.

A limit is learned from a clear answer only, by a client that may ask about more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ..client import PanelClient
from ..dialect import LARGEST_BATCH, Dialect
from ..errors import BatchRefused, RefusalCode
from ..refusals.classify import normalised, refusal_code
from ..results import Unreadable
from .findings import FindingLevel
from .steps import IMPOSSIBLE_IDS, ConnectionCheck

TOPIC: Final = "orders"
ACTIONS: Final = ("status", "multi_status", "multistatus")


def ask_two_orders(check: ConnectionCheck) -> None:
    """Ask about two at once in every known way, until one is understood."""
    most = max(check.dialect.batch_size, len(IMPOSSIBLE_IDS))
    asking = check.client.speaking(check.dialect.changed(batch_size=most))
    first = _refusal(asking)
    if first is None:
        _learn_batches(check)
        return
    for changes, words in _other_ways(check.dialect):
        if _refusal(asking.speaking(asking.dialect.changed(**changes))) is None:
            _learn_batches(check, **changes)
            check.note(TOPIC, FindingLevel.OK, words)
            return
    _hear_refusal(check, first)


def _refusal(client: PanelClient) -> BatchRefused | None:
    try:
        client.statuses_once(IMPOSSIBLE_IDS)
    except BatchRefused as refusal:
        return refusal
    return None


def _other_ways(dialect: Dialect) -> Iterator[tuple[dict[str, Any], str]]:
    """Other ways to ask about several, with what to say where one works."""
    if not dialect.ids_as_json:
        yield {"ids_as_json": True}, "It wants the ids of several orders as JSON; we do that now."
    for action in ACTIONS:
        if action != dialect.batch_status_action:
            words = f"Several orders are asked about with the action “{action}”; we use it now."
            yield {"batch_status_action": action}, words


def _learn_batches(check: ConnectionCheck, **changes: Any) -> None:
    if check.dialect.batch_size < len(IMPOSSIBLE_IDS):  # as it was once learned
        changes["batch_size"] = LARGEST_BATCH
    check.learn(many_statuses=True, **changes)
    check.note(TOPIC, FindingLevel.OK, "Two orders can be asked about in one call.")


def _hear_refusal(check: ConnectionCheck, refusal: BatchRefused) -> None:
    said = refusal.reason
    if refusal_code(said, check.dialect.refusals) is RefusalCode.UNKNOWN_ORDER:
        words = (
            "Two unknown orders are refused together; known ones will show whether several can be"
            " asked about in one call."
        )
        check.note(TOPIC, FindingLevel.OK, words, said)
    elif refusal.singly or _is_about_two(check, refusal):
        check.learn(many_statuses=False, batch_size=1)
        words = "Orders must be asked about one at a time; following them is slower."
        check.note(TOPIC, FindingLevel.WARN, words, said)
    else:
        words = (
            "Whether several orders can be asked about in one call could not be found out, because"
            " one alone was not understood either; nothing was changed."
        )
        check.note(TOPIC, FindingLevel.WARN, words, said)


def _is_about_two(check: ConnectionCheck, refusal: BatchRefused) -> bool:
    """One alone was understood, and two are refused in other words."""
    one = check.alone
    if isinstance(one, Unreadable) and one.code is not RefusalCode.UNKNOWN_ORDER:
        return False
    said = one.reason if isinstance(one, Unreadable) else ""
    return one is not None and normalised(said) != normalised(refusal.reason)
