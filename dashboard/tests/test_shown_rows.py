"""A button on an old page acts on no other row that has its number by now: which addresses compare
what their page has shown, and why the others need not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from core.models import User
from dashboard.tests.test_policy import OURS, TABLE, address, browser_of
from orders.models import BulkJob, CancelRequest, Halt, Order, OrderBatch, Refill
from orders.models.batch import BatchState
from orders.recovery.refusal_phrase import phrase_in_answer
from orders.shown import CHANGED
from orders.status import Flag, RefillStatus, Status
from orders.tests.recovery.test_refusal_phrases import WORDS, answered
from providers.models import CatalogRun
from tests.builders import make_batch, make_order, make_refill

ROOT = Path(__file__).parents[2]
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.services,
    pytest.mark.usefixtures("watchdog_has_looked"),
]

NEW = "another-good-long-phrase"


def _being_placed() -> OrderBatch:
    batch = make_batch(state=BatchState.PLACING)
    make_order(Status.QUEUED, batch=batch)
    return batch


# What stands there, and what else the button says.
COMPARED: dict[str, tuple[Callable[[], Any] | None, dict[str, str]]] = {
    "order-withdraw": (lambda: make_order(Status.QUEUED), {}),
    "order-hold": (lambda: make_order(Status.QUEUED), {}),
    "order-release": (lambda: make_order(Status.HELD, hold_reason="staff"), {}),
    "order-requeue": (lambda: make_order(Status.NOT_PLACED), {"sure": "on"}),
    "order-refill": (lambda: make_order(Status.COMPLETED), {}),
    "order-cancel": (lambda: make_order(Status.IN_PROGRESS), {}),
    "order-clear-flag": (
        lambda: make_order(Status.COMPLETED, flag=Flag.BOUGHT_TWICE),
        {"flag": "bought_twice", "found": "x"},
    ),
    "order-link": (None, {"external_id": "555"}),
    "order-not-placed": (None, {"sure": "on"}),
    "order-give-up": (None, {"note": "x"}),
    "order-phrase": (answered, {"phrase": WORDS, "meaning": "funds", "sure": "on"}),
    "cancel-withdraw": (None, {}),
    "refill-again": (lambda: make_refill(RefillStatus.UNCONFIRMED, requests=1), {}),
    "refill-withdraw": (None, {}),
    "halt-lift": (None, {"note": "x"}),
    "halt-cancels": (None, {"lets_cancels": "on"}),
    "mass-order-withdraw": (_being_placed, {}),
    "mass-order-discard": (None, {}),
    "bulk-action-stop": (None, {}),
    "catalog-run-apply": (None, {}),
    "catalog-run-refuse": (None, {}),
    "person-password": (None, {"new_password1": NEW, "new_password2": NEW}),
}
_TABS = "providers/tests/test_two_tabs.py"
_LEDGER = "orders/tests/reconciliation/test_two_tabs.py"
_RULES = "orders/tests/limits/test_two_tabs.py"
# What the page showed is compared there too; another test has what that is.
COMPARED_THERE: dict[str, str] = {
    "provider-edit": _TABS,
    "provider-limits": _TABS,
    "provider-refunds": _TABS,
    "provider-key": _TABS,
    "provider-delete": _TABS,
    "provider-resume": _TABS,
    "provider-recovery": _RULES,
    "provider-recovery-resume": _RULES,
    "limits-unblock": _RULES,
    "discrepancy-close": _LEDGER,
    "statement-top-up": _LEDGER,
    "service-type": _TABS,
    "person-edit": "dashboard/tests/test_people_in_two_tabs.py",
}
_ASKS = "it asks a provider, and changes nothing there"
_OWN = "it is one's own, and buys nothing"
_DOUBT = "it only puts in doubt, which is looked into"
_FORGETS = "a word that nobody knows puts an order into somebody's hands, and never further"
_FORM = "its form has what it changes"
NOT_COMPARED: dict[str, str] = {
    "order-refresh": _ASKS,
    "order-comment": "it adds a line to the history",
    "order-about": _FORM,
    "mass-order-place": "it compares the digest of its lines: test_mass_pages.py",
    "mass-order-check": "it compares the digest of the lines that are meant: test_meant_lines.py",
    "mass-order-line": _FORM,
    "saved-filter-delete": _OWN,
    "service-favourite": _OWN,
    "recipe-save": _OWN,
    "recipe-delete": _OWN,
    "restored-order": _DOUBT,
    "restored-sent": _DOUBT,
    "statement-again": "it counts a day by all that is known now, whatever was shown",
    "statement-discrepancy": "it opens a question about the day as it is, and closes none",
    "provider-phrases": "its words are unknown ones: one that has a meaning by now keeps that",
    "provider-pause": "it stops orders, and changes nothing where they are stopped already",
    "provider-check": _ASKS,
    "provider-balance": _ASKS,
    "provider-mirror": _ASKS,
    "provider-recovery-calibrate": _ASKS,
    "provider-forget": "what an account can do is asked for anew, and is never worth money",
    "provider-phrase-forget": _FORGETS,
    "provider-refusal-forget": _FORGETS,
}


def test_each_address_that_changes_a_row_is_told_of_here() -> None:
    changing = {
        name
        for name, (_, methods) in TABLE.items()
        if "POST" in methods
        and "pk" in OURS[name].pattern.converters
        and not name.startswith("moved-")
    }
    told = [*COMPARED, *COMPARED_THERE, *NOT_COMPARED]
    assert changing == set(told) and len(told) == len(set(told))


@pytest.mark.parametrize("name", COMPARED_THERE)
def test_what_is_compared_elsewhere_has_its_test_there(name: str) -> None:
    assert "hidden_in(" in (ROOT / COMPARED_THERE[name]).read_text()


def stands() -> list[Any]:
    return [
        list(Order.objects.values_list("pk", "status", "flag", "external_id")),
        list(Refill.objects.values_list("pk", "status")),
        list(CancelRequest.objects.values_list("pk", "status")),
        list(Halt.objects.values_list("pk", "lifted_at", "lets_cancels")),
        list(OrderBatch.objects.values_list("pk", "state")),
        list(BulkJob.objects.values_list("pk", "state")),
        list(CatalogRun.objects.values_list("pk", "state")),
        list(User.objects.order_by("pk").values_list("pk", "password")),
    ]


@pytest.mark.parametrize("name", COMPARED)
def test_what_another_row_showed_changes_nothing(name: str) -> None:
    make, said = COMPARED[name]
    to = address(name) if make is None else reverse(name, args=[make().pk])
    if name == "order-phrase":
        assert phrase_in_answer(Order.objects.get()) is not None
    ours, before = browser_of("admin"), stands()
    stale = {"shown": f"{'0' * 32}-0-0"}
    answer = ours.post(f"{to}?of={'0' * 32}", said | stale, follow=True)
    assert CHANGED in answer.content.decode() and stands() == before
