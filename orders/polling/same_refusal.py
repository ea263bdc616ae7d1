"""Questions about many ids of one account that are all refused alike: that is about the account."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from core.clocks import Clock
from providers.actions import note_calls
from providers.models import Provider
from providers.panel_api import BatchRefused, Unreadable
from providers.panel_api.id_batches import SameRefusal

EVERY_QUESTION = (
    "It answers every question about {what} with: “{said}” They are asked about less often."
)


class RefusedQuestions:
    """The refusals of one lease, in a row. `what` is what it asks about, in the plural."""

    def __init__(self, provider: Provider, what: str, clock: Clock) -> None:
        self.provider, self.what, self.clock = provider, what, clock
        self._same = SameRefusal()

    def end(self) -> None:
        """Something was answered."""
        self._same.is_over()

    def explain_no_id(self) -> bool:
        """Two ids alone heard what many together did, so no parts of a batch need to be sought."""
        return self._same.explains_no_id()

    def are_about_ids(self, ids: Collection[str], refusal: BatchRefused) -> bool:
        """False once the same refusal came so often that no id explains it; then the account's
        health says why, and what is due should be put off."""
        note_calls.note_failure(self.provider, refusal, now=self.clock())
        if not self._same.is_about_the_account(ids, refusal.reason, refusal.code):
            return True
        words = EVERY_QUESTION.format(what=self.what, said=refusal.reason)
        note_calls.note_failure(self.provider, BatchRefused(words), now=self.clock())
        return False


def refused_alone(ids: Sequence[str], answers: Mapping[str, Any]) -> BatchRefused | None:
    """The refusal, where one id alone was asked about; None if it was answered."""
    said = answers.get(ids[0]) if len(ids) == 1 else None
    if isinstance(said, Unreadable) and not said.missing:
        return BatchRefused(said.reason, code=said.code)
    return None
