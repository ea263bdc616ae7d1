"""Which cells are walked, and how the table of them is printed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .ground import Ground
from .modes import MODES, Mode
from .places import PLACES, Place, has_its_place
from .walk import Result, Walk

STRIDE = 16  # of a representative part: each place comes twice in it, and each mode once


def cells(*, everything: bool) -> list[tuple[Place, Mode]]:
    """All places before all providers, or a part that has each of either."""
    present = [place for place in PLACES if has_its_place(place.name)]
    return [
        (place, mode)
        for row, place in enumerate(present)
        for column, mode in enumerate(MODES)
        if everything or (row + column) % STRIDE == 0
    ]


def walk(chosen: Iterable[tuple[Place, Mode]], ground: Ground) -> Iterator[Result]:
    for place, mode in chosen:
        yield Walk(ground, place, mode).result()


LEGEND = (
    "P placed and found, once · N shown not to be there · R refused · in brackets: the worker does "
    "not come by there, so it lived · empty: not walked · ! wrong"
)


def printed(results: list[Result]) -> str:
    """A line a mode, a column a place: what each cell ended as, `!` where it must not have."""
    places = [place for place in PLACES if has_its_place(place.name)]
    waiting = [place.name for place in PLACES if not has_its_place(place.name)]
    found = {(one.place.name, one.mode.name): one for one in results}
    lines = [
        f"{number:2} {place.name}: {place.left.value}" for number, place in enumerate(places, 1)
    ]
    lines += ["", " " * 18 + " ".join(f"{number:>3}" for number in range(1, len(places) + 1))]
    for mode in MODES:
        marks = [_mark(found.get((place.name, mode.name))) for place in places]
        lines.append(f"{mode.name:<18}" + " ".join(f"{mark:>3}" for mark in marks))
    lines += ["", LEGEND]
    if waiting:
        lines.append(f"Not in the code yet: {', '.join(waiting)}.")
    return "\n".join([*lines, *_what_is_wrong(results), _counts(results)])


def _what_is_wrong(results: list[Result]) -> Iterator[str]:
    for result in results:
        for what in result.wrong:
            yield f"WRONG {result.place.name} × {result.mode.name}: {what}"


def _counts(results: list[Result]) -> str:
    places = {result.place.name for result in results}
    modes = {result.mode.name for result in results}
    killed = sum(result.reached for result in results)
    wrong = sum(bool(result.wrong) for result in results)
    return (
        f"{len(results)} cells: {len(places)} failpoints × {len(modes)} provider modes; "
        f"{killed} workers killed; {len(results) - wrong} ended as they must, {wrong} wrong."
    )


def _mark(result: Result | None) -> str:
    if result is None:
        return ""
    letter = {"pending": "P", "not_placed": "N", "rejected": "R"}[result.wanted.status.value]
    if result.wrong:
        return f"{letter}!"
    return letter if result.reached else f"({letter})"
