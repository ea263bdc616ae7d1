"""A person decides about an order in doubt, with the evidence before them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core import clocks
from core.clocks import database_now
from core.roles import Role
from orders.models import Order, Recovery
from orders.recovery import not_placed
from orders.recovery import resolve_views as views
from orders.sending import record_outcome, reopen
from orders.sending.outcome import SendOutcome
from orders.shown import of_order
from orders.status import Doubt, Outcome, Status
from providers.models import Provider
from providers.panel_api.results import OrderState, Progress, Unreadable
from tests.builders import NOON, make_attempt, make_order, make_provider, make_service
from tests.one_line import one_line
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]

OLD = timedelta(seconds=clocks.NOT_PLACED_GRACE_SECONDS + 60)


@pytest.fixture
def manager(client_for_role: Callable[[Role], Client]) -> Client:
    return client_for_role(Role.MANAGER)


def lost(*, age: timedelta = OLD, provider: Provider | None = None, **evidence: Any) -> Order:
    """An unconfirmed order that should cost 0.90, sent `age` ago."""
    sent_at = database_now() - age
    order = make_order(
        Status.UNCONFIRMED,
        provider=provider,
        created_at=sent_at,
        sent_at=sent_at,
        reason="The answer was cut off.",
    )
    make_attempt(
        order,
        outcome=Outcome.UNKNOWN,
        balance_before=Decimal("31.5"),
        evidence={"bytes_left": True, "http_status": 502, **evidence},
    )
    return order


class AskedProvider:
    """Answers one status call for any id."""

    def __init__(self, said: Progress | Unreadable) -> None:
        self.said, self.asked = said, list[str]()

    def statuses_once(self, order_ids: list[str]) -> dict[str, Progress | Unreadable]:
        self.asked += order_ids
        return dict.fromkeys(order_ids, self.said)


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[[Progress | Unreadable], AskedProvider]:
    def answer(said: Progress | Unreadable) -> AskedProvider:
        asked = AskedProvider(said)
        monkeypatch.setattr(views, "client_for", lambda provider: asked)
        return asked

    return answer


FITS = Progress(OrderState.IN_PROGRESS, "In progress", charge=Decimal("0.90"), remains=10)


def status_of(order: Order) -> Status:
    return Status(Order.objects.values_list("status", flat=True).get(pk=order.pk))


def test_the_list_shows_the_oldest_first_with_what_was_seen(client_for_role: Any) -> None:
    first, second = lost(age=3 * OLD), lost(candidate_id="991305")
    make_order(Status.COMPLETED)
    viewer = client_for_role(Role.VIEWER).get("/orders/unconfirmed/")
    page = one_line(viewer.content.decode())
    assert [order for order, _ in viewer.context["cases"]] == [first, second]
    assert "HTTP 502" in page and "the request was sent" in page and "991305" in page
    assert "/resolve/" not in page
    manager = client_for_role(Role.MANAGER).get("/orders/unconfirmed/").content.decode()
    assert f'href="/orders/{first.pk}/resolve/"' in manager


def test_ten_cases_cost_what_one_costs(manager: Client) -> None:
    lost()
    one = queries_of(lambda: manager.get("/orders/unconfirmed/"))
    for _ in range(9):
        lost()
    assert len(queries_of(lambda: manager.get("/orders/unconfirmed/"))) == len(one)


def test_nothing_in_doubt_says_so(manager: Client) -> None:
    assert "No unconfirmed orders" in manager.get("/orders/unconfirmed/").content.decode()


def test_the_evidence_brackets_the_lost_id_by_its_neighbours(manager: Client) -> None:
    provider = make_provider(balance=Decimal("30.6"))
    accepted = {"outcome": Outcome.ACCEPTED}
    service = make_service(provider)
    before, after = database_now() - 2 * OLD, database_now()
    first, last = (make_order(Status.PENDING, service=service) for _ in range(2))
    make_attempt(first, external_id="500", started_at=before, **accepted)
    make_attempt(make_order(Status.PENDING), external_id="507", **accepted)  # another account
    order = lost(provider=provider, candidate_id="510")
    make_attempt(last, external_id="520", started_at=after, **accepted)
    answer = manager.get(f"/orders/{order.pk}/resolve/")
    near = answer.context["neighbours"]
    assert (near.before.external_id, near.after.external_id) == ("500", "520")
    page = answer.content.decode()
    assert "$31.50" in page and "$30.60" in page and 'value="510"' in page
    assert order.payload["link"] in page


def test_linking_asks_the_provider_and_follows(manager: Client, answering: Any) -> None:
    order, asked = lost(), answering(FITS)
    answer = manager.post(
        f"/orders/{order.pk}/resolve/link/", {"external_id": " #991305 ", "shown": of_order(order)}
    )
    assert answer.headers["Location"] == f"/orders/{order.pk}/"
    order.refresh_from_db()
    assert (order.status, order.external_id) == (Status.IN_PROGRESS, "991305")
    assert asked.asked == ["991305"]
    assert order.poll_schedule.external_id == "991305"


def test_another_charge_is_shown_and_must_be_meant(manager: Client, answering: Any) -> None:
    order = lost()
    answering(Progress(OrderState.COMPLETED, "Completed", charge=Decimal("7.5")))
    address = f"/orders/{order.pk}/resolve/link/"
    refused = manager.post(address, {"external_id": "991305", "shown": of_order(order)})
    page = refused.content.decode()
    assert refused.status_code == 422
    assert "charged 7.5" in page and "although_charge_differs" in page and "991305" in page
    assert status_of(order) == Status.UNCONFIRMED
    manager.post(
        address,
        {
            "external_id": "991305",
            "although_charge_differs": "991305:7.5",
            "shown": of_order(order),
        },
    )
    assert status_of(order) == Status.COMPLETED


def test_a_tick_for_one_id_links_no_other(manager: Client, answering: Any) -> None:
    """Nor the same one at what it is charged since."""
    order = lost()
    address = f"/orders/{order.pk}/resolve/link/"
    said = {"external_id": "555", "shown": of_order(order)}
    answering(Progress(OrderState.COMPLETED, "Completed", charge=Decimal("0.01")))
    page = manager.post(address, said).content.decode()
    assert 'name="although_charge_differs"' in page and 'value="555:0.01"' in page
    said["although_charge_differs"] = "555:0.01"
    answering(Progress(OrderState.COMPLETED, "Completed", charge=Decimal(90)))
    for number in ("777", "555"):
        answer = manager.post(address, said | {"external_id": number})
        assert answer.status_code == 422 and f'value="{number}:90"' in answer.content.decode()
        assert status_of(order) == Status.UNCONFIRMED
    manager.post(address, said | {"although_charge_differs": "555:90"})
    assert status_of(order) == Status.COMPLETED


def test_an_id_that_is_not_theirs_or_already_ours_is_refused(
    manager: Client, answering: Any
) -> None:
    order = lost()
    other = make_order(Status.PENDING, service=order.service, external_id="7")
    answering(Unreadable("Incorrect order ID"))
    address = f"/orders/{order.pk}/resolve/link/"
    assert (
        "Incorrect order ID"
        in manager.post(address, {"external_id": "8", "shown": of_order(order)}).content.decode()
    )
    claimed = manager.post(address, {"external_id": "7", "shown": of_order(order)})
    assert claimed.status_code == 422 and f"our order {other}" in claimed.content.decode()
    assert status_of(order) == Status.UNCONFIRMED


@pytest.mark.parametrize("external_id", ["", "  ", "#", "1,2", "1 2", "١٢", "a\tb", "x" * 65])
def test_what_is_no_id_never_reaches_the_provider(
    manager: Client, answering: Any, external_id: str
) -> None:
    order, asked = lost(), answering(FITS)
    answer = manager.post(
        f"/orders/{order.pk}/resolve/link/", {"external_id": external_id, "shown": of_order(order)}
    )
    assert answer.status_code == 422 and "invalid-feedback" in answer.content.decode()
    assert asked.asked == [] and status_of(order) == Status.UNCONFIRMED


def test_a_provider_without_a_key_cannot_be_asked(manager: Client) -> None:
    order = lost(provider=make_provider(key=""))
    answer = manager.post(
        f"/orders/{order.pk}/resolve/link/", {"external_id": "1", "shown": of_order(order)}
    )
    assert answer.status_code == 422 and "cannot be asked" in answer.content.decode()


def test_not_placed_needs_the_word_of_a_person(manager: Client) -> None:
    order = lost()
    address = f"/orders/{order.pk}/resolve/not-placed/"
    assert manager.post(address).status_code == 422
    assert status_of(order) == Status.UNCONFIRMED
    manager.post(address, {"sure": "on", "shown": of_order(order)})
    assert status_of(order) == Status.NOT_PLACED
    assert "Send again" in manager.get(f"/orders/{order.pk}/").content.decode()


def test_one_that_stays_in_doubt_is_not_said_to_be_not_placed(manager: Client) -> None:
    order = lost()
    reopen.note_taken_since(order, "23501")
    said = {"sure": "on", "shown": of_order(order)}
    page = manager.post(f"/orders/{order.pk}/resolve/not-placed/", said, follow=True)
    assert status_of(order) == Status.UNCONFIRMED
    assert "stays unconfirmed. The provider has an order that can be this one" in one_line(
        page.content.decode()
    )


def test_an_order_of_a_cost_for_two_people_waits_for_the_second(
    manager: Client, client_for_role: Any
) -> None:
    order, second = lost(), client_for_role(Role.MANAGER)
    rules = {"two_people_above": 0}
    Recovery.objects.update_or_create(provider=order.provider, defaults=rules)
    address = f"/orders/{order.pk}/resolve/not-placed/"
    answer = manager.post(address, {"sure": "on", "shown": of_order(order)}, follow=True)
    assert answer.redirect_chain[-1][0] == f"/orders/{order.pk}/resolve/"
    assert "A second person has to confirm" in answer.content.decode()
    assert status_of(order) == Status.UNCONFIRMED
    order.refresh_from_db()
    second.post(address, {"sure": "on", "shown": of_order(order)})
    assert status_of(order) == Status.NOT_PLACED


def test_not_placed_is_refused_while_it_may_still_appear(manager: Client) -> None:
    order = lost(age=timedelta(seconds=5))
    page = manager.get(f"/orders/{order.pk}/resolve/").content.decode()
    assert "The order can still appear at the provider" in page and "disabled" in page
    assert re.search(r'You can confirm this\s+<time [^>]*data-when="due"', page), "never just now"
    said = {"sure": "on", "shown": of_order(order)}
    answer = manager.post(f"/orders/{order.pk}/resolve/not-placed/", said)
    assert answer.status_code == 422 and "Too early" in answer.content.decode()
    assert status_of(order) == Status.UNCONFIRMED


def test_the_page_asks_by_itself_whether_it_may_be_confirmed_by_now(manager: Client) -> None:
    asks = 'hx-trigger="every 5s" hx-select="#not-placed"'
    early, old = lost(age=timedelta(seconds=5)), lost()
    assert asks in one_line(manager.get(f"/orders/{early.pk}/resolve/").content.decode())
    ready = one_line(manager.get(f"/orders/{old.pk}/resolve/").content.decode())
    assert asks not in ready and "Mark as not placed" in ready


def test_an_open_page_leaves_for_the_order_that_was_resolved_meanwhile(manager: Client) -> None:
    order = make_order(Status.COMPLETED)
    answer = manager.get(f"/orders/{order.pk}/resolve/", headers={"HX-Request": "true"})
    address = answer.headers["HX-Redirect"]
    assert manager.get(address).headers["Location"] == f"/orders/{order.pk}/"


def test_what_was_decided_elsewhere_is_said_once_however_often_the_open_page_asks(
    manager: Client,
) -> None:
    """What is typed there keeps it from leaving, and it asks again."""
    order = make_order(Status.COMPLETED)
    address = f"/orders/{order.pk}/resolve/"
    for _ in range(4):
        assert manager.get(address, headers={"HX-Request": "true"}).headers["HX-Redirect"]
    assert "is resolved" not in manager.get("/orders/").content.decode()
    told = manager.get(address, follow=True).content.decode()
    assert told.count("is resolved: it is completed") == 1


def test_giving_up_needs_a_reason_and_still_allows_a_link(manager: Client, answering: Any) -> None:
    order = lost()
    address = f"/orders/{order.pk}/resolve/give-up/"
    assert "Write the reason" in manager.post(address, {"note": " "}).content.decode()
    note = "The provider does not answer tickets."
    manager.post(address, {"note": note, "shown": of_order(order)})
    assert status_of(order) == Status.GIVEN_UP
    page = manager.get(f"/orders/{order.pk}/resolve/").content.decode()
    assert "Check and link" in page and "Close as unknown" not in page
    answering(FITS)
    order.refresh_from_db()
    manager.post(
        f"/orders/{order.pk}/resolve/link/", {"external_id": "991305", "shown": of_order(order)}
    )
    assert status_of(order) == Status.IN_PROGRESS


@pytest.mark.parametrize("step", ["", "link/", "not-placed/", "give-up/", "phrase/"])
def test_whoever_comes_second_is_shown_the_outcome(
    manager: Client, answering: Any, step: str
) -> None:
    asked = answering(FITS)
    order = make_order(Status.COMPLETED)
    address = f"/orders/{order.pk}/resolve/{step}"
    values = {"external_id": "1", "sure": "on", "note": "x"}
    answer = manager.post(address, values) if step else manager.get(address)
    assert answer.headers["Location"] == f"/orders/{order.pk}/"
    assert "is resolved: it is completed" in manager.get(f"/orders/{order.pk}/").content.decode()
    assert asked.asked == [] and status_of(order) == Status.COMPLETED


def test_losing_the_race_at_the_last_moment_is_said(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = lost()
    late = not_placed.Confirmed.TOO_LATE
    monkeypatch.setattr(not_placed, "confirm_not_placed", lambda *_, **__: late)
    address = f"/orders/{order.pk}/resolve/not-placed/"
    answer = manager.post(address, {"sure": "on", "shown": of_order(order)}, follow=True)
    assert "Somebody resolved order" in answer.content.decode()


@pytest.mark.parametrize("said", [FITS, Unreadable("Incorrect order ID")])
def test_what_another_decided_while_the_provider_was_asked_is_shown(
    manager: Client, answering: Any, said: Progress | Unreadable
) -> None:
    """Not that the number is taken, by this very order."""
    order = lost()
    asked = answering(said)

    def answer_late(order_ids: list[str]) -> dict[str, Progress | Unreadable]:
        Order.objects.filter(pk=order.pk).update(status=Status.PENDING, external_id="991305")
        return dict.fromkeys(order_ids, said)

    asked.statuses_once = answer_late
    link = {"external_id": "991305", "shown": of_order(order)}
    answer = manager.post(f"/orders/{order.pk}/resolve/link/", link, follow=True)
    assert answer.redirect_chain == [(f"/orders/{order.pk}/", 302)]
    assert "is resolved: it is pending" in answer.content.decode()


@pytest.mark.parametrize("step", ["", "link/", "not-placed/", "give-up/"])
def test_resolving_is_for_managers(client_for_role: Any, step: str) -> None:
    order = lost()
    operator = client_for_role(Role.OPERATOR)
    address = f"/orders/{order.pk}/resolve/{step}"
    assert (operator.post(address) if step else operator.get(address)).status_code == 403
    assert status_of(order) == Status.UNCONFIRMED


@pytest.mark.parametrize("doubt", [one for one in Doubt if one is not Doubt.RECALLED])
def test_every_page_says_of_a_doubt_the_same_and_nothing_else(
    manager: Client, doubt: Doubt
) -> None:
    order = make_order(Status.UNCONFIRMED)
    make_attempt(order, outcome=Outcome.UNKNOWN, code=doubt)
    addresses = [reverse("unconfirmed")]
    addresses += [reverse(name, args=[order.pk]) for name in ("order-resolve", "order")]
    for address in addresses:
        page = manager.get(address).content.decode()
        said = {other for other in Doubt if other.label in page}
        assert said == {doubt}, address


def test_an_attempt_from_before_doubts_had_codes_is_told_by_what_was_kept() -> None:
    heard = make_attempt(outcome=Outcome.UNKNOWN, evidence={"body_excerpt": "[]"})
    silent = make_attempt(outcome=Outcome.UNKNOWN)
    assert (heard.doubt, silent.doubt) == (Doubt.NOT_UNDERSTOOD.label, Doubt.LOST.label)


def test_a_server_that_failed_is_not_said_to_have_given_no_answer_at_all() -> None:
    failed = {"http_status": 502, "body_excerpt": "Oops"}
    attempt = make_attempt(outcome=Outcome.UNKNOWN, evidence=failed)
    assert attempt.doubt == "No answer to the order came"  # beside which stands HTTP 502


def test_the_id_of_a_reopened_try_is_offered_although_a_later_one_was_not_sent(
    manager: Client,
) -> None:
    order = make_order(Status.NOT_PLACED)
    old = make_attempt(order, outcome=Outcome.NOT_PLACED)
    make_attempt(order, outcome=Outcome.NOT_SENT)
    taken = SendOutcome(Outcome.ACCEPTED, Status.PENDING, external_id="7788")
    record_outcome.record(old, taken, now=NOON)
    page = manager.get(reverse("order-resolve", args=[order.pk])).content.decode()
    assert 'value="7788"' in page and Doubt.IS_THERE.label in page
    assert "7788" in manager.get(reverse("unconfirmed")).content.decode()


def test_each_decision_says_in_common_words_what_it_does(manager: Client) -> None:
    order = lost()
    page = one_line(manager.get(f"/orders/{order.pk}/resolve/").content.decode())
    listed = one_line(manager.get("/orders/unconfirmed/").content.decode())
    for title, reason in (
        ("Found at the provider", "Nothing is bought."),
        ("Not at the provider", "it is bought twice."),
        ("Cannot tell: close as unknown", "The order is closed and never sent again."),
    ):
        assert title in page and reason in page
    assert "Estimated cost" in listed and "Resolve" in listed
    riddles = ("It is there", "Nobody can tell", "At stake", "Settle", "Ask and link")
    assert [words for words in riddles if words in page + listed] == []
