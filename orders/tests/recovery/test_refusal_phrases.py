"""Staff say that a text means *refused*: what it resolves, and what it never does."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from hashlib import sha256
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from core.roles import Role
from orders.models import Attempt, Order, Recovery
from orders.placing import place_orders
from orders.recovery import not_placed, refusal_phrase
from orders.sending import send_orders
from orders.shown import CHANGED, of_order
from orders.status import Doubt, Outcome, Status
from providers.actions import refusal_phrases
from providers.actions.balances import not_read_since
from providers.actions.connection_checks import _learn
from providers.actions.learning import change_dialect
from providers.models import Provider
from providers.panel_api import Dialect, RefusalCode, Rejected
from providers.panel_api.connection_check.findings import CheckResult
from tests.builders import NOON, make_attempt, make_order, make_provider, make_service, make_user
from tests.fake_provider import FakeProvider
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]

SAID = "Kein Guthaben, Kunde 12"
WORDS = "kein guthaben kunde #"
ADDED = Dialect(refusals={WORDS: RefusalCode.FUNDS})
HOSTILE = "<img src=x onerror=alert(1)>"


def answered(body: str = f'{{"error":"{SAID}"}}', *, service: Any = None, **evidence: Any) -> Order:
    """A lost order whose answer was this."""
    order = make_order(Status.UNCONFIRMED, service=service, reason=SAID, sent_at=NOON)
    digest = sha256(body.encode()).hexdigest()
    seen = {"bytes_left": True, "http_status": 200, "body_excerpt": body, "body_sha256": digest}
    make_attempt(order, outcome=Outcome.UNKNOWN, evidence=seen | evidence)
    return order


def status_of(order: Order) -> Status:
    return Status(Order.objects.values_list("status", flat=True).get(pk=order.pk))


def add(order: Order, code: RefusalCode = RefusalCode.FUNDS, actor: Any = None) -> int:
    phrase = refusal_phrase.phrase_in_answer(order)
    assert phrase is not None
    actor = actor or make_user(Role.MANAGER)
    return refusal_phrase.add_refusal_phrase(order, phrase, code, actor=actor, now=NOON)


@pytest.fixture
def manager(client_for_role: Callable[[Role], Client]) -> Client:
    return client_for_role(Role.MANAGER)


@pytest.mark.parametrize("code", [RefusalCode.LINK_BUSY, RefusalCode.DUPLICATE])
def test_words_that_say_it_is_there_end_no_doubt_about_an_earlier_try(code: RefusalCode):
    order = answered()
    make_attempt(order, outcome=Outcome.NOT_PLACED, number=2)
    assert add(order, code) == 0
    assert status_of(order) == Status.UNCONFIRMED
    assert order.attempts.get(number=1).code == Doubt.IS_THERE
    assert refusal_phrase.phrase_in_answer(order) is None


@pytest.mark.parametrize("code", [RefusalCode.LINK_BUSY, RefusalCode.DUPLICATE])
def test_what_staff_took_for_a_refusal_is_in_doubt_when_the_next_try_finds_it_there(
    code: RefusalCode,
):
    """Else it would wait for its own first send to end, and be bought again."""
    order = answered()
    assert add(order, RefusalCode.RATE_LIMIT) == 1
    order = Order.objects.select_related("provider").get(pk=order.pk)
    assert place_orders.requeue_order(order, actor=make_user(Role.MANAGER), now=NOON)
    provider = FakeProvider()
    provider.then = Rejected("It is there already.", code)
    assert send_orders.send_order(order, order.provider, provider, clock=lambda: NOON)
    assert status_of(order) == Status.UNCONFIRMED
    assert order.attempts.get(outcome=Outcome.UNKNOWN).code == Doubt.IS_THERE


def test_a_busy_link_is_no_word_of_it_where_another_order_of_ours_keeps_it_busy():
    order = answered()
    make_attempt(order, outcome=Outcome.NOT_PLACED, number=2)
    make_order(Status.IN_PROGRESS, provider=order.provider, link_key=order.link_key)
    assert add(order, RefusalCode.LINK_BUSY) == 1
    assert status_of(order) == Status.NOT_PLACED


def test_the_phrase_is_the_text_as_it_is_compared():
    order = answered()
    answered('{"error":"KEIN GUTHABEN – Kunde 7!"}', service=order.service)
    answered('{"error":"Anders"}', service=order.service)
    answered()  # another account
    phrase = refusal_phrase.phrase_in_answer(order)
    assert phrase == refusal_phrase.AnswerPhrase(SAID, WORDS, code=None, obstacle="", others=1)


@pytest.mark.parametrize(
    ("code", "becomes"),
    [
        (RefusalCode.FUNDS, Status.NOT_PLACED),
        (RefusalCode.LINK_BUSY, Status.NOT_PLACED),
        (RefusalCode.KEY, Status.NOT_PLACED),
        (RefusalCode.INACTIVE, Status.NOT_PLACED),
        (RefusalCode.RATE_LIMIT, Status.NOT_PLACED),
        (RefusalCode.SERVICE, Status.REJECTED),
        (RefusalCode.BELOW_MIN, Status.REJECTED),
    ],
)
def test_adding_a_phrase_resolves_all_that_were_answered_so(code, becomes):
    order = answered()
    alike = answered('{"error":"kein guthaben kunde 7"}', service=order.service)
    other, elsewhere = answered('{"error":"Anders"}', service=order.service), answered()
    actor = make_user(Role.MANAGER, username="ada")
    assert add(order, code, actor) == 2
    assert (status_of(order), status_of(alike)) == (becomes, becomes)
    assert (status_of(other), status_of(elsewhere)) == (Status.UNCONFIRMED, Status.UNCONFIRMED)
    attempt = alike.attempts.get()
    assert (attempt.outcome, attempt.code, attempt.resolved_by) == (Outcome.REJECTED, code, actor)
    event = alike.events.get()
    assert (event.actor, event.after) == (actor, becomes)
    assert event.evidence == {"phrase": WORDS, "added_by": "ada", "means": code.value}
    assert Provider.objects.get(pk=order.provider_id).dialect == {"refusals": {WORDS: code.value}}


@pytest.mark.parametrize(
    "evidence",
    [{"http_status": 500}, {"http_status": 302}, {"candidate_id": "991305"}, {"body_sha256": "0"}],
)
def test_an_answer_that_proves_nothing_is_never_resolved_by_words(evidence):
    order = answered()
    doubtful = answered(service=order.service, **evidence)
    assert add(order) == 1
    assert status_of(doubtful) == Status.UNCONFIRMED
    phrase = refusal_phrase.phrase_in_answer(doubtful)
    assert phrase is not None and phrase.obstacle
    with pytest.raises(refusal_phrases.CannotAddPhrase):
        add(doubtful)


def test_an_answer_with_an_order_in_it_is_never_resolved_by_words():
    order = answered()
    both = answered(f'{{"order":991305,"error":"{SAID}"}}', service=order.service)
    add(order)
    assert status_of(both) == Status.UNCONFIRMED


@pytest.mark.parametrize("text", ["Something went wrong. Please try again later.", "error", "…"])
def test_what_servers_say_after_taking_an_order_is_not_added(text):
    order = answered(f'{{"error":"{text}"}}')
    with pytest.raises(refusal_phrases.CannotAddPhrase):
        add(order)
    assert (status_of(order), Provider.objects.get().dialect) == (Status.UNCONFIRMED, {})


def test_a_late_answer_that_came_while_somebody_looked_is_not_overwritten():
    order = answered()
    attempt = order.attempts.get()
    refusal_phrases.add_phrase(order.provider, SAID, RefusalCode.FUNDS, actor=None, now=NOON)
    (seen,) = refusal_phrase._lost_with(order, WORDS, ADDED)
    Attempt.objects.filter(pk=attempt.pk).update(
        recorded_at=NOON.replace(hour=13), evidence={"candidate_id": "991305"}
    )
    lost, refusal = seen
    assert refusal is not None
    assert not not_placed.resolve_refused(
        lost.order, lost, refusal, actor=make_user(Role.MANAGER), now=NOON, text="", evidence={}
    )
    assert status_of(order) == Status.UNCONFIRMED and not order.events.exists()


def test_two_people_who_add_a_phrase_at_once_resolve_it_once():
    order = answered()
    phrase = refusal_phrase.phrase_in_answer(order)
    assert phrase is not None
    other = Order.objects.get(pk=order.pk)
    assert refusal_phrase.add_refusal_phrase(
        order, phrase, RefusalCode.FUNDS, actor=make_user(Role.MANAGER), now=NOON
    )
    assert not refusal_phrase.add_refusal_phrase(
        other, phrase, RefusalCode.FUNDS, actor=make_user(Role.MANAGER), now=NOON
    )
    assert order.events.count() == 1


def test_the_order_itself_is_resolved_however_many_are_lost_before_it(monkeypatch):
    monkeypatch.setattr(refusal_phrase, "ORDERS_LOOKED_AT", 1)
    first = answered()
    answered(service=first.service)
    order = answered(service=first.service)
    assert add(order) == 2
    assert (status_of(order), status_of(first)) == (Status.NOT_PLACED, Status.NOT_PLACED)


def test_what_somebody_has_added_meanwhile_stands():
    order = answered()
    refusal_phrases.add_phrase(order.provider, SAID, RefusalCode.SERVICE, actor=None, now=NOON)
    assert add(order, RefusalCode.FUNDS) == 1
    assert status_of(order) == Status.REJECTED
    assert Provider.objects.get().dialect == {"refusals": {WORDS: "service"}}


def test_what_is_added_at_the_same_time_is_not_lost():
    provider = make_provider()
    others = ["eins"]

    def change(dialect: Dialect) -> Dialect:
        """Between reading the dialect and writing it somebody else adds a phrase."""
        for text in [others.pop()] if others else []:
            refusal_phrases.add_phrase(provider, text, RefusalCode.FUNDS, actor=None, now=NOON)
        return dialect.changed(refusals={**dialect.refusals, "zwei": RefusalCode.KEY})

    assert change_dialect(Provider.objects.get(), change, "Zwei.", now=NOON)
    assert Provider.objects.get().dialect["refusals"] == {"eins": "funds", "zwei": "key"}


def test_a_connection_check_does_not_forget_it():
    provider = make_provider()
    refusal_phrases.add_phrase(provider, "Eins", RefusalCode.FUNDS, actor=None, now=NOON)
    found = CheckResult(findings=(), dialect=Dialect(batch_size=50), services_seen=0, balance=None)
    _learn(provider, found, not_read_since(provider), clock=lambda: NOON)
    assert Provider.objects.get().dialect == {"batch_size": 50, "refusals": {"eins": "funds"}}


def test_a_forgotten_phrase_proves_nothing_again():
    provider, person = make_provider(), make_user(Role.MANAGER)
    refusal_phrases.add_phrase(provider, SAID, RefusalCode.FUNDS, actor=person, now=NOON)
    (added,) = refusal_phrases.added_phrases(provider)
    assert (added.words, added.actor, added.at) == (WORDS, person, NOON)
    assert refusal_phrases.forget_phrase(provider, WORDS, actor=person, now=NOON)
    assert not refusal_phrases.forget_phrase(provider, WORDS, actor=person, now=NOON)
    assert Provider.objects.get().dialect == {}
    assert refusal_phrases.added_phrases(provider) == []


def test_who_added_a_phrase_is_known_whatever_its_line_in_the_history_says():
    provider, person = make_provider(), make_user(Role.MANAGER)
    refusal_phrases.add_phrase(provider, SAID, RefusalCode.FUNDS, actor=person, now=NOON)
    provider.events.update(text="Reworded.")
    (added,) = refusal_phrases.added_phrases(provider)
    assert (added.actor, added.at) == (person, NOON)


def test_lines_of_earlier_releases_get_the_phrase_they_added():
    provider, person = make_provider(dialect=ADDED.to_profile()), make_user(Role.MANAGER)
    said = f"An answer “{WORDS}” means a refusal: not enough money on the account."
    provider.remember(said, now=NOON, actor=person)
    provider.remember(f"An answer “{WORDS}” proves nothing again.", now=NOON)
    import_module("providers.migrations.0014_phrases_of_events").read_phrases(apps, None)
    (added,) = refusal_phrases.added_phrases(provider)
    assert (added.actor, added.at) == (person, NOON)
    assert provider.events.filter(phrase=WORDS).count() == 1


def test_the_page_shows_the_words_adds_them_and_resolves(manager: Client):
    order = answered()
    answered(service=order.service)
    address = f"/orders/{order.pk}/resolve/"
    page = manager.get(address).content.decode()
    assert f"<bdi>{WORDS}</bdi>" in page and "1 more unconfirmed order got" in page
    sent = {"phrase": WORDS, "meaning": "funds", "sure": "on", "shown": of_order(order)}
    answer = manager.post(f"{address}phrase/", sent, follow=True)
    page = answer.content.decode()
    assert "2 orders are resolved by it" in page and "Send again" in page
    words = manager.get(f"/orders/phrases/{order.provider_id}/").content.decode()
    assert WORDS in words and "not enough money on the account" in words
    answer = manager.post(
        f"/orders/phrases/{order.provider_id}/refusal/forget/", {"phrase": WORDS}, follow=True
    )
    assert "proves nothing again" in answer.content.decode()
    assert Provider.objects.get().dialect == {}


@pytest.mark.parametrize(
    "changed", [{"meaning": ""}, {"meaning": "unlisted"}, {"meaning": "wait"}, {"sure": ""}]
)
def test_a_phrase_without_a_meaning_or_a_word_of_honour_comes_back(manager: Client, changed):
    order = answered()
    sent = {"phrase": WORDS, "meaning": "funds", "sure": "on"} | changed
    answer = manager.post(f"/orders/{order.pk}/resolve/phrase/", sent)
    assert answer.status_code == 422 and "is-invalid" in answer.content.decode()
    assert (status_of(order), Provider.objects.get().dialect) == (Status.UNCONFIRMED, {})


def test_another_phrase_than_the_one_shown_is_not_added(manager: Client):
    order = answered('{"error":"Anders"}')
    sent = {"phrase": WORDS, "meaning": "funds", "sure": "on"}
    answer = manager.post(f"/orders/{order.pk}/resolve/phrase/", sent, follow=True)
    assert "Another answer came meanwhile" in answer.content.decode()
    assert (status_of(order), Provider.objects.get().dialect) == (Status.UNCONFIRMED, {})


def test_a_text_that_cannot_be_added_says_why(manager: Client):
    order = answered('{"error":"Something went wrong"}')
    page = manager.get(f"/orders/{order.pk}/resolve/").content.decode()
    assert "The desk cannot take this for a refusal" in page and "Add and resolve" not in page
    sent = {"phrase": "something went wrong", "meaning": "funds", "sure": "on"}
    sent["shown"] = of_order(order)
    answer = manager.post(f"/orders/{order.pk}/resolve/phrase/", sent)
    assert answer.status_code == 422 and status_of(order) == Status.UNCONFIRMED


def test_an_order_found_after_the_phrase_is_resolved_without_adding_it_again(manager: Client):
    order = answered()
    refusal_phrases.add_phrase(order.provider, SAID, RefusalCode.SERVICE, actor=None, now=NOON)
    page = manager.get(f"/orders/{order.pk}/resolve/").content.decode()
    assert "Resolve as refused" in page and "Add and resolve" not in page
    sent = {"phrase": WORDS, "meaning": "service", "sure": "on", "shown": of_order(order)}
    manager.post(f"/orders/{order.pk}/resolve/phrase/", sent)
    assert status_of(order) == Status.REJECTED


def test_the_phrase_is_only_ever_text(manager: Client):
    order = answered(f'{{"error":"{HOSTILE}"}}')
    add(order)
    for address in (f"/orders/{order.pk}/", f"/orders/phrases/{order.provider_id}/"):
        assert "<img src=x" not in manager.get(address).content.decode()


def test_ten_phrases_and_ten_lost_orders_cost_the_queries_of_one(manager: Client):
    def queries(number: int) -> int:
        service = make_service()
        for each in range(number):
            order = answered(service=service)
            refusal_phrases.add_phrase(
                service.provider,
                f"Wort {chr(97 + each)}",
                RefusalCode.FUNDS,
                actor=make_user(Role.MANAGER),
                now=NOON,
            )
        pages = (f"/orders/phrases/{service.provider_id}/", f"/orders/{order.pk}/resolve/")
        return len(queries_of(lambda: [manager.get(page) for page in pages]))

    assert queries(10) == queries(1)


SEEN = [{"id": "555", "charge": "0.9", "status": "Completed", "start_count": "", "remains": ""}]


@pytest.mark.parametrize("code", [RefusalCode.FUNDS, RefusalCode.QUANTITY])
def test_one_person_alone_resolves_no_order_by_words_that_takes_two(code: RefusalCode) -> None:
    """Neither the one that is looked at nor those that are resolved along."""
    order, cheap = answered(), answered()
    Order.objects.filter(pk=cheap.pk).update(provider=order.provider, estimate_high=Decimal("0.1"))
    Attempt.objects.filter(order=cheap).update(provider=order.provider)
    Order.objects.filter(pk=order.pk).update(estimate_high=Decimal(50))
    Recovery.objects.update_or_create(
        provider=order.provider, defaults={"two_people_above": Decimal(50)}
    )
    order.refresh_from_db()
    assert add(order, code) == 1
    assert (status_of(order), status_of(cheap) == Status.UNCONFIRMED) == (Status.UNCONFIRMED, False)
    alike = answered(service=order.service)
    Order.objects.filter(pk=alike.pk).update(estimate_high=Decimal("0.1"))
    alike.refresh_from_db()
    phrase = refusal_phrase.phrase_in_answer(alike)
    assert phrase is not None and phrase.others == 0
    assert add(alike, code) == 1 and status_of(order) == Status.UNCONFIRMED


def test_the_page_of_an_order_that_takes_two_says_that_words_do_not_resolve_it(
    manager: Client,
) -> None:
    order = answered()
    Recovery.objects.update_or_create(
        provider=order.provider, defaults={"two_people_above": Decimal(0)}
    )
    page = manager.get(f"/orders/{order.pk}/resolve/").content.decode()
    assert "stays unconfirmed all the same, until two people have confirmed" in page


def test_words_on_an_old_page_end_no_doubt_that_more_is_known_of(manager: Client) -> None:
    order = answered()
    address = f"/orders/{order.pk}/resolve/phrase/"
    page = manager.get(f"/orders/{order.pk}/resolve/").content.decode()
    seen = re.search(r'name="shown" value="([^"]*)"', page[page.index(address) :])
    assert seen
    sent = {"phrase": WORDS, "meaning": "quantity", "sure": "on", "shown": seen[1]}
    Attempt.objects.update(candidates=SEEN)  # the search has found since what can be it
    answer = manager.post(address, sent, follow=True)
    assert CHANGED in answer.content.decode() and status_of(order) == Status.UNCONFIRMED
    manager.post(address, sent | {"shown": of_order(order)})
    assert status_of(order) == Status.REJECTED


@pytest.mark.parametrize("seen", [{"candidates": SEEN}, {"seen_ids": ["4711"]}])
def test_another_order_is_not_resolved_along_where_something_can_be_it(
    seen: dict[str, Any],
) -> None:
    """Also where the newest search did not find it."""
    order = answered()
    other = answered(service=order.service)
    Attempt.objects.filter(order=other).update(**seen)
    assert add(order) == 1
    assert (status_of(order), status_of(other)) == (Status.NOT_PLACED, Status.UNCONFIRMED)
