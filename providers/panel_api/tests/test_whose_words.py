"""Whose words tell that a refill or cancel was not taken: the desk's, where the answer has none."""

from __future__ import annotations

from typing import Any

import pytest

from providers.panel_api import Refused
from providers.panel_api.answers.decode_requests import cancels, refills
from providers.panel_api.dialect import Dialect


def _deep(words: str) -> Any:
    inner: Any = words
    for _ in range(12):
        inner = [inner]
    return inner


WITHOUT_WORDS: list[Any] = [
    [],
    [{"order": "5", "refill": 0, "cancel": 0}],
    [{"order": "5", "refill": {}, "cancel": {}}],
    [{"order": "5", "success": False}],
    [{"order": "5", "refill": {"success": False, "id": 4}, "cancel": {"success": False, "id": 4}}],
    [{"order": "5", "error": _deep("Not now")}],  # deeper than is read
]


@pytest.mark.parametrize("decoded", [refills, cancels])
@pytest.mark.parametrize("body", WITHOUT_WORDS)
def test_of_an_answer_without_words_they_are_the_desk_s(decoded: Any, body: Any) -> None:
    refused = decoded(body, ["5"], Dialect())["5"]
    assert isinstance(refused, Refused) and refused.is_own and refused.reason


@pytest.mark.parametrize("decoded", [refills, cancels])
@pytest.mark.parametrize("value", ["Not now", {"error": "Not now"}, {"status": "Not now"}])
def test_words_of_the_answer_are_the_provider_s(decoded: Any, value: Any) -> None:
    refused = decoded([{"order": "5", "refill": value, "cancel": value}], ["5"], Dialect())["5"]
    assert isinstance(refused, Refused) and (refused.reason, refused.is_own) == ("Not now", False)
