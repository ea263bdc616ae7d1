"""What a service cost since it was first seen, as a line for its page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from core.templatetags.desk import spell_money

from .models import ChangeKind, Service, ServiceChange
from .standing import WIDTH, height_of, in_steps

NEWEST: Final = 200  # changes that are drawn
MOVES: Final = (ChangeKind.RATE, ChangeKind.GONE, ChangeKind.BACK)

Step = tuple[datetime, Decimal | None]  # what it cost from then on; None: gone, or no price told


@dataclass(frozen=True, slots=True)
class PriceLine:
    """Each of `pieces` is a line without a gap for an SVG of WIDTH × HEIGHT. It goes in steps: a
    price holds until a catalog tells another."""

    pieces: list[str]
    first: Decimal
    last: Decimal
    lowest: Decimal
    highest: Decimal
    since: datetime
    currency: str

    @property
    def summary(self) -> str:
        """For who hears the page instead of seeing the line."""
        told = _("Price over time: from %(first)s to %(last)s, lowest %(lowest)s, highest %(most)s")
        return told % {
            "first": spell_money(self.first, self.currency),
            "last": spell_money(self.last, self.currency),
            "lowest": spell_money(self.lowest, self.currency),
            "most": spell_money(self.highest, self.currency),
        }


def price_line(service: Service, *, now: datetime) -> PriceLine | None:
    """None while its price has never moved."""
    moves = ServiceChange.objects.filter(service=service, kind__in=MOVES).order_by("-pk")
    newest = list(moves[:NEWEST])
    steps = _forward(_steps(service, newest[::-1], is_whole=len(newest) < NEWEST))
    prices = [price for _at, price in steps if price is not None]
    if len(set(prices)) < 2:
        return None
    since, until = steps[0][0], max(service.gone_at or now, steps[-1][0])
    span = (until - since).total_seconds()
    if not span:
        return None
    lowest, highest = min(prices), max(prices)
    return PriceLine(
        pieces=[
            in_steps(
                [(at - since).total_seconds() / span * WIDTH for at, _price in piece],
                [height_of(price, lowest, highest) for _at, price in piece],
            )
            for piece in _pieces(steps, until)
        ],
        first=prices[0],
        last=prices[-1],
        lowest=lowest,
        highest=highest,
        since=since,
        currency=service.provider.currency,
    )


def _steps(service: Service, moves: list[ServiceChange], *, is_whole: bool) -> Iterator[Step]:
    """Oldest first; from when it was first seen where its changes are all there."""
    if moves and is_whole:
        yield service.first_seen_at, moves[0].price_before
    for move in moves:
        yield move.seen_at, move.price_after


def _forward(steps: Iterator[Step]) -> list[Step]:
    """With no moment before the one before it: a clock may have been put back."""
    found: list[Step] = []
    for at, price in steps:
        found.append((max(at, found[-1][0]) if found else at, price))
    return found


def _pieces(steps: list[Step], until: datetime) -> Iterator[list[tuple[datetime, Decimal]]]:
    """What stands between two gaps, up to where the gap or the line ends."""
    piece: list[tuple[datetime, Decimal]] = []
    for at, price in [*steps, (until, None)]:
        if price is not None:
            piece.append((at, price))
        elif piece:
            yield [*piece, (at, piece[-1][1])]
            piece = []
