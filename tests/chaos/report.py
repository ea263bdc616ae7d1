"""What a run found, for people and for programs."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .checker import PLACED, Bought, Doubt, Kind, Lost, Shown, Violation
from .controls import CONTROLS, Control
from .plan import Terms, is_random
from .restoring import Restored

WORDS_SHOWN = 20
BEGIN, END = "<!-- report -->", "<!-- end of report -->"


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
    under_fire: int = 0
    acknowledgements: int = 0
    lost: Sequence[Lost] = ()
    stopped_searches: dict[str, str] = field(default_factory=dict)
    halts: dict[str, int] = field(default_factory=dict)
    ways: Counter[str] = field(default_factory=Counter)
    consent: dict[str, int] = field(default_factory=dict)
    restored: Restored | None = None
    searched: dict[str, int] = field(default_factory=dict)
    left_to_a_person: dict[int, list[str]] = field(default_factory=dict)

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
            "orders planned": self.terms.orders,
            **{name: told for name, told in self.terms.as_json().items() if name != "orders"},
            "seconds": round(self.seconds, 1),
            "orders by way of placing": dict(sorted(self.ways.items())),
            "acknowledged": self.acknowledged,
            "orders at the desk": len(self.shown),
            "orders in the ledger": len(self.bought),
            "charged": str(sum(one.charge for one in self.bought)),
            "adds": self.adds,
            "faulty adds": faulty,
            "adds under fire": self.under_fire,
            "share of faulty adds under fire": round(faulty / max(self.under_fire, 1), 3),
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
            "consent": self.consent,
            **recovery_figures(self),
            **_restore_figures(self.restored),
            "violations": self.counted,
        }


def recovery_figures(outcome: Outcome) -> dict[str, Any]:
    """What became of lost answers, and what that took."""
    searched = [one for one in outcome.lost if not is_random(one.account)]
    resolved = [one for one in searched if one.by_itself]
    found = sorted(one.seconds or 0 for one in resolved if one.outcome == "accepted")
    absent = sorted(one.seconds or 0 for one in resolved if one.outcome == "not_placed")
    calls = [one.calls for one in searched]
    return {
        "answers lost": len(outcome.lost),
        "where ids prove nothing": len(outcome.lost) - len(searched),
        "where ids prove something": len(searched),
        "resolved without a person": len(resolved),
        "share resolved without a person": _share(len(resolved), len(searched)),
        "resolved by": dict(Counter(one.resolution for one in outcome.lost if one.resolution)),
        "resolved wrongly": len(resolved_wrongly(outcome)),
        "resolved after, median s": _quantile(sorted([*found, *absent]), 0.5),
        "found": len(found),
        "found after, median s": _quantile(found, 0.5),
        "found after, p95 s": _quantile(found, 0.95),
        "shown absent": len(absent),
        "shown absent after, median s": _quantile(absent, 0.5),
        "shown absent after, p95 s": _quantile(absent, 0.95),
        "free calls for each, mean": round(statistics.fmean(calls), 2) if calls else 0,
        "free calls for each, most": max(calls, default=0),
        "orders by free calls": dict(sorted(Counter(calls).items())),
        "searches that stopped themselves": outcome.stopped_searches,
        "stops": outcome.halts,
        "acknowledged on the page of stops": outcome.acknowledgements,
    }


def resolved_wrongly(outcome: Outcome) -> list[Lost]:
    """Linked to an order that is not theirs, or shown absent although they were bought."""
    shown = {one.number: one for one in outcome.shown}
    theirs = {(one.account, one.id): one.key for one in outcome.bought}
    bought = {one.key for one in outcome.bought}
    wrong = []
    for lost in outcome.lost:
        order = shown[lost.order]
        linked = order.status in PLACED
        right_id = theirs.get((order.account, order.external_id)) == order.key
        if (linked and not right_id) or (order.status == "not_placed" and order.key in bought):
            wrong.append(lost)
    return wrong


def goals(outcome: Outcome) -> list[tuple[str, str, bool]]:
    """The goals of recovery: what is wanted, what was measured, whether it is met."""
    told = recovery_figures(outcome)
    share, median = told["share resolved without a person"], told["found after, median s"]
    most, mean = told["free calls for each, most"], told["free calls for each, mean"]
    every = told["resolved after, median s"]
    return [
        ("resolved wrongly: 0", str(told["resolved wrongly"]), not told["resolved wrongly"]),
        ("resolved without a person: 99 %", f"{share:.2%}", share >= 0.99),
        ("resolved after a median of 30 s", f"{every} s", every <= 30),
        ("found after a median of 30 s", f"{median} s", median <= 30),
        ("4 free calls for each, on average", str(mean), mean <= 4),
        ("4 free calls for each, at most", str(most), most <= 4),
    ]


def _restore_figures(restored: Restored | None) -> dict[str, Any]:
    if restored is None:
        return {}
    return {
        "orders sent after the backup": restored.sent,
        "sending stopped after the restore, s": _rounded(restored.noticed_seconds),
        "orders the disks gave back": restored.given_back,
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0


def _quantile(rising: Sequence[float], share: float) -> float:
    """The value that so many of them are at or below."""
    if not rising:
        return 0.0
    return _rounded(rising[min(len(rising) - 1, int(share * len(rising)))])


def result(outcomes: Sequence[Outcome], controls: Sequence[Control]) -> str:
    """One word that decides the exit code: holds, VIOLATED or VOID."""
    if any(outcome.violations for outcome in outcomes):
        return "VIOLATED"
    if any(not control.harm for control in controls):
        return "VOID"
    return "holds"


def write(directory: Path, outcomes: Sequence[Outcome], controls: Sequence[Control]) -> None:
    """`report.json` and `report.md` in this directory."""
    told = {
        "result": result(outcomes, controls),
        "runs": [outcome.figures() for outcome in outcomes],
        "bars": [
            [{"goal": goal, "measured": told, "met": met} for goal, told, met in goals(outcome)]
            for outcome in outcomes
        ],
        "words": [v.words for outcome in outcomes for v in outcome.violations],
        "controls": {
            control.name: {
                "orders": control.orders,
                "kills": control.kills,
                "violations": control.by_kind,
            }
            for control in controls
        },
    }
    (directory / "report.json").write_text(json.dumps(told, indent=1) + "\n")
    (directory / "report.md").write_text(as_markdown(outcomes, controls))


def for_a_page(outcomes: Sequence[Outcome], controls: Sequence[Control]) -> str:
    """With the command that does it again, and without a heading of its own."""
    first = outcomes[0].terms
    databases = {outcome.terms.database for outcome in outcomes}
    told = {
        "orders": first.orders,
        "accounts": first.accounts,
        "pastes": first.pastes,
        "kills-every": first.kills_every,
        "faults": first.faults,
        "minutes": first.minutes,
        "prices": first.prices,
        "seeds": " ".join(sorted({str(outcome.terms.seed) for outcome in outcomes})),
        "database": "both" if len(databases) == 2 else databases.pop(),
    }
    command = " ".join(f"--{name} {value}" for name, value in told.items())
    command += " --restore" if first.restore else ""
    command += " --steady" if first.steady else ""
    rest = as_markdown(outcomes, controls).split("\n", 2)[2]
    said = f"The result: **{result(outcomes, controls)}**."
    return f'```\nmake chaos CHAOS="{command}"\n```\n\n{said}\n\n{rest}'


def put_into(page: Path, text: str) -> None:
    """In place of the report that this page has. Raises ValueError where it has none."""
    before, rest = page.read_text().split(f"{BEGIN}\n")
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}")


def as_markdown(outcomes: Sequence[Outcome], controls: Sequence[Control]) -> str:
    lines = [f"# Chaos: {result(outcomes, controls)}", ""]
    columns = [outcome.figures() for outcome in outcomes]
    names = [f"{one['database']}, seed {one['seed']}" for one in columns]
    lines += [f"| | {' | '.join(names)} |", f"|---|{'---:|' * len(names)}"]
    skipped = ("database", "seed")
    for name in (key for key in (columns[0] if columns else {}) if key not in skipped):
        lines.append(f"| {name} | {' | '.join(_cell(one[name]) for one in columns)} |")
    for name, outcome in zip(names, outcomes, strict=True):
        lines += ["", f"| goal of recovery ({name}) | measured | |", "|---|---:|---|"]
        for goal, told, met in goals(outcome):
            lines.append(f"| {goal} | {told} | {'met' if met else '**missed**'} |")
    words = [v for outcome in outcomes for v in outcome.violations]
    lines += ["", *(f"- **{v.kind.value}**: {v.words}" for v in words[:WORDS_SHOWN])]
    if controls:
        lines += ["", "| control | orders | kills | violations |", "|---|---:|---:|---|"]
    for one in controls:
        found = _cell(one.by_kind) or "none"
        lines.append(f"| {CONTROLS[one.name]} | {one.orders} | {one.kills} | {found} |")
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value)


def _rounded(seconds: float) -> float:
    return round(seconds, 1)
