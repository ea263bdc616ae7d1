"""What a person agrees to when they order: the terms of a service, and how they changed."""

from __future__ import annotations

import hashlib
import html
import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from core.money import plain
from core.regional.numbers import grouped, with_point
from providers.models import ProposedTerms, Service
from providers.panel_api.order_types.table import PAYLOADS, Ask, Kind, count_lines

LABELS = {
    "name": "Name",
    "type": "Type",
    "rate": "Price",
    "currency": "Currency",
    "min": "Min",
    "max": "Max",
    "dripfeed": "Drip-feed",
    "offered": "Offered",
}


ONCE_UNKNOWN = ("name", "currency")  # older terms do not say them: nothing to compare with


class Difference(NamedTuple):
    """One term, as it was agreed to and as it is."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Terms:
    """None: not known, or the provider does not say. `rate` as in `Service.rate`, in `currency`:
    of terms that 0.3 or a release before it has kept nobody knows that."""

    name: str | None = None
    type: str = ""
    rate: Decimal | None = None
    min: int | None = None
    max: int | None = None
    dripfeed: bool | None = None
    offered: bool = True
    currency: str | None = None

    @classmethod
    def of(cls, service: Service) -> Terms:
        """`select_related` its provider to ask for nothing more."""
        return cls(
            name=service.name,
            type=service.type,
            rate=service.rate,
            min=service.min,
            max=service.max,
            dripfeed=service.dripfeed,
            offered=service.gone_at is None,
            currency=service.provider.currency,
        )

    @classmethod
    def known(cls, service: Service) -> Terms:
        """The newest of its terms the desk has seen, at the dearer price: those of a catalog that
        waits for a decision, where it says something else than the service. `select_related`
        the service's `proposed` to ask for nothing more."""
        own = cls.of(service)
        told = proposed_for(service)
        if told is None:
            return own
        return cls(
            name=told.name,
            type=told.type,
            rate=_dearer(own.rate, told.rate),
            min=told.min,
            max=told.max,
            dripfeed=told.dripfeed,
            offered=own.offered and told.is_offered,
            currency=own.currency,
        )

    @classmethod
    def read(cls, kept: Any) -> Terms | None:
        """Terms that `as_json` wrote down; None for anything else."""
        if not isinstance(kept, Mapping) or kept.keys() | {"currency"} != LABELS.keys():
            return None
        try:
            rate = None if kept["rate"] is None else Decimal(str(kept["rate"]))
        except InvalidOperation:
            return None
        return cls(**{**kept, "rate": rate})

    def as_json(self) -> dict[str, Any]:
        written = {one.name: getattr(self, one.name) for one in fields(self)}
        return {**written, "rate": None if self.rate is None else plain(self.rate)}

    @property
    def digest(self) -> str:
        """The same for the same terms, however their numbers were written."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()[:32]


def proposed_for(service: Service) -> ProposedTerms | None:
    """What a catalog that waits for a decision says of this service, where it differs."""
    told: ProposedTerms | None = getattr(service, "proposed", None)
    return told


def _dearer(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    """None, a price nobody knows, is the dearest."""
    return None if one is None or other is None else max(one, other)


def differences(before: Terms, after: Terms) -> list[Difference]:
    """Every term that changed, in words."""
    was, now = before.as_json(), after.as_json()
    return [
        Difference(label, _in_words(name, was[name]), _in_words(name, now[name]))
        for name, label in LABELS.items()
        if was[name] != now[name] and (name not in ONCE_UNKNOWN or was[name] is not None)
    ]


def faults(
    agreed: Terms, now: Terms, payload: Mapping[str, Any], *, tolerance: Decimal
) -> list[str]:
    """Why what was agreed to does not cover an order under the terms as they are now.

    `payload` are the order's wire parameters; `tolerance` is a share of the price in percent.
    """
    found = []
    if agreed.offered and not now.offered:
        found.append("The provider no longer offers it.")
    if agreed.name is not None and _same_name(agreed.name) != _same_name(now.name or ""):
        found.append("It has another name: it may be another product.")
    if agreed.type != now.type:
        found.append("Its type changed: it needs other fields.")
    if agreed.currency is not None and not _same_currency(agreed.currency, now.currency or ""):
        found.append("Its price is in another currency.")
    if is_dearer(agreed.rate, now.rate, tolerance):
        found.append("It costs more than was agreed to.")
    if (agreed.min, agreed.max) != (now.min, now.max) and not _fits(payload, now):
        found.append("Its limits no longer fit the quantity.")
    if "runs" in payload and now.dripfeed is False and agreed.dripfeed is not False:
        found.append("It no longer allows drip-feed.")
    return found


def is_dearer(agreed: Decimal | None, now: Decimal | None, tolerance: Decimal) -> bool:
    """Above the agreed price by more than so many percent, or at a price where nobody knew any, or
    knows any by now."""
    if agreed is None:
        return now is not None
    return now is None or now > agreed * (100 + tolerance) / 100


def at_rate(
    amount: Decimal | None, before: Decimal | None, after: Decimal | None, *, units: int | None
) -> Decimal | None:
    """An estimate that was made at one rate, at another: costs are in proportion to it."""
    if after is None or amount is None:
        return amount
    if before == after:
        return amount
    if before:
        return amount * after / before
    return after * units / 1000 if units else after


def cost_of_posts(
    payload: Mapping[str, Any], rate: Decimal
) -> tuple[Decimal | None, Decimal | None]:
    """The least and the most a subscription costs at this rate, read from what is sent; there is
    no most where it has no number of posts."""
    least, most, posts, old = (
        _number(payload.get(name)) for name in ("min", "max", "posts", "old_posts")
    )
    if least is None or most is None:
        return None, None
    if posts is None and (old is None or "delay" in payload):  # new posts, without an end
        return rate * least / 1000, None
    count = (posts or 0) + (old or 0)
    return rate * least * count / 1000, rate * most * count / 1000


def _fits(payload: Mapping[str, Any], now: Terms) -> bool:
    payload_class = PAYLOADS.get(now.type)
    asks = tuple(payload_class.asks().values()) if payload_class else ()
    lowest, highest = max(now.min or 1, 1), now.max or None
    for amount in _amounts(payload, asks):
        if amount < lowest or (highest is not None and amount > highest):
            return False
    return True


def _amounts(payload: Mapping[str, Any], asks: Iterable[Ask]) -> Iterator[int]:
    """The numbers of a payload that have to lie within the limits: of one run, and of all."""
    runs = _number(payload.get("runs")) or 1
    for ask in asks:
        amount = None
        if ask.kind is Kind.QUANTITY:
            amount = _number(payload.get(ask.wire))
        elif ask.counts and ask.wire in payload:
            amount = count_lines(str(payload[ask.wire]))
        if amount is not None:
            yield from (amount, amount * runs)


def _number(text: Any) -> int | None:
    written = str(text)
    return int(written) if written.isascii() and written.isdigit() else None


def _same_name(name: str) -> str:
    """Letters and digits: a new ornament or another spelling is not another product."""
    text = unicodedata.normalize("NFKC", html.unescape(name)).casefold()
    return " ".join("".join(char if char.isalnum() else " " for char in text).split())


def _same_currency(code: str, other: str) -> bool:
    return code.casefold() == other.casefold()


def _in_words(name: str, value: Any) -> str:
    if value is None or value == "":
        return "not said"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "rate":
        return with_point(str(value))
    return grouped(value) if isinstance(value, int) else str(value)
