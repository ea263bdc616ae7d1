"""The columns of the orders list: what always stands there and what each person chooses."""

from __future__ import annotations

from dataclasses import dataclass

from core.preferences import Preferences


@dataclass(frozen=True, slots=True)
class Column:
    """A column that may be left out; `is_usual` stands until a person has chosen."""

    name: str
    label: str
    is_usual: bool = True


CHOSEN = (
    Column("reference", "Reference"),
    Column("delivered", "Delivered"),
    Column("counts", "Start count and remaining", is_usual=False),
    Column("person", "Placed by", is_usual=False),
    Column("checked", "Checked", is_usual=False),
    Column("cost", "Cost"),
    Column("age", "Placed"),
)


def shown_columns(chosen: Preferences) -> frozenset[str]:
    """The names of those that this person sees."""
    if chosen.hidden_columns is None:
        return frozenset(column.name for column in CHOSEN if column.is_usual)
    return frozenset(column.name for column in CHOSEN) - frozenset(chosen.hidden_columns)
