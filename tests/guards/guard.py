"""What a row of the table says of one guard."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guard:
    """Taken out by putting `new` in the place of `old`, which stands in `path` exactly once.

    For an index `path` is empty and `new` the operation of a migration that drops it; then
    `old` is how the model names it. `items` are the numbers in `items.ITEMS` of what was once
    broken without it; a guard against what nobody had reported has none. `on_postgresql`: SQLite,
    which has one writer at a time, needs no such guard.
    """

    name: str
    old: str
    new: str
    tests: tuple[str, ...]
    path: str = ""
    items: tuple[int, ...] = ()
    on_postgresql: bool = False
