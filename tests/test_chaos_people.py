"""People of `make chaos` read the real pages rightly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from core.roles import Role
from orders.links import link_key
from orders.models import OrderBatch
from orders.status import HaltKind, HoldReason, Status
from providers.models import Service
from tests.builders import make_halt, make_order, make_provider, make_service
from tests.chaos import people
from tests.chaos.browser import Page
from tests.chaos.clerk import TERMS, token_on
from tests.chaos.history import History
from tests.chaos.pastes import next_step, stands_at_most, told_by
from tests.chaos.people import Person, Staff, fix, is_wanted
from tests.chaos.plan import Terms, first_orders
from tests.chaos.recovery import shown_with, stops_to_review

pytestmark = pytest.mark.django_db
KEY = link_key("https://lumen.example/1")


def seen(browser: Client, path: str, **values: str) -> Page:
    answer = browser.post(path, values) if values else browser.get(path)
    return Page(answer.status_code, "", answer.content.decode())


def test_a_form_is_wanted_while_its_service_is_for_sale_as_what_it_was(
    client_for_role: Callable[[Role], Client],
) -> None:
    service = make_service(type="Default", min=1)
    browser, path = client_for_role(Role.OPERATOR), f"/orders/new/?service={service.pk}"
    form = seen(browser, path)
    assert is_wanted(form)
    values = {**form.hidden(), "link": "https://lumen.example/1", "quantity": "100"}
    Service.objects.update(rate=7)
    again = seen(browser, path, **values)
    assert again.status == 422
    fix(values, again)
    assert "7" in values["terms"] and "queue_behind" not in values
    make_order(Status.IN_PROGRESS, service=service, link=values["link"], link_key=KEY)
    fix(values, seen(browser, path, **values))
    assert values["beside"].startswith("behind:") and "queue_behind" not in values
    Service.objects.update(type="Custom Comments")
    refused = seen(browser, path, **values)
    before = dict(values)
    fix(values, refused)
    assert not is_wanted(refused) and values == before
    Service.objects.update(gone_at=service.changed_at)
    assert not is_wanted(seen(browser, path))


def test_a_batch_is_pressed_on_until_every_line_is_an_order(
    client_for_role: Callable[[Role], Client],
) -> None:
    provider = make_provider()
    service = make_service(provider=provider, type="Default", min=1, gone_at=None)
    browser = client_for_role(Role.MANAGER)
    text = f"{service.external_id} | https://lumen.example/1 | 100"
    browser.post("/orders/mass-orders/new/", {"provider": provider.pk, "name": "", "text": text})
    batch = f"/orders/mass-orders/{OrderBatch.objects.get().pk}/"
    assert next_step(seen(browser, batch), batch) == f"{batch}place/"
    Service.objects.update(gone_at=service.changed_at)
    browser.post(f"{batch}check/")
    refused = seen(browser, batch)
    assert next_step(refused, batch) == f"{batch}check/"
    assert told_by(refused, batch) == (
        "not being placed · Can be placed 0 · Errors 1 · Placed 0"
        " · The provider no longer offers this service."
    )
    Service.objects.update(gone_at=None)
    browser.post(f"{batch}check/")
    shown = seen(browser, batch)
    browser.post(f"{batch}place/", shown.hidden())
    assert next_step(seen(browser, batch), batch) == batch
    assert told_by(seen(browser, batch), batch).startswith("being placed · Can be placed 1")


def test_the_page_of_stops_is_read_as_who_looks_at_it_does(
    client_for_role: Callable[[Role], Client],
) -> None:
    """Else nobody says that they have looked, and an account stays stopped to the end of a run."""
    exposed = make_halt(kind=HaltKind.EXPOSURE, provider=make_provider())
    make_halt(kind=HaltKind.STOP)
    shown = seen(client_for_role(Role.MANAGER), "/orders/sending-control/")
    assert stops_to_review(shown) == [str(exposed.pk)]
    assert shown_with(shown, str(exposed.pk)) == exposed.shown


def test_the_clerk_agrees_to_new_terms_with_what_their_page_carries(
    client_for_role: Callable[[Role], Client],
) -> None:
    """Else orders under changed terms stand to the end of a run."""
    order = make_order(Status.HELD, hold_reason=HoldReason.TERMS, link_key=KEY)
    browser = client_for_role(Role.OPERATOR)
    token = token_on(seen(browser, f"{TERMS}?order={order.pk}"))
    assert seen(browser, f"{TERMS}accept/", order=token).status == 302
    order.refresh_from_db()
    assert order.status == Status.QUEUED


@pytest.mark.parametrize("ends", [True, False])
def test_a_batch_that_stood_under_fire_is_taken_once_nobody_hurts_the_desk_or_never(
    ends: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing = Page(200, "", "/orders/mass-orders/7/withdraw/ This continues in the background")
    terms = Terms(orders=1, seed=1, database="sqlite", kills_every=1, faults=0)
    history = History(tmp_path / "history.jsonl", terms)
    staff, [planned] = Staff([], 0, history), first_orders(terms)[:1]
    for name, value in (("PERSISTENT_FOR_SECONDS", 0), ("REST_SECONDS", 0)):
        monkeypatch.setattr(people, name, value)
    monkeypatch.setattr(people, "stands_at_most", lambda: 0.01)
    monkeypatch.setattr(Person, "persist", lambda self, step: standing)
    staff._tell([planned], lambda: Person("mia", 0).see_through(7, seconds=0))
    assert not staff.acknowledged
    [(left, number)] = staff.unfinished
    assert ([*left], number) == ([planned], 7)
    if ends:
        monkeypatch.setattr(Person, "persist", lambda self, step: Page(200, "", "done"))
    staff.come_back()
    history.close()
    assert staff.acknowledged == ({planned.number} if ends else set())
    assert staff.begun == [planned]
    assert "being placed" in (tmp_path / "history.jsonl").read_text()


def test_the_time_for_which_a_batch_may_stand_is_of_the_clocks_of_the_run() -> None:
    """A lease of 5 s, half a minute where a clock was set back, eight rounds in vain, a run."""
    assert stands_at_most() == 5 + 30 + 8 + 3
