"""A day after its end an order is asked about once more; what it was stands, whatever is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.test import Client

from core import clocks
from core.clocks import database_now
from core.roles import Role
from orders.models import Order, Recheck
from orders.polling import recheck_ended
from orders.status import Flag, Status
from providers.actions import leases
from providers.connect import shared_transport
from providers.models import LeaseKind, Provider, ProviderHealth
from providers.panel_api import BatchRefused, OrderState, RefusalCode, Unavailable, Unreadable
from sandbox import Sandbox
from tests.builders import NOON, make_order, make_provider, make_refill, make_user
from tests.fake_provider import FakeProvider, progress
from tests.query_counts import queries_of

from ..reconciliation.test_reconciling_over_http import Day

pytestmark = [pytest.mark.django_db, pytest.mark.services]
DAY = timedelta(seconds=clocks.RECHECK_SECONDS)
LATER = NOON + DAY + timedelta(minutes=1)


class Tells(FakeProvider):
    """Says of every order that it is completed for 0.9, unless `says` knows better."""

    def statuses_once(self, order_ids):
        as_before = progress(OrderState.COMPLETED, charge="0.9", remains=0)
        for one in order_ids:
            self.says.setdefault(one, as_before)
        return super().statuses_once(order_ids)


@pytest.fixture
def account() -> Provider:
    made = make_provider(calls_per_minute=60_000)
    Recheck.objects.create(provider=made, through_at=NOON - timedelta(minutes=1))
    return made


def ended(account: Provider, status: Status = Status.COMPLETED, **over) -> Order:
    over.setdefault("remains", 0)
    return make_order(status, provider=account, **over)


def look(account: Provider, there: Tells, *, now=LATER) -> int:
    return recheck_ended.recheck_ended_orders(account, there, clock=lambda: now, seconds=5)


def anomalies(order: Order) -> list[str]:
    return list(order.events.order_by("pk").values_list("text", flat=True))


def test_each_is_asked_about_once_together_with_the_others(account):
    orders, there = [ended(account) for _ in range(5)], Tells()
    assert look(account, there, now=NOON + DAY - timedelta(seconds=1)) == 0
    assert look(account, there) == 5
    assert there.asked == [[order.external_id for order in orders]]
    assert look(account, there) == 0 and len(there.asked) == 1
    assert not any(anomalies(order) for order in orders)


def test_orders_that_ended_at_one_moment_are_not_lost_between_two_calls(account):
    Provider.objects.update(batch_size=2)
    account.refresh_from_db()
    orders, there = [ended(account) for _ in range(5)], Tells()
    assert look(account, there) == 5
    assert [one for asked in there.asked for one in asked] == [o.external_id for o in orders]
    assert [len(asked) for asked in there.asked] == [2, 2, 1]


@pytest.mark.parametrize(
    ("said", "flag", "words"),
    [
        (
            progress(OrderState.IN_PROGRESS, charge="0.9"),
            Flag.WENT_BACKWARDS,
            "It had said Completed",
        ),
        (progress(OrderState.CANCELED, charge="0.9"), Flag.WENT_BACKWARDS, "It had said Completed"),
        (progress(OrderState.COMPLETED, charge="1.9"), Flag.CHARGE_CHANGED, "It was 0.9, and that"),
        (progress(OrderState.COMPLETED, charge="0.9001"), Flag.NONE, "It was 0.9, and that stands"),
        (progress(OrderState.COMPLETED, remains=800), Flag.NONE, "800 are said to remain after"),
        (
            progress(None, raw="Disputed", charge="0.9"),
            Flag.WENT_BACKWARDS,
            "“Disputed”, which nobody",
        ),
    ],
)
def test_what_the_provider_takes_back_is_kept_flagged_and_changes_nothing(
    account, said, flag, words
):
    order, there = ended(account, remains=0), Tells()
    there.says = {order.external_id: said}
    look(account, there)
    before, order = order, Order.objects.get()
    assert (order.status, order.charge, order.flag) == (Status.COMPLETED, before.charge, flag)
    (anomaly,) = anomalies(order)
    assert words in anomaly
    assert order.ended_at == before.ended_at


def test_a_flag_that_a_person_has_to_see_first_stays(account):
    order, there = ended(account, flag=Flag.CHARGE_DIFFERS), Tells()
    there.says = {order.external_id: progress(OrderState.CANCELED, charge="0.9")}
    look(account, there)
    order.refresh_from_db()
    assert order.flag == Flag.CHARGE_DIFFERS and len(anomalies(order)) == 1


def test_a_flag_that_would_pass_by_itself_hides_nothing_that_was_taken_back(account):
    order, there = ended(account, flag=Flag.ODD_REMAINS), Tells()
    there.says = {order.external_id: progress(OrderState.CANCELED, charge="0.9")}
    look(account, there)
    order.refresh_from_db()
    assert order.flag == Flag.WENT_BACKWARDS


def test_one_that_the_provider_has_forgotten_is_no_matter(account):
    order, there = ended(account), Tells()
    there.says = {order.external_id: Unreadable("Incorrect order ID", RefusalCode.UNKNOWN_ORDER)}
    assert look(account, there) == 1
    order.refresh_from_db()
    assert order.flag == Flag.NONE and anomalies(order) == []


def test_what_may_honestly_move_or_never_was_there_is_left_alone(account):
    make_refill(order=ended(account))
    ended(account, Status.REJECTED)
    ended(account, Status.WITHDRAWN)
    make_order(Status.COMPLETED)  # of another account
    there = Tells()
    assert look(account, there) == 0 and there.asked == []


def test_a_batch_refused_for_one_order_is_asked_about_in_parts_each_a_call_of_the_bucket(account):
    orders, there = [ended(account, remains=0) for _ in range(8)], Tells()
    there.poison = {orders[5].external_id}
    assert look(account, there) == 8
    answered = [asked for asked in there.asked if not there.poison & set(asked)]
    assert [one for asked in answered for one in asked] == [
        order.external_id for order in orders if order != orders[5]
    ]
    assert len(there.asked) < 2 * len(orders)


class RefusesAll(Tells):
    def statuses_once(self, order_ids):
        self.asked.append(list(order_ids))
        raise BatchRefused("Out of order.")


def test_one_error_for_all_is_about_the_account_and_is_not_bisected_to_each(account):
    orders, there = [ended(account) for _ in range(30)], RefusesAll()
    assert look(account, there) == 1
    assert len(there.asked) < 8
    health = ProviderHealth.objects.get(provider=account)
    assert "answers every question about ended orders with: “Out of" in health.last_error
    well = Tells()
    assert look(account, well) == len(orders) - 1


def test_a_call_is_about_no_more_than_the_provider_takes(account):
    Provider.objects.update(dialect={"batch_size": 1})
    account.refresh_from_db()
    orders, there = [ended(account) for _ in range(3)], Tells()
    look(account, there)
    assert there.asked == [[order.external_id] for order in orders]


def test_of_two_that_asked_about_the_same_orders_one_writes(account):
    order, there = ended(account), Tells()
    there.says = {order.external_id: progress(OrderState.CANCELED, charge="0.9")}
    mark = Recheck.objects.get()
    look(account, there)
    assert not recheck_ended._write_down(mark, [order], there.says, LATER)
    assert len(anomalies(order)) == 1


def test_of_an_order_that_is_refilled_nothing_is_odd(account):
    order = ended(account, remains=0)
    make_refill(order=order)
    there = Tells()
    there.says = {order.external_id: progress(OrderState.IN_PROGRESS, charge="0.9")}
    recheck_ended.ask_again(order, there, clock=lambda: LATER, actor=make_user(Role.OPERATOR))
    order.refresh_from_db()
    assert order.flag == Flag.NONE and len(anomalies(order)) == 1


def test_a_provider_that_is_away_is_asked_again_later(account):
    order, there = ended(account), Tells()
    there.down = Unavailable("It does not answer.")
    assert look(account, there) == 0
    assert ProviderHealth.objects.get(provider=account).last_error
    ProviderHealth.objects.update(open_until=None, failures=0)
    there.down = None
    assert look(account, there) == 1
    assert there.asked[-1] == [order.external_id]


def test_while_a_worker_is_at_it_another_one_asks_nothing(account):
    ended(account)
    there = Tells()
    assert leases.acquire_lease(account.pk, LeaseKind.ENDED, now=LATER, seconds=60)
    assert look(account, there) == 0 and there.asked == []


def test_accounts_are_rung_for_when_an_order_is_a_day_over(account):
    quiet, keyless = make_provider(), make_provider(key="")
    ended(account)
    ended(keyless)
    before = make_order(Status.COMPLETED, provider=make_provider())  # ended before it was known
    early = NOON + DAY - timedelta(seconds=1)
    assert recheck_ended.accounts_to_recheck(early) == []
    Recheck.objects.filter(provider=before.provider).update(through_at=LATER - DAY)
    assert recheck_ended.accounts_to_recheck(LATER) == [account.pk]
    assert Recheck.objects.get(provider=quiet).through_at == LATER - DAY
    look(account, Tells())
    assert recheck_ended.accounts_to_recheck(LATER + timedelta(hours=1)) == []
    assert Recheck.objects.get(provider=account).through_at == LATER + timedelta(hours=1) - DAY


def test_ten_accounts_with_ten_orders_cost_the_queries_of_one(account):
    def queries(act: Callable[[], object]) -> int:
        captured = queries_of(act)
        return len(captured)

    leases.ensure_leases(account.pk)
    ended(account)
    few = queries(lambda: recheck_ended.accounts_to_recheck(LATER))
    few_asked = queries(lambda: look(account, Tells()))
    for _ in range(10):
        other = make_provider()
        Recheck.objects.create(provider=other, through_at=NOON - timedelta(minutes=1))
        ended(other)
        ended(account)
    assert queries(lambda: recheck_ended.accounts_to_recheck(LATER)) == few
    assert queries(lambda: look(account, Tells())) == few_asked


# over real HTTP, and from the order's page


@pytest.fixture
def day(settings) -> Iterator[Day]:
    with Sandbox(seed=7, services=40, speed=0, partial=0, canceled=0) as box:
        settings.SANDBOX_URL = box.url
        shared_transport.cache_clear()
        yield Day(box)
    shared_transport.cache_clear()


def completed(day: Day) -> Order:
    order = day.place(1000)
    day.go_on(180)
    day.look()
    order.refresh_from_db()
    assert order.status == Status.COMPLETED
    return order


def test_an_order_canceled_after_its_end_is_noticed_a_day_later(day):
    assert recheck_ended.accounts_to_recheck(day.now()) == []
    order = completed(day)
    day.box.force(order.external_id, status="Canceled")
    day.go_on(24 * 60 + 1)
    assert recheck_ended.accounts_to_recheck(day.now()) == [day.account.pk]
    assert (
        recheck_ended.recheck_ended_orders(day.account, day.client, clock=day.now, seconds=5) == 1
    )
    order.refresh_from_db()
    assert (order.status, order.flag) == (Status.COMPLETED, Flag.WENT_BACKWARDS)
    assert any("The provider says “Canceled”." in text for text in anomalies(order))


def test_somebody_asks_about_an_ended_order_and_is_told_at_once(day, client_for_role):
    staff: Client = client_for_role(Role.OPERATOR)
    order = completed(day)
    page = f"/orders/{order.pk}/"
    assert "Refresh status" in staff.get(page).content.decode()
    told = staff.post(f"{page}refresh/", follow=True).content.decode()
    assert "Asked again: the provider says “Completed”, charge" in told
    event = order.events.order_by("-pk")[0]
    assert event.actor is not None and event.text.startswith("Asked again: ")
    order.refresh_from_db()
    assert order.flag == Flag.NONE


def test_a_provider_that_does_not_answer_is_said_on_the_page(day, client_for_role):
    order = completed(day)
    day.box.fault("http_502", action="status")
    page = client_for_role(Role.OPERATOR).post(f"/orders/{order.pk}/refresh/", follow=True)
    assert "The provider could not be asked" in page.content.decode()
    assert not order.events.filter(text__startswith="Asked again").exists()


def test_an_order_that_never_was_at_a_provider_has_nobody_to_ask(client_for_role):
    order = make_order(Status.REJECTED, created_at=database_now())
    staff = client_for_role(Role.OPERATOR)
    assert "Refresh status" not in staff.get(f"/orders/{order.pk}/").content.decode()
    told = staff.post(f"/orders/{order.pk}/refresh/", follow=True).content.decode()
    assert "there is nothing to ask" in told


def test_what_a_provider_says_of_an_ended_order_is_told_in_words(day, client_for_role):
    order = completed(day)
    day.box.force(order.external_id, status="Partial", remains=3)
    staff = client_for_role(Role.OPERATOR)
    told = staff.post(f"/orders/{order.pk}/refresh/", follow=True).content.decode()
    assert "the provider says “Partial”, charge" in told and ", 3 remain." in told
    order.refresh_from_db()
    assert (order.status, order.flag) == (Status.COMPLETED, Flag.WENT_BACKWARDS)
