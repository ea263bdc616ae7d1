"""Money as a column: exact, twelve places kept, never a float.

PostgreSQL has `numeric`. SQLite would store a decimal column as an 8-byte float and lose
digits, so there the amount is text of fixed width, which also sorts and compares rightly.
"""

from __future__ import annotations

from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

PLACES = 12
DIGITS = 30
UNIT = Decimal(1).scaleb(-PLACES)
_WIDTH = DIGITS + 1  # the point
_WIDE = Context(prec=2 * DIGITS)  # the usual 28 digits would not hold the largest amounts


if TYPE_CHECKING:
    DecimalColumn = models.DecimalField[Any, Any]
else:
    DecimalColumn = models.DecimalField


class MoneyField(DecimalColumn):
    """A Decimal of up to 18 digits before the point and 12 after it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.update(max_digits=DIGITS, decimal_places=PLACES)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_digits"], kwargs["decimal_places"]
        return name, path, args, kwargs

    def get_internal_type(self) -> str:
        return "MoneyField"

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "text" if connection.vendor == "sqlite" else f"numeric({DIGITS}, {PLACES})"

    def get_db_prep_value(
        self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False
    ) -> Any:
        amount = self.to_python(value)
        if amount is None or connection.vendor != "sqlite":
            return amount
        return f"{amount.quantize(UNIT, context=_WIDE):0{_WIDTH}f}"

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        if hasattr(value, "as_sql"):
            return value
        return self.get_db_prep_value(value, connection)

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        return Decimal(value) if isinstance(value, str) else value


class MoneySum(models.Aggregate):
    """SUM that stays exact on SQLite too."""

    function = "SUM"
    name = "MoneySum"

    def __init__(self, expression: Any, **extra: Any) -> None:
        super().__init__(expression, output_field=MoneyField(), **extra)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, function="DESK_MONEY_SUM", **context)


class _ExactSum:
    """What SQLite calls for DESK_MONEY_SUM: text amounts in, their sum as text out."""

    def __init__(self) -> None:
        self.total: Decimal | None = None

    def step(self, value: str | None) -> None:
        if value is not None:
            self.total = _WIDE.add(self.total or Decimal(0), Decimal(value))

    def finalize(self) -> str | None:
        return None if self.total is None else f"{self.total:f}"


def let_sqlite_add(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Give a new SQLite connection its exact sum."""
    if connection.vendor == "sqlite":
        connection.connection.create_aggregate("DESK_MONEY_SUM", 1, _ExactSum)


def plain(amount: Decimal) -> str:
    """Digits without an exponent and without trailing zeros: 0.27819, 100, 0."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
