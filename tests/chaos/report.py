"""What a run found, for people and for programs."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .controls import CONTROLS, Control
from .judge import Bought, Doubt, Kind, Shown, Violation
from .plan import Terms

WORDS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """One desk on one database with one seed."""

    terms: Terms
    seconds: float
    acknowledged: int
    shown: Sequence[Shown]
    bought: Sequence[Bought]
    doubts: Sequence[Doubt]
    violations: Sequence[Violation]
    blows: Counter[str]
    starts: dict[str, int]
    adds: int
    faulty: dict[str, int]
    bells: dict[str, int]
    recovery_seconds: float
    settled_seconds: float
    searched: dict[str, int] = field(default_factory=dict)

    @property
    def statuses(self) -> dict[str, int]:
        return dict(sorted(Counter(one.status for one in self.shown).items()))

    @property
    def in_doubt_and_bought(self) -> int:
        bought = {one.key for one in self.bought}
        return sum(one.status == "unconfirmed" and one.key in bought for one in self.shown)

    @property
    def counted(self) -> dict[str, int]:
        found = Counter(violation.kind for violation in self.violations)
        return {kind.value: found[kind] for kind in Kind}

    def figures(self) -> dict[str, Any]:
        starts = [doubt.after_start for doubt in self.doubts]
        leases = [doubt.after_lease for doubt in self.doubts]
        faulty = sum(self.faulty.values())
        return {
            **self.terms.as_json(),
            "seconds": round(self.seconds, 1),
            "acknowledged": self.acknowledged,
            "orders at the desk": len(self.shown),
            "orders in the ledger": len(self.bought),
            "charged": str(sum(one.charge for one in self.bought)),
            "adds": self.adds,
            "faulty adds": faulty,
            "share of faulty adds": round(faulty / max(self.adds, 1), 3),
            "faulty adds by phase": self.faulty,
            "blows": dict(self.blows),
            "starts of processes": self.starts,
            "bells by deliveries": self.bells,
            "statuses": self.statuses,
            "ever in doubt": len({doubt.order for doubt in self.doubts}),
            "in doubt and bought": self.in_doubt_and_bought,
            "visible after the send, median s": _rounded(statistics.median(starts or [0])),
            "visible after the send, most s": _rounded(max(starts, default=0)),
            "visible after the lease, most s": _rounded(max(leases, default=0)),
            "nothing on its way after s": _rounded(self.recovery_seconds),
            "everything ended after s": _rounded(self.settled_seconds),
            "bytes searched for keys": self.searched,
            "violations": self.counted,
        }


def verdict(outcomes: Sequence[Outcome], controls: Sequence[Control]) -> str:
    """One word that decides the exit code: holds, VIOLATED or VOID."""
    if any(outcome.violations for outcome in outcomes):
        return "VIOLATED"
    if any(not control.harm for control in controls):
        return "VOID"
    return "holds"


def write(directory: Path, outcomes: Sequence[Outcome], controls: Sequence[Control]) -> None:
    """`report.json` and `report.md` in this directory."""
    told = {
        "verdict": verdict(outcomes, controls),
        "runs": [outcome.figures() for outcome in outcomes],
        "words": [v.words for outcome in outcomes for v in outcome.violations],
        "controls": {
            control.name: {
                "orders": control.orders, "kills": control.kills, "violations": control.by_kind,
            }
            for control in controls
        },
    }  # fmt: skip
    (directory / "report.json").write_text(json.dumps(told, indent=1) + "\n")
    (directory / "report.md").write_text(as_markdown(outcomes, controls))


def as_markdown(outcomes: Sequence[Outcome], controls: Sequence[Control]) -> str:
    lines = [f"# Chaos: {verdict(outcomes, controls)}", ""]
    columns = [outcome.figures() for outcome in outcomes]
    names = [f"{one['database']}, seed {one['seed']}" for one in columns]
    lines += [f"| | {' | '.join(names)} |", f"|---|{'---:|' * len(names)}"]
    skipped = ("database", "seed")
    for name in (key for key in (columns[0] if columns else {}) if key not in skipped):
        lines.append(f"| {name} | {' | '.join(_cell(one[name]) for one in columns)} |")
    words = [v for outcome in outcomes for v in outcome.violations]
    lines += ["", *(f"- **{v.kind.value}**: {v.words}" for v in words[:WORDS_SHOWN])]
    if controls:
        lines += ["", "| control | orders | kills | violations |", "|---|---:|---:|---|"]
    for one in controls:
        found = _cell(one.by_kind) or "none"
        lines.append(f"| {CONTROLS[one.name]} | {one.orders} | {one.kills} | {found} |")
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value)


def _rounded(seconds: float) -> float:
    return round(seconds, 1)
