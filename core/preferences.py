"""What a person has chosen for themselves: how lists look. Kept as JSON beside the person."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

DENSITIES = {"dense": "Dense", "comfortable": "Comfortable"}


@dataclass(frozen=True, slots=True)
class Preferences:
    """`hidden_columns` are names of columns of the orders list; what was kept by another version
    and is not understood is the default."""

    density: str = "dense"
    hidden_columns: tuple[str, ...] | None = None  # None: as the list has it

    @classmethod
    def read(cls, kept: Any) -> Preferences:
        kept = kept if isinstance(kept, dict) else {}
        density, hidden = kept.get("density"), kept.get("hidden_columns")
        return cls(
            density=density if density in DENSITIES else "dense",
            hidden_columns=tuple(str(name) for name in hidden)
            if isinstance(hidden, list)
            else None,
        )

    def written(self) -> dict[str, Any]:
        return asdict(self)
