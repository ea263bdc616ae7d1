"""What a provider says in its headers and status lines never breaks the row that keeps it."""

from __future__ import annotations

import json

import pytest

from providers.actions.calling import ask
from providers.models import ProviderHealth
from providers.panel_api import OutcomeUnknown, ProviderError
from providers.panel_api.http.transport import Delivery
from providers.panel_api.tests.stub import client_hearing, said
from providers.panel_api.tests.test_facts import PAYLOAD
from tests.builders import NOON, make_provider

pytestmark = [pytest.mark.django_db, pytest.mark.services]
ODD = "a\x00b\ud800"
SHOWN = "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"
BROKEN = Delivery(failure=ODD, bytes_left=True, exception_chain=(f"BadStatusLine: {ODD}",))


@pytest.mark.parametrize(
    "answer",
    [
        BROKEN,
        said("<html>", 302, location=ODD, content_type=ODD),
        said(json.dumps({"error": ODD}), content_type=ODD),
        said(json.dumps({"error": f"Too many requests {ODD}"}), 429, retry_after=ODD),
        said(b"Too many requests\x00", 429),
        said(b'{"balance": "\x00"}'),
        said(json.dumps({ODD: ODD})),
    ],
)
def test_a_failed_read_is_noted_whatever_its_texts_hold(answer):
    provider = make_provider()
    client, _ = client_hearing(answer)
    with pytest.raises(ProviderError) as raised:
        ask(provider, client.balance, clock=lambda: NOON)
    health = ProviderHealth.objects.get(provider=provider)
    assert health.last_error == raised.value.reason[:300]
    assert "\x00" not in repr(raised.value.evidence) and "\\x00" not in repr(raised.value.evidence)


@pytest.mark.parametrize("answer", [BROKEN, said("?", location=ODD, content_type=ODD)])
def test_the_evidence_of_a_write_holds_no_sign_that_no_row_takes(answer):
    client, _ = client_hearing(answer)
    with pytest.raises(OutcomeUnknown) as raised:
        client.add(PAYLOAD)
    seen = raised.value.evidence
    assert seen is not None
    kept = (seen.reason, seen.content_type, *seen.exception_chain)
    assert SHOWN in " ".join(kept)
    assert not any("\x00" in text or "\ud800" in text for text in kept)


def test_an_answer_that_names_a_limit_is_still_read_as_one():
    client, _ = client_hearing(said(b'{"error":"Too many requests"}', content_type=ODD))
    provider = make_provider()
    with pytest.raises(ProviderError):
        ask(provider, client.balance, clock=lambda: NOON)
    assert ProviderHealth.objects.get(provider=provider).slow_until is not None
