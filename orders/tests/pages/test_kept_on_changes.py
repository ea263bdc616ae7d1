"""What somebody wrote comes back where more is known than their page had shown; a tick does not."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core.clocks import database_now
from core.roles import Role
from orders import shown
from orders.models import Attempt, Halt, Order
from orders.sending import halts
from orders.status import Flag, HaltKind, Status
from orders.tests.pages.test_stale_tabs import carried_by, lost, status_of
from orders.tests.recovery.test_refusal_phrases import WORDS, answered
from tests.builders import make_provider

pytestmark = [pytest.mark.django_db, pytest.mark.services]
FOUND = [{"id": "4711", "charge": "0.9", "status": "Pending"}]
NOTE = "Nobody there knows."


@pytest.fixture
def manager(client_for_role: Callable[[Role], Client]) -> Client:
    return client_for_role(Role.MANAGER)


@pytest.mark.parametrize(
    ("step", "said", "kept", "to"),
    [
        ("not-placed", {"sure": "on"}, "4711", Status.NOT_PLACED),
        ("give-up", {"note": NOTE}, NOTE, Status.GIVEN_UP),
        ("give-up", {"note": ""}, "Write the reason.", Status.GIVEN_UP),
        (
            "phrase",
            {"phrase": WORDS, "meaning": "quantity", "sure": "on"},
            '<option value="quantity" selected>',
            Status.REJECTED,
        ),
        (
            "phrase",
            {"phrase": WORDS, "meaning": "", "sure": "on"},
            "Choose what it means.",
            Status.REJECTED,
        ),
    ],
)
def test_a_decision_from_an_old_page_comes_back_as_it_was_written(
    manager: Client, step: str, said: dict[str, str], kept: str, to: Status
) -> None:
    order = answered() if step == "phrase" else lost()
    address = f"/orders/{order.pk}/resolve/{step}/"
    seen = carried_by(manager.get(f"/orders/{order.pk}/resolve/").content.decode(), address)
    Attempt.objects.update(candidates=FOUND)  # the search has found since what can be it
    answer = manager.post(address, said | {"shown": seen})
    page = answer.content.decode()
    assert answer.status_code == 422 and status_of(order) == Status.UNCONFIRMED
    assert page.count(shown.CHANGED) == 1 and kept in page and "4711" in page
    assert not re.search(r'name="sure"[^>]*checked', page), "a tick is about what was shown then"
    said = {"note": NOTE} if "note" in said else said | {"meaning": "quantity"}
    manager.post(address, said | {"shown": carried_by(page, address)})
    assert status_of(order) == to


def test_a_meaning_is_chosen_anew_for_other_words(manager: Client) -> None:
    order = answered('{"error":"Anders"}')
    said = {"phrase": WORDS, "meaning": "funds", "sure": "on", "shown": shown.of_order(order)}
    answer = manager.post(f"/orders/{order.pk}/resolve/phrase/", said)
    page = answer.content.decode()
    assert answer.status_code == 422 and "Another answer came meanwhile" in page
    assert "anders" in page and not re.search(r'name="sure"[^>]*checked', page)
    assert '<option value="" selected>' in page and '<option value="funds" selected' not in page
    assert Order.objects.get(pk=order.pk).status == Status.UNCONFIRMED


def given_back(answer: Any) -> bool:
    return f"What you wrote was not saved: “{NOTE}”" in answer.content.decode()


def test_where_the_form_is_gone_what_was_written_is_given_back(manager: Client) -> None:
    order, now = lost(), database_now()
    said = {"note": NOTE, "found": NOTE, "flag": Flag.BOUGHT_TWICE.value}
    Order.objects.update(status=Status.NOT_PLACED, flag=Flag.NONE)
    for step in ("resolve/give-up", "flag/clear"):
        assert given_back(manager.post(f"/orders/{order.pk}/{step}/", said, follow=True))
    assert halts.place_halt(HaltKind.STOP, now=now)
    halt = Halt.objects.get()
    assert halts.lift_halt(HaltKind.STOP, now=now)
    assert given_back(manager.post(reverse("halt-lift", args=[halt.pk]), said, follow=True))
    assert given_back(manager.post(reverse("restored-acknowledge"), said, follow=True))


@pytest.mark.parametrize("step", ["give-up", "not-placed", "phrase"])
def test_a_decision_about_one_that_was_closed_meanwhile_is_told_of(
    manager: Client, step: str
) -> None:
    order = answered('{"error":"Anders"}')
    address, seen = f"/orders/{order.pk}/resolve/{step}/", shown.of_order(order)
    Order.objects.update(status=Status.GIVEN_UP)
    said = {"note": NOTE, "sure": "on", "meaning": "funds", "phrase": WORDS, "shown": seen}
    answer = manager.post(address, said, follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain == [(f"/orders/{order.pk}/", 302)]
    assert "is resolved: it is closed as unknown." in page and given_back(answer)
    assert status_of(order) == Status.GIVEN_UP


@pytest.mark.parametrize("whose", ["all", "incident", "pause"])
def test_a_reason_for_what_was_stopped_already_is_given_back(manager: Client, whose: str) -> None:
    provider = make_provider()
    to = f"/orders/sending-control/{whose}/"
    to = f"/providers/{provider.pk}/pause/" if whose == "pause" else to
    first = manager.post(to, {"reason": "The first.", "provider": provider.pk}, follow=True)
    assert "was not saved" not in first.content.decode()
    assert given_back(manager.post(to, {"reason": NOTE, "provider": provider.pk}, follow=True))
    placed = list(Halt.objects.values_list("reason", flat=True))
    assert placed == ([] if whose == "pause" else ["The first."])


def test_a_note_to_another_stop_stands_beside_the_stop_of_now(manager: Client) -> None:
    assert halts.place_halt(HaltKind.STOP, now=database_now())
    halt = Halt.objects.get()
    address = reverse("halt-lift", args=[halt.pk])
    for said in ({"note": NOTE, "shown": "another"}, {"note": f"{NOTE}\x00", "shown": halt.shown}):
        answer = manager.post(address, said)
        page = answer.content.decode()
        assert answer.status_code == 422 and Halt.objects.get().lifted_at is None
        assert f'value="{NOTE}' in page and (shown.CHANGED in page) == (said["shown"] == "another")
    manager.post(address, {"note": NOTE, "shown": carried_by(page, address)})
    assert Halt.objects.get().note == NOTE
