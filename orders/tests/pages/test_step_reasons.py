"""Whoever may not release a held order is told who may, and gets no button that is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client

from core.roles import Role
from orders.models import Order
from orders.pages.step_forms import QueueAgainForm
from orders.status import HoldReason, Status
from providers.models import ProviderState
from tests.builders import make_order, make_provider
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db, pytest.mark.services]

OVERRULED = {
    HoldReason.SPEND_LIMIT: "A spend limit holds it: only managers and admins may release it.",
    HoldReason.BLOCKED_LINK: "Its link is blocked: only managers and admins may release it.",
    HoldReason.RESTORED: "It may have been sent already: only managers and admins may release it.",
}
PAUSED = "Its provider is paused, so it cannot be released now."


def page_of(client: Client, order: Order) -> str:
    return one_line(client.get(f"/orders/{order.pk}/").content.decode())


def release(client: Client, order: Order) -> str:
    form = {"shown": order.hold_reason}
    return client.post(f"/orders/{order.pk}/release/", form, follow=True).content.decode()


@pytest.mark.parametrize(("reason", "words"), OVERRULED.items())
def test_an_operator_reads_who_may_release_it(
    client_for_role: Callable[[Role], Client], reason: HoldReason, words: str
) -> None:
    operator, order = client_for_role(Role.OPERATOR), make_order(Status.HELD, hold_reason=reason)
    page = page_of(operator, order)
    assert words in page and f"/orders/{order.pk}/release/" not in page
    assert words in release(operator, order)
    assert Order.objects.get().status == Status.HELD


@pytest.mark.parametrize("reason", OVERRULED)
def test_a_manager_gets_the_button(
    client_for_role: Callable[[Role], Client], reason: HoldReason
) -> None:
    manager, order = client_for_role(Role.MANAGER), make_order(Status.HELD, hold_reason=reason)
    page = page_of(manager, order)
    assert f"/orders/{order.pk}/release/" in page and "may release it" not in page


def test_nobody_is_offered_to_release_at_a_paused_provider(
    client_for_role: Callable[[Role], Client],
) -> None:
    admin, provider = client_for_role(Role.ADMIN), make_provider(state=ProviderState.PAUSED)
    order = make_order(Status.HELD, hold_reason=HoldReason.PROVIDER_PAUSED, provider=provider)
    page = page_of(admin, order)
    assert PAUSED in page and f"/orders/{order.pk}/release/" not in page
    assert 'class="text-warning mb-3 break" data-account="paused"' in page  # readable on white
    assert PAUSED in release(admin, order)
    assert Order.objects.get().status == Status.HELD


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_whoever_may_not_decide_reads_who_may(
    client_for_role: Callable[[Role], Client], role: Role
) -> None:
    make_order(Status.UNCONFIRMED)
    page = client_for_role(role).get("/orders/unconfirmed/").content.decode()
    assert "Only managers and admins can resolve them." in page
    manager = client_for_role(Role.MANAGER).get("/orders/unconfirmed/").content.decode()
    assert "may decide" not in manager


@pytest.mark.parametrize("status", [Status.HELD, Status.NOT_PLACED])
def test_what_stands_beside_a_second_send_is_looked_up_where_it_is_offered(
    client_for_role: Callable[[Role], Client], monkeypatch: pytest.MonkeyPatch, status: Status
) -> None:
    asked, real = list[str](), QueueAgainForm.told_of

    def told_of(form: QueueAgainForm, order: Order, now: datetime) -> QueueAgainForm:
        asked.append(order.status)
        return real(form, order, now)

    monkeypatch.setattr(QueueAgainForm, "told_of", told_of)
    answer = client_for_role(Role.OPERATOR).get(f"/orders/{make_order(status).pk}/")
    assert answer.status_code == 200
    assert asked == ([status] if status == Status.NOT_PLACED else [])
