"""What several sentences mean for a refill or cancel: the same in each order, read or kept."""

from __future__ import annotations

import json
from itertools import permutations, product

import pytest

from providers.panel_api import Meaning, RefusalCode, Refused, Says, SlowDown, meaning
from providers.panel_api.refusals.phrases import aftersales, codes
from providers.panel_api.refusals.phrases.accounts import PHRASES as OF_ACCOUNT
from providers.panel_api.refusals.request_refusals import What, hear, said_by

from .stub import client_hearing

TOO_MANY, WAIT, LATELY = (
    "Too many requests",
    "Refill is available in 5 hours",
    "Refill requested less than 24 h ago",
)
NOT_ALLOWED, USED_UP = "Refill is not allowed", "Refill limit reached"
REFILL_OPEN, CANCEL_OPEN = "Refill is already in progress", "Cancel already requested"
CANCELED, NO_SERVICE = "Order is already canceled", "Refill is disabled for this service"
ONE_OPEN = "refill.error.previous_not_completed"
UNKNOWN = "Who knows"
ALL = (
    *(TOO_MANY, WAIT, LATELY, NOT_ALLOWED, USED_UP, REFILL_OPEN, CANCEL_OPEN, CANCELED),
    *(NO_SERVICE, ONE_OPEN, "Incorrect order ID", "order.error.order_ended"),
)
REVIEWED = (
    *(one for phrases in aftersales.PHRASES.values() for one in phrases),
    *OF_ACCOUNT[RefusalCode.RATE_LIMIT],
    *(f"x.error.{code}" for code in codes.DOTTED),
)


@pytest.mark.parametrize(
    ("said", "refill", "cancel"),
    [
        ((REFILL_OPEN,), Meaning.OPEN, Meaning.UNCLEAR),
        ((CANCEL_OPEN,), Meaning.UNCLEAR, Meaning.OPEN),
        ((ONE_OPEN,), Meaning.OPEN, Meaning.OPEN),
        ((ONE_OPEN, CANCEL_OPEN), Meaning.UNCLEAR, Meaning.OPEN),
        ((REFILL_OPEN, CANCEL_OPEN), Meaning.OPEN, Meaning.OPEN),
        ((TOO_MANY, REFILL_OPEN), Meaning.OPEN, Meaning.UNCLEAR),
        ((NOT_ALLOWED, REFILL_OPEN), Meaning.OPEN, Meaning.UNCLEAR),
        ((REFILL_OPEN, CANCELED), Meaning.OPEN, Meaning.CANCELED),
        ((TOO_MANY, CANCELED), Meaning.TOO_MANY, Meaning.CANCELED),
        ((UNKNOWN, REFILL_OPEN), Meaning.UNCLEAR, Meaning.UNCLEAR),
        ((UNKNOWN, CANCELED), Meaning.UNCLEAR, Meaning.UNCLEAR),
        ((TOO_MANY, WAIT), Meaning.WAIT, Meaning.TOO_MANY),
        ((NOT_ALLOWED, WAIT), Meaning.WAIT, Meaning.WAIT),
        ((NOT_ALLOWED, TOO_MANY), Meaning.TOO_MANY, Meaning.TOO_MANY),
        ((NOT_ALLOWED, USED_UP), Meaning.NO, Meaning.NO),
        ((), Meaning.UNCLEAR, Meaning.UNCLEAR),
    ],
)
def test_what_they_mean_together(said: tuple[str, ...], refill: Meaning, cancel: Meaning) -> None:
    for ordered in permutations(said):
        _, says = hear(ordered)
        assert (meaning(says, "refill"), meaning(says, "cancel")) == (refill, cancel)


def test_they_say_the_same_in_each_order() -> None:
    for said in product(ALL, repeat=3):
        assert hear(said)[1] == hear(said[::-1])[1] == hear(said[1:] + said[:1])[1]


def test_what_was_kept_without_it_says_the_same_as_what_was_read() -> None:
    for said in product(REVIEWED, ALL):
        code, says = hear(said)
        assert said_by(" … ".join(said), code) == says, said


@pytest.mark.parametrize("first", ALL)
def test_words_that_were_kept_with_the_code_of_the_first_alone_tell_of_the_others(
    first: str,
) -> None:
    code, _ = hear([first])
    assert said_by(f"{first} … {REFILL_OPEN}", code) & Says.REFILL_OPEN


def test_words_that_were_kept_and_may_have_been_cut_prove_nothing() -> None:
    assert (
        said_by(f"{NOT_ALLOWED} … {'Refill ' * 50}"[:300], RefusalCode.NOT_ALLOWED) & Says.UNKNOWN
    )


def answered(what: What, **fields: str) -> Refused:
    client, _ = client_hearing(json.dumps(fields))
    refused = (client.refill if what == "refill" else client.cancel)(["5"])["5"]
    assert isinstance(refused, Refused)
    return refused


@pytest.mark.parametrize("account", [TOO_MANY, "Invalid API key", "Your account is suspended"])
@pytest.mark.parametrize(
    ("what", "rest", "means"),
    [
        ("refill", REFILL_OPEN, Meaning.OPEN),
        ("refill", CANCEL_OPEN, Meaning.UNCLEAR),
        ("refill", LATELY, Meaning.WAIT),
        ("cancel", CANCEL_OPEN, Meaning.OPEN),
        ("cancel", CANCELED, Meaning.CANCELED),
    ],
)
def test_beside_trouble_of_the_account_it_is_heard_that_it_is_there(
    what: What, rest: str, means: Meaning, account: str
) -> None:
    for one in ({"error": account, "message": rest}, {"error": rest, "message": account}):
        assert meaning(answered(what, **one).says, what) is means


@pytest.mark.parametrize("rest", ["Error", NOT_ALLOWED])
def test_trouble_of_the_account_alone_is_still_that(rest: str) -> None:
    with pytest.raises(SlowDown):
        answered("refill", error=TOO_MANY, message=rest)


def test_no_such_call_is_learned_only_where_each_sentence_says_so() -> None:
    no_call = "Refill is not supported"
    assert hear([no_call, "Unknown action"])[0] is RefusalCode.UNSUPPORTED
    assert hear([no_call, "Order not found"])[0] is RefusalCode.UNKNOWN_ORDER
