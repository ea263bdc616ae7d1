"""What people are told of halts and limits, when they change them and before they order."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from core.roles import Role
from orders.models import Halt
from orders.status import HaltKind
from tests.builders import make_blocked_link, make_halt, make_provider, make_service
from tests.drawn_forms import send
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db, pytest.mark.services]

ALL_WAIT = "orders, refills and cancels wait. What was sent is still followed."
CANCELS_GO = "orders and refills wait, cancels go through. What was sent is still followed."
STAYS_HELD = "Orders that it held stay held until somebody releases them."
WAITS = "You can place this order: it waits until this is over."


@pytest.fixture
def manager(client_for_role: Callable[[Role], Client]) -> Client:
    return client_for_role(Role.MANAGER)


def told(client: Client, address: str, **form: object) -> str:
    answer = client.post(f"/orders/{address}", form, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def told_of_rules(client: Client, address: str, **form: str) -> str:
    to = f"/orders/limits/{address}"
    page: str = send(client, to, form, page="/orders/limits/").content.decode()
    return page


@pytest.mark.parametrize(("form", "words"), [({}, ALL_WAIT), ({"lets_cancels": "on"}, CANCELS_GO)])
@pytest.mark.parametrize("whose", ["all", "incident"])
def test_cancels_that_go_through_are_not_said_to_wait(
    manager: Client, whose: str, form: dict[str, str], words: str
) -> None:
    provider = make_provider()
    page = told(
        manager, f"sending-control/{whose}/", reason="Odd prices", provider=provider.pk, **form
    )
    assert words in page
    assert "Nothing is sent to" not in page


def test_a_halt_that_was_lifted_is_said_to_have_ended(manager: Client) -> None:
    provider = make_provider()
    halt = make_halt(kind=HaltKind.INCIDENT, provider=provider)
    assert "Ended: “The provider has an incident”." in told(
        manager, f"sending-control/{halt.pk}/open/", shown=halt.shown
    )
    assert Halt.objects.get().lifted_at
    history = manager.get(f"/providers/{provider.pk}/").content.decode()
    assert "Ended: “The provider has an incident”." in history


def test_a_new_limit_is_said_to_hold_what_waits_too(manager: Client) -> None:
    make_provider(currency="USD")
    form = {"role": "operator", "currency": "USD", "per_order": "1", "per_day": ""}
    page = told_of_rules(manager, "limit/", **form)
    assert "It also holds orders that were placed before and not sent yet." in page
    gone = form | {"per_order": "", "taken_away": "operator USD per_order: 1"}
    assert STAYS_HELD in told_of_rules(manager, "limit/", **gone)


def test_a_link_that_is_free_again_releases_nothing_by_itself(manager: Client) -> None:
    rule = make_blocked_link("old.example")
    assert STAYS_HELD in told_of_rules(manager, f"{rule.pk}/unblock/")


@pytest.mark.parametrize("kind", [HaltKind.STOP, HaltKind.INCIDENT, HaltKind.ANSWER_LOST])
def test_the_order_form_says_before_that_the_order_would_wait(
    manager: Client, kind: HaltKind
) -> None:
    service = make_service()
    address = f"/orders/new/?service={service.pk}"
    make_halt(kind=HaltKind.INCIDENT, provider=make_provider())
    assert WAITS not in one_line(manager.get(address).content.decode()), "that of another provider"
    make_halt(
        kind=kind,
        provider=None if kind == HaltKind.STOP else service.provider,
        reason="Order #9 is looked for.",
    )
    page = one_line(manager.get(address).content.decode())
    assert f'“<bdi class="break">Order #9 is looked for.</bdi>” {WAITS}' in page
