"""A price is a number and its currency: consent to 90 INR is none to 90 USD."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.roles import Role
from orders.bulk import tasks as bulk_tasks
from orders.limits import agree_terms
from orders.mass import tasks as mass_tasks
from orders.models import BatchLine, BatchState, BulkItem, BulkJob, Order, SpendLimit
from orders.status import REOPENED_BY_PROOF, RESTING, HoldReason, Status
from orders.terms import Terms, differences, faults
from orders.tests.bulk.test_bounded_consent import CARRIED, PAGE
from orders.tests.bulk.test_bulk_actions import run
from orders.tests.limits.test_terms import change, placed, sent
from orders.tests.mass import test_shown_lines
from orders.tests.mass.test_shown_lines import batch  # noqa: F401
from providers.actions.accounts import change_settings
from providers.models import Provider
from tests.builders import NOON, make_order, make_provider, make_service, make_user, terms_shown
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db, pytest.mark.services]
GIVE = import_module("orders.migrations.0056_currency_of_waiting_orders").give_currency


def corrected(provider: Provider, currency: str = "USD") -> None:
    """As the page of the account does it: the currency was set wrong when it was added."""
    said = change_settings(provider, {"currency": currency}, actor=make_user(Role.ADMIN), now=NOON)
    assert said


def in_rupees() -> Order:
    """It waits, and was agreed to at 90 INR."""
    return placed(make_service(make_provider(currency="INR"), rate=Decimal(90), dripfeed=True))


def of_before(order: Order) -> None:
    """As a release that knew of no currency has kept its terms."""
    terms = {name: value for name, value in order.terms.items() if name != "currency"}
    Order.objects.filter(pk=order.pk).update(terms=terms)


def told_of(order: Order) -> tuple[str, str]:
    order.refresh_from_db()
    return order.status, order.hold_reason


def test_a_form_that_had_shown_another_currency_is_asked_about_again(
    client_for_role: Callable[[Role], Client],
) -> None:
    staff = client_for_role(Role.OPERATOR)
    service = make_service(make_provider(currency="INR"), rate=Decimal(90))
    page = staff.get(f"/orders/new/?service={service.pk}").content.decode()
    assert "₹90" in page or "INR" in page
    form: dict[str, Any] = {
        "service": service.pk,
        "form_key": uuid.uuid4(),
        "link": "https://example.com/a",
        "quantity": "1000",
        "terms": terms_shown(service),  # what the page carries
    }
    corrected(service.provider)
    assert staff.post("/orders/new/", form).status_code == 422
    assert not Order.objects.exists()


def test_an_order_that_waits_does_not_leave_at_a_price_in_another_currency() -> None:
    order = in_rupees()
    corrected(order.provider)
    order.provider.refresh_from_db()
    assert not sent(order)
    assert told_of(order) == (Status.HELD, HoldReason.TERMS)


@pytest.mark.parametrize("over", [{}, {"status": "held", "hold_reason": "staff"}], ids=str)
def test_what_a_queued_order_will_wait_for_is_said_before_its_turn_comes(
    client_for_role: Callable[[Role], Client], over: dict[str, str]
) -> None:
    order, other = in_rupees(), in_rupees()
    Order.objects.filter(pk=order.pk).update(**over)
    corrected(order.provider)
    staff = client_for_role(Role.OPERATOR)
    words = "It will not be sent before somebody agrees to its new terms. Its price is in another"
    assert words in one_line(staff.get(reverse("order", args=[order.pk])).content.decode())
    assert words not in one_line(staff.get(reverse("order", args=[other.pk])).content.decode())
    page = staff.get(reverse("changed-terms")).content.decode()
    coming = one_line(page).partition('id="terms-coming"')[2].partition("</div>")[0]
    assert f">{other}</a>" not in coming and (f">{order}</a>" in coming) == (not over)
    assert ("No order waits for this yet" in page) == (not over)
    corrected(order.provider, "INR")
    assert words not in one_line(staff.get(reverse("order", args=[order.pk])).content.decode())
    assert "terms-coming" not in staff.get(reverse("changed-terms")).content.decode()


def test_it_goes_once_somebody_agrees_to_the_other_currency(
    client_for_role: Callable[[Role], Client],
) -> None:
    order = in_rupees()
    corrected(order.provider)
    sent(order)
    staff = client_for_role(Role.MANAGER)
    page = staff.get(reverse("changed-terms")).content.decode()
    assert "Its price is in another currency." in page and "INR" in page
    now = agree_terms.service_now(order)
    told = agree_terms.accept_terms(order.pk, Terms.known(now).digest, actor=make_user(), now=NOON)
    assert told == ""
    order = Order.objects.select_related("provider").get(pk=order.pk)
    assert order.terms["currency"] == "USD"
    assert sent(order)


def test_who_was_shown_the_old_currency_agrees_to_no_other() -> None:
    order = in_rupees()
    change(order, rate=Decimal(180))
    sent(order)
    shown = Terms.known(agree_terms.service_now(order)).digest
    corrected(order.provider)
    assert "once more" in agree_terms.accept_terms(order.pk, shown, actor=make_user(), now=NOON)


def test_terms_of_a_release_that_knew_of_no_currency_are_still_compared() -> None:
    order = in_rupees()
    of_before(order)
    order.refresh_from_db()
    assert not agree_terms.what_changed(order, agree_terms.service_now(order))
    change(order, name="Another product")
    assert not sent(order)
    assert told_of(order) == (Status.HELD, HoldReason.TERMS)


def test_upgrading_gives_waiting_orders_the_currency_of_their_account() -> None:
    waiting, ended = in_rupees(), make_order(Status.COMPLETED, terms={"rate": "1"})
    Order.objects.filter(pk=waiting.pk).update(status=Status.HELD, hold_reason=HoldReason.STAFF)
    own = in_rupees()  # this one was placed since
    Order.objects.filter(pk=own.pk).update(terms=own.terms | {"currency": "CHF"})
    without = make_order(Status.QUEUED)  # of before terms were kept
    of_before(waiting)
    GIVE(apps, SimpleNamespace(connection=connection))
    kept = dict(Order.objects.values_list("pk", "terms"))
    assert kept[waiting.pk] == waiting.terms
    assert kept[own.pk]["currency"] == "CHF"
    assert (kept[ended.pk], kept[without.pk]) == ({"rate": "1"}, None)
    corrected(waiting.provider)
    waiting.refresh_from_db()
    assert agree_terms.what_changed(waiting, agree_terms.service_now(waiting))


@pytest.mark.parametrize("status", sorted({*RESTING, *REOPENED_BY_PROOF}))
def test_so_are_those_that_may_be_sent_once_more(status: Status) -> None:
    """One taken back or refused may turn out to have been sent, then not to be there after all."""
    order = in_rupees()
    of_before(order)
    Order.objects.filter(pk=order.pk).update(status=status)
    GIVE(apps, SimpleNamespace(connection=connection))
    corrected(order.provider)
    order.refresh_from_db()
    assert agree_terms.what_changed(order, agree_terms.service_now(order))


def test_another_spelling_is_no_other_currency() -> None:
    rupees, small = Terms(currency="INR"), Terms(currency="inr")
    assert not faults(rupees, small, {}, tolerance=Decimal(0))
    assert faults(rupees, Terms(currency="USD"), {}, tolerance=Decimal(0))
    assert faults(Terms(currency=""), rupees, {}, tolerance=Decimal(0))  # a price without one
    assert differences(rupees, Terms(currency="USD")) == [("Currency", "INR", "USD")]
    assert not differences(Terms(), rupees)


def test_lines_that_were_shown_in_another_currency_are_not_placed(
    client_for_role: Any,
    batch: Any,  # noqa: F811
) -> None:
    anna = client_for_role(Role.MANAGER)
    shown = test_shown_lines.drawn(anna, batch)
    corrected(Provider.objects.get(), "EUR")
    assert test_shown_lines.place(anna, batch, shown) == BatchState.CHECKED


def test_an_estimate_for_many_in_another_currency_starts_nothing(
    client_for_role: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_tasks, "ring_job", lambda pk: None)
    staff = client_for_role(Role.MANAGER)
    order = make_order(Status.COMPLETED, service=make_service(make_provider(currency="INR")))
    page = staff.get(PAGE)
    corrected(order.provider)
    answer = staff.post(PAGE, {name: page.context[name] for name in CARRIED})
    assert answer.status_code == 422 and not BulkJob.objects.exists()


def test_lines_that_are_being_placed_are_not_placed_in_another_currency(
    client_for_role: Any,
    batch: Any,  # noqa: F811
) -> None:
    anna = client_for_role(Role.MANAGER)
    assert test_shown_lines.place(anna, batch, test_shown_lines.drawn(anna, batch)) == "placing"
    corrected(Provider.objects.get(), "EUR")
    mass_tasks.place_batch(batch_id=batch.pk)
    assert not Order.objects.exists()
    line = BatchLine.objects.order_by("number").first()
    assert line is not None and "in another currency" in line.problems[0]["words"]


def test_lines_of_an_older_release_become_orders_that_know_their_currency(
    client_for_role: Any,
    batch: Any,  # noqa: F811
) -> None:
    for line in BatchLine.objects.all():
        line.terms.pop("currency", None)
        line.save()
    anna = client_for_role(Role.MANAGER)
    test_shown_lines.place(anna, batch, test_shown_lines.drawn(anna, batch))
    mass_tasks.place_batch(batch_id=batch.pk)
    kept = Order.objects.values_list("terms", flat=True)
    assert [terms["currency"] for terms in kept] == ["USD", "USD"]


def test_a_job_that_was_confirmed_in_another_currency_buys_nothing(
    client_for_role: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_tasks, "ring_job", lambda pk: None)
    staff = client_for_role(Role.MANAGER)
    order = make_order(Status.COMPLETED, service=make_service(make_provider(currency="INR")))
    page = staff.get(PAGE)
    staff.post(PAGE, {name: page.context[name] for name in CARRIED})
    corrected(order.provider)
    run(BulkJob.objects.get(), now=timezone.now())
    assert "in another currency" in BulkItem.objects.get().words
    assert Order.objects.count() == 1


def test_the_page_of_limits_says_which_currency_a_limit_no_longer_holds(
    client_for_role: Callable[[Role], Client],
) -> None:
    provider = make_provider(currency="INR")
    SpendLimit.objects.create(role="operator", currency="INR", per_day=Decimal(500))
    staff = client_for_role(Role.MANAGER)
    page = staff.get(reverse("limits")).content.decode()
    assert "it holds nothing" not in page and "no limit in" not in page
    corrected(provider)
    page = staff.get(reverse("limits")).content.decode()
    assert "No account is in this currency: it holds nothing." in page
    assert "Operator: no limit in USD." in page


def test_the_page_of_an_account_says_what_becomes_of_orders_and_limits(
    client_for_role: Callable[[Role], Client],
) -> None:
    admin = client_for_role(Role.ADMIN)
    provider = make_provider(currency="INR", url="https://panel.example/api")
    address = f"/providers/{provider.pk}/edit/"
    page = admin.get(address)
    assert "Orders that wait are held until somebody agrees" in page.content.decode()
    form = page.context["form"]
    carried = {name: form.get_initial_for_field(form.fields[name], name) for name in form.fields}
    said = admin.post(address, carried | {"currency": "USD"}, follow=True).content.decode()
    assert "The account is in USD, no longer in INR." in said
    assert "Spend limits in INR no longer count here." in said
