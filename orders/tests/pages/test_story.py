"""The history of an order as people read it: in words, without what the wire carried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from core.clocks import database_now
from core.roles import Role
from orders import story
from orders.models import EventKind, Order
from orders.status import MOVES, Resolution, Status
from orders.story import StoryLine, story_of
from orders.terms import Terms
from tests.builders import make_event, make_order
from tests.one_line import one_line
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]

ANSWER = {
    "reason": "Accepted.",
    "bytes_left": True,
    "http_status": 200,
    "content_type": "application/json",
    "body_excerpt": '{"order":84023}',
    "body_sha256": "ab" * 32,
    "elapsed_ms": 1072,
    "exception_chain": [],
    "candidate_id": "",
}


@pytest.fixture
def staff(client_for_role: Callable[[Role], Client]) -> Client:
    return client_for_role(Role.OPERATOR)


def line_of(order: Order | None = None, **event: Any) -> StoryLine:
    order = order or make_order(Status.IN_PROGRESS)
    make_event(order, **event)
    return story_of(order)[0][0]


def moved(before: Status, after: Status, **more: Any) -> StoryLine:
    return line_of(kind=EventKind.MOVED, before=before, after=after, **more)


@pytest.mark.parametrize(
    ("before", "after", "title"),
    [
        (Status.HELD, Status.QUEUED, "Released"),
        (Status.QUEUED, Status.SENDING, "Sending to the provider"),
        (Status.SENDING, Status.PENDING, "Accepted by the provider"),
        (Status.SENDING, Status.QUEUED, "Not sent, back in the queue"),
        (Status.NOT_PLACED, Status.QUEUED, "Queued again"),
        (Status.UNCONFIRMED, Status.IN_PROGRESS, "Found at the provider"),
        (Status.GIVEN_UP, Status.COMPLETED, "Found at the provider"),
        (Status.COMPLETED, Status.PARTIAL, "The provider changed it to partial"),
        (Status.IN_PROGRESS, Status.CANCELED, "Canceled by the provider"),
    ],
)
def test_a_step_is_told_in_words(before: Status, after: Status, title: str) -> None:
    assert moved(before, after).title == title


def test_every_possible_step_has_words() -> None:
    steps = [(before, after) for before, those in MOVES.items() for after in those]
    assert all(moved(before, after).title not in Status.values for before, after in steps)


def test_the_answer_to_a_send_is_told_without_its_bytes() -> None:
    line = moved(Status.SENDING, Status.PENDING, text="Accepted.", evidence=ANSWER)
    assert (line.words, line.facts) == ("", (("Answer", "HTTP 200 after 1,072 ms"),))


def test_news_are_told_with_what_was_before() -> None:
    seen = {"raw_status": "In progress", "start_count": "2710", "remains": "429", "status": "x"}
    line = moved(Status.PENDING, Status.IN_PROGRESS, evidence=seen)
    assert line.facts == (("Start count", "2,710"), ("Remaining", "429"))
    seen = {"charge": "0.26953", "charge_before": "0.550060000000"}
    line = line_of(kind=EventKind.PROGRESS, text="", evidence=seen)
    assert line.title == "The charge changed"
    assert line.facts == (("Charge", "$0.26953, before $0.55006"),)


def test_a_word_of_the_provider_stands_where_it_is_another_one() -> None:
    line = moved(Status.PENDING, Status.IN_PROGRESS, evidence={"raw_status": "Running"})
    assert line.facts == (("The provider's status", "“Running”"),)


def test_terms_that_were_agreed_to_anew_are_told_old_and_new() -> None:
    order = make_order(Status.HELD)
    before = Terms.of(order.service).as_json()
    seen = {"before": before, "agreed": before | {"rate": "7.5"}}
    line = line_of(
        order, kind=EventKind.MOVED, before=Status.HELD, after=Status.QUEUED, evidence=seen
    )
    [(label, words)] = line.facts
    assert (label, words.endswith("→ 7.5")) == ("Price", True)


def test_who_or_what_decided_is_told() -> None:
    seen = {"by": Resolution.PERSON.value, "charge": "None"}
    line = moved(Status.UNCONFIRMED, Status.PENDING, evidence=seen)
    assert ("Decided by", "A person decided") in line.facts
    assert "None" not in str(line.facts)


@pytest.mark.parametrize(
    "strange",
    [
        {"charge": "a lot"},
        {"remains": None},
        {"start_count": "-"},
        {"by": ["odd"]},
        {"orders": "7"},
        {"released": 3},
        {"agreed": {}, "before": 1},
        {"http_status": {"a": 1}, "elapsed_ms": "long"},
        {"raw_status": 7},
    ],
)
def test_evidence_of_another_shape_breaks_no_page(staff: Client, strange: dict[str, Any]) -> None:
    order = make_order(Status.IN_PROGRESS)
    make_event(order, kind=EventKind.EVIDENCE, evidence=strange)
    make_event(order, kind=EventKind.EVIDENCE, evidence=[strange])
    assert staff.get(f"/orders/{order.pk}/").status_code == 200


def test_names_that_nobody_listed_are_lines_and_no_json(staff: Client) -> None:
    order = make_order(Status.IN_PROGRESS)
    seen = {"seen_there": {"id": "7001", "fits": True}, "others": [{"id": 1}, "2"]}
    line = line_of(order, kind=EventKind.EVIDENCE, evidence=seen)
    assert line.facts == (
        ("Others", "id 1; 2"),
        ("Seen there, fits", "yes"),
        ("Seen there, id", "7001"),
    )
    page = staff.get(f"/orders/{order.pk}/").content.decode()
    assert "{&quot;" not in page.partition('id="story"')[2]


def test_what_a_provider_wrote_is_only_ever_text(staff: Client) -> None:
    order = make_order(Status.IN_PROGRESS)
    hostile = "<img src=x onerror=alert(1)>"
    make_event(
        order, kind=EventKind.EVIDENCE, text=hostile, evidence={hostile: {hostile: [hostile]}}
    )
    assert hostile not in staff.get(f"/orders/{order.pk}/").content.decode()


def test_a_long_history_ends_with_a_way_to_the_rest(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(story, "STORY_SHOWN", 3)
    order = make_order(Status.IN_PROGRESS)
    for number in range(4):
        make_event(order, kind=EventKind.NOTE, text=f"Comment {number}")
    page = one_line(staff.get(f"/orders/{order.pk}/").content.decode())
    assert "Comment 3" in page and "Comment 1" in page and "Comment 0" not in page
    assert "Older lines stand in the<a" in page


def test_a_comment_stands_in_the_history_with_its_author(staff: Client) -> None:
    order = make_order(Status.IN_PROGRESS)
    assert staff.post(f"/orders/{order.pk}/comment/", {"comment": ""}).status_code == 422
    assert staff.post(f"/orders/{order.pk}/comment/", {"comment": "Asked them."}).status_code == 302
    [line], _ = story_of(order)
    assert (line.title, line.words) == ("Comment", "Asked them.")
    assert line.actor is not None


def test_ten_lines_cost_the_queries_of_one(staff: Client) -> None:
    order = make_order(Status.IN_PROGRESS)
    make_event(order, kind=EventKind.NOTE, text="One.")
    one = queries_of(lambda: staff.get(f"/orders/{order.pk}/"))
    for number in range(9):
        make_event(order, kind=EventKind.NOTE, text=f"{number}.", at=database_now())
    assert len(queries_of(lambda: staff.get(f"/orders/{order.pk}/"))) == len(one)
