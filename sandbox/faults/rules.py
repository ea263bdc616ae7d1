"""Fault rules: when a call goes wrong, and on which side of acceptance."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox.ledger.dice import roll

PHASES = ("before", "after")


@dataclass(slots=True)
class Fault:
    """One rule.

    It matches calls by `action` ("" is any) and by `link`, a pattern searched in the link or
    user name of the call. Of the matching calls it fires on the `nth` (counted from 1; a list
    of them; 0 is each), with `probability`, at most `times` times (0 is without end).
    `phase` says whether the call is carried out first: "before" does nothing and then fails.
    """

    mode: str
    phase: str
    action: str = ""
    nth: int | list[int] = 0
    probability: float = 1.0
    link: str = ""
    times: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    number: int = 0
    matched: int = 0
    fired: int = 0

    def matches(self, action: str, fields: Mapping[str, str]) -> bool:
        if self.action and self.action != action:
            return False
        target = fields.get("link") or fields.get("username") or ""
        return not self.link or re.search(self.link, target) is not None

    def fires(self, seed: int) -> bool:
        """Count one matching call; True when it is this one's turn."""
        self.matched += 1
        if self.times and self.fired >= self.times:
            return False
        turns = [self.nth] if isinstance(self.nth, int) else self.nth
        if self.nth and self.matched not in turns:
            return False
        if roll(seed, self.number, self.matched, 70) >= self.probability:
            return False
        self.fired += 1
        return True

    def seconds(self, otherwise: float) -> float:
        return float(self.options.get("seconds", otherwise))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Faults:
    """The rules in force, oldest first; the first that fires wins."""

    def __init__(self, seed: int, phases_of: Mapping[str, tuple[str, ...]]) -> None:
        self.seed, self.phases_of = seed, phases_of
        self.rules: list[Fault] = []
        self._numbered = 0

    def add(self, mode: str, phase: str, **rule: Any) -> Fault:
        """ValueError for an unknown mode, or a phase the mode cannot have."""
        if mode not in self.phases_of:
            raise ValueError(f"no fault mode is called {mode!r}")
        if phase not in self.phases_of[mode]:
            raise ValueError(f"{mode} happens {' or '.join(self.phases_of[mode])} acceptance")
        if mode.endswith("_at_accept") and (rule.get("action") or rule.get("link")):
            raise ValueError(f"{mode} strikes before the action or the link is known")
        re.compile(rule.get("link", ""))
        self._numbered += 1
        fault = Fault(mode, phase, number=self._numbered, **rule)
        self.rules.append(fault)
        return fault

    def clear(self, number: int = 0) -> None:
        """All rules, or the one with this number."""
        self.rules = [rule for rule in self.rules if number and rule.number != number]

    def draw(self, modes: frozenset[str], action: str, fields: Mapping[str, str]) -> Fault | None:
        """The rule of these modes that fires for this call."""
        for rule in self.rules:
            if rule.mode in modes and rule.matches(action, fields) and rule.fires(self.seed):
                return rule
        return None

    def any_of(self, modes: frozenset[str]) -> bool:
        return any(rule.mode in modes for rule in self.rules)
