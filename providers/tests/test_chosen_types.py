"""Staff choose the order form of a service; the catalog does not overrule them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core.clocks import database_now
from core.roles import Role
from providers.actions.catalog import apply_changes
from providers.actions.catalog.choose_type import choose_type
from providers.actions.catalog.mirror_catalog import mirror_run
from providers.connect import client_for
from providers.models import Provider, RunState, Service, ServiceChange
from sandbox import Sandbox
from tests.builders import NOON, make_provider, make_service, make_user
from tests.drawn_forms import send

from .conftest import LogIn

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def strange(db: None) -> Service:
    return make_service(type="", published_type="Special 1", external_id="77")


def choose(browser: Client, service: Service, chosen: str) -> Any:
    there, to = (reverse(name, args=[service.pk]) for name in ("service", "service-type"))
    return send(browser, to, {"type": chosen}, page=there)


def test_a_service_of_unknown_type_becomes_orderable_and_that_is_written_down(
    manager: Client, strange: Service
) -> None:
    order = f"{reverse('order-new')}?service={strange.pk}"
    assert "choose its order form" in manager.get(order).content.decode()
    page = choose(manager, strange, "Poll").content.decode()
    assert "ordered with the form of “Poll”" in page and "chosen by staff" in page
    assert 'name="answer_number"' in manager.get(order).content.decode()
    strange.refresh_from_db()
    assert (strange.type, strange.chosen_type) == ("Poll", "Poll")
    change = ServiceChange.objects.get()
    assert (change.kind, change.run, change.before, change.after) == (
        "type",
        None,
        "none, as published",
        "Poll, chosen by staff",
    )
    event = strange.provider.events.get()
    assert event.text == ("Order form of service 77: none, as published → Poll, chosen by staff.")
    assert event.actor_id == int(manager.session["_auth_user_id"])
    assert "Poll, chosen by staff" in manager.get(reverse("service-changes")).content.decode()


def test_the_choice_can_be_taken_back(manager: Client, strange: Service) -> None:
    choose(manager, strange, "Poll")
    assert "form of its published type again" in choose(manager, strange, "").content.decode()
    strange.refresh_from_db()
    assert (strange.type, strange.chosen_type) == ("", "")
    assert not strange.is_orderable
    assert "Nothing was changed" in choose(manager, strange, "").content.decode()
    assert ServiceChange.objects.count() == 2


def test_a_known_type_that_is_wrong_can_be_overruled(manager: Client) -> None:
    service = make_service(type="Subscriptions", published_type="Subscriptions")
    choose(manager, service, "Subscriptions, old posts only")
    service.refresh_from_db()
    assert service.type == "Subscriptions, old posts only"
    choose(manager, service, "")
    service.refresh_from_db()
    assert service.type == "Subscriptions"


@pytest.mark.parametrize("wrong", ["Special 1", "<b>", "default", "x" * 5000])
def test_what_is_no_form_is_refused(manager: Client, strange: Service, wrong: str) -> None:
    answer = choose(manager, strange, wrong)
    assert answer.status_code == 422
    assert "This choice does not exist" in answer.content.decode() and "<b>" not in (
        answer.content.decode()
    )
    strange.refresh_from_db()
    assert strange.type == ""


def test_a_price_of_one_unit_is_not_taken_for_that_of_a_package(manager: Client) -> None:
    provider = make_provider(dialect={"rate_per_unit": True})
    service = make_service(provider, type="", published_type="Special")
    assert choose(manager, service, "Package").status_code == 422
    assert choose(manager, service, "Poll").status_code == 200
    service.refresh_from_db()
    assert service.type == "Poll"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_who_does_not_run_providers_sees_no_choice(
    client_for_role: LogIn, strange: Service, role: Role
) -> None:
    browser = client_for_role(role)
    page = browser.get(reverse("service", args=[strange.pk])).content.decode()
    assert "service-type" not in page and 'name="type"' not in page
    assert choose(browser, strange, "Poll").status_code == 403


def test_of_two_who_choose_at_once_the_first_is_kept(strange: Service) -> None:
    late = Service.objects.select_related("provider").get(pk=strange.pk)
    assert choose_type(strange, "Poll", actor=make_user(), now=NOON)
    assert not choose_type(late, "Default", actor=make_user(), now=NOON)
    strange.refresh_from_db()
    assert strange.type == "Poll" and ServiceChange.objects.count() == 1


class TestMirroring:
    """The catalog goes on being mirrored around the choice."""

    @pytest.fixture
    def chosen(self, account: Provider, box: Sandbox) -> Service:
        assert self.mirror(account) is RunState.APPLIED
        external_id = str(box.service("Default")["id"])
        service = Service.objects.select_related("provider").get(external_id=external_id)
        assert choose_type(service, "Poll", actor=None, now=database_now())
        return service

    @staticmethod
    def mirror(account: Provider) -> RunState | None:
        return mirror_run(account, client_for, clock=database_now)

    def test_an_unchanged_catalog_changes_nothing(self, account, chosen) -> None:
        before = Service.objects.values().get(pk=chosen.pk)
        assert self.mirror(account) is RunState.APPLIED
        assert Service.objects.values().get(pk=chosen.pk) == before
        assert ServiceChange.objects.count() == 1

    def test_a_new_price_leaves_the_choice(self, account, chosen, box) -> None:
        box.edit_service(int(chosen.external_id), rate="9.5", name="Another name")
        self.mirror(account)
        chosen.refresh_from_db()
        assert (chosen.type, chosen.chosen_type, chosen.rate) == ("Poll", "Poll", Decimal("9.5"))

    def test_a_choice_made_while_the_catalog_is_written_stands(
        self, account, chosen, box, monkeypatch
    ) -> None:
        self.meanwhile(monkeypatch, chosen, "Package")
        box.edit_service(int(chosen.external_id), rate="9.5")
        self.mirror(account)
        chosen.refresh_from_db()
        assert (chosen.type, chosen.chosen_type) == ("Package", "Package")
        assert chosen.rate == Decimal("9.5")

    def test_a_choice_taken_back_while_the_catalog_is_written_is_gone(
        self, account, chosen, box, monkeypatch
    ) -> None:
        self.meanwhile(monkeypatch, chosen, "")
        box.edit_service(int(chosen.external_id), rate="9.5")
        self.mirror(account)
        chosen.refresh_from_db()
        assert (chosen.type, chosen.chosen_type) == ("Default", "")

    @staticmethod
    def meanwhile(monkeypatch: Any, service: Service, choice: str) -> None:
        """Somebody chooses after the comparison, before the rows are written."""
        write = apply_changes.apply_difference

        def later(*args: Any, **more: Any) -> list[str] | None:
            service.refresh_from_db()
            assert choose_type(service, choice, actor=None, now=database_now())
            return write(*args, **more)

        monkeypatch.setattr("providers.actions.catalog.mirror_catalog.apply_difference", later)
