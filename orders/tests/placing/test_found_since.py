"""Meant beside an order that was told as not there is not meant beside one that is known to be."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.roles import Role
from orders.bulk import tasks as bulk_tasks
from orders.mass.check_lines import check
from orders.mass.mass_order import digest_of_good, start_placing
from orders.mass.place_lines import place_run, take_batch
from orders.mass.tasks import check_again
from orders.models import BulkJob, Order
from orders.placing.order_again import draft_again
from orders.placing.place_orders import NotAgreed, place_order, requeue_order
from orders.repeats import name_of
from orders.sending import record_outcome
from orders.sending.outcome import SendOutcome
from orders.shown import CHANGED
from orders.status import Outcome, Status
from orders.tests.bulk.test_bounded_consent import ticked
from orders.tests.bulk.test_bulk_actions import run
from orders.tests.mass.test_place_lines import make_batch
from orders.tests.placing.test_not_proven import LATER, LINK, NOT_PROVEN, marked
from orders.tests.placing.test_sent_again import said
from tests.builders import NOON, make_order, make_user, terms_shown
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


def found(order: Order) -> None:
    """A machine that was away is back with the answer on its disk."""
    taken = SendOutcome(Outcome.ACCEPTED, Status.PENDING, external_id="777")
    record_outcome.record(order.attempts.get(), taken, now=LATER)
    order.refresh_from_db()
    assert order.status == Status.UNCONFIRMED
    assert "the provider took it as 777" in order.reason


def test_a_tick_beside_one_not_placed_does_not_buy_beside_it_once_it_is_there(
    staff: Client,
) -> None:
    order = marked()
    data = typed(order)
    answer = staff.post("/orders/new/", data)
    assert NOT_PROVEN in one_line(answer.content.decode())
    data["place_anyway"] = answer.context["form"].consent
    found(order)
    answer = staff.post("/orders/new/", data)
    assert Order.objects.count() == 1, "bought beside one that the desk knows is there"
    assert answer.status_code == 422
    data["place_anyway"] = answer.context["form"].consent
    assert staff.post("/orders/new/", data).status_code == 302


def test_nor_does_one_of_a_page_that_said_nothing_of_how_it_stands(staff: Client) -> None:
    """Drawn before the desk was upgraded."""
    order = marked()
    data = typed(order) | {"place_anyway": f"{order.form_key.hex[:16]}-{order.link_key[:16]}"}
    found(order)
    answer = staff.post("/orders/new/", data)
    assert (answer.status_code, Order.objects.count()) == (422, 1)
    data["place_anyway"] = answer.context["form"].consent
    assert staff.post("/orders/new/", data).status_code == 302


def test_nor_what_was_agreed_to_a_moment_before_it_is_found() -> None:
    order = marked()
    meant = draft_again(order, uuid.uuid4(), now=LATER, person=make_user(), beside_open=True)
    found(order)
    with pytest.raises(NotAgreed, match="is still open") as refusal:
        place_order(meant, placed_by=make_user(), now=LATER)
    assert refusal.value.beside == name_of(order.form_key, order.status)


def test_nor_does_a_line_of_a_mass_order_that_was_meant_yesterday() -> None:
    order = marked()
    batch = make_batch(f"{order.service.external_id}|{LINK}|1000")
    [line] = batch.lines.all()
    assert NOT_PROVEN in line.problems[0]["words"]
    line.is_meant = True
    check([line], batch, person=batch.created_by, now=NOON)
    assert line.is_good
    line.save()
    shown = digest_of_good(batch, None)
    found(order)
    start_placing(batch, by=batch.created_by, again=False, now=LATER, shown=shown)
    if held := take_batch(batch.pk, now=LATER):
        place_run(held, check_again, clock=lambda: LATER, seconds=60)
    assert Order.objects.count() == 1, "bought beside one that the desk knows is there"


def test_nor_does_a_line_that_was_meant_before_the_desk_was_upgraded() -> None:
    order = marked()
    batch = make_batch(f"{order.service.external_id}|{LINK}|1000")
    [line] = batch.lines.all()
    line.is_meant, line.told_of = True, order.form_key.hex[:16]
    found(order)
    check([line], batch, person=batch.created_by, now=NOON)
    assert not line.is_good and not line.is_meant and "is still open" in str(line.problems)
    line.is_meant = True
    check([line], batch, person=batch.created_by, now=NOON)
    assert line.is_good


@pytest.mark.parametrize("is_of_before", [False, True], ids=["of now", "of before the upgrade"])
@pytest.mark.parametrize("is_found", [False, True], ids=["not found", "found"])
def test_nor_does_order_again_for_many(manager: Client, is_found: bool, is_of_before: bool) -> None:
    order = marked()
    chosen = of_one_that_ended_before(order)
    page = manager.get(chosen)
    assert page.context["shown_beside"] == f"{order.pk};{order.pk}"
    manager.post(chosen, ticked(page))
    job = BulkJob.objects.get()
    if is_of_before:
        job.terms["shown_beside"] = str(order.pk)
        job.save()
    if is_found:
        found(order)
    run(job, now=timezone.now())
    words = job.items.get().words
    if not is_found:
        assert (Order.objects.count(), words) == (3, "")
        return
    assert Order.objects.count() == 2, "bought beside one that the desk knows is there"
    assert "is still open" in words and "not what you were told of it" in words
    again = manager.get(chosen)
    assert again.context["shown_beside"] == f"{order.pk};"
    manager.post(chosen, ticked(again))
    run(BulkJob.objects.latest("pk"), now=timezone.now())
    assert Order.objects.count() == 3


def test_a_page_for_many_that_said_nothing_of_how_they_stand_asks_anew(manager: Client) -> None:
    order = marked()
    chosen = of_one_that_ended_before(order)
    said = ticked(manager.get(chosen)) | {"shown_beside": str(order.pk)}
    answer = manager.post(chosen, said)
    assert answer.status_code == 422 and not BulkJob.objects.exists()
    assert CHANGED in answer.content.decode()
    assert manager.post(chosen, ticked(answer)).status_code == 302


def test_nor_does_send_again(staff: Client) -> None:
    order = marked()
    twin = not_placed_twin(order)
    name = name_of(order.form_key, order.status)
    page = one_line(staff.get(f"/orders/{twin.pk}/").content.decode())
    assert f'name="place_anyway" value="{name}"' in page
    found(order)
    for of_then in (name, order.form_key.hex[:16]):
        meant = said(twin) | {"place_anyway": of_then}
        assert staff.post(f"/orders/{twin.pk}/requeue/", meant).status_code == 422
    with pytest.raises(NotAgreed, match="is still open"):
        requeue_order(twin, actor=make_user(), now=LATER, beside={name})
    twin.refresh_from_db()
    assert twin.status == Status.NOT_PLACED


@pytest.fixture
def manager(client_for_role: Any, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(bulk_tasks, "ring_job", lambda pk: None)
    client: Client = client_for_role(Role.MANAGER)
    return client


def typed(order: Order) -> dict[str, Any]:
    data: dict[str, Any] = {"service": order.service_id, "form_key": uuid.uuid4(), "link": LINK}
    return data | {"quantity": "1000", "terms": terms_shown(order.service)}


def of_one_that_ended_before(order: Order) -> str:
    """The address that orders it again, beside `order`."""
    at = timezone.now() - timedelta(days=30)
    same: dict[str, Any] = {"service": order.service, "link": LINK, "link_key": order.link_key}
    old = make_order(Status.COMPLETED, created_at=at, units=order.units, **same)
    return f"/orders/bulk/?kind=reorder&scope=picked&order={old.pk}"


def not_placed_twin(order: Order) -> Order:
    same: dict[str, Any] = {"service": order.service, "link": LINK, "link_key": order.link_key}
    return make_order(Status.NOT_PLACED, created_at=timezone.now(), units=order.units, **same)
