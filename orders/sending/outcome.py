"""How one send ended, as a value: recorded now, or written to disk and recorded later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from core.texts import readable_json
from providers.panel_api import Evidence, RefusalCode

from ..models import Order
from ..status import RESTORE_DOUBT, Doubt, Outcome, Status

MAY_BE_RESTORED: Final = "The database may have been restored: nothing is sent until that is clear."
WORKER_LOST = "The worker that sent it was lost."  # its name is among the details of the attempt


class AttemptGone(Exception):
    """The database was put back while the provider was asked: this attempt has no row in it."""


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """How one send ended, ready to be written down: its texts are such as every row takes, so a
    provider cannot send one that keeps its own answer from being recorded."""

    outcome: Outcome
    to: Status
    reason: str = ""
    code: str = ""
    evidence: Evidence | None = None
    external_id: str = ""
    changes: dict[str, Any] | None = None
    # About the account and not about this order, so not kept: its trouble, and until when.
    account_trouble: RefusalCode | None = None
    until: datetime | None = None
    seen: dict[str, Any] = field(init=False, repr=False, compare=False)  # the evidence as JSON

    def __post_init__(self) -> None:
        texts = {"reason": self.reason, "code": self.code, "external_id": self.external_id}
        texts, seen = readable_json([texts, asdict(self.evidence) if self.evidence else None])
        for name, text in texts.items():
            object.__setattr__(self, name, text)
        if seen is not None:
            object.__setattr__(self, "evidence", _evidence(seen))
        object.__setattr__(self, "seen", asdict(self.evidence) if self.evidence else {})

    def to_json(self) -> dict[str, Any]:
        """Plain values: money as its digits, moments as ISO 8601, an order as its number."""
        return {
            "outcome": self.outcome.value,
            "to": self.to.value,
            "reason": self.reason,
            "code": self.code,
            "evidence": self.seen or None,
            "external_id": self.external_id,
            "changes": {name: _written(value) for name, value in (self.changes or {}).items()},
        }

    @classmethod
    def kept_in(cls, written: dict[str, Any]) -> SendOutcome:
        """Of a file or a line of the journal; releases up to 0.1.0 called it `settlement`. Raises
        as `from_json`."""
        name = "send_outcome" if "send_outcome" in written else "settlement"
        return cls.from_json(written[name])

    @classmethod
    def from_json(cls, written: dict[str, Any]) -> SendOutcome:
        """Raises one of `UNREADABLE` for what `to_json` never wrote."""
        reason = str(written["reason"])
        return cls(
            Outcome(written["outcome"]),
            Status(written["to"]),
            reason,
            str(written["code"]) or code_of_old(reason),
            None if written["evidence"] is None else _evidence(written["evidence"]),
            str(written["external_id"]),
            {name: _read(name, value) for name, value in written["changes"].items()},
        )


def code_of_old(reason: str) -> str:
    """Of what was kept without a code: up to 0.2.0 the sentence stood for it."""
    return {MAY_BE_RESTORED: RESTORE_DOUBT}.get(reason, "")


def id_known_already(send_outcome: SendOutcome) -> SendOutcome:
    """What an accepted answer is worth when its id belongs to another order of ours: nothing."""
    number = send_outcome.external_id
    return SendOutcome(
        Outcome.UNKNOWN,
        Status.UNCONFIRMED,
        f"The provider answered with order {number}, which is already another order of ours.",
        Doubt.CONTRADICTS,
        evidence=Evidence(reason="id already known", bytes_left=True, candidate_id=number),
    )


def without_impossible_amount(send_outcome: SendOutcome) -> SendOutcome | None:
    """The same answer without a charge that no order can have; None where it has none such."""
    changes = dict(send_outcome.changes or {})
    charge = changes.get("charge")
    if charge is None or charge >= 0:
        return None
    del changes["charge"]
    return replace(send_outcome, changes=changes)


def _evidence(seen: dict[str, Any]) -> Evidence:
    return Evidence(**{**seen, "exception_chain": tuple(seen["exception_chain"])})


def _written(value: Any) -> Any:
    match value:
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.isoformat()
        case Order():
            return value.pk
    return value


def _amount(digits: str) -> Decimal:
    """Raises ValueError like everything here; Decimal's own error is none."""
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise ValueError(f"{digits!r} is no amount") from None


_READ: dict[str, Callable[[Any], Any]] = {
    "charge": _amount,
    "send_after": datetime.fromisoformat,
    "not_sent_count": int,
    "hold_reason": str,
    "blocked_by": lambda number: Order.objects.filter(pk=number).first(),
}


def _read(name: str, value: Any) -> Any:
    read = _READ[name]
    return None if value is None else read(value)
