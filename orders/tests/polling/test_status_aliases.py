"""A provider's own status words: met, added once, and the flagged orders follow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from core.clocks import database_now
from core.roles import Role
from orders.models import Order, PollSchedule
from orders.polling.status_aliases import make_known_words_due, unknown_words
from orders.status import Flag, Status
from providers.actions import status_aliases
from providers.actions.balances import not_read_since
from providers.actions.connection_checks import _learn
from providers.models import Provider
from providers.panel_api import Dialect, OrderState
from providers.panel_api.connection_check.findings import CheckResult
from tests.builders import NOON, make_order, make_provider, make_service, make_user
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]

LATER = NOON + timedelta(days=36_500)  # later than any clock this is run by
HOSTILE = "<img src=x onerror=alert(1)>"


def flagged(word: str = "Simmering", *, service=None, status=Status.PENDING) -> Order:
    order = make_order(
        status, service=service or make_service(), flag=Flag.UNKNOWN_WORD, raw_status=word
    )
    PollSchedule.objects.filter(order=order).update(next_at=LATER)
    return order


def next_at(order: Order):
    return PollSchedule.objects.get(order=order).next_at


@pytest.fixture
def manager(client_for_role: Callable[[Role], Client]) -> Client:
    return client_for_role(Role.MANAGER)


def test_unknown_words_are_counted_whatever_their_spelling():
    service = make_service()
    orders = [
        flagged(word, service=service) for word in ("Simmering", "simmering", "Odd", "SIMMERING")
    ]
    flagged("Elsewhere")
    flagged("Ended", service=service, status=Status.COMPLETED)
    assert [(one.key, one.count, one.example) for one in unknown_words(service.provider)] == [
        ("simmering", 3, orders[3].pk),
        ("odd", 1, orders[2].pk),
    ]


def test_an_added_alias_makes_its_orders_due_and_no_others():
    service = make_service()
    known, other, elsewhere = flagged(service=service), flagged("Odd", service=service), flagged()
    person = make_user(Role.MANAGER)
    assert status_aliases.add_alias(
        service.provider, "SIMMERING", OrderState.IN_PROGRESS, actor=person, now=NOON
    )
    assert make_known_words_due(now=NOON) == 1
    assert (next_at(known), next_at(other), next_at(elsewhere)) == (NOON, LATER, LATER)
    event = service.provider.events.get()
    assert (event.actor, event.text) == (person, "The status word “simmering” means in progress.")
    assert [one.key for one in unknown_words(service.provider)] == ["odd"]


def test_an_order_that_cannot_be_read_keeps_its_pause():
    order = flagged()
    PollSchedule.objects.update(failures=2)
    status_aliases.add_alias(order.provider, "simmering", OrderState.PENDING, actor=None, now=NOON)
    assert make_known_words_due(now=NOON) == 0


def test_a_meaning_that_somebody_gave_is_forgotten_before_another_one_counts():
    """The page offers a word that nobody knew when it was drawn; charges hang on what it means."""
    provider = make_provider()
    for meaning, is_news in (
        (OrderState.PARTIAL, True),
        (OrderState.PARTIAL, False),
        (OrderState.COMPLETED, False),
    ):
        assert (
            status_aliases.add_alias(provider, "Done-ish", meaning, actor=None, now=NOON) is is_news
        )
    known = status_aliases.aliases_of(Dialect.from_profile(Provider.objects.get().dialect))
    assert known == {"done ish": OrderState.PARTIAL}


def test_a_word_of_digits_is_known_as_a_code_too():
    provider = make_provider()
    status_aliases.add_alias(provider, "7", OrderState.PARTIAL, actor=None, now=NOON)
    dialect = Dialect.from_profile(Provider.objects.get().dialect)
    assert dialect.status_codes == {"7": OrderState.PARTIAL}
    assert status_aliases.forget_alias(provider, "7", actor=None, now=NOON)
    assert Provider.objects.get().dialect == {}


def test_a_forgotten_word_is_unknown_again():
    provider = make_provider(dialect={"batch_size": 50})
    status_aliases.add_alias(provider, "Odd", OrderState.PARTIAL, actor=None, now=NOON)
    assert status_aliases.forget_alias(provider, "ODD", actor=None, now=NOON)
    assert not status_aliases.forget_alias(provider, "Odd", actor=None, now=NOON)
    assert Provider.objects.get().dialect == {"batch_size": 50}
    assert provider.events.count() == 2


def test_a_connection_check_meanwhile_does_not_forget_it():
    provider = make_provider()
    status_aliases.add_alias(provider, "Odd", OrderState.PARTIAL, actor=None, now=NOON)
    found = CheckResult(findings=(), dialect=Dialect(batch_size=50), services_seen=0, balance=None)
    _learn(provider, found, not_read_since(provider), clock=lambda: NOON)
    assert Provider.objects.get().dialect == {"batch_size": 50, "status_words": {"odd": "partial"}}


def test_the_page_maps_a_word_and_undoes_it(manager: Client):
    order = flagged()
    in_an_hour = database_now() + timedelta(hours=1)  # a page looks at the clock on the wall
    PollSchedule.objects.filter(order=order).update(next_at=in_an_hour)
    address = f"/orders/phrases/{order.provider_id}/"
    assert "Simmering" in manager.get(address).content.decode()
    answer = manager.post(address, {"word": "Simmering", "meaning": "processing"}, follow=True)
    page = answer.content.decode()
    assert "1 order is asked about next" in page and "All its words are known" in page
    assert next_at(order) < in_an_hour
    answer = manager.post(f"{address}forget/", {"word": "simmering"}, follow=True)
    assert "None of its own" in answer.content.decode()
    assert Provider.objects.get().dialect == {}


def test_a_word_that_somebody_has_just_mapped_is_told_and_stays(manager: Client):
    order = flagged()
    address, said = f"/orders/phrases/{order.provider_id}/", {"word": "Simmering"}
    manager.post(address, {**said, "meaning": "processing"})
    answer = manager.post(address, {**said, "meaning": "processing"}, follow=True)
    assert "“Simmering” was known already." in answer.content.decode()
    assert Provider.objects.get().dialect == {"status_words": {"simmering": "processing"}}
    assert order.provider.events.count() == 1


@pytest.mark.parametrize("meaning", ["", "sideways"])
def test_a_word_without_a_meaning_comes_back(manager: Client, meaning: str):
    order = flagged()
    answer = manager.post(
        f"/orders/phrases/{order.provider_id}/", {"word": "Simmering", "meaning": meaning}
    )
    assert answer.status_code == 422
    assert "is-invalid" in answer.content.decode()
    assert Provider.objects.get().dialect == {}


def test_the_word_is_only_ever_text(manager: Client):
    order = flagged(HOSTILE)
    address = f"/orders/phrases/{order.provider_id}/"
    assert HOSTILE not in manager.get(address).content.decode()
    manager.post(address, {"word": HOSTILE, "meaning": "processing"})
    assert HOSTILE not in manager.get(address).content.decode()
    assert HOSTILE not in manager.get(f"/orders/{order.pk}/").content.decode()


def test_ten_words_cost_the_queries_of_one(manager: Client):
    def queries(number: int) -> int:
        service = make_service()
        for each in range(number):
            flagged(f"Odd {each}", service=service)
        captured = queries_of(lambda: manager.get(f"/orders/phrases/{service.provider_id}/"))
        return len(captured)

    assert queries(10) == queries(1)


def test_the_flagged_order_leads_to_the_page(manager: Client, client_for_role):
    order = flagged()
    address = f"/orders/phrases/{order.provider_id}/"
    assert address in manager.get(f"/orders/{order.pk}/").content.decode()
    assert address in manager.get(f"/providers/{order.provider_id}/").content.decode()
    operator = client_for_role(Role.OPERATOR)
    assert address not in operator.get(f"/orders/{order.pk}/").content.decode()
    assert operator.get(address).status_code == 403
