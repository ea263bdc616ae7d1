"""What a check of a provider's connection found, for staff to read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..dialect import Dialect
from ..results import Balance


class FindingLevel(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found out. `words` are for staff; `detail` is what the provider said."""

    topic: str
    level: FindingLevel
    words: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Everything found out, in the order it was tried, and the dialect that follows from it."""

    findings: tuple[Finding, ...]
    dialect: Dialect
    balance: Balance | None = None
    services_seen: int = 0

    @property
    def level(self) -> FindingLevel:
        """The worst of the findings."""
        found = {finding.level for finding in self.findings}
        return next(
            (one for one in (FindingLevel.FAIL, FindingLevel.WARN) if one in found), FindingLevel.OK
        )
