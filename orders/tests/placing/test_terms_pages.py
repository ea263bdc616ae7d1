"""Changed terms in the browser: the form, the dry run, the confirmation, the orders that wait."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from core.roles import Role
from orders import wake_ups
from orders.bulk import apply_step, bulk_action
from orders.bulk import tasks as bulk_tasks
from orders.limits.agree_terms import agreed
from orders.mass import mass_order
from orders.mass.check_lines import check
from orders.models import BatchLine, BulkJob, Order, PriceTolerance
from orders.placing.order_again import draft_again
from orders.placing.sent_after_all import BesideForm
from orders.status import HoldReason, Status
from orders.terms import Terms
from orders.tests.mass.test_place_lines import make_batch, run, started
from providers.models import Service
from tests.builders import NOON, make_order, make_service, terms_shown
from tests.drawn_forms import send
from tests.one_line import one_line
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]
LINK = "https://lumen.example/home"


@pytest.fixture
def staff(client_for_role: Callable[[Role], Client]) -> Client:
    return client_for_role(Role.MANAGER)


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr(wake_ups, "ring", lambda provider_id: None)
    monkeypatch.setattr(bulk_tasks, "ring_job", lambda job_id: None)


def held(service: Service | None = None, **changes: Any) -> Order:
    """An order that waits because its service changed so."""
    service = service or make_service()
    order = make_order(
        Status.HELD,
        service=service,
        hold_reason=HoldReason.TERMS,
        terms=Terms.of(service).as_json(),
    )
    Service.objects.filter(pk=service.pk).update(**changes)
    return order


@pytest.mark.parametrize("status", [Status.UNCONFIRMED, Status.GIVEN_UP, Status.IN_PROGRESS])
def test_new_terms_send_no_order_beside_the_same_without_a_word(staff, status):
    order = held(rate=Decimal("9"))
    first = make_order(status, service=order.service, link=order.link, link_key=order.link_key)
    row = staff.get("/orders/terms/").context["shown"][0]
    answer = staff.post("/orders/terms/accept/", {"order": row.token})
    page = one_line(answer.content.decode())
    assert answer.status_code == 422 and f'<a href="/orders/{first.pk}/">{first}</a>' in page
    assert f'name="{order.pk}-place_anyway"' in page and "This may buy it a second time" in page
    assert 'aria-invalid="true"' not in page  # it is asked for the first time
    asked = {"order": row.token, f"{order.pk}-asked": "on"}
    assert 'aria-invalid="true"' in staff.post("/orders/terms/accept/", asked).content.decode()
    order.refresh_from_db()
    assert (order.status, order.hold_reason) == (Status.HELD, HoldReason.TERMS)
    assert agreed(order).rate == Decimal("0.9")


def test_new_terms_send_it_beside_exactly_what_was_shown(staff):
    order, other = held(rate=Decimal("9")), held(rate=Decimal("9"))
    same: dict[str, Any] = {
        "service": order.service,
        "link": order.link,
        "link_key": order.link_key,
    }
    make_order(Status.UNCONFIRMED, **same)
    tokens = [row.token for row in staff.get("/orders/terms/").context["shown"]]
    answer = staff.post("/orders/terms/accept/", {"order": tokens})
    assert Order.objects.get(pk=other.pk).status == Status.QUEUED  # beside nothing: it goes
    [row] = answer.context["shown"]
    meant = {"order": row.token, f"{order.pk}-place_anyway": row.beside.consent}
    later = make_order(Status.QUEUED, **same)
    answer = staff.post("/orders/terms/accept/", meant)
    assert (answer.status_code, Order.objects.get(pk=order.pk).status) == (422, Status.HELD)
    assert f"/orders/{later.pk}/" in answer.content.decode()
    [row] = answer.context["shown"]
    meant[f"{order.pk}-place_anyway"] = row.beside.consent
    assert staff.post("/orders/terms/accept/", meant).status_code == 302
    order.refresh_from_db()
    assert (order.status, agreed(order).rate) == (Status.QUEUED, Decimal("9"))


def test_what_is_bought_between_the_tick_and_the_agreement_is_asked_about(staff, monkeypatch):
    order = held(rate=Decimal("9"))
    same: dict[str, Any] = {
        "service": order.service,
        "link": order.link,
        "link_key": order.link_key,
    }

    told_of = BesideForm.told_of

    def another_comes(*asked):
        form = told_of(*asked)
        if Order.objects.count() == 1:
            make_order(Status.UNCONFIRMED, **same)
        return form

    monkeypatch.setattr(BesideForm, "told_of", another_comes)
    [row] = staff.get("/orders/terms/").context["shown"]
    answer = staff.post("/orders/terms/accept/", {"order": row.token})
    assert (answer.status_code, Order.objects.get(pk=order.pk).status) == (422, Status.HELD)
    assert "for this service and link" in answer.content.decode()


def test_a_form_is_asked_again_when_the_terms_changed_since_it_was_drawn(staff):
    service = make_service()
    drawn = staff.get(f"/orders/new/?service={service.pk}").context["form"].terms_text
    values = {
        "service": service.pk,
        "form_key": uuid.uuid4(),
        "link": LINK,
        "quantity": "777",
        "terms": drawn,
    }
    Service.objects.filter(pk=service.pk).update(rate=Decimal("0.91"), max=900)
    answer = staff.post("/orders/new/", values)
    page = answer.content.decode()
    assert answer.status_code == 422 and not Order.objects.exists()
    assert 'value="777"' in page and "0.91" in page and "100,000" in page
    again = answer.context["form"].terms_text
    assert staff.post("/orders/new/", values | {"terms": again}).status_code == 302
    assert agreed(Order.objects.get()).rate == Decimal("0.91")


@pytest.mark.parametrize("terms", ["", "x", "{}", "[]", '{"rate": 1}'])
def test_a_form_that_names_no_terms_places_nothing(staff, terms):
    values = {
        "service": make_service().pk,
        "form_key": uuid.uuid4(),
        "link": LINK,
        "quantity": "100",
        "terms": terms,
    }
    answer = staff.post("/orders/new/", values)
    assert answer.status_code == 422 and not Order.objects.exists()


def test_a_mass_order_is_placed_under_the_terms_of_its_dry_run():
    service = make_service()
    batch = make_batch(f"{service.external_id}|{LINK}|100")
    Service.objects.filter(pk=service.pk).update(rate=Decimal("0.93"))  # within the tolerance
    run(started(batch))
    order = Order.objects.get()
    assert (order.rate, agreed(order).rate) == (Decimal("0.9"), Decimal("0.9"))


@pytest.mark.parametrize("changes", [{"rate": Decimal("9")}, {"name": "Another product"}], ids=str)
def test_a_line_is_not_placed_under_terms_that_its_dry_run_did_not_show(changes):
    service = make_service()
    batch = make_batch(f"{service.external_id}|{LINK}|100")
    Service.objects.filter(pk=service.pk).update(**changes)
    run(started(batch))
    line = BatchLine.objects.get()
    assert not Order.objects.exists() and not line.is_good
    assert "Validate again" in line.problems[0]["words"]
    batch.refresh_from_db()
    check([line], batch, person=batch.created_by, now=NOON)
    assert mass_order.fix_lines(batch, [line]) and line.is_good
    run(started(batch))
    assert agreed(Order.objects.get()) == Terms.of(Service.objects.get(pk=service.pk))


def test_ordering_again_is_asked_once_more_when_prices_changed_since_it_was_shown(staff):
    service = make_service()
    make_order(Status.COMPLETED, service=service)
    address = "/orders/bulk/?kind=reorder&scope=all"
    shown = staff.get(address).context
    names = ("form_key", "chosen", "left_out", "left_unless_meant", "shown_terms")
    form = {name: shown[name] for name in names}
    Service.objects.filter(pk=service.pk).update(rate=Decimal("9"))
    answer = staff.post(address, form)
    assert answer.status_code == 422 and not BulkJob.objects.exists()
    assert answer.context["estimates"] == [("USD", Decimal("9"))]
    again = form | {"shown_terms": answer.context["shown_terms"]}
    assert staff.post(address, again).status_code == 302


def test_a_job_buys_nothing_under_terms_that_were_not_confirmed_with_it(staff):
    service = make_service()
    make_order(Status.COMPLETED, service=service)
    address = "/orders/bulk/?kind=reorder&scope=all"
    shown = staff.get(address).context
    names = ("form_key", "chosen", "left_out", "left_unless_meant", "shown_terms")
    staff.post(address, {name: shown[name] for name in names})
    job = bulk_action.take_job(BulkJob.objects.get().pk, now=NOON)
    assert job
    Service.objects.filter(pk=service.pk).update(rate=Decimal("9"))
    act = apply_step.act_for(job.kind, draft_again, lambda: NOON)
    bulk_action.run_items(job, act, clock=lambda: NOON, seconds=60)
    assert Order.objects.count() == 1
    assert job.items.get().words == "It costs more than was agreed to."


def test_orders_that_wait_show_old_and_new_side_by_side(staff):
    order = held(rate=Decimal("9"), name="<b>Another</b>")
    page = staff.get("/orders/terms/").content.decode()
    assert f"#{order.pk}" in page and "costs more" in page
    assert ">0.9<" in page and ">9<" in page
    assert "&lt;b&gt;Another" in page and "<b>Another" not in page
    assert f"/orders/terms/?order={order.pk}" in staff.get(f"/orders/{order.pk}/").content.decode()


def test_many_are_released_or_withdrawn_at_once(staff):
    first, second, third = (held(rate=Decimal("9")) for _ in range(3))
    rows = {row.order.pk: row.token for row in staff.get("/orders/terms/").context["shown"]}
    staff.post("/orders/terms/accept/", {"order": [rows[first.pk], rows[second.pk]]})
    staff.post("/orders/terms/withdraw/", {"order": [rows[third.pk]]})
    statuses = [Order.objects.get(pk=order.pk).status for order in (first, second, third)]
    assert statuses == [Status.QUEUED, Status.QUEUED, Status.WITHDRAWN]
    assert agreed(Order.objects.get(pk=first.pk)).rate == Decimal("9")


def test_terms_that_changed_after_the_page_was_drawn_are_not_agreed_to(staff):
    order = held(rate=Decimal("9"))
    (row,) = staff.get("/orders/terms/").context["shown"]
    Service.objects.update(rate=Decimal("90"))
    page = staff.post("/orders/terms/accept/", {"order": row.token}, follow=True)
    assert "changed once more" in page.content.decode()
    assert Order.objects.get(pk=order.pk).status == Status.HELD


def test_of_many_that_could_not_be_changed_five_are_told_and_the_rest_counted(staff):
    gone = {"order": [f"{number}:a" for number in range(1, 8)]}
    page = staff.post("/orders/terms/accept/", gone, follow=True).content.decode()
    assert page.count("It no longer waits for this.") == 5
    assert "And 2 more were left as they are." in page


@pytest.mark.parametrize("word", ["", "x", "0", "0:", "9" * 30 + ":a", "٣:a"])
def test_nonsense_changes_nothing(staff, word):
    held(rate=Decimal("9"))
    for step in ("accept", "withdraw"):
        assert staff.post(f"/orders/terms/{step}/", {"order": word}).status_code == 302
    assert Order.objects.get().status == Status.HELD


def test_ten_rows_cost_what_one_row_costs(staff):
    def queries() -> int:
        seen = queries_of(lambda: staff.get("/orders/terms/"))
        return len(seen)

    held(rate=Decimal("9"))
    one = queries()
    for _ in range(9):
        held(rate=Decimal("9"))
    assert queries() == one


def test_the_tolerance_is_set_on_the_page_of_the_rules(staff):
    assert "5 %" in staff.get("/orders/limits/").content.decode()
    send(staff, "/orders/limits/tolerance/", {"percent": "12.5"}, page="/orders/limits/")
    assert PriceTolerance.objects.get().percent == Decimal("12.5")
    page = staff.get("/orders/limits/").content.decode()
    assert "12.5 %" in page and "Price tolerance" in page
    assert staff.post("/orders/limits/tolerance/", {"percent": "-1"}).status_code == 422


def test_the_form_of_a_fresh_row_names_its_terms():
    service = make_service(rate=Decimal("0.900000000000"))
    assert Terms.read(json.loads(terms_shown(service))) == Terms.of(service)


def test_an_order_of_a_service_of_another_type_says_that_it_can_only_be_withdrawn(staff):
    order = held(type="Package")
    drawn = staff.get(f"/orders/terms/?order={order.pk}").content.decode()
    assert "It can only be withdrawn and ordered anew." in drawn
