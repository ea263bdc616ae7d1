"""Two rows of one account, from before a second one was refused, are one account upstream: what is
bought at the one is asked about at the other, and an id there is one order's."""

from __future__ import annotations

import threading
import time
import uuid
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connections, transaction

from core.failpoints import armed
from core.roles import Role
from orders import wake_ups
from orders.draft import OrderDraft
from orders.limits import agree_terms
from orders.links import link_key
from orders.models import Order
from orders.placing.left_sends import left_sends
from orders.placing.place_orders import NotAgreed, place_order, refuse_beside
from orders.recovery import link_orders
from orders.recovery.link_orders import CannotLink
from orders.repeats import name_of
from orders.sending import record_outcome
from orders.sending.outcome import SendOutcome
from orders.sending.reused_id import IdTaken
from orders.status import HoldReason, Outcome, Resolution, Status
from orders.terms import Terms
from orders.tests.mass.test_place_lines import make_batch
from providers.identity import lock_service
from providers.models import Service
from providers.panel_api import OrderState
from providers.panel_api.order_types.table import DefaultPayload
from tests.builders import (
    NOON,
    make_attempt,
    make_order,
    make_provider,
    make_service,
    make_unmatched_order,
    make_user,
)
from tests.fake_provider import progress
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]
HOUR = timedelta(hours=1)
LINK = "https://a.example/listing"
KEY = "one-key-for-both-0123"


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wake_ups, "ring", lambda provider_id: None)


def same_service_twice() -> tuple[Service, Service]:
    first = make_provider(url="https://panel.example/api/v2", key=KEY)
    second = make_provider(url="https://panel.example/api/v2/", key=KEY)
    return make_service(first, external_id="7"), make_service(second, external_id="7")


def drafted(service: Service, **over: Any) -> OrderDraft:
    payload = DefaultPayload(service_id=service.external_id, link=LINK, quantity=1000)
    told: dict[str, Any] = {"told_of": frozenset(), "told_sends": frozenset()}
    return OrderDraft(service, payload, uuid.uuid4(), **(told | over))


def doubted(service: Service) -> Order:
    order = make_order(Status.UNCONFIRMED, service=service, link=LINK, link_key=link_key(LINK))
    make_attempt(order, outcome=Outcome.UNKNOWN)
    return order


def test_the_same_at_the_other_row_is_asked_about() -> None:
    ours, theirs = same_service_twice()
    order = doubted(ours)
    with pytest.raises(NotAgreed):
        place_order(drafted(theirs), placed_by=make_user(), now=NOON + HOUR)
    told = drafted(theirs, told_of=frozenset({name_of(order.form_key, order.status)}))
    assert place_order(told, placed_by=make_user(), now=NOON + HOUR)[1]


def test_another_service_at_the_other_row_is_not_asked_about() -> None:
    ours, theirs = same_service_twice()
    doubted(make_service(ours.provider, external_id="8"))
    assert place_order(drafted(theirs), placed_by=make_user(), now=NOON + HOUR)[1]


def test_what_a_restore_lists_for_one_row_is_asked_about_at_the_other() -> None:
    ours, theirs = same_service_twice()
    listed = {"service_id": "7", "link": LINK, "link_key": link_key(LINK)}
    make_unmatched_order(ours.provider, external_id="777", **listed)
    with pytest.raises(NotAgreed):
        place_order(drafted(theirs), placed_by=make_user(), now=NOON + HOUR)


def test_a_line_says_what_runs_at_the_other_row() -> None:
    ours, theirs = same_service_twice()
    order = doubted(ours)
    batch = make_batch(f"7|{LINK}|1000", provider=theirs.provider)
    [line] = batch.lines.all()
    assert not line.is_good and f"#{order.pk}" in line.problems[0]["words"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ids", [("555", "555"), ("0555", "555")])
@pytest.mark.parametrize("way", ["link", "late answer"])
def test_one_id_is_given_to_one_order_by_two_at_once(way: str, ids: tuple[str, str]) -> None:
    orders = [doubted(service) for service in same_service_twice()]
    person, barrier = make_user(Role.MANAGER), threading.Barrier(2)
    ended: dict[int, object] = {}

    def together() -> None:
        with suppress(threading.BrokenBarrierError):
            barrier.wait(1)

    def give(who: int) -> object:
        attempt = orders[who].attempts.select_related("order__provider", "provider").get()
        if who == 0 and way == "late answer":
            answer = SendOutcome(Outcome.ACCEPTED, Status.PENDING, external_id=ids[0])
            return record_outcome.record(attempt, answer, now=NOON + HOUR)
        return link_orders.record_link(
            attempt.order,
            attempt,
            ids[who],
            progress(OrderState.PENDING),
            text="",
            resolution=Resolution.PERSON,
            now=NOON + HOUR,
            actor=person,
        )

    def act(who: int) -> None:
        try:
            ended[who] = give(who)
        except (CannotLink, IdTaken) as error:
            ended[who] = type(error)
        finally:
            connections.close_all()

    with armed("link.attempt", together), armed("record.read", together):
        threads = [threading.Thread(target=act, args=(who,)) for who in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert Order.objects.filter(external_id__in=ids).count() == 1
    assert True in ended.values() and len(ended) == 2


@pytest.mark.django_db(transaction=True)
def test_two_who_order_it_at_both_rows_at_once_buy_it_once() -> None:
    services, barrier = same_service_twice(), threading.Barrier(2)
    people, bought = [make_user(), make_user()], list[int]()

    def act(who: int) -> None:
        barrier.wait(5)
        with suppress(NotAgreed):
            order, _ = place_order(drafted(services[who]), placed_by=people[who], now=NOON)
            bought.append(order.pk)
        connections.close_all()

    threads = [threading.Thread(target=act, args=(who,)) for who in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(bought) == 1


@pytest.mark.django_db(transaction=True)
def test_agreeing_to_terms_and_placing_at_both_rows_wait_for_each_other_in_one_order() -> None:
    first, second = same_service_twice()
    held: dict[str, Any] = {
        "hold_reason": HoldReason.TERMS,
        "link": LINK,
        "link_key": link_key(LINK),
    }
    order = make_order(Status.HELD, service=second, **held)
    shown, person = Terms.of(second).digest, make_user()
    holds, ended = threading.Event(), list[object]()

    def place() -> None:
        try:
            with transaction.atomic():
                list(Service.objects.select_for_update(no_key=True).filter(pk=first.pk))
                holds.set()
                time.sleep(0.5)  # the other one has its first lock by now
                lock_service(first)
            ended.append("")
        except OperationalError as error:
            ended.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=place)
    thread.start()
    assert holds.wait(5)
    with transaction.atomic():
        ended.append(agree_terms.accept_terms(order.pk, shown, actor=person, now=NOON))
        refuse_beside(order, NOON, (), ())
    thread.join()
    assert ended.count("") == 2


def test_many_sends_of_one_account_are_found_in_as_many_queries_as_one() -> None:
    ours, _ = same_service_twice()

    def listed(number: int) -> str:
        link = f"https://a.example/{number}"
        place: dict[str, Any] = {"service_id": "7", "link": link, "link_key": link_key(link)}
        make_unmatched_order(ours.provider, external_id=str(700 + number), **place)
        return link_key(link)

    keys = [listed(0)]
    one = queries_of(lambda: left_sends(keys))
    keys += [listed(number) for number in range(1, 10)]
    assert len(queries_of(lambda: left_sends(keys))) == len(one)
