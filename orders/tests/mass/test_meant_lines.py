"""That a line is meant is said of the orders that were shown with it, and of no other."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.roles import Role
from orders.draft import OrderDraft
from orders.mass import tasks as mass_tasks
from orders.mass.check_lines import check
from orders.mass.mass_order import bought_before, digest_of_good, start_placing
from orders.models import BatchLine, Order, OrderBatch
from orders.placing import place_orders
from orders.repeats import NAMED, name_of, spelled, untold
from orders.status import Status
from orders.tests.mass.test_place_lines import make_batch
from orders.tests.mass.test_repeated_lines import address, bought, lines_of, paste, place
from providers.models import Service
from providers.panel_api.order_types.table import DefaultPayload
from tests.builders import NOON, make_service, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def staff(client_for_role: Any, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(mass_tasks, "ring_batch", lambda pk: None)
    client: Client = client_for_role(Role.MANAGER)
    return client


def mean(batch: OrderBatch) -> list[BatchLine]:
    lines = lines_of(batch)
    for line in lines:
        line.is_meant = True
    check(lines, batch, person=batch.created_by, now=NOON)
    for line in lines:
        line.save()
    return lines


def named(order: Order) -> str:
    return name_of(order.form_key, order.status)


def fields(line: BatchLine, **over: str) -> dict[str, str]:
    shown = {f"cell-{name}": text for name, text in (line.cells | over).items()}
    return shown | {"told_of": line.told_of, "is_meant": "yes"}


def repeated_line() -> BatchLine:
    """One that repeats an order of a moment ago, as its page shows it."""
    service = make_service()
    bought(service, 1, created_at=timezone.now())
    batch = make_batch(paste(service, range(1, 2)))
    [line] = lines_of(batch)
    check([line], batch, person=batch.created_by, now=timezone.now())
    line.save()
    assert not line.is_good
    return line


def test_of_two_people_who_mean_the_same_lines_one_is_asked_about_the_other_s_orders() -> None:
    service = make_service()
    for number in range(3):
        bought(service, number)
    one, two = (make_batch(paste(service, range(3))) for _ in range(2))
    assert all(line.is_good for batch in (one, two) for line in mean(batch))
    place(one)
    place(two, again=True)
    assert Order.objects.count() == 6
    for line, order in zip(lines_of(two), one.orders.order_by("pk"), strict=True):
        assert (line.is_good, line.is_meant) == (False, False)
        assert named(order) in line.told_of
        assert f"Order #{order.pk} " in line.problems[0]["words"]
    mean(two)
    place(two, again=True)
    assert Order.objects.count() == 9


def test_a_line_that_is_meant_is_written_beside_the_orders_it_was_shown_with_alone() -> None:
    service = make_service()
    shown, link = bought(service, 1, Status.IN_PROGRESS), address(1)
    batch = make_batch(paste(service, range(1, 2)))
    payload = DefaultPayload(service_id=service.external_id, link=link, quantity=101)

    def press() -> None:
        draft = OrderDraft(
            service, payload, uuid.uuid4(), frozenset({named(shown)}), with_batch=True
        )
        place_orders.place_order(draft, placed_by=batch.created_by, now=NOON, batch=batch)

    press()
    press()  # two lines of one paste
    newer = bought(service, 1, Status.QUEUED)
    with pytest.raises(place_orders.NotAgreed) as refusal:
        press()
    assert (refusal.value.field, refusal.value.beside) == ("is_meant", named(newer))


def test_an_order_that_comes_with_the_insert_takes_the_consent_of_a_line_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = make_service()
    shown = bought(service, 1)
    batch = make_batch(paste(service, range(1, 2)))
    mean(batch)
    place_order, came = place_orders.place_order, list[Order]()

    def interrupted(*args: Any, **more: Any) -> Any:
        came.append(bought(service, 1, Status.QUEUED))
        return place_order(*args, **more)

    monkeypatch.setattr(place_orders, "place_order", interrupted)
    place(batch)
    [line] = lines_of(batch)
    assert (line.order, line.is_meant) == (None, False)
    assert line.told_of.split(".") == [named(came[0]), named(shown)]


def test_lines_of_one_paste_that_repeat_each_other_are_placed_also_by_a_later_step() -> None:
    service = make_service()
    text = "\n".join([f"{service.external_id}|{address(1)}|101"] * 3)
    batch = make_batch(text)
    for line in lines_of(batch)[1:]:
        line.is_meant = True
        check([line], batch, person=batch.created_by, now=NOON, with_others=True)
        line.save()
    BatchLine.objects.filter(pk=lines_of(batch)[2].pk).update(is_good=False)
    place(batch)
    BatchLine.objects.filter(pk=lines_of(batch)[2].pk).update(is_good=True)
    place(batch)
    assert batch.orders.count() == 3


@pytest.mark.parametrize("name", ["link", "quantity"])
def test_a_line_that_is_meant_and_changed_in_one_form_is_asked_about_what_it_became(
    staff: Client, name: str
) -> None:
    line = repeated_line()
    assert line.service is not None
    older: dict[str, dict[str, Any]] = {
        "link": {"number": 2, "units": 101},
        "quantity": {"number": 1, "units": 999},
    }
    other = bought(line.service, **older[name], created_at=timezone.now())
    over = {"link": {"link": address(2)}, "quantity": {"quantity": "999"}}[name]
    BatchLine.objects.filter(pk=line.pk).update(told_of=named(other))
    line.told_of = named(other)
    answer = staff.post(reverse("mass-order-line", args=[line.pk]), fields(line, **over))
    line.refresh_from_db()
    assert (answer.status_code, line.is_good, line.is_meant) == (422, False, False)
    assert f"Order #{other.pk} " in answer.content.decode()
    staff.post(reverse("mass-order-line", args=[line.pk]), fields(line))
    line.refresh_from_db()
    assert line.is_good and line.told_of == named(other)


def test_a_tick_on_a_page_drawn_before_another_order_came_says_nothing_of_it(
    staff: Client,
) -> None:
    line = repeated_line()
    drawn = fields(line)
    assert line.service is not None
    newer = bought(line.service, 1, created_at=timezone.now())
    staff.post(reverse("mass-order-check", args=[line.batch_id]))
    staff.post(reverse("mass-order-line", args=[line.pk]), drawn)
    line.refresh_from_db()
    assert (line.is_good, line.is_meant) == (False, False)
    assert line.told_of.startswith(named(newer))


def test_nor_does_all_repeated_lines_are_meant_and_it_says_how_many_they_are(
    staff: Client,
) -> None:
    service = make_service()
    orders = [bought(service, number, created_at=timezone.now()) for number in range(60)]
    batch = make_batch(paste(service, range(60)))
    staff.post(reverse("mass-order-check", args=[batch.pk]))
    page = staff.get(reverse("mass-order", args=[batch.pk]), {"tab": "fix"})
    assert "All 60 repeated lines are meant" in page.content.decode()
    newer = bought(service, 59, created_at=timezone.now())
    shown = {"meant": page.context["repeated"].digest, "all_meant": "yes"}
    staff.post(reverse("mass-order-check", args=[batch.pk]), shown)
    assert [line.told_of for line in lines_of(batch) if line.is_meant] == [
        named(order) for order in orders[:59]
    ]
    assert lines_of(batch)[59].told_of.startswith(named(newer))
    staff.post(reverse("mass-order-check", args=[batch.pk]), shown)
    assert not lines_of(batch)[59].is_meant


def test_all_repeated_lines_are_meant_tells_their_sum_and_takes_a_tick(staff: Client) -> None:
    batch, (first, *_) = three_repeated()
    staff.post(recheck := reverse("mass-order-check", args=[batch.pk]))
    page = staff.get(reverse("mass-order", args=[batch.pk]), {"tab": "fix"})
    repeated = page.context["repeated"]
    assert first.service is not None and first.service.rate is not None
    (cost,) = repeated.costs.values()
    assert cost == sum((line.cost or Decimal(0) for line in lines_of(batch)), Decimal(0)) > 0
    assert "Buy all 3 lines once more" in page.content.decode()
    told = staff.post(recheck, {"meant": repeated.digest}, follow=True).content.decode()
    assert "Tick that all of them" in told
    assert not any(line.is_meant for line in lines_of(batch))
    Service.objects.update(rate=first.service.rate * 2)
    staff.post(recheck)  # somebody else sees the new prices, this page shows the old ones
    staff.post(recheck, {"meant": repeated.digest, "all_meant": "yes"})
    assert not any(line.is_meant for line in lines_of(batch))
    anew = staff.get(reverse("mass-order", args=[batch.pk]), {"tab": "fix"}).context["repeated"]
    assert anew.costs == {currency: cost * 2 for currency, cost in repeated.costs.items()}
    staff.post(recheck, {"meant": anew.digest, "all_meant": "yes"})
    assert all(line.is_meant for line in lines_of(batch))


def test_order_them_again_speaks_of_the_mass_order_that_was_shown() -> None:
    service = make_service()
    one, two, three = (make_batch(paste(service, range(2))) for _ in range(3))
    place(one)
    Order.objects.update(status=Status.WITHDRAWN)
    assert bought_before(three) == one
    shown = digest_of_good(three, one)
    place(two, again=True)
    Order.objects.update(status=Status.WITHDRAWN)
    words = start_placing(three, by=three.created_by, again=True, now=NOON, shown=shown)
    assert "changed after you opened this page" in words
    place(three, again=True)
    assert Order.objects.count() == 6


def test_what_the_lines_of_a_page_repeat_is_part_of_what_it_shows() -> None:
    service = make_service()
    bought(service, 1)
    batch = make_batch(paste(service, range(1, 2)))
    mean(batch)
    drawn = digest_of_good(batch, None)
    bought(service, 1, created_at=NOON - timedelta(minutes=5))
    check(lines := lines_of(batch), batch, person=batch.created_by, now=NOON)
    lines[0].save()
    mean(batch)
    assert digest_of_good(batch, None) != drawn


def fixed_in_place(staff: Client, page: str, line: BatchLine, link: str) -> str:
    """What the browser gets, which has this page before it."""
    values = fields(line, link=link) | {"repeated": carried(page, "repeated")}
    del values["is_meant"]
    address = reverse("mass-order-line", args=[line.pk])
    return staff.post(address, values, headers={"HX-Request": "true"}).content.decode()


def carried(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"\s+value="([^"]*)"', page)
    return found[1] if found else ""


def three_repeated() -> tuple[OrderBatch, list[BatchLine]]:
    service = make_service()
    for number in (1, 2, 3):
        bought(service, number, created_at=timezone.now())
    batch = make_batch(paste(service, range(1, 4)))
    return batch, lines_of(batch)


def test_a_line_that_is_fixed_in_place_brings_the_button_for_the_others_along(
    staff: Client,
) -> None:
    batch, (line, *_) = three_repeated()
    page = staff.get(f"/orders/mass-orders/{batch.pk}/").content.decode()
    part = fixed_in_place(staff, page, line, "https://www.a.example/fresh/")
    assert 'hx-swap-oob="true"' in part and "Both repeated lines are meant" in part
    assert carried(part, "meant") not in ("", carried(page, "meant"))
    recheck = reverse("mass-order-check", args=[batch.pk])
    staff.post(recheck, {"meant": carried(part, "meant"), "all_meant": "yes"})
    assert [one.is_meant for one in lines_of(batch)] == [False, True, True]


def test_but_not_where_somebody_else_changed_another_line_that_the_page_still_shows(
    staff: Client,
) -> None:
    batch, (line, other, _) = three_repeated()
    page = staff.get(f"/orders/mass-orders/{batch.pk}/").content.decode()
    other.cells |= {"quantity": "700"}
    other.save()
    part = fixed_in_place(staff, page, line, "https://www.a.example/fresh/")
    assert "can be placed" in part and "hx-swap-oob" not in part
    recheck = reverse("mass-order-check", args=[batch.pk])
    staff.post(recheck, {"meant": carried(page, "meant"), "all_meant": "yes"})
    assert not any(one.is_meant for one in lines_of(batch))


def test_of_many_orders_the_newest_are_named_and_the_others_counted() -> None:
    service = make_service()
    orders = [bought(service, 1) for _ in range(7)]
    [line] = lines_of(make_batch(paste(service, range(1, 2))))
    words = [problem["words"] for problem in line.problems]
    newest = zip(orders[:1:-1], words[:5], strict=True)
    assert all(f"Order #{order.pk} " in text for order, text in newest)
    assert words[5:] == ["Older orders like these: 2."]
    assert line.told_of == ".".join(map(named, reversed(orders)))


def test_of_very_many_the_older_are_meant_as_one() -> None:
    names = [f"{number:016x}" for number in range(2 * NAMED)]
    meant = spelled(names)
    assert len(meant) < 500 and not untold(names, meant) and not untold(names[1:], meant)
    assert untold(["new", *names], meant)
    assert untold(names[:-1], meant), "asked once more where one of the older has gone"
    assert not untold([], "")


def test_an_older_order_that_was_queued_again_since_was_not_shown() -> None:
    service = make_service()
    older = bought(service, 1, Status.NOT_PLACED)
    newer = bought(service, 1, Status.IN_PROGRESS)
    batch = make_batch(paste(service, range(1, 2)))
    [line] = mean(batch)
    assert line.is_good and line.told_of == named(newer)
    assert place_orders.requeue_order(older, actor=make_user(), now=NOON, beside={named(newer)})
    place(batch)
    [line] = lines_of(batch)
    assert (line.order, line.is_meant) == (None, False)
    assert f"#{older.pk} " in str(line.problems)
    mean(batch)
    place(batch)
    assert Order.objects.count() == 3


def test_a_lower_number_that_is_committed_with_the_insert_was_not_shown() -> None:
    service = make_service()
    shown = bought(service, 1, pk=90_000)
    batch = make_batch(paste(service, range(1, 2)))
    link = address(1)
    payload = DefaultPayload(service_id=service.external_id, link=link, quantity=101)
    told_of = frozenset({named(shown)})
    draft = OrderDraft(service, payload, uuid.uuid4(), told_of, with_batch=True)
    late = bought(service, 1, Status.QUEUED, pk=80_000)
    with pytest.raises(place_orders.NotAgreed) as refusal:
        place_orders.place_order(draft, placed_by=batch.created_by, now=NOON, batch=batch)
    assert refusal.value.beside == named(late)
