"""What an order would send and cost, shown while it is being typed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, datetime, timedelta
from decimal import Decimal

from providers.models import Provider
from providers.panel_api.dialect import Dialect
from providers.panel_api.order_types.table import CostRange, Kind

from ..limits.check_limits import words_of_blocked
from ..limits.funds import Funds, funds_of
from .order_form import OrderForm, form_for
from .usual_links import UsualLinks

HIDDEN_KEY = "••••"


@dataclass(frozen=True, slots=True)
class Preview:
    """`wire` are the parameters in the order they are sent, the key hidden. Costs are estimates
    in the account's currency; None where they are not known (yet) or have no upper bound.

    `hints` are quiet words on what has been typed but cannot be used as it is, `warnings` on what
    can be and may not be meant.
    """

    wire: tuple[tuple[str, str], ...]
    hints: tuple[str, ...]
    warnings: tuple[str, ...]
    per_run: int | None
    runs: int | None
    units: int | None
    cost_per_run: Decimal | None
    cost: Decimal | None
    cost_high: Decimal | None
    is_range: bool
    last_run_at: datetime | None
    funds: Funds | None

    @property
    def is_short_of_funds(self) -> bool:
        """What is on its way is paid first."""
        return self.funds is not None and self.cost is not None and self.funds.left < self.cost

    @property
    def left_after(self) -> Decimal | None:
        """Of the balance; where there is no upper bound at most that."""
        cost = self.cost if self.cost_high is None else self.cost_high
        return None if self.funds is None or cost is None else self.funds.left - cost


def preview_of(form: OrderForm, *, now: datetime) -> Preview:
    """The preview of a form, however much of it has been filled in."""
    if not form.is_bound:
        form = form_for(form.service, now=now, person=form.person, data=form.initial)
    form.is_valid()  # reads what there is; being unfinished is no fault here
    payload, rate = form.partial_payload(), form.service.rate
    known = form.is_countable or form.payload_class.priced_per_package
    cost = payload.cost(rate) if known and rate is not None else None
    low, high = (cost.low, cost.high) if isinstance(cost, CostRange) else (cost, cost)
    per_run, units = (payload.quantity_per_run, payload.units) if known else (None, None)
    runs: int | None = getattr(payload, "runs", None) if known else None
    interval: int | None = getattr(payload, "interval", None)
    return Preview(
        wire=_wire(payload.wire(), form.service.provider),
        hints=_hints(form),
        warnings=tuple(_warnings(form)),
        per_run=per_run,
        runs=runs,
        units=units,
        cost_per_run=low / runs if low is not None and runs else None,
        cost=low,
        cost_high=high,
        is_range=isinstance(cost, CostRange),
        last_run_at=_last_run(form.cleaned_data.get("starts_at") or now, runs, interval),
        funds=funds_of(form.service.provider),
    )


def _wire(sent: dict[str, str], provider: Provider) -> tuple[tuple[str, str], ...]:
    """Every parameter of the call, the key and what only the attempt will know in words."""
    parameter = Dialect.from_profile(provider.dialect).idempotency_parameter
    ours = (("key", HIDDEN_KEY), ("action", "add"), *sent.items())
    return (*ours, (parameter, "(the attempt's own id)")) if parameter else ours


def _last_run(first: datetime, runs: int | None, interval: int | None) -> datetime | None:
    """About when the last run of a drip-feed starts, if the first one does when it is to."""
    if runs is None or interval is None:
        return None
    try:
        last = first + timedelta(minutes=(runs - 1) * interval)
    except OverflowError:
        return None
    return last if last.year < MAXYEAR else None  # every zone can still say it


def _hints(form: OrderForm) -> tuple[str, ...]:
    """Messages for fields that hold something; nobody is scolded for a field not reached yet."""
    return tuple(
        f"{form.asks[name].label}: {errors[0].messages[0]}"
        for name, errors in form.errors.as_data().items()
        if name in form.asks and errors[0].code != "required"
    )


def _warnings(form: OrderForm) -> Iterator[str]:
    """Links that may not be ordered, and those that are no addresses."""
    if words := words_of_blocked(form.partial_payload().wire()):
        yield words
    usual = UsualLinks(form.service)
    for name, ask in form.asks.items():
        link = form.cleaned_data.get(name) if ask.kind is Kind.LINK else None
        if link and (words := usual.doubt_about(link)):
            yield f"{ask.label}: {words}"
