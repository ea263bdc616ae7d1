"""What one call about refills or cancels can end in, and what that says of one request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, Final, Generic, TypeVar

from providers.panel_api import (
    CancelAccepted,
    Meaning,
    RefillStarted,
    RefusalCode,
    Refused,
    Says,
    meaning,
)

from ..sending.outcome import code_of_old

Said = TypeVar("Said")
NO_ROW: Final = Refused("The answer has no row for this order.", is_own=True)


@dataclass(frozen=True, slots=True)
class Answered(Generic[Said]):
    """The provider's word on each order, by its id there."""

    rows: Mapping[str, Said]

    def about(self, order_id: str) -> Said | Refused:
        """Nothing said is no refusal that proves anything."""
        return self.rows.get(order_id, NO_ROW)


@dataclass(frozen=True, slots=True)
class Later:
    """Proven: nothing was done. To be sent again, no sooner than `until`. `code`: see `NotSent`."""

    reason: str
    until: datetime
    code: str = ""


@dataclass(frozen=True, slots=True)
class Lost:
    """The answer is lost: it may have been done. Until `until` the provider wants no call."""

    reason: str
    until: datetime | None = None


Outcome = Answered[Said] | Later | Lost
AnyOutcome = Answered[Any] | Later | Lost


NOT_WRITTEN: Final = Lost("The answer could not be written down; the log of the desk says why.")
WHY_LATER_NOT_WRITTEN: Final = (
    "Why it was not sent could not be written down; the log of the desk says it."
)


def without_words(outcome: AnyOutcome) -> AnyOutcome:
    """What stays true where a row cannot be written with the words of this: of what was proven not
    sent, that it was not; of an answer, that nobody knows it."""
    if isinstance(outcome, Later):
        return replace(outcome, reason=WHY_LATER_NOT_WRITTEN)
    return NOT_WRITTEN


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What a call said of one row: where it goes, with which words for its order's history.

    Unless it is `proven`, a later word may overrule it. One that `is_heard` has words of the
    provider in it, which are told also where it changes nothing any more.
    """

    to: str
    text: str
    changes: dict[str, Any] = field(default_factory=dict)
    proven: bool = True
    is_heard: bool = False


def as_said(said: Refused) -> str:
    """Words of theirs where words of ours could stand as well: whose they are is kept with them."""
    return said.reason if said.is_own else f"The provider said: “{said.reason}”"


def refused_by_all(rows: Iterable[object]) -> Refused | None:
    """The refusal, where every row was refused because the provider has no such call."""
    refusals = list(rows)
    for row in refusals:
        if not isinstance(row, Refused) or row.code is not RefusalCode.UNSUPPORTED:
            return None
    first = next(iter(refusals), None)
    return first if isinstance(first, Refused) else None


def asked_to_slow_down(rows: Iterable[object]) -> str:
    """The words of a row by which the provider asks for fewer calls; empty where none does."""
    limits = (row for row in rows if isinstance(row, Refused))
    return next((row.reason for row in limits if row.says & Says.TOO_MANY), "")


_ROWS: Final[dict[str, type[RefillStarted | CancelAccepted | Refused]]] = {
    "started": RefillStarted,
    "accepted": CancelAccepted,
    "refused": Refused,
}
_NAMES: Final = {kind: name for name, kind in _ROWS.items()}


def outcome_to_json(outcome: AnyOutcome) -> dict[str, Any]:
    """Plain values, for a file."""
    match outcome:
        case Answered(rows):
            return _kept(rows)
        case Later(reason, until, code):
            kept = {"is": "later", "reason": reason, "until": until.isoformat()}
            return {**kept, "code": code} if code else kept
        case Lost(reason, wanted):
            return {"is": "lost", "reason": reason, "until": wanted and wanted.isoformat()}


def _kept(rows: Mapping[str, Any]) -> dict[str, Any]:
    said = {one: [_NAMES[type(row)], _written(row)] for one, row in rows.items()}
    refused = {one: row for one, row in rows.items() if isinstance(row, Refused)}
    says = {one: [said.name for said in row.says] for one, row in refused.items()}
    own = [one for one, row in refused.items() if row.is_own]
    return {"is": "answered", "rows": said, "says": says, **({"own": own} if own else {})}


def _written(row: Any) -> dict[str, Any]:
    """As each release reads it: 0.3 knows nothing of what is left out, and reads no row with it."""
    return {name: value for name, value in asdict(row).items() if name not in ("is_own", "says")}


def may_be_open(outcome: AnyOutcome | None, order_id: str) -> bool:
    """The provider may have this refill, or cancel, under way: only a refusal in known words says
    not."""
    said = _said_of(outcome, order_id)
    return not isinstance(said, Refused) or bool(said.says & (Says.UNKNOWN | Says.IS_OPEN))


def may_be_refused_for_another(outcome: AnyOutcome | None, order_id: str) -> bool:
    """A refill of before may be why this one was refused."""
    said = _said_of(outcome, order_id)
    return isinstance(said, Refused) and bool(said.says & Says.REFILL_MAY_BE_WHY)


def has_begun(outcome: AnyOutcome | None, order_id: str) -> bool:
    """Proven: this refill is under way."""
    return isinstance(_said_of(outcome, order_id), RefillStarted)


def has_taken(outcome: AnyOutcome | None, order_id: str) -> bool:
    """Proven: the provider has this request to cancel, or nothing left to cancel."""
    said = _said_of(outcome, order_id)
    if not isinstance(said, Refused):
        return isinstance(said, CancelAccepted)
    return meaning(said.says, "cancel") in (Meaning.OPEN, Meaning.CANCELED)


def is_undone(outcome: AnyOutcome, order_id: str) -> bool:
    """Proven: nothing was done about this order."""
    return isinstance(outcome, Later) or not may_be_open(outcome, order_id)


def _said_of(outcome: AnyOutcome | None, order_id: str) -> object:
    return outcome.rows.get(order_id) if isinstance(outcome, Answered) else None


def outcome_from_json(written: dict[str, Any]) -> AnyOutcome:
    """Raises one of `UNREADABLE` for what `outcome_to_json` never wrote."""
    match written["is"]:
        case "answered":
            own = written.get("own", ())
            says, rows = written.get("says", {}), written["rows"].items()
            return Answered(
                {one: _row(*said, is_own=one in own, says=says.get(one, ())) for one, said in rows}
            )
        case "later":
            reason = str(written["reason"])
            code = str(written.get("code", "")) or code_of_old(reason)
            return Later(reason, datetime.fromisoformat(written["until"]), code)
        case "lost":
            wanted = written.get("until")
            return Lost(str(written["reason"]), wanted and datetime.fromisoformat(wanted))
        case other:
            raise ValueError(f"{other!r} is no way in which a call ends")


def _row(
    name: str, values: dict[str, Any], *, is_own: bool, says: Iterable[str]
) -> RefillStarted | CancelAccepted | Refused:
    if name != _NAMES[Refused]:
        return _ROWS[name](**values)
    code = RefusalCode(values.get("code", RefusalCode.UNLISTED))
    heard = (Says.__members__.get(one, Says.UNKNOWN) for one in says)
    return Refused(**{**values, "code": code}, is_own=is_own, says=reduce(or_, heard, Says(0)))
