"""How a provider differs from the protocol, and its balances as a line, for a page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from .panel_api import Dialect, KeyPlace


def dialect_in_words(profile: dict[str, Any]) -> list[str]:
    """How this provider differs from the published protocol, one sentence each."""
    dialect = Dialect.from_profile(profile)
    pages = dialect.services_page_size
    our_id = dialect.idempotency_parameter
    own_words = bool(dialect.status_words or dialect.status_codes)
    said = [
        (dialect.json_body, "Requests are sent as JSON."),
        (dialect.key_place is KeyPlace.HEADER, "The key travels in a header of its own."),
        (dialect.key_place is KeyPlace.BEARER, "The key travels as a bearer token."),
        (dialect.trailing_slash is True, "The address is called with a slash at its end."),
        (dialect.trailing_slash is False, "The address is called without a slash at its end."),
        (dialect.ids_as_json, "The ids of several orders are sent as a JSON list."),
        (dialect.batch_size < 100, f"At most {dialect.batch_size} orders in one call."),
        (dialect.many_statuses is True, "Several orders can be asked about in one call."),
        (dialect.many_statuses is False, "Orders are asked about one at a time."),
        (
            dialect.batch_status_action != "status",
            f"Several orders are asked about with the action “{dialect.batch_status_action}”.",
        ),
        (bool(our_id), f"An id of ours goes along with each order as “{our_id}”."),
        (bool(pages), f"The catalog comes in pages of {pages}."),
        (dialect.rate_per_unit, "Prices are published for one unit; we show them for a thousand."),
        (bool(dialect.decimal_mark), f"Amounts are written with “{dialect.decimal_mark}”."),
        (dialect.balance_field != "balance", f"The balance is in “{dialect.balance_field}”."),
        (dialect.refills is True, "Refills can be followed."),
        (dialect.refills is False, "It does not do refills."),
        (dialect.cancels is False, "It does not do cancels."),
        (dialect.recent_orders is True, "It can list our newest orders."),
        (own_words, "It has words of its own for statuses."),
        (bool(dialect.refusals), "It has words of its own for refusals."),
    ]
    return [words for is_so, words in said if is_so]


@dataclass(frozen=True, slots=True)
class Line:
    """A small line of balances for an SVG of WIDTH × HEIGHT; amounts at its ends and edges.
    It goes in steps: between two readings nobody has seen another balance than the first."""

    points: str
    first: Decimal
    last: Decimal
    lowest: Decimal
    highest: Decimal
    since: datetime

    @property
    def summary(self) -> str:
        """For who hears the page instead of seeing the line."""
        return (
            f"Balance over the last days: from {self.first} to {self.last},"
            f" lowest {self.lowest}, highest {self.highest}"
        )


WIDTH, HEIGHT, MARGIN = 600, 80, 4
MOST_POINTS = 150


def line_of(readings: Iterable[tuple[datetime, Decimal]]) -> Line | None:
    """The line of these readings, oldest first; None for fewer than two moments."""
    known = list(readings)
    if len(known) < 2 or known[0][0] == known[-1][0]:
        return None
    step = -(-len(known) // MOST_POINTS)
    drawn = [*known[:-1:step], known[-1]]
    amounts = [amount for _, amount in known]
    lowest, highest = min(amounts), max(amounts)
    start, span = known[0][0], (known[-1][0] - known[0][0]).total_seconds()
    across = [(moment - start).total_seconds() / span * WIDTH for moment, _ in drawn]
    down = [height_of(amount, lowest, highest) for _, amount in drawn]
    return Line(
        points=in_steps(across, down),
        first=amounts[0],
        last=amounts[-1],
        lowest=lowest,
        highest=highest,
        since=start,
    )


def in_steps(across: list[float], down: list[float]) -> str:
    """Level until the next reading, then straight to it."""
    corners = [(across[0], down[0])]
    for x, y in zip(across[1:], down[1:], strict=True):
        corners += [(x, corners[-1][1]), (x, y)]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)


def height_of(amount: Decimal, lowest: Decimal, highest: Decimal) -> float:
    if lowest == highest:
        return HEIGHT / 2
    share = float((amount - lowest) / (highest - lowest))
    return HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN)
