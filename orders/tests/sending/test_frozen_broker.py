"""A broker that accepts connections and then says nothing holds no click."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Callable, Iterator

import pytest
from django.db import connections
from django.test import Client
from kombu import pools
from pytest_django import Settings

from core import doorbell
from core.roles import Role
from dashboard.celery import app
from orders.models import Order
from orders.tests.sending.test_races import at_once
from providers.models import Service
from tests.builders import log_in, make_service, make_user, terms_shown

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]

REAL_RING = doorbell.ring
CLICKS = 16


@pytest.fixture
def frozen_broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The kernel accepts for it; nobody ever reads or answers."""
    monkeypatch.setattr(doorbell, "ring", REAL_RING)
    with socket.create_server(("127.0.0.1", 0), backlog=128) as silent:
        address = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        monkeypatch.setattr(app.conf, "broker_url", address)
        monkeypatch.setattr(app.conf, "broker_write_url", address)
        _forget_connections(monkeypatch)
        yield
    pools.reset()


def _forget_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "_pool", None)
    monkeypatch.setattr(app.amqp, "_producer_pool", None)
    pools.reset()


def place(browser: Client, service_id: int) -> tuple[int, float]:
    values = {
        "service": service_id,
        "form_key": uuid.uuid4(),
        "link": f"https://lumen.example/{uuid.uuid4()}",
        "quantity": "1000",
        "terms": terms_shown(Service.objects.get(pk=service_id)),
    }
    began = time.monotonic()
    answer = browser.post("/orders/new/", values)
    return answer.status_code, time.monotonic() - began


@pytest.mark.usefixtures("frozen_broker")
def test_placing_does_not_wait_for_a_frozen_broker(
    client_for_role: Callable[[Role], Client],
) -> None:
    browser, service = client_for_role(Role.OPERATOR), make_service()
    place(browser, service.pk)  # what is slow only the first time
    clicks = [place(browser, service.pk) for _ in range(3)]
    assert ([status for status, _ in clicks], Order.objects.count()) == ([302] * 3, 4)
    assert min(seconds for _, seconds in clicks) < 1  # the quickest: a busy machine is slow too


@pytest.mark.usefixtures("frozen_broker")
def test_sixteen_clicks_do_not_wait_for_a_frozen_broker(settings: Settings) -> None:
    service = make_service()
    browsers = []
    for _ in range(CLICKS):
        browsers.append(Client())
        log_in(browsers[-1], make_user(Role.OPERATOR))
    connections.close_all()
    began = time.monotonic()
    answers = at_once(lambda number: place(browsers[number], service.pk), CLICKS)
    assert {status for status, _ in answers} == {302}
    assert Order.objects.count() == CLICKS
    assert time.monotonic() - began < 10  # at one connection after the other it would be minutes
