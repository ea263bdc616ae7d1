"""How one send ended, as a value: settled now, or written to disk and settled later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from providers.panel_api import Evidence, RefusalCode

from ..models import Attempt, Order
from ..status import Outcome, Resolution, Status
from . import claiming


@dataclass(frozen=True, slots=True)
class Settlement:
    """How one send ended, ready to be written down."""

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

    def to_json(self) -> dict[str, Any]:
        """Plain values: money as its digits, moments as ISO 8601, an order as its number."""
        return {
            "outcome": self.outcome.value,
            "to": self.to.value,
            "reason": self.reason,
            "code": self.code,
            "evidence": asdict(self.evidence) if self.evidence else None,
            "external_id": self.external_id,
            "changes": {name: _written(value) for name, value in (self.changes or {}).items()},
        }

    @classmethod
    def from_json(cls, written: dict[str, Any]) -> Settlement:
        """Raises KeyError, TypeError or ValueError for what `to_json` never wrote."""
        seen = written["evidence"]
        if seen is not None:
            seen = Evidence(**{**seen, "exception_chain": tuple(seen["exception_chain"])})
        return cls(
            Outcome(written["outcome"]),
            Status(written["to"]),
            str(written["reason"]),
            str(written["code"]),
            seen,
            str(written["external_id"]),
            {name: _read(name, value) for name, value in written["changes"].items()},
        )


def settle_attempt(
    attempt: Attempt,
    settlement: Settlement,
    *,
    now: datetime,
    by: Resolution = Resolution.NONE,
) -> bool:
    """`claiming.settle` with these terms; raises as it does."""
    return claiming.settle(
        attempt,
        settlement.outcome,
        settlement.to,
        now=now,
        by=by,
        reason=settlement.reason,
        code=settlement.code,
        evidence=settlement.evidence,
        external_id=settlement.external_id,
        **(settlement.changes or {}),
    )


def id_known_already(settlement: Settlement) -> Settlement:
    """What an accepted answer is worth when its id belongs to another order of ours: nothing."""
    number = settlement.external_id
    return Settlement(
        Outcome.UNKNOWN,
        Status.UNCONFIRMED,
        f"The provider answered with order {number}, which is already another order of ours.",
        evidence=Evidence(reason="id already known", bytes_left=True, candidate_id=number),
    )


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
