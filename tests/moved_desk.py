"""Run inside a desk by test_moving_data: fill it with rows of many kinds, or tell them all."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from django.apps import apps

from core.encryption import decrypt
from orders.models import Halt, Order
from orders.status import Status
from providers.models import BalanceReading, CatalogRun, Provider
from tests.builders import NOON, make_order, make_provider, make_service, make_user

EXACT = Decimal("123456789012345678.123456789012")
KEY = "panel-key-to-move"


def fill() -> None:
    provider = make_provider(key=KEY, balance=EXACT, low_balance=-EXACT)
    make_user(username="mover", password="")
    service = make_service(provider, rate=Decimal("0.000000000001"), name="Seiten · ページ 🚀")
    for status in (Status.QUEUED, Status.PENDING, Status.COMPLETED):
        make_order(service=service, status=status)
    BalanceReading.objects.create(provider=provider, amount=EXACT, currency="USD", read_at=NOON)
    CatalogRun.objects.create(provider=provider, started_at=NOON, held_catalog=b"\x00\xff\x00")


def accept() -> None:
    """Nothing is stopped any more, as when somebody has accepted the database."""
    Halt.objects.all().delete()


def tell() -> None:
    """Every row of every table, as one line of JSON."""
    print(json.dumps(_everything(), default=_told, sort_keys=True))


def go_on() -> None:
    """What only a desk with right sequences and keys can do."""
    taken = set(Order.objects.values_list("pk", flat=True))
    fresh = make_order(service=make_service(Provider.objects.get()))
    assert fresh.pk not in taken
    assert decrypt(Provider.objects.get().key_ciphertext) == KEY
    assert Provider.objects.get().balance == EXACT


def _everything() -> dict[str, list[dict[str, Any]]]:
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values())
        for model in apps.get_models(include_auto_created=True)
    }


def _told(value: Any) -> str:
    return bytes(value).hex() if isinstance(value, (bytes, memoryview)) else str(value)
