"""What is noted while an account is checked: findings, and the dialect so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..client import PanelClient
from ..dialect import Dialect
from ..errors import AccountRefused, ProviderError, SlowDown
from .findings import Finding, FindingLevel


@dataclass
class CheckNotes:
    """A connection check under way, whatever its steps are."""

    client: PanelClient
    tell: Callable[[Finding], None] | None = None
    findings: list[Finding] = field(default_factory=list)
    stopped: bool = False

    @property
    def dialect(self) -> Dialect:
        return self.client.dialect

    def note(self, topic: str, level: FindingLevel, words: str, detail: str = "") -> None:
        self.findings.append(Finding(topic, level, words, detail))
        if self.tell:
            self.tell(self.findings[-1])

    def learn(self, **changes: Any) -> None:
        self.client = self.client.speaking(self.dialect.changed(**changes))

    def attempt(self, topic: str, step: Callable[[], bool | None]) -> bool:
        """Take a step; whatever it raises becomes a finding. False when nothing more will work."""
        try:
            return step() is not False
        except SlowDown as error:
            self.stopped = True
            self.note(
                topic,
                FindingLevel.WARN,
                "The provider asks for fewer calls; try again later.",
                error.reason,
            )
        except AccountRefused as error:
            self.stopped = True
            self.note("key", FindingLevel.FAIL, "The key is refused.", error.reason)
        except ProviderError as error:
            self.note(topic, FindingLevel.FAIL, error.reason, _seen(error))
        except Exception as error:
            self.note(topic, FindingLevel.WARN, "This check could not be finished.", _name(error))
        return False


def _seen(error: ProviderError) -> str:
    evidence = error.evidence
    if evidence is None:
        return ""
    return evidence.body_excerpt[:200] or "; ".join(evidence.exception_chain[:2])[:200]


def _name(error: Exception) -> str:
    return type(error).__name__
