"""How a cell ended where the work that is cut off is not the sending of an order alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from .modes import Mode
from .places import Place


@dataclass(slots=True)
class CellResult:
    """`work` is what was cut off; `wrong` is empty when the cell ended as it must."""

    work: Enum
    place: Place
    mode: Mode
    reached: bool
    wrong: list[str] = field(default_factory=list)


def printed_cells(results: list[CellResult], *, of: str) -> str:
    """What is wrong, and how many cells there were."""
    lines = [
        f"WRONG {one.work.value}: {one.place.name} × {one.mode.name}: {what}"
        for one in results
        for what in one.wrong
    ]
    reached = sum(one.reached for one in results)
    return "\n".join([*lines, f"{len(results)} cells of {of}, {reached} times at their place."])
