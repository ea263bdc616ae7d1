"""Which orders the same may repeat although they have ended: those of a short while ago.

Beside an open order, one closed as unknown, or one that a person marked as not placed, everybody is
asked (`status.BUYS_AGAIN`). Beside one that has ended the same is bought again just as well, and
whoever types it anew may not know it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import F, Q
from django.db.models.lookups import Exact, IsNull
from django.utils.timezone import localtime

from core.clocks import SAME_LINE_SECONDS, SAME_ORDER_SECONDS
from core.models import User

from .status import BY_WORD, ENDED_THERE, how_it_stands

NAMED: Final = 20  # one by one, of what somebody was told of; the older ones as one


@dataclass(frozen=True, slots=True)
class Lately:
    """Since when, and by whom; `person_id` is None for anybody."""

    since: datetime
    person_id: int | None = None

    @classmethod
    def by(cls, person: User | None, now: datetime | None) -> Lately | None:
        """One order after another. None where nobody is known who could have forgotten."""
        if person is None or now is None:
            return None
        return cls(now - timedelta(seconds=SAME_ORDER_SECONDS), person.pk)

    @classmethod
    def by_anybody(cls, now: datetime) -> Lately:
        """Many at once: lists go from hand to hand, and nobody knows what was in the one before."""
        return cls(now - timedelta(seconds=SAME_LINE_SECONDS))

    @property
    def orders(self) -> Q:
        """Those that bought something and ended, without what a provider started for another."""
        # By expressions: these are looked up by link, and SQLite would walk all of a person's.
        ended = Q(status__in=ENDED_THERE, created_at__gte=self.since)
        placed = ended & Q(IsNull(F("parent_id") + 0, True))
        if self.person_id is None:
            return placed
        return placed & Q(Exact(F("placed_by_id") + 0, self.person_id))

    def with_units(self, units: int | None) -> Q:
        return self.orders & Q(units=units)


def why_asked(pk: int, status: str, placed_at: datetime) -> str:
    """Why whoever orders the same beside this order is asked first."""
    if status not in ENDED_THERE:
        return f"Order #{pk} for this service and link {how_it_stands(status)}."
    at = f"{localtime(placed_at):%b %d, %H:%M %Z}"
    return (
        f"Order #{pk} for this service, link and quantity was placed already, {at}, and has ended."
    )


def name_of(form_key: UUID, status: str = "") -> str:
    """What a consent calls the order of this form, and how it was told to stand: the same beside
    one that a person says is not there is not meant beside it once it is known to be. Not by its
    number: it may be given out before an order with a lower one can be read, and a database that is
    put back gives it to another. Without a status: of a pasted line, which is no order yet."""
    stands = "" if not status else "n" if status in BY_WORD else "t"
    return f"{form_key.hex[:16]}{stands}"


def spelled(names: Sequence[str]) -> str:
    """What somebody was told of, the newest first, for a consent to carry: exactly that."""
    older = names[NAMED:]
    return ".".join([*names[:NAMED], *([_as_one(older)] if older else [])])


def untold(names: Iterable[str], told_of: str) -> list[str]:
    """Those among them that a consent, `spelled` before, does not speak of."""
    known = set(told_of.split("."))
    rest = [name for name in names if name not in known]
    return [] if _as_one(rest) in known else rest


def _as_one(names: Iterable[str]) -> str:
    return hashlib.sha256(".".join(sorted(names)).encode()).hexdigest()
