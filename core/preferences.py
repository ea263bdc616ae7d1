"""What a person has chosen for themselves: how the desk looks. Kept as JSON beside the person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .regional.numbers import DESK, STYLES

DENSITIES = {"dense": "Dense", "comfortable": "Comfortable"}
THEMES = {"auto": "Use system setting", "light": "Light", "dark": "Dark"}


@dataclass(frozen=True, slots=True)
class Preferences:
    """`hidden_columns` are names of columns of the orders list. No `theme` is none chosen yet: the
    one that the browser remembers. What was kept by another version and is not understood is the
    default."""

    density: str = "dense"
    hidden_columns: tuple[str, ...] | None = None  # None: as the list has it
    list_sort: str = ""  # a name of the list's sorts; it knows what to do with a strange one
    theme: str = ""
    hides_first_run: bool = False  # its steps are not on the overview
    time_zone: str = ""  # the desk's
    numbers: str = DESK

    @classmethod
    def read(cls, kept: Any) -> Preferences:
        kept = kept if isinstance(kept, dict) else {}
        hidden = kept.get("hidden_columns")
        return cls(
            density=_one_of(DENSITIES, kept.get("density"), "dense"),
            hidden_columns=tuple(str(name) for name in hidden)
            if isinstance(hidden, list)
            else None,
            list_sort=sort if isinstance(sort := kept.get("list_sort"), str) else "",
            theme=_one_of(THEMES, kept.get("theme"), ""),
            hides_first_run=kept.get("hides_first_run") is True,
            time_zone=zone if isinstance(zone := kept.get("time_zone"), str) else "",
            numbers=_one_of(STYLES, kept.get("numbers"), DESK),
        )

    def written(self) -> dict[str, Any]:
        return asdict(self)


def _one_of(choices: Mapping[str, Any], kept: Any, default: str) -> str:
    return kept if isinstance(kept, str) and kept in choices else default
