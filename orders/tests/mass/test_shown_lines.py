"""What *Place* of a mass order is pressed on are the lines that its page has shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from core.roles import Role
from orders.mass import mass_order, tasks
from orders.models import BatchLine, BatchState, OrderBatch
from tests.builders import make_provider, make_service

pytestmark = [pytest.mark.django_db, pytest.mark.services]
Staff = Callable[..., Client]
CALLED = ("a", "b", "c")
TYPED = ("400", "300", "5")  # the last is less than the least


@pytest.fixture
def batch(client_for_role: Staff, monkeypatch: pytest.MonkeyPatch) -> OrderBatch:
    monkeypatch.setattr(tasks, "ring_batch", lambda pk: None)
    make_service(make_provider(), external_id="12", rate=Decimal(1), min=10, max=100_000)
    lines = zip(CALLED, TYPED, strict=True)
    text = "\n".join(f"12|https://{name}.example|{number}" for name, number in lines)
    client_for_role(Role.MANAGER).post("/orders/mass-orders/new/", {"text": text})
    return OrderBatch.objects.get()


def shown_in(page: str) -> str | None:
    found = re.search(r'name="shown" value="([^"]*)"', page)
    return found and found[1]


def drawn(person: Client, batch: OrderBatch) -> str:
    shown = shown_in(person.get(f"/orders/mass-orders/{batch.pk}/?tab=good").content.decode())
    assert shown
    return shown


def fix(person: Client, line: BatchLine, quantity: str, shown: str) -> str | None:
    """What a page that shows this then says is shown."""
    cells = {"cell-service": "12", "cell-quantity": quantity, "shown": shown}
    cells["cell-link"] = f"https://{CALLED[line.number - 1]}.example"
    address = f"/orders/mass-orders/lines/{line.pk}/"
    answer = person.post(address, cells, headers={"HX-Request": "true"})
    assert answer.headers["HX-Trigger"] == "lines-changed"
    return shown_in(answer.content.decode())


def place(person: Client, batch: OrderBatch, shown: str) -> BatchState:
    person.post(f"/orders/mass-orders/{batch.pk}/place/", {"shown": shown})
    batch.refresh_from_db()
    return BatchState(batch.state)


def test_who_fixed_a_line_places_it_with_the_lines_that_were_shown(
    client_for_role: Staff, batch: OrderBatch
) -> None:
    anna = client_for_role(Role.MANAGER)
    shown = fix(anna, batch.lines.get(number=3), "50", drawn(anna, batch))
    assert shown and place(anna, batch, shown) == BatchState.PLACING


def test_a_line_that_somebody_else_corrected_is_not_placed_by_whom_it_was_not_shown(
    client_for_role: Staff, batch: OrderBatch
) -> None:
    anna, ben = client_for_role(Role.MANAGER), client_for_role(Role.MANAGER)
    old = drawn(anna, batch)
    fix(ben, batch.lines.get(number=1), "90000", drawn(ben, batch))
    shown = fix(anna, batch.lines.get(number=3), "50", old)
    figures = anna.get(f"/orders/mass-orders/{batch.pk}/figures/").content.decode()
    assert shown is None and shown_in(figures) is None
    assert place(anna, batch, old) == BatchState.CHECKED
    assert place(anna, batch, drawn(anna, batch)) == BatchState.PLACING


def test_what_changes_while_one_fixes_a_line_is_not_among_what_was_shown(
    client_for_role: Staff, batch: OrderBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben = client_for_role(Role.MANAGER), client_for_role(Role.MANAGER)
    old, bens = drawn(anna, batch), drawn(ben, batch)
    written = mass_order.fix_lines

    def after_ben(found: OrderBatch, lines: list[BatchLine]) -> bool:
        monkeypatch.setattr(mass_order, "fix_lines", written)
        fix(ben, batch.lines.get(number=1), "90000", bens)
        return written(found, lines)

    monkeypatch.setattr(mass_order, "fix_lines", after_ben)
    shown = fix(anna, batch.lines.get(number=3), "50", old)
    assert shown and place(anna, batch, shown) == BatchState.CHECKED


def test_what_somebody_else_made_of_the_same_line_is_not_placed_by_whom_it_was_not_shown(
    client_for_role: Staff, batch: OrderBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben = client_for_role(Role.MANAGER), client_for_role(Role.MANAGER)
    old, bens = drawn(anna, batch), drawn(ben, batch)
    asked = mass_order.GoodLines.with_fixed

    def after_ben(good: mass_order.GoodLines, *told: Any) -> mass_order.GoodLines:
        """Anna's is written by now, and not yet in the word of her page."""
        monkeypatch.setattr(mass_order.GoodLines, "with_fixed", asked)
        fix(ben, batch.lines.get(number=3), "90000", bens)
        return asked(good, *told)

    monkeypatch.setattr(mass_order.GoodLines, "with_fixed", after_ben)
    shown = fix(anna, batch.lines.get(number=3), "50", old)
    assert batch.lines.get(number=3).cells["quantity"] == "90000"
    assert shown and place(anna, batch, shown) == BatchState.CHECKED
    assert place(anna, batch, drawn(anna, batch)) == BatchState.PLACING


def test_a_page_that_was_drawn_while_it_was_placed_offers_to_look_and_not_to_place(
    client_for_role: Staff, batch: OrderBatch
) -> None:
    """Its lines are not drawn anew with the figures that come when that is done."""
    anna = client_for_role(Role.MANAGER)
    address, button = f"/orders/mass-orders/{batch.pk}/", f"/{batch.pk}/place/"
    OrderBatch.objects.update(state=BatchState.PLACING)
    page = anna.get(address).content.decode()
    assert shown_in(page) == "" and button not in page
    OrderBatch.objects.update(state=BatchState.PLACED)
    part = anna.get(f"{address}figures/", {"shown": ""}).content.decode()
    assert button not in part and f'href="{address}"' in part
    assert button in anna.get(f"{address}figures/", {"shown": drawn(anna, batch)}).content.decode()
    assert button in anna.get(address).content.decode()
