"""Checking many pasted lines at once, by the rules of the order form and against one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from core.models import User
from core.regional.numbers import DESK, grouped, shown_as
from providers.models import Provider, Service
from providers.panel_api.order_types.table import OrderPayload

from ..draft import OrderDraft
from ..limits.agree_terms import tolerance
from ..limits.check_limits import highest_cost
from ..links import link_key
from ..models import BatchLine, OrderBatch, UnmatchedOrder
from ..placing import left_sends
from ..placing.order_form import obstacle
from ..repeats import name_of, spelled, untold, why_asked
from ..terms import Terms, faults
from .line_context import Running, Surroundings, surroundings_of
from .line_rules import Problem

REPEATED = "is_meant"  # the field of a problem that a person may overrule
TOLD_OF = 5  # orders named in the problems of one line


@dataclass(frozen=True, slots=True)
class LineCheck:
    """What was found about one line. `draft` is None when something has to be fixed;
    `shares_link`: an open order or an earlier line of its provider has the same link."""

    line: BatchLine
    draft: OrderDraft | None
    shares_link: bool = False


class Same(NamedTuple):
    """What a line may buy a second time, each the newest first: orders for the same service and
    link that may be there, or with the same quantity one that anybody placed in the last day; and
    what was bought before the database was put back and has no order here."""

    orders: list[Running]
    sends: list[UnmatchedOrder]

    @property
    def names(self) -> list[str]:
        return [*map(left_sends.name_of, self.sends), *self.order_names]

    @property
    def order_names(self) -> list[str]:
        return [name_of(order.form_key, order.status) for order in self.orders]

    def words(self) -> list[str]:
        """Of the newest of them, and how many more there are."""
        orders = self.orders[:TOLD_OF]
        named = [why_asked(order.pk, order.status, order.created_at) for order in orders]
        if older := self.orders[TOLD_OF:]:
            named.append(f"Older orders like these: {grouped(len(older))}.")
        return [*named, *map(left_sends.why_asked, self.sends[:TOLD_OF])]


@shown_as(DESK)  # what it writes stands for everybody, and a cell means the same to everybody
def check(
    lines: Sequence[BatchLine],
    batch: OrderBatch,
    *,
    person: User | None,
    now: datetime,
    with_others: bool = False,
    as_agreed: bool = False,
) -> list[LineCheck]:
    """Write into each line, not to the database, what is wrong with it and what it costs.

    The lines follow one on another in the batch and are checked in their order: by their fields,
    against one another and the other good lines, against open orders and `person`'s limits.
    `as_agreed`: they are about to be placed, under the terms that were shown with them; else
    those of now are shown.
    """
    for line in lines:
        line.link_key = link_key(line.address) if line.address else ""
    around = surroundings_of(lines, batch, person=person, now=now, with_others=with_others)
    if as_agreed:
        around.tolerance = tolerance()
    return [_check_one(line, batch, around) for line in lines]


def _check_one(line: BatchLine, batch: OrderBatch, around: Surroundings) -> LineCheck:
    if line.is_left_out:
        return _refuse(line, [])
    service, words = _service_of(line, batch.provider, around)
    if service is None or service.pk != line.service_id:
        line.is_meant = False  # it was said of another service
    line.service, line.cost, line.warnings = service, None, []
    if service is None or (words := obstacle(service)):
        return _refuse(line, [Problem("service", words)])
    reading = around.rules_of(service).read(line.cells)
    line.warnings = reading.warnings
    payload, currency = reading.payload, service.provider.currency
    same = _same_as(line, service, payload, around)
    problems = [*reading.problems, *_repeats(line, service, same, around)]
    problems += _changes(line, service, payload, around)
    if payload is not None and service.rate is not None:
        line.cost = highest_cost(payload, service.rate)[0]  # of a repeat too: who means it is told
    if payload is None or problems:
        return _refuse(line, problems)
    if words := around.limits.objection(payload, service.rate, currency):
        return _refuse(line, [Problem("", words)])
    around.limits.count(payload, service.rate, currency)
    return _accept(line, service, payload, same, around)


def _changes(
    line: BatchLine, service: Service, payload: OrderPayload | None, around: Surroundings
) -> list[Problem]:
    """Terms that the dry run did not show and that its price or product does not cover."""
    shown, now = Terms.read(line.terms), Terms.of(service)
    if around.tolerance is None or shown is None:
        line.terms = now.as_json()
        return []
    wire = payload.wire() if payload else {}
    return [
        Problem("", f"{words} Validate again to see and agree to its terms of now.")
        for words in faults(shown, now, wire, tolerance=around.tolerance)
    ]


def _refuse(line: BatchLine, problems: list[Problem]) -> LineCheck:
    line.is_good, line.problems = False, [problem.as_json() for problem in problems]
    return LineCheck(line, None)


def _accept(
    line: BatchLine, service: Service, payload: OrderPayload, same: Same, around: Surroundings
) -> LineCheck:
    line.is_good, line.problems = True, []
    ahead = _ahead(line, service, around)
    if ahead:
        words = f"This line will wait for {ahead}, which has this link at {service.provider}."
        line.warnings.append(words)
    if not service.provider.is_active:
        line.warnings.append(f"{service.provider} is paused: it will be held.")
    around.claim(line)
    around.line_up(line)
    draft = OrderDraft(
        service,
        payload,
        line.form_key,
        told_of=frozenset(same.order_names),
        told_sends=left_sends.names_of(same.sends),
        agreed=Terms.read(line.terms),
        with_batch=line.is_meant,
    )
    return LineCheck(line, draft, shares_link=bool(ahead))


def _ahead(line: BatchLine, service: Service, around: Surroundings) -> str:
    """What keeps the link busy at this provider, in words; empty when it is free."""
    running = (order for order in around.running.get(line.link_key, ()) if order.is_open)
    order = next((order for order in running if order.provider_id == service.provider_id), None)
    if order:
        return f"order #{order.pk}"
    number = around.lined_up.get((service.provider_id, line.link_key))
    return f"line {number:,}" if number else ""


def _same_as(
    line: BatchLine, service: Service, payload: OrderPayload | None, around: Surroundings
) -> Same:
    if not line.link_key:
        return Same([], [])
    running = around.running.get(line.link_key, ())
    orders = [order for order in running if order.is_repeated_by(service, payload)]
    if line.is_meant:  # those of its own paste it was shown as lines
        orders = [order for order in orders if order.batch_id != line.batch_id]
    sends = around.unmatched.get((service.provider_id, service.external_id, line.link_key), ())
    return Same(sorted(orders, key=lambda order: -order.pk), list(reversed(sends)))


def _repeats(line: BatchLine, service: Service, same: Same, around: Surroundings) -> list[Problem]:
    """What the line may buy a second time, and another line for the same.

    That a line is meant holds beside exactly what its problems told of; beside others it is asked.
    """
    if not line.link_key:
        return []
    claim = around.claim_on(line, service)
    names = [*([claim.name] if claim else []), *same.names]
    if line.is_meant and not untold(names, line.told_of):
        return []
    line.is_meant, line.told_of = False, spelled(names)
    words = same.words()
    if claim:
        words.append(f"Line {claim.number:,} orders this service for this link too.")
    return [Problem(REPEATED, one) for one in words]


def _service_of(
    line: BatchLine, chosen: Provider | None, around: Surroundings
) -> tuple[Service | None, str]:
    """The service a line names, or why it cannot be told."""
    named = line.cells.get("service", "")
    if not named:
        return None, "Write the number the provider gives the service."
    found = around.services.get(named, [])
    account = line.cells.get("provider", "")
    if account:
        found = [one for one in found if _is_called(one.provider, account)]
        where = f" at “{account[:80]}”"
    elif chosen:
        found = [one for one in found if one.provider_id == chosen.pk]
        where = f" at {chosen}"
    else:
        where = ""
    if not found:
        return None, f"There is no service {named[:64]}{where}."
    if len(found) > 1:
        names = ", ".join(str(one.provider) for one in found[:5])
        return None, f"Several providers have a service {named}: name one of {names}."
    return found[0], ""


def _is_called(provider: Provider, name: str) -> bool:
    return provider.name.casefold() == name.casefold()
