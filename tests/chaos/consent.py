"""Whether anything was sent under terms that the desk knew of and nobody had agreed to.

The desk's rows are looked at again and again. A claim is compared with what stood there in every
look from one before it began to one after it was there, so a provider that changes its mind
in between is nobody's fault. Nothing here reads the desk's own code.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from .checker import Kind, Violation
from .right_time import RightTime
from .servers import Database

TOLERANCE = Decimal("1.05")  # as the desk comes
OVERLAP = 500  # attempts that may become visible after one with a higher number
SERVICES = """
    SELECT s.id, s.rate, s.name, s.type, s.gone_at, p.id, p.rate, p.name, p.type, p.is_offered
    FROM providers_service s LEFT JOIN providers_proposedterms p ON p.service_id = s.id
    WHERE s.id IN ({})
"""
CLAIMS = """
    SELECT a.id, o.id, o.service_id, a.started_at, o.terms
    FROM orders_attempt a JOIN orders_order o ON o.id = a.order_id WHERE a.id > {}
"""


class Offer(NamedTuple):
    """The newest terms of a service that the desk has written down, at the dearer price."""

    rate: Decimal | None
    name: str
    type: str
    is_there: bool = True


@dataclass(frozen=True, slots=True)
class Claim:
    """An order taken for sending: when, by the desk's clock, and to what somebody had agreed."""

    attempt: int
    order: int
    service: int
    started_at: datetime
    agreed: Offer


@dataclass(frozen=True, slots=True)
class Sample:
    """`claims` are those not seen before; `at` is when all of it had been read."""

    at: datetime
    offers: dict[int, Offer]
    claims: tuple[Claim, ...] = ()


@dataclass(slots=True)
class Samples:
    """Every look at a database in a run."""

    database: Database
    services: Sequence[int]
    taken: list[Sample] = field(default_factory=list)
    _seen: set[int] = field(default_factory=set)

    def take(self) -> None:
        """OSError when the database does not answer: then there is no look."""
        rows = self.database.ask(CLAIMS.format(max(self._seen, default=0) - OVERLAP))
        claims = tuple(_claim(row) for row in rows if row[0] not in self._seen)
        wanted = ", ".join(map(str, self.services))
        offers = {row[0]: _offer(*row[1:]) for row in self.database.ask(SERVICES.format(wanted))}
        self._seen |= {claim.attempt for claim in claims}
        self.taken.append(Sample(datetime.now(UTC), offers, claims))


@dataclass(frozen=True, slots=True)
class ConsentCheck:
    """`looked_at`: claims of which it is known what the desk knew; `moved`: those among them
    whose service was not as agreed to in every word, though within what is allowed."""

    looked_at: int
    moved: int
    violations: tuple[Violation, ...]


def check_consent(samples: Sequence[Sample], right: RightTime) -> ConsentCheck:
    known = [*_known_offers(samples, right)]
    return ConsentCheck(
        len(known),
        sum(claim.agreed != offer for claim, offer in known),
        tuple(
            Violation(Kind.CONSENT, f"order {claim.order} was sent, {words}")
            for claim, offer in known
            if (words := breach(claim.agreed, offer))
        ),
    )


def breach(agreed: Offer, offer: Offer) -> str:
    """What is known of the service that consent does not cover; empty when it covers all."""
    if agreed.is_there and not offer.is_there:
        return "although its service was gone"
    if agreed.type != offer.type:
        return f"although its service was {offer.type}, not {agreed.type}"
    if agreed.name != offer.name:
        return f"although its service was {offer.name}, not {agreed.name}"
    if agreed.rate is None:
        return ""
    if offer.rate is None or offer.rate > agreed.rate * TOLERANCE:
        return f"although it was known to cost {offer.rate}, and {agreed.rate} was agreed to"
    return ""


def _known_offers(samples: Sequence[Sample], right: RightTime) -> Iterator[tuple[Claim, Offer]]:
    for position, look in enumerate(samples):
        for claim in look.claims:
            began = right.of(claim.started_at)
            first = next(
                (one for one in range(position - 1, -1, -1) if samples[one].at < began), None
            )
            if first is None:
                continue
            offers = {samples[one].offers.get(claim.service) for one in range(first, position + 1)}
            offer = offers.pop()
            if not offers and offer is not None:
                yield claim, offer


def _claim(row: tuple[Any, ...]) -> Claim:
    attempt, order, service, started, kept = row
    terms = json.loads(kept) if isinstance(kept, str) else kept
    at = datetime.fromisoformat(started) if isinstance(started, str) else started
    agreed = Offer(_decimal(terms["rate"]), terms["name"], terms["type"], terms["offered"])
    return Claim(attempt, order, service, at if at.tzinfo else at.replace(tzinfo=UTC), agreed)


def _offer(
    rate: Any,
    name: str,
    kind: str,
    gone_at: Any,
    proposed: int | None,
    rate_then: Any,
    name_then: str,
    kind_then: str,
    is_offered: Any,
) -> Offer:
    own = Offer(_decimal(rate), name, kind, gone_at is None)
    if proposed is None:
        return own
    then = _decimal(rate_then)
    dearer = None if own.rate is None or then is None else max(own.rate, then)
    return Offer(dearer, name_then, kind_then, own.is_there and bool(is_offered))


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))
