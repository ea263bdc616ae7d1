"""The steps of the first run: each is done when a row says so, never because somebody clicked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from core import clocks
from core.models import User
from core.roles import May

from .facts import Facts, read_facts

OVER_KEY = "first-run-is-over"


@dataclass(frozen=True, slots=True)
class Step:
    """`action` names the link at `address`, for who may do what it `needs`."""

    title: str
    why: str
    action: str
    address: str
    needs: May
    is_done: bool


@dataclass(frozen=True, slots=True)
class FirstRun:
    """Over once an order was followed to its end at a provider, whatever else is open. Orders can
    be placed as soon as there is a catalog, even where the provider does not answer just now."""

    steps: tuple[Step, ...]
    is_over: bool
    can_order: bool

    @property
    def next(self) -> Step | None:
        if self.is_over:
            return None
        return next((step for step in self.steps if not step.is_done), None)

    @property
    def missing(self) -> Step | None:
        """What has to be done before anybody can order anything."""
        return None if self.can_order else self.next

    @property
    def done(self) -> int:
        return sum(step.is_done for step in self.steps)


OVER = FirstRun((), is_over=True, can_order=True)


def first_run(request: HttpRequest) -> dict[str, Any]:
    """For every template; asked of the database only by a page that draws it."""
    return {"first_run": SimpleLazyObject(lambda: first_run_once(request))}


def first_run_once(request: HttpRequest) -> FirstRun:
    """Once a request, and no more once it is over: no order that has ended becomes undone."""
    memo, user = vars(request), request.user
    if "_first_run" not in memo:
        memo["_first_run"] = OVER
        if isinstance(user, User) and user.may(May.SEE) and not cache.get(OVER_KEY):
            memo["_first_run"] = first_run_of(user)
    kept: FirstRun = memo["_first_run"]
    return kept


def first_run_of(user: User) -> FirstRun:
    """As it is now, for this person."""
    facts = read_facts(user)
    if facts.has_followed:
        cache.set(OVER_KEY, True, clocks.FIRST_RUN_OVER_SECONDS)
    return FirstRun(steps_of(facts, user), facts.has_followed, can_order=facts.has_catalog)


def steps_of(facts: Facts, user: User) -> tuple[Step, ...]:
    return (
        _add_provider(facts),
        _connect(facts),
        _get_catalog(facts),
        _read_balance(facts),
        _place(facts, user),
        _follow(facts),
    )


def _add_provider(facts: Facts) -> Step:
    return Step(
        title="Add a provider",
        why="A provider sells the services that you order. You need its address and its API key.",
        action="Add a provider",
        address=reverse("provider-new"),
        needs=May.KEEP_CREDENTIALS,
        is_done=facts.provider is not None,
    )


def _connect(facts: Facts) -> Step:
    if facts.provider is not None and not facts.has_key:
        why = "The provider has no API key yet. It answers nobody without one."
        action, needs = "Enter the key", May.KEEP_CREDENTIALS
        address = reverse("provider-key", args=[facts.provider])
    else:
        why = "The provider has not answered yet. Its page says why, and checks the connection."
        action, needs = "Check the connection", May.RUN_PROVIDERS
        address = _page_of(facts)
    return Step("Connect to it", why, action, address, needs, facts.has_answered)


def _get_catalog(facts: Facts) -> Step:
    return Step(
        title="Get its catalog",
        why="The catalog is the list of services with their prices. It is fetched by itself; the "
        "provider's page says how far it is.",
        action="Open the provider",
        address=_page_of(facts),
        needs=May.RUN_PROVIDERS,
        is_done=facts.has_catalog,
    )


def _read_balance(facts: Facts) -> Step:
    return Step(
        title="Read its balance",
        why="The balance is your money at the provider. It is read by itself once the provider "
        "answers; its page can read it now.",
        action="Open the provider",
        address=_page_of(facts),
        needs=May.RUN_PROVIDERS,
        is_done=facts.has_balance,
    )


def _place(facts: Facts, user: User) -> Step:
    why = "Choose a service, enter a link and a quantity. You see the cost before you place it."
    if not facts.has_funds and user.may(May.SEE_BALANCES):
        why = f"{why} The balance is empty: add funds at the provider first."
    return Step(
        title="Place the first order",
        why=why,
        action="New order",
        address=reverse("order-new"),
        needs=May.PLACE,
        is_done=facts.order is not None,
    )


def _follow(facts: Facts) -> Step:
    if facts.order is not None and facts.order_has_ended:
        number = f"#{facts.order}"
        why = f"Order {number} was rejected, withdrawn or closed as unknown. Place another one."
        action, needs, address = "New order", May.PLACE, reverse("order-new")
    else:
        why = "The desk asks the provider by itself how far the order is, until it has ended."
        action, needs = "Open the order", May.SEE
        address = reverse("order", args=[facts.order]) if facts.order is not None else ""
    return Step("Follow it to its end", why, action, address, needs, facts.has_followed)


def _page_of(facts: Facts) -> str:
    """The provider's; before there is one nobody is led there."""
    return reverse("provider", args=[facts.provider]) if facts.provider is not None else ""
