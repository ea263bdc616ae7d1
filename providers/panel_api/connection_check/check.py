"""The connection check: what works between us and a provider, in plain words, spending nothing.

Only reading actions are called, with ids that cannot be ours; an order of nothing is added where
somebody asks for it. What is found out becomes a `Dialect` for the account.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..client import PanelClient
from .batch_check import ask_two_orders
from .empty_order import TOPIC, add_nothing
from .findings import CheckResult, Finding
from .steps import ConnectionCheck


def check_connection(
    client: PanelClient,
    tell: Callable[[Finding], None] | None = None,
    *,
    with_empty_order: bool = False,
    before_send: Callable[[], None] | None = None,
) -> CheckResult:
    """Check an account's connection. Takes some ten calls; never raises, never spends.

    `tell` hears of each finding as it is made. `with_empty_order` sends one `add` as well, without
    service, link and quantity: nothing can be bought by it, and it tells of a parameter that must
    carry an id of ours. `before_send` is the pre-send check of that one.
    """
    check = ConnectionCheck(client, tell)
    last = ((TOPIC, partial(add_nothing, check, before_send)),) if with_empty_order else ()
    if check.attempt("connection", check.connect):
        for topic, step in (
            ("balance", check.ask_balance),
            ("services", check.ask_services),
            ("orders", check.ask_unknown_order),
            ("orders", partial(ask_two_orders, check)),
            ("refills", check.ask_unknown_refill),
            ("list of orders", check.ask_recent_orders),
            *last,
        ):
            if not check.stopped:
                check.attempt(topic, step)
    return CheckResult(tuple(check.findings), check.dialect, check.balance, check.services_seen)
