"""How long a service takes by the word of its provider, where that word can be understood."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import lru_cache
from typing import Final

# Each unit at most once, the largest first; a number without a unit may be anything.
_UNITS: Final = {
    "days": r"d|days?",
    "hours": r"h|hrs?|hours?",
    "minutes": r"min|mins|minutes?",
    "seconds": r"s|secs?|seconds?",
}
_APART: Final = r"(?:\s*,\s*|\s+and\s+|\s*)"
_SPELLED: Final = re.compile(
    _APART.join(
        rf"(?:(?P<{unit}>[0-9]{{1,4}})\s*(?:{words})(?![a-z]))?" for unit, words in _UNITS.items()
    ),
    re.ASCII | re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def average_time(text: str) -> timedelta | None:
    """`1 hour 5 minutes` as a duration; None for what is not understood whole, a range as `0-1 h`
    among it, and for no time at all."""
    found = _SPELLED.fullmatch(text.strip())
    if found is None:
        return None
    told = {unit: int(number) for unit, number in found.groupdict().items() if number}
    return timedelta(**told) or None


def in_words(time: timedelta) -> str:
    """The two largest units of it: `1 d 2 h`, `1 h 5 min`, `38 min`, `20 s`."""
    seconds = int(time.total_seconds())
    parts = []
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, seconds = divmod(seconds, size)
        parts.append((count, unit))
    first = next((at for at, (count, _) in enumerate(parts) if count), len(parts) - 1)
    shown = [f"{count} {unit}" for count, unit in parts[first : first + 2] if count]
    return " ".join(shown) or "0 s"
