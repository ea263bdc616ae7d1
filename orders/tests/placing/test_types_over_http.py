"""Every type of order from the form in the browser to the provider's ledger, over real HTTP."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import pytest

from core.roles import Role
from orders.models import Order
from orders.sending import tasks as sending_tasks
from orders.status import Status
from providers.connect import client_for
from providers.models import Provider, Service
from providers.panel_api import PAYLOADS, type_name
from sandbox import Sandbox
from tests.builders import make_service, terms_shown

from .test_order_types import GOOD

pytestmark = [pytest.mark.django_db, pytest.mark.services]

LINK = "https://lumen.example/home"
VISITS = {"link": LINK, "quantity": "50", "country": "DE", "device": "2"}
SHIPPED_AS = {"Subscriptions, old posts only": "Subscriptions"}  # its sibling, staff choose

# beside one of each type: what the optional and the conditional fields become
VARIANTS = [
    ("Default", {"link": LINK, "quantity": "50", "runs": "", "interval": ""}, 50),
    ("Default", {"link": LINK, "quantity": "50", "runs": "3", "interval": "10"}, 150),
    ("Web Traffic", {**VISITS, "type_of_traffic": "1", "google_keyword": "oak table"}, 50),
    ("Web Traffic", {**VISITS, "type_of_traffic": "2", "referring_url": "https://n.example"}, 50),
    ("Web Traffic", {**VISITS, "type_of_traffic": "3", "runs": "2", "interval": "90"}, 100),
    ("Custom Comments", {"link": LINK, "comments": "ü\r\n\r\n字 & more=1\r\n+%41"}, 3),
    ("Subscriptions", {"username": "l", "min": "50", "max": "50", "delay": "0"}, None),
    (
        "Subscriptions",
        {
            "username": "l",
            "min": "50",
            "max": "60",
            "delay": "600",
            "posts": "2",
            "old_posts": "1",
            "expiry": "2029-02-28",
        },
        None,
    ),
]


def service_for(account: Provider, box: Sandbox, wanted: str) -> Service:
    """A service of this type as the provider published it, or with the form staff chose."""
    shipped = SHIPPED_AS.get(wanted, wanted)
    items = client_for(account).services().items
    found = next(item for item in items if item.type == shipped)
    can_drip = shipped in ("Default", "Web Traffic")
    box.edit_service(int(found.service_id), min=1, max=1000, dripfeed=can_drip)
    assert type_name(found.type) == shipped
    return make_service(
        account,
        external_id=found.service_id,
        type=wanted,
        published_type=found.type,
        min=1,
        max=1000,
        rate=found.rate,
    )


def place_in_the_browser(browser: Any, service: Service, typed: dict[str, str]) -> Order:
    form = {"service": service.pk, "form_key": str(uuid.uuid4()), **typed}
    form["terms"] = terms_shown(service)
    answer = browser.post("/orders/new/", form)
    assert answer.status_code == 302, answer.content.decode()
    return Order.objects.get()


def agrees(order: Order, box: Sandbox) -> dict[str, Any]:
    """The ledger's one order, after it was compared with ours parameter by parameter."""
    (truth,) = box.ledger()
    order.refresh_from_db()
    assert (order.status, order.external_id) == (Status.PENDING, str(truth["id"]))
    sent = {name: text for name, text in order.attempts.get().wire.items() if name != "action"}
    assert sent == order.payload
    arrived = {"service": str(truth["service"]), **truth["fields"]}
    if "link" in sent:
        arrived["link"] = truth["link"]
    assert arrived == sent
    return truth


@pytest.mark.parametrize("wanted", PAYLOADS)
def test_every_type_arrives_as_it_was_typed(
    client_for_role: Any, box: Sandbox, account: Provider, wanted: str
) -> None:
    service = service_for(account, box, wanted)
    typed, sent = GOOD[wanted]
    order = place_in_the_browser(client_for_role(Role.OPERATOR), service, typed)
    sending_tasks.dispatch(provider_id=account.pk)
    truth = agrees(order, box)
    assert order.payload == {"service": service.external_id, **sent}
    assert truth["link"] == sent.get("link", sent.get("username"))
    if not wanted.startswith("Subscriptions"):
        assert order.estimate is not None and order.estimate == order.estimate_high
        assert abs(order.estimate - Decimal(truth["charge"])) <= Decimal("0.00001")
        assert PAYLOADS[wanted].priced_per_package or order.units == truth["quantity"]


@pytest.mark.parametrize(("wanted", "typed", "units"), VARIANTS)
def test_what_may_be_said_arrives_and_what_is_left_empty_does_not(
    client_for_role: Any,
    box: Sandbox,
    account: Provider,
    wanted: str,
    typed: dict[str, str],
    units: int | None,
) -> None:
    service = service_for(account, box, wanted)
    order = place_in_the_browser(client_for_role(Role.OPERATOR), service, typed)
    sending_tasks.dispatch(provider_id=account.pk)
    truth = agrees(order, box)
    asks = PAYLOADS[wanted].asks()
    assert set(order.payload) == {"service", *(asks[name].wire for name in typed if typed[name])}
    assert order.units == units
    if units is not None:
        assert truth["quantity"] == units


def test_a_published_spelling_of_a_type_is_ordered_like_the_type(
    client_for_role: Any, box: Sandbox, account: Provider
) -> None:
    found = next(i for i in client_for(account).services().items if i.type == "Poll")
    service = make_service(
        account,
        external_id=found.service_id,
        type=type_name("poll_"),
        published_type="poll_",
        min=found.min,
        max=found.max,
    )
    typed = {"link": LINK, "quantity": str(found.min), "answer_number": "4"}
    order = place_in_the_browser(client_for_role(Role.OPERATOR), service, typed)
    sending_tasks.dispatch(provider_id=account.pk)
    assert agrees(order, box)["fields"]["answer_number"] == "4"
    assert order.type == "Poll"
