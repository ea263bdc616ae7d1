"""Every sentence by which servers refuse, with what it means; and those kept unknown, with why.

Taken from the public code of panel servers, as facts: what they answer before anything is stored.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from providers.panel_api import OutcomeUnknown, RefusalCode, Rejected
from providers.panel_api.refusals.classify import PROVE_NOT_PLACED, refusal_code, simplified
from providers.panel_api.refusals.phrases import SENTENCES

from .stub import client_hearing
from .test_facts import PAYLOAD

HERE = Path(__file__).parent
SAMPLES: dict[str, list[str]] = json.loads((HERE / "refusal_samples.json").read_text())
UNKNOWN: list[dict[str, str]] = json.loads((HERE / "unknown_on_purpose.json").read_text())
CASES = [(said, RefusalCode(code)) for code, texts in SAMPLES.items() for said in texts]


def hear(said: str) -> Any:
    client, _ = client_hearing(json.dumps({"error": said}))
    return client.add(PAYLOAD)


@pytest.mark.parametrize(("said", "code"), CASES)
def test_a_reviewed_sentence_has_its_meaning(said: str, code: RefusalCode) -> None:
    assert refusal_code(said) is code


@pytest.mark.parametrize(("said", "code"), CASES)
def test_it_refuses_an_order_if_it_can_be_about_one(said: str, code: RefusalCode) -> None:
    expected = Rejected if code in PROVE_NOT_PLACED else OutcomeUnknown
    with pytest.raises(expected):
        hear(said)


@pytest.mark.parametrize("sample", UNKNOWN, ids=lambda sample: sample["said"])
def test_what_may_be_said_after_storing_stays_unknown(sample: dict[str, str]) -> None:
    assert sample["why"]
    assert refusal_code(sample["said"]) is RefusalCode.UNLISTED
    with pytest.raises(OutcomeUnknown):
        hear(sample["said"])


def test_the_list_is_long_and_every_class_that_refuses_has_samples() -> None:
    assert len(CASES) >= 150
    assert len({said for said, _ in CASES}) == len(CASES)
    assert {code for _, code in CASES} == set(RefusalCode) - {RefusalCode.UNLISTED}


def test_no_phrase_means_two_things_when_read_without_articles_and_currencies() -> None:
    meanings: dict[str, RefusalCode] = {}
    for code, phrases in SENTENCES.items():
        for phrase in phrases:
            assert meanings.setdefault(simplified(phrase), code) is code, phrase


@pytest.mark.parametrize(
    "said",
    [
        "Not enough funds on balance. We will ship it anyway",
        "Invalid link, order 77 was created without it",
        "Quantity must be between 10 and 1000. Adjusted to 1000.",
        "Unknown action: order placed",
        ". ".join(["Invalid link"] * 7),
        "Not enough funds" + " " * 300 + "and it was placed all the same",
    ],
)
def test_one_sentence_nobody_reviewed_spoils_the_rest(said: str) -> None:
    assert refusal_code(said) is RefusalCode.UNLISTED
