"""A person has looked into what a restore has listed: it is asked about no more."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

import pytest
from django.test import Client

from core.roles import Role
from orders.models import UnmatchedOrder
from orders.placing.place_orders import place_order
from orders.restores import views
from orders.restores.look_into import ask_again, look_into, word_of
from orders.sending import halts
from orders.status import HaltKind, Status
from orders.tests.placing.test_placing import draft
from orders.tests.restores.test_placed_again import bought_without_order, listed, new_form
from tests.builders import NOON, make_order, make_service, make_unmatched_order, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]
PAGE = "/orders/restored/"
STEP = f"{PAGE}looked-into/"
Sign = Callable[[Role], Client]


def test_a_new_form_is_not_asked_about_what_a_person_has_looked_into() -> None:
    service, boss = make_service(), make_user(Role.MANAGER)
    left = bought_without_order(service, "https://lumen.example/home")
    assert not new_form(service).is_valid()
    assert look_into(left, actor=boss, now=NOON)
    assert new_form(service).is_valid()
    assert not look_into(left, actor=boss, now=NOON), "somebody was faster"
    assert ask_again(left, actor=boss, now=NOON)
    assert not new_form(service).is_valid()
    said = [(row.actor, row.text) for row in service.provider.events.order_by("pk")]
    assert [actor for actor, _ in said] == [boss, boss]
    assert "777" in said[0][1] and "no order of ours is wanted" in said[0][1]


def test_its_own_form_does_not_buy_it_again_all_the_same() -> None:
    """That no order is wanted for it is no reason to buy it a second time with a kept form."""
    form = draft()
    look_into(listed(form), actor=make_user(Role.MANAGER), now=NOON)
    order, _ = place_order(form, placed_by=None, now=NOON)
    order.refresh_from_db()
    assert order.status == Status.UNCONFIRMED


def test_the_chosen_ones_leave_the_list_and_come_back_one_by_one(client_for_role: Sign) -> None:
    first, second, third = (make_unmatched_order() for _ in range(3))
    halts.lift_halt(HaltKind.RESTORED, now=NOON)
    staff = client_for_role(Role.MANAGER)
    page = staff.get(PAGE).content.decode()
    assert all(word_of(one) in page for one in (first, second, third))
    staff.post(STEP, {"send": [word_of(first), word_of(second)]})
    assert [one for one, *_ in staff.get(PAGE).context["unmatched"]] == [third]
    staff.post(STEP, {"only": word_of(third)})
    answer = staff.get(PAGE)
    assert answer.context["unmatched"] == []
    assert {one for one, _ in answer.context["looked_into"]} == {first, second, third}
    staff.post(STEP, {"again": word_of(second)})
    assert [one for one, *_ in staff.get(PAGE).context["unmatched"]] == [second]
    assert not UnmatchedOrder.objects.looked_into().filter(pk=second.pk).exists()


def test_it_leaves_the_list_while_everything_stands_too(client_for_role: Sign) -> None:
    left, staff = make_unmatched_order(), client_for_role(Role.MANAGER)
    staff.post(STEP, {"send": word_of(left)})
    answer = staff.get(PAGE)
    assert answer.context["halt"] and answer.context["unmatched"] == []
    assert f"looked-into-{left.pk}" in answer.content.decode()


def test_a_page_from_before_another_restore_says_it_of_nothing_else(client_for_role: Sign) -> None:
    left, staff = make_unmatched_order(), client_for_role(Role.MANAGER)
    word = word_of(left)
    UnmatchedOrder.objects.update(external_id="another")
    page = staff.post(STEP, {"send": word}, follow=True).content.decode()
    assert "changed since this page was drawn" in page
    assert not UnmatchedOrder.objects.looked_into().exists()


def test_nothing_is_said_of_one_that_is_an_order_of_ours(client_for_role: Sign) -> None:
    left = make_unmatched_order(order=make_order())
    client_for_role(Role.MANAGER).post(STEP, {"send": ["x", "9" * 30, word_of(left)]})
    assert not UnmatchedOrder.objects.looked_into().exists()
    assert not look_into(left, actor=make_user(), now=NOON)


def test_a_word_with_zeros_before_its_number_is_none_that_was_drawn(client_for_role: Sign) -> None:
    left = make_unmatched_order()
    page = client_for_role(Role.MANAGER).post(STEP, {"only": f"0{left.pk}-x"}, follow=True)
    assert "changed since this page was drawn" in page.content.decode()
    assert not UnmatchedOrder.objects.looked_into().exists()


def test_each_that_was_looked_into_can_be_taken_back(
    client_for_role: Sign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "PAGE_SIZE", 2)
    boss, rows = make_user(Role.MANAGER), [make_unmatched_order() for _ in range(3)]
    for row in rows:
        look_into(row, actor=boss, now=NOON)
    staff = client_for_role(Role.MANAGER)
    first = staff.get(PAGE)
    assert [one for one, _ in first.context["looked_into"]] == [rows[2], rows[1]]
    cursor = first.context["seen_page"].next
    assert f"seen={cursor}" in unquote(first.content.decode())
    second = staff.get(PAGE, {"seen": cursor})
    assert [one for one, _ in second.context["looked_into"]] == [rows[0]]
    assert word_of(rows[0]) in second.content.decode()
