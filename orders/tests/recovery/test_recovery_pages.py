"""The rules for lost answers: who may change which, and what the page says of the search."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.utils.html import escape

from core.roles import Role
from orders.models import Attempt, Recovery
from orders.recovery.forms import RecoveryForm
from orders.status import Outcome, Resolution, Status
from providers.models import Provider
from tests.builders import NOON, make_attempt, make_order, make_provider
from tests.drawn_forms import send

from .bench import Bench, running_box

pytestmark = pytest.mark.django_db
WANTED = {
    "enabled": "on",
    "key_is_ours_alone": "on",
    "least_adds": "20",
    "grace_seconds": "60",
    "calls_per_hour": "100",
    "lost_in_a_row": "4",
    "lost_amount": "12.50",
}


@pytest.fixture
def manager(client_for_role: Any) -> Any:
    return client_for_role(Role.MANAGER)


def test_a_manager_sets_the_rules_and_the_account_remembers(manager):
    provider = make_provider()
    address = f"/orders/recovery/{provider.pk}/"
    assert "0.00" not in manager.get(address).content.decode()
    assert send(manager, address, WANTED).redirect_chain
    rules = Recovery.objects.get()
    assert (rules.key_is_ours_alone, rules.least_adds, rules.grace_seconds) == (True, 20, 60)
    assert rules.lost_amount == Decimal("12.5")
    assert provider.events.filter(text__startswith="Rules for lost answers changed").exists()
    assert 'value="12.5"' in manager.get(address).content.decode()


@pytest.fixture
def just_before_saving(monkeypatch):
    """Between the reading of the rules and their writing, while the form is looked at."""

    def happen(**changes):
        looked = RecoveryForm.clean

        def clean(form):
            Recovery.objects.update(**changes)
            return looked(form)

        monkeypatch.setattr(RecoveryForm, "clean", clean)

    return happen


def test_a_search_that_switches_itself_off_this_moment_stays_off(manager, just_before_saving):
    provider = make_provider()
    Recovery.objects.create(provider=provider)
    just_before_saving(stopped_because="A number nobody knows.", calls_made=7)
    assert send(manager, f"/orders/recovery/{provider.pk}/", WANTED).redirect_chain
    rules = Recovery.objects.get()
    assert (rules.stopped_because, rules.calls_made) == ("A number nobody knows.", 7)
    assert (rules.key_is_ours_alone, rules.grace_seconds) == (True, 60)


def test_a_rule_that_an_admin_sets_this_moment_is_not_put_back(manager, just_before_saving):
    provider = make_provider()
    Recovery.objects.create(provider=provider)
    just_before_saving(two_people_above=Decimal(50))
    send(manager, f"/orders/recovery/{provider.pk}/", WANTED)
    assert Recovery.objects.get().two_people_above == 50


def test_what_guards_the_managers_themselves_is_for_admins(manager, client_for_role):
    provider = make_provider()
    address = f"/orders/recovery/{provider.pk}/"
    wanted = {**WANTED, "two_people_above": "50", "replays_are_safe": "on"}
    wanted["idempotency_parameter"] = "ref"
    send(manager, address, wanted)
    rules = Recovery.objects.get()
    assert rules.two_people_above is None and not rules.replays_are_safe
    assert Provider.objects.get().dialect == {}
    send(client_for_role(Role.ADMIN), address, wanted)
    rules.refresh_from_db()
    assert rules.two_people_above == 50 and rules.replays_are_safe
    assert Provider.objects.get().dialect == {"idempotency_parameter": "ref"}


def test_an_admin_names_the_parameter_that_takes_our_ids_and_takes_it_back(client_for_role):
    provider, admin = make_provider(dialect={"json_body": True}), client_for_role(Role.ADMIN)
    address = f"/orders/recovery/{provider.pk}/"
    send(admin, address, {**WANTED, "idempotency_parameter": " custom_id "})
    assert Provider.objects.get().dialect == {
        "json_body": True,
        "idempotency_parameter": "custom_id",
    }
    assert 'value="custom_id"' in admin.get(address).content.decode()
    send(admin, address, WANTED)
    assert Provider.objects.get().dialect == {"json_body": True}
    told = [event.text for event in provider.events.filter(text__contains=" id of ours ")]
    assert sorted(told) == [
        "An id of ours goes along with each order as “custom_id”.",
        "No id of ours goes along with orders any more.",
    ]


@pytest.mark.parametrize(
    "name", ["link", "Quantity", "key", "request id", "1st", "ref&key", "a" * 41]
)
def test_a_parameter_that_cannot_take_our_ids_is_not_kept(client_for_role, name):
    provider, admin = make_provider(), client_for_role(Role.ADMIN)
    wanted = {**WANTED, "idempotency_parameter": name}
    answer = admin.post(f"/orders/recovery/{provider.pk}/", wanted)
    text = answer.content.decode()
    assert answer.status_code == 422 and "invalid-feedback" in text
    assert f'value="{escape(name)}"' in text and Provider.objects.get().dialect == {}


def test_the_promise_lapses_with_the_parameter_or_address_it_was_made_for(client_for_role):
    provider, admin = make_provider(), client_for_role(Role.ADMIN)
    address = f"/orders/recovery/{provider.pk}/"
    promised = {**WANTED, "idempotency_parameter": "ref", "replays_are_safe": "on"}
    send(admin, address, promised)
    provider.refresh_from_db()
    assert Recovery.objects.get().promises_replays(provider)
    for changed in (
        {"dialect": {"idempotency_parameter": "custom_id"}},
        {"url": "https://o.example"},
    ):
        Provider.objects.update(**changed)
        provider.refresh_from_db()
        assert not Recovery.objects.get().promises_replays(provider)
    box = re.search(
        r'<input[^>]*name="replays_are_safe"[^>]*>', admin.get(address).content.decode()
    )
    assert box is not None and "checked" not in box[0]
    send(admin, address, {**promised, "idempotency_parameter": "custom_id"})
    provider.refresh_from_db()
    assert Recovery.objects.get().promises_replays(provider)


def test_replays_are_not_called_safe_where_no_id_of_ours_goes_along(client_for_role):
    provider, admin = make_provider(), client_for_role(Role.ADMIN)
    answer = admin.post(f"/orders/recovery/{provider.pk}/", {**WANTED, "replays_are_safe": "on"})
    assert answer.status_code == 422
    assert "without an id of ours a replay is another order" in answer.content.decode()
    assert not Recovery.objects.get().replays_are_safe


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("grace_seconds", "1"),
        ("least_adds", "two"),
        ("lost_amount", "-1"),
        ("lost_amount", "1e400"),
    ],
)
def test_a_mistake_comes_back_beside_its_field(manager, name, value):
    provider = make_provider()
    answer = manager.post(f"/orders/recovery/{provider.pk}/", {**WANTED, name: value})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "invalid-feedback" in text and f'value="{value}"' in text
    assert Recovery.objects.get().least_adds == 50


def test_the_numbers_are_looked_at_on_demand(manager, settings):
    with running_box(settings) as box:
        bench = Bench(box)
        for _ in range(6):
            bench.send()
        address = f"/orders/recovery/{bench.provider.pk}/"
        page = manager.post(f"{address}calibrate/", follow=True).content.decode()
    assert "6 orders had rising ids" in page and "Lost orders are looked for" in page


def test_a_provider_that_cannot_be_asked_is_said(manager):
    provider = make_provider(key="")
    for number in range(60):
        order = make_order(Status.PENDING, provider=provider, external_id=str(100 + number))
        make_attempt(order, outcome=Outcome.ACCEPTED, external_id=order.external_id)
    answer = manager.post(f"/orders/recovery/{provider.pk}/calibrate/", follow=True)
    assert "its key is missing" in answer.content.decode()


def test_after_the_desk_switched_its_search_off_a_person_switches_it_on(manager):
    provider = make_provider()
    rules = Recovery.objects.create(provider=provider, stopped_because="An order of <i>others</i>.")
    address = f"/orders/recovery/{provider.pk}/"
    assert "An order of &lt;i&gt;others" in manager.get(address).content.decode()
    send(manager, f"{address}resume/", {}, page=address)
    rules.refresh_from_db()
    assert rules.stopped_because == ""


def test_the_figures_count_ways_and_calls(manager):
    provider = make_provider()
    for resolution, calls in (
        (Resolution.PROBE, 1),
        (Resolution.CLOSED_RANGE, 4),
        (Resolution.PERSON, 0),
    ):
        order = make_order(Status.NOT_PLACED, provider=provider)
        made = make_attempt(order, outcome=Outcome.NOT_PLACED)
        Attempt.objects.filter(pk=made.pk).update(
            unknown_at=NOON, resolution=resolution, calls=calls
        )
    page = manager.get(f"/orders/recovery/{provider.pk}/").content.decode()
    assert "2.5" in page and "A person decided: 1" in page


@pytest.mark.parametrize("status", [Status.UNCONFIRMED, Status.GIVEN_UP])
def test_the_page_says_which_order_keeps_the_search_from_going_on(manager, status):
    """Also where somebody has closed it as unknown: then nothing else would ever tell."""
    account = make_provider()
    order = make_order(status, provider=account)
    holds = {"rises": True, "own_answers": True, "foreign_errors": True, "largest_gap": 6}
    Recovery.objects.create(
        provider=account, key_is_ours_alone=True, calibration=holds, calibrated_at=NOON
    )
    page = manager.get(f"/orders/recovery/{account.pk}/").content.decode()
    assert "Lost orders are looked for by their number" in page
    make_attempt(order, outcome=Outcome.UNKNOWN, recalled_at=NOON)
    page = manager.get(f"/orders/recovery/{account.pk}/").content.decode()
    assert "Lost orders are looked for" not in page
    assert "No lost order is looked for by its number" in page and f"Order #{order.pk}" in page
