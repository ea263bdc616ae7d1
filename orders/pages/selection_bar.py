"""What the bar under a list offers for the selected orders, and what it keeps in its menu."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.models import User

from ..bulk.bulk_action import right_for
from ..status import JobKind

FIRST: Final = (JobKind.REFRESH, JobKind.REFILL, JobKind.CANCEL)
WHERE_ROOM: Final = (JobKind.HOLD, JobKind.RELEASE, JobKind.REORDER)


@dataclass(frozen=True, slots=True)
class SelectionBar:
    """Verbs that stand in the bar, those that do so on wide screens and are in the menu on a
    phone, and those that are always in the menu."""

    first: list[JobKind]
    where_room: list[JobKind]
    rest: list[JobKind]

    @classmethod
    def of(cls, person: User) -> SelectionBar:
        """What this person may start."""
        mine = [kind for kind in JobKind if person.may(right_for(kind))]
        return cls(
            [kind for kind in mine if kind in FIRST],
            [kind for kind in mine if kind in WHERE_ROOM],
            [kind for kind in mine if kind not in FIRST + WHERE_ROOM],
        )
