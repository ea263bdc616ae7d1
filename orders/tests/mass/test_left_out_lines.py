"""A good line is edited or left out, its consent taken back, and warnings seen before placing."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core.roles import Role
from orders.mass.check_lines import check
from orders.mass.mass_order import as_typed, digest_of_good, fix_lines, start_placing
from orders.models import BatchLine, Order, OrderBatch
from orders.tests.mass.test_place_lines import make_batch, run
from tests.builders import NOON, make_service
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def staff(client_for_role: Callable[[Role], Client]) -> Client:
    return client_for_role(Role.MANAGER)


def pasted(*links: str) -> OrderBatch:
    service = make_service(rate=Decimal("1"), min=10, max=1000)
    return make_batch("\n".join(f"{service.external_id}|{link}|100" for link in links))


def three() -> OrderBatch:
    return pasted(*(f"https://a.example/{number}" for number in range(3)))


def line_of(batch: OrderBatch, number: int = 1) -> BatchLine:
    return batch.lines.order_by("number")[number - 1]


def step(staff: Client, line: BatchLine, word: str, **more: Any) -> str:
    answer = staff.post(
        reverse("mass-order-line", args=[line.pk]), {"step": word}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200
    line.refresh_from_db()
    return one_line(answer.content.decode())


def placed(batch: OrderBatch) -> int:
    batch.refresh_from_db()
    assert not start_placing(batch, by=batch.created_by, again=False, now=NOON)
    run(batch)
    return Order.objects.count()


def page_of(staff: Client, batch: OrderBatch, tab: str = "good") -> str:
    answer = staff.get(reverse("mass-order", args=[batch.pk]), {"tab": tab})
    return one_line(answer.content.decode())


def test_a_good_line_that_is_left_out_is_not_bought_also_when_all_are_checked_again(
    staff: Client,
) -> None:
    batch = three()
    line = line_of(batch)
    part = step(staff, line, "leave_out")
    assert "Take in again" in part and part.count("autofocus") == 1
    staff.post(reverse("mass-order-check", args=[batch.pk]))
    batch.refresh_from_db()
    assert (batch.good, batch.left_out, batch.wrong) == (2, 1, 0)
    assert 'id="lines-out">1</span>' in page_of(staff, batch, "out")
    assert placed(batch) == 2
    assert not Order.objects.filter(link=line.address).exists()


def test_it_is_checked_anew_when_it_is_taken_in_again(staff: Client) -> None:
    batch = three()
    line = line_of(batch)
    step(staff, line, "leave_out")
    assert "can be placed" in step(staff, line, "take_in")
    assert placed(batch) == 3


def test_a_page_that_showed_it_as_good_places_nothing(staff: Client) -> None:
    batch = three()
    shown = digest_of_good(batch, None)
    step(staff, line_of(batch), "leave_out")
    staff.post(reverse("mass-order-place", args=[batch.pk]), {"shown": shown})
    batch.refresh_from_db()
    assert batch.state == "checked"


def test_who_checks_all_again_takes_in_nothing_that_was_left_out_meanwhile(staff: Client) -> None:
    batch = three()
    lines = list(batch.lines.order_by("number"))
    typed = as_typed(lines)
    check(lines, batch, person=batch.created_by, now=NOON)
    step(staff, line_of(batch), "leave_out")
    assert fix_lines(batch, lines, unless_fixed=typed)
    assert line_of(batch).is_left_out and not line_of(batch).is_good


def test_that_a_line_is_meant_can_be_taken_back(staff: Client) -> None:
    batch = pasted("https://a.example/1", "https://a.example/1")
    second = line_of(batch, 2)
    assert not second.is_good
    fields = {f"cell-{name}": text for name, text in second.cells.items()}
    meant = fields | {"is_meant": "yes", "told_of": second.told_of}
    staff.post(reverse("mass-order-line", args=[second.pk]), meant)
    second.refresh_from_db()
    assert second.is_good and second.is_meant
    assert "meant as one order more" in page_of(staff, batch)
    assert "Place anyway, as one order more" in step(staff, second, "not_meant")
    assert not second.is_good and not second.is_meant
    assert placed(batch) == 1


def test_a_good_line_is_edited_in_its_place(staff: Client) -> None:
    batch = three()
    line = line_of(batch)
    address = reverse("mass-order-line", args=[line.pk])
    form = staff.get(f"{address}?edit=1", headers={"HX-Request": "true"}).content.decode()
    assert 'name="cell-quantity"' in form and "autofocus" in form
    fields = {f"cell-{name}": text for name, text in line.cells.items()}
    staff.post(address, fields | {"cell-quantity": "200"}, headers={"HX-Request": "true"})
    line.refresh_from_db()
    assert line.is_good and line.cost == Decimal("0.2")


def test_a_line_of_a_mass_order_that_is_being_placed_is_not_left_out(staff: Client) -> None:
    batch = three()
    assert not start_placing(batch, by=batch.created_by, again=False, now=NOON)
    answer = staff.post(reverse("mass-order-line", args=[line_of(batch).pk]), {"step": "leave_out"})
    assert "is being placed" in answer.content.decode()
    assert not line_of(batch).is_left_out
    run(batch)
    assert Order.objects.count() == 3


def test_place_says_how_many_lines_have_a_warning_and_what_they_cost(staff: Client) -> None:
    batch = three()
    BatchLine.objects.filter(pk=line_of(batch).pk).update(warnings=["It will wait."])
    page = page_of(staff, batch)
    assert "1 of them has a warning" in page and "$0.10" in page
    assert 'id="lines-good">3</span>' in page and 'id="lines-warned">1</span>' in page
    assert page_of(staff, batch, "warned").count("It will wait.") == 1
    part = staff.get(reverse("mass-order-figures", args=[batch.pk])).content.decode()
    assert part.count('hx-swap-oob="true"') == 6


def test_a_warning_that_came_after_the_page_was_drawn_is_seen_before_it_is_placed(
    staff: Client,
) -> None:
    batch = three()
    shown = digest_of_good(batch, None)
    BatchLine.objects.filter(pk=line_of(batch).pk).update(warnings=["It will wait."])
    staff.post(reverse("mass-order-place", args=[batch.pk]), {"shown": shown})
    batch.refresh_from_db()
    assert batch.state == "checked"
