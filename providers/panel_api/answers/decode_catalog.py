"""The services a provider publishes, and what it says of our balance."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from ..dialect import Dialect
from ..order_types.table import PAYLOADS, type_name
from ..results import Balance, Catalog, CatalogItem, Unreadable
from . import coerce
from .decode import Unexpected, at_path, folded

MOST_SERVICES: Final = 200_000
LONGEST_NAME: Final = 500
LONGEST_CATEGORY: Final = 255
LONGEST_TYPE: Final = 100
LONGEST_DESCRIPTION: Final = 20_000
LONGEST_TIME: Final = 100
LONGEST_CURRENCY: Final = 10

_ID_NAMES: Final = ("service", "id", "service_id", "serviceid")
_DESCRIPTION_NAMES: Final = ("description", "desc", "details", "note", "info")
_TIME_NAMES: Final = ("average_time", "time", "delivery_time", "start_time", "est")
_CATEGORY_NAMES: Final = ("category", "category_name", "subcategory")
_UNSAID: Final = frozenset({"", "-", "n/a", "na", "null", "none", "unknown"})


def catalog(body: Any, dialect: Dialect) -> Catalog:
    """Every service of the answer in its order; rows beyond belief are set aside with a reason.

    Raises Unexpected when the answer is not a list of services at all.
    """
    rows = _rows(body)
    if len(rows) > MOST_SERVICES:
        raise Unexpected(f"The catalog has more than {MOST_SERVICES} services.")
    items: dict[str, CatalogItem | Unreadable] = {}
    nameless: list[Unreadable] = []
    for row in rows:
        read = _item(row, dialect)
        if isinstance(read, Unreadable) and not read.about:
            nameless.append(read)
            continue
        about = read.service_id if isinstance(read, CatalogItem) else read.about
        if about in items and items[about] != read:
            items[about] = Unreadable("Two different services have this id.", about=about)
        else:
            items[about] = read
    kept = tuple(item for item in items.values() if isinstance(item, CatalogItem))
    set_aside = (item for item in items.values() if isinstance(item, Unreadable))
    return Catalog(kept, (*set_aside, *nameless))


def _rows(body: Any, depth: int = 2) -> list[Any]:
    if isinstance(body, list):
        return body
    if not isinstance(body, dict):
        raise Unexpected("The answer is not a list of services.")
    named = folded(body)
    for name in ("services", "data", "result"):
        inner = named.get(name)
        if depth and isinstance(inner, dict | list):
            return _rows(inner, depth - 1)
        if isinstance(inner, str) and inner.strip().lower() in ("empty data", "no services", ""):
            return []
    if body and all(isinstance(row, dict) for row in body.values()):
        return list(body.values())
    raise Unexpected("The answer is not a list of services.")


def _item(row: Any, dialect: Dialect) -> CatalogItem | Unreadable:
    if type(row) is not dict:
        return Unreadable("The row is not an object.")
    try:
        row = folded(row)
    except Unexpected as error:
        return Unreadable(str(error))
    service_id = _first_id(row)
    if service_id is None:
        return Unreadable("The row has no readable service id.")
    try:
        return _described(service_id, row, dialect)
    except Unexpected as error:
        return Unreadable(str(error), about=service_id)


def _described(service_id: str, row: dict[str, Any], dialect: Dialect) -> CatalogItem:
    get, text, flag = row.get, coerce.text, coerce.flag
    kind = text(get("type"), LONGEST_TYPE)
    least, most = _limit(get("min"), "min"), _limit(get("max"), "max")
    if least is not None and most is not None and least > most:
        raise Unexpected("Its min is above its max.")
    return CatalogItem(
        service_id=service_id,
        name=coerce.prose(get("name"), LONGEST_NAME),
        type=kind,
        category=_first_text(row, _CATEGORY_NAMES, LONGEST_CATEGORY),
        rate=_rate(row, kind, dialect),
        min=least,
        max=most,
        refill=flag(get("refill")),
        cancel=flag(get("cancel")),
        dripfeed=flag(get("dripfeed")),
        description=_first_text(row, _DESCRIPTION_NAMES, LONGEST_DESCRIPTION),
        average_time=_first_text(row, _TIME_NAMES, LONGEST_TIME),
        currency=text(get("currency"), LONGEST_CURRENCY),
    )


def _first_id(row: dict[str, Any]) -> str | None:
    for name in _ID_NAMES:
        if (value := row.get(name)) is not None:
            return coerce.identifier(value)
    return None


def _first_text(row: dict[str, Any], names: tuple[str, ...], longest: int) -> str:
    for name in names:
        if name in row and (said := coerce.prose(row[name], longest)):
            return said
    return ""


def _unsaid(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.strip().lower() in _UNSAID)


def _limit(value: Any, name: str) -> int | None:
    limit = coerce.whole(value)
    if limit is None and not _unsaid(value):
        raise Unexpected(f"Its {name} is not a whole number.")
    return limit


def _rate(row: dict[str, Any], kind: str, dialect: Dialect) -> Decimal | None:
    """The price of 1000 units, or of one package: 0 is free, None when the row does not say."""
    per_thousand = "rate1k" in row
    value = row["rate1k"] if per_thousand else row.get("rate", row.get("price"))
    rate = coerce.money(value, decimal_mark=dialect.decimal_mark)
    if rate is None:
        if _unsaid(value):
            return None
        raise Unexpected("Its rate is not an amount.")
    if rate < 0:
        raise Unexpected("Its rate is below zero.")
    if not dialect.rate_per_unit or per_thousand:
        return rate
    payload = PAYLOADS.get(type_name(kind))
    return rate if payload and payload.priced_per_package else rate * 1000


def balance(body: Any, dialect: Dialect) -> Balance:
    """The account's balance. Raises Unexpected when it cannot be read for certain."""
    value = at_path(body, dialect.balance_field.split("."))
    amount = coerce.money(value, decimal_mark=dialect.decimal_mark)
    if amount is None:
        shown = coerce.text(value, 40) if isinstance(value, str | int | Decimal) else ""
        raise Unexpected(f"The balance cannot be read: {shown!r}." if shown else "No balance.")
    currency = at_path(body, dialect.currency_field.split("."))
    return Balance(amount, coerce.text(currency, LONGEST_CURRENCY))
