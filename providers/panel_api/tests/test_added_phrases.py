"""What may be added as a refusal phrase, and reading a kept answer again once something was."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from providers.panel_api import Dialect, RefusalCode
from providers.panel_api.answers.reread import read_again
from providers.panel_api.refusals.classify import (
    MEANINGS,
    PROVE_NOT_PLACED,
    normalised,
    refusal_code,
    why_no_phrase,
)

SAID = "Kein Guthaben, Kunde 12"
ADDED = Dialect(refusals={"kein guthaben kunde #": RefusalCode.FUNDS})


def kept(body: str = f'{{"error":"{SAID}"}}', **over: Any) -> dict[str, Any]:
    digest = sha256(body.encode()).hexdigest()
    return {"http_status": 200, "body_excerpt": body, "body_sha256": digest, **over}


@pytest.mark.parametrize(
    "text",
    [
        *("Something went wrong", "something_went_wrong", "Something went wrong. Try again later!"),
        *("error", "Error!", "ERROR 500", "Please try again later", "Internal server error: 17"),
        *("", "   ", "…", "42", "!!", "null", "Order failed", "Sorry, please try again"),
        *("Incorrect order ID", "Refill not found", "x" * 300),
    ],
)
def test_what_proves_nothing_cannot_be_added(text: str) -> None:
    assert why_no_phrase(text)


@pytest.mark.parametrize(
    "text",
    [
        SAID,
        "Denied.",
        "Недостаточно средств",
        "余额不足",
        "neworder.error.frozen",
        "No money, try again",
    ],
)
def test_a_phrase_that_says_why_can_be_added(text: str) -> None:
    assert not why_no_phrase(text)


def test_only_refusals_of_an_order_can_be_added() -> None:
    assert set(MEANINGS) < PROVE_NOT_PLACED
    assert RefusalCode.UNLISTED not in MEANINGS


def test_sentences_of_other_scripts_are_told_apart() -> None:
    added = {normalised("Недостаточно средств"): RefusalCode.FUNDS}
    assert refusal_code("НЕДОСТАТОЧНО СРЕДСТВ.", added) is RefusalCode.FUNDS
    assert refusal_code("Что-то пошло не так", added) is RefusalCode.UNLISTED


def test_a_sentence_without_words_means_nothing_even_if_it_was_added() -> None:
    assert refusal_code("…", {"": RefusalCode.FUNDS}) is RefusalCode.UNLISTED


def test_a_kept_answer_proves_a_refusal_once_its_words_are_known() -> None:
    assert read_again(kept(), Dialect()).refusal is None
    seen = read_again(kept(), ADDED)
    assert seen.said == ((SAID, RefusalCode.FUNDS),) and not seen.obstacle
    assert seen.refusal is not None and seen.refusal.code is RefusalCode.FUNDS


@pytest.mark.parametrize(
    ("evidence", "why"),
    [
        (kept(http_status=500), "HTTP 500"),
        (kept(http_status=503), "HTTP 503"),
        (kept(http_status=302), "HTTP 302"),
        (kept(candidate_id="23501"), "names an order"),
        (kept(f'{{"order":23501,"error":"{SAID}"}}'), "names an order"),
        (kept(f'{{"id":"23501","error":"{SAID}"}}'), "names an order"),
        (kept(body_sha256="ab" * 32), "not kept whole"),
    ],
)
def test_what_can_prove_nothing_proves_nothing_whatever_was_added(
    evidence: dict[str, Any], why: str
) -> None:
    seen = read_again(evidence, ADDED)
    assert seen.refusal is None and why in seen.obstacle


@pytest.mark.parametrize(
    "evidence",
    [
        {},
        kept("<html>Kein Guthaben</html>"),
        kept('{"error":"Kein'),
        kept("[]"),
        kept(http_status=None),
        kept(body_excerpt=None),
        kept('{"order":23501}'),
    ],
)
def test_an_answer_without_words_of_refusal_says_none(evidence: dict[str, Any]) -> None:
    seen = read_again(evidence, ADDED)
    assert (seen.said, seen.refusal) == ((), None)


def test_one_sentence_nobody_knows_spoils_the_proof() -> None:
    both = kept(f'{{"errors":["{SAID}","Something odd"]}}')
    assert read_again(both, ADDED).refusal is None
