"""Every address × everybody × reading and changing, against one table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from core.models import User
from core.roles import ALLOWED, May, Role
from core.web.policy import PUBLIC, SIGNED_IN
from orders.models import Order
from orders.moved_addresses import MOVED
from orders.status import Outcome, Status
from providers.actions.catalog.snapshots import packed, snapshot_of
from providers.models import CatalogRun, RunState
from providers.panel_api import Catalog
from tests.builders import (
    log_in,
    make_attempt,
    make_batch,
    make_batch_line,
    make_blocked_link,
    make_cancel,
    make_discrepancy,
    make_halt,
    make_job,
    make_order,
    make_provider,
    make_recipe,
    make_refill,
    make_run,
    make_saved_filter,
    make_service,
    make_statement,
    make_unmatched_order,
    make_user,
)

pytestmark = pytest.mark.usefixtures("watchdog_has_looked")  # its rows are the same for everybody

READ, CHANGE, BOTH = {"GET"}, {"POST"}, {"GET", "POST"}

# name of the address: who may, and how. An address that is missing here fails the first test.
TABLE: dict[str, tuple[str, set[str]]] = {
    "overview": (SIGNED_IN, READ),
    "overview-chart": (May.SEE, READ),
    "start": (May.SEE, READ),
    "start-on-overview": (May.SEE, CHANGE),
    "navigation": (SIGNED_IN, READ),
    "palette": (May.SEE, READ),
    "log-in": (PUBLIC, BOTH),
    "log-in-again": (PUBLIC, BOTH),
    "log-out": (SIGNED_IN, CHANGE),
    "password": (SIGNED_IN, BOTH),
    "profile": (SIGNED_IN, BOTH),
    "theme": (SIGNED_IN, CHANGE),
    "people": (May.KEEP_PEOPLE, READ),
    "person-new": (May.KEEP_PEOPLE, BOTH),
    "person-edit": (May.KEEP_PEOPLE, BOTH),
    "person-password": (May.KEEP_PEOPLE, BOTH),
    "guide": (SIGNED_IN, READ),
    "guide-page": (SIGNED_IN, READ),
    "healthz": (PUBLIC, READ),
    "readyz": (PUBLIC, READ),
    "orders": (May.SEE, BOTH),
    "saved-view-tabs": (May.SEE, READ),
    "saved-filter-delete": (May.SEE, CHANGE),
    "order-bulk": (May.PLACE, BOTH),
    "bulk-actions": (May.PLACE, READ),
    "bulk-action": (May.PLACE, READ),
    "bulk-action-stop": (May.PLACE, CHANGE),
    "order-export": (May.EXPORT, READ),
    "order-peek": (May.SEE, READ),
    "order": (May.SEE, READ),
    "order-evidence": (May.SEE, READ),
    **{f"moved-{old}": (May.SEE, READ) for old in (*MOVED, "settle")},
    "order-evidence-file": (May.SEE, READ),
    "order-new": (May.PLACE, BOTH),
    "service-favourite": (May.PLACE, CHANGE),
    "recipe-save": (May.PLACE, CHANGE),
    "recipe-delete": (May.PLACE, CHANGE),
    "order-list-layout": (May.SEE, CHANGE),
    "order-preview": (May.PLACE, CHANGE),
    "order-withdraw": (May.PLACE, CHANGE),
    "order-hold": (May.PLACE, CHANGE),
    "order-release": (May.PLACE, CHANGE),
    "order-requeue": (May.PLACE, CHANGE),
    "order-refresh": (May.PLACE, CHANGE),
    "order-comment": (May.PLACE, CHANGE),
    "order-refill": (May.PLACE, CHANGE),
    "order-cancel": (May.PLACE, CHANGE),
    "cancel-withdraw": (May.PLACE, CHANGE),
    "refills": (May.SEE, READ),
    "refills-selected": (May.PLACE, CHANGE),
    "refill-again": (May.PLACE, CHANGE),
    "refill-withdraw": (May.PLACE, CHANGE),
    "order-clear-flag": (May.PLACE, CHANGE),
    "order-about": (May.PLACE, CHANGE),
    "mass-order-new": (May.MASS_ORDER, BOTH),
    "mass-orders": (May.MASS_ORDER, READ),
    "mass-order": (May.MASS_ORDER, READ),
    "mass-order-figures": (May.MASS_ORDER, READ),
    "mass-order-line": (May.MASS_ORDER, BOTH),
    "mass-order-place": (May.MASS_ORDER, CHANGE),
    "mass-order-check": (May.MASS_ORDER, CHANGE),
    "mass-order-withdraw": (May.MASS_ORDER, CHANGE),
    "mass-order-discard": (May.MASS_ORDER, CHANGE),
    "limits": (May.PLACE, READ),
    "limits-block": (May.RUN_PROVIDERS, CHANGE),
    "limits-unblock": (May.RUN_PROVIDERS, CHANGE),
    "limits-spend": (May.RUN_PROVIDERS, CHANGE),
    "limits-tolerance": (May.RUN_PROVIDERS, CHANGE),
    "changed-terms": (May.PLACE, READ),
    "terms-accept": (May.PLACE, CHANGE),
    "terms-withdraw": (May.PLACE, CHANGE),
    "sending-control": (May.SEE, READ),
    "stop-all": (May.PLACE, CHANGE),
    "stop-incident": (May.RUN_PROVIDERS, CHANGE),
    "halt-lift": (May.RUN_PROVIDERS, CHANGE),
    "halt-cancels": (May.RUN_PROVIDERS, CHANGE),
    "provider-recovery": (May.RUN_PROVIDERS, BOTH),
    "provider-recovery-calibrate": (May.RUN_PROVIDERS, CHANGE),
    "provider-recovery-resume": (May.RUN_PROVIDERS, CHANGE),
    "discrepancies": (May.SEE_BALANCES, READ),
    "discrepancy": (May.SEE_BALANCES, READ),
    "discrepancy-close": (May.RESOLVE, CHANGE),
    "provider-statements": (May.SEE_BALANCES, READ),
    "statement": (May.SEE_BALANCES, READ),
    "statement-again": (May.RESOLVE, CHANGE),
    "statement-top-up": (May.RESOLVE, CHANGE),
    "statement-discrepancy": (May.RESOLVE, CHANGE),
    "statement-export": (May.SEE_BALANCES, READ),
    "unconfirmed": (May.SEE, READ),
    "order-resolve": (May.RESOLVE, READ),
    "order-link": (May.RESOLVE, CHANGE),
    "order-not-placed": (May.RESOLVE, CHANGE),
    "order-give-up": (May.RESOLVE, CHANGE),
    "order-phrase": (May.RESOLVE, CHANGE),
    "restored": (May.RESOLVE, READ),
    "restored-run": (May.RESOLVE, CHANGE),
    "restored-acknowledge": (May.RESOLVE, CHANGE),
    "restored-order": (May.RESOLVE, CHANGE),
    "restored-sent": (May.RESOLVE, CHANGE),
    "restored-looked-into": (May.RESOLVE, CHANGE),
    "providers": (May.SEE, READ),
    "provider": (May.SEE, READ),
    "provider-new": (May.KEEP_CREDENTIALS, BOTH),
    "provider-edit": (May.KEEP_CREDENTIALS, BOTH),
    "provider-delete": (May.KEEP_CREDENTIALS, CHANGE),
    "provider-key": (May.KEEP_CREDENTIALS, BOTH),
    "provider-limits": (May.RUN_PROVIDERS, CHANGE),
    "provider-refunds": (May.RUN_PROVIDERS, CHANGE),
    "provider-phrases": (May.RUN_PROVIDERS, BOTH),
    "provider-phrase-forget": (May.RUN_PROVIDERS, CHANGE),
    "provider-refusal-forget": (May.RUN_PROVIDERS, CHANGE),
    "provider-pause": (May.RUN_PROVIDERS, BOTH),
    "provider-resume": (May.RUN_PROVIDERS, CHANGE),
    "provider-check": (May.RUN_PROVIDERS, CHANGE),
    "provider-forget": (May.RUN_PROVIDERS, CHANGE),
    "provider-balance": (May.RUN_PROVIDERS, CHANGE),
    "provider-mirror": (May.RUN_PROVIDERS, CHANGE),
    "catalog-run": (May.SEE, READ),
    "catalog-run-apply": (May.RUN_PROVIDERS, CHANGE),
    "catalog-run-refuse": (May.RUN_PROVIDERS, CHANGE),
    "services": (May.SEE, READ),
    "service": (May.SEE, READ),
    "service-type": (May.RUN_PROVIDERS, CHANGE),
    "service-search": (May.SEE, READ),
    "order-types": (May.SEE, READ),
    "service-changes": (May.SEE, READ),
}

EVERYBODY = ["anonymous", "disabled", "no role", *Role]
LOG_IN = "/log-in/?"


def _patterns(resolver: Any = None) -> Iterator[URLPattern]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from _patterns(entry)
        else:
            yield entry


OURS = {str(pattern.name): pattern for pattern in _patterns()}


def _unconfirmed() -> Order:
    order = make_order(Status.UNCONFIRMED)
    make_attempt(order, outcome=Outcome.UNKNOWN)
    return order


def _held_run() -> CatalogRun:
    return make_run(state=RunState.HELD, held_catalog=packed(snapshot_of(Catalog((), ()))))


# what the pk of an address names, by the beginning of its name; the longest one counts
ROWS: dict[str, Callable[[], Any]] = {
    "person": make_user,
    "order": make_order,
    "order-resolve": _unconfirmed,
    "order-link": _unconfirmed,
    "order-not-placed": _unconfirmed,
    "order-give-up": _unconfirmed,
    "order-phrase": _unconfirmed,
    "mass-order": make_batch,
    "mass-order-line": make_batch_line,
    "limits": make_blocked_link,
    "bulk-action": make_job,
    "restored": make_unmatched_order,
    "saved-filter": make_saved_filter,
    "service-favourite": make_service,
    "recipe-save": make_service,
    "recipe": make_recipe,
    "halt": make_halt,
    "refill": make_refill,
    "discrepancy": make_discrepancy,
    "statement": make_statement,
    "cancel": make_cancel,
    "provider": make_provider,
    "catalog-run": _held_run,
    "service": make_service,
}


def address(name: str) -> str:
    if name.startswith("moved-"):
        return reverse(name, args=["" if name != "moved-settle" else _unconfirmed().pk])
    if name == "guide-page":
        return reverse(name, args=["statuses"])
    if "pk" not in OURS[name].pattern.converters:
        return reverse(name)
    start = max((start for start in ROWS if name.startswith(start)), key=len)
    return reverse(name, args=[ROWS[start]().pk])


def browser_of(who: str) -> Client:
    """A browser in which `who` has logged in; the disabled person was let go since."""
    browser = Client(raise_request_exception=False)
    if who != "anonymous":
        role = Role(who) if who in list(Role) else Role.ADMIN if who == "disabled" else None
        person = make_user(role)
        log_in(browser, person)
        if who == "disabled":
            User.objects.filter(pk=person.pk).update(is_active=False)
    return browser


def expected(who: str, policy: str, methods: set[str], method: str) -> str:
    if policy != PUBLIC and who in ("anonymous", "disabled"):
        return "log in first"
    if isinstance(policy, May):
        role = Role(who) if who in list(Role) else None
        if role is None or policy not in ALLOWED[role]:
            return "refused"
    return "let through" if method in methods else "wrong method"


def happened(response: Any) -> str:
    if response.status_code == 302 and response.headers["Location"].startswith(LOG_IN):
        return "log in first"
    words = {403: "refused", 405: "wrong method", 500: "broken"}
    return words.get(response.status_code, "let through")


def test_every_address_is_in_the_table_with_the_policy_its_view_declares() -> None:
    declared = {name: getattr(pattern.callback, "policy", "none") for name, pattern in OURS.items()}
    assert declared == {name: policy for name, (policy, _) in TABLE.items()}


@pytest.mark.django_db
@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("name", TABLE)
def test_everybody_gets_what_the_table_says(name: str, who: str) -> None:
    policy, methods = TABLE[name]
    browser = browser_of(who)
    for method in ("GET", "POST"):
        response = browser.generic(method, address(name))
        assert happened(response) == expected(who, policy, methods, method), method
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", [name for name, (_, methods) in TABLE.items() if "POST" in methods]
)
def test_no_change_without_a_csrf_token(name: str) -> None:
    browser = Client(enforce_csrf_checks=True)
    if TABLE[name][0] != PUBLIC:
        log_in(browser, make_user(Role.ADMIN))
    response = browser.post(address(name))
    assert response.status_code == 403
    assert b"The log-in has changed since" in response.content
