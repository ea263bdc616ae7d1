"""The pre-send check of every write: asked when the connection stands, before the first byte."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.failpoints import failpoint
from core.release import OLDER_CODE, newer_migrations
from core.rows.durable import DATABASE_AWAY
from providers.models import Provider, ProviderState
from providers.panel_api import NotSent

from ...status import Write
from .. import halts
from .send_clock import SendClock


def is_unchanged(provider_id: int, version: int) -> bool:
    """Active, with the address and the key it had in this version, and a catalog of that address:
    until it was read nothing tells that its services are those of before. Of the numbers of orders
    it proves nothing: that they are those of before is the word of whoever moved the account."""
    active = Provider.objects.filter(pk=provider_id, state=ProviderState.ACTIVE)
    return active.filter(version=version, moved_at=None).exists()


@dataclass(slots=True)
class PreSendCheck:
    """May this claim still be acted on? Raises NotSent, which sends nothing.

    `is_ours` asks the rows whether the claim is still this worker's. `objected` tells afterwards
    that it was this check that said no, and not the connection.
    """

    write: Write
    provider_id: int
    version: int
    clock: SendClock
    is_ours: Callable[[], bool]
    objected: bool = False

    def __call__(self) -> None:
        self.objected = True
        try:
            reason = self._objection()
        except DATABASE_AWAY as error:
            raise NotSent("The database went away before sending.") from error
        if reason:
            raise NotSent(reason)
        failpoint("pre_send_check.passed")
        self.objected = False

    def _objection(self) -> str:
        if reason := self.clock.why_stale():
            return reason
        if newer_migrations():
            return OLDER_CODE
        if not self.is_ours():
            return "The claim did not hold any more just before sending."
        if not is_unchanged(self.provider_id, self.version):
            return "The provider was paused or changed just before sending."
        if halts.is_halted(self.provider_id, self.write):
            return "Sending was stopped just before this left."
        return ""
