"""In which way an answer leaves an order in doubt."""

from __future__ import annotations

from dataclasses import asdict

from providers.panel_api import Evidence, RefusalCode
from providers.panel_api.answers.reread import named_without_a_word_against_it
from providers.panel_api.errors import SERVER_ERROR

from ..models import Order
from ..status import Doubt


def doubt_of(evidence: Evidence | None) -> Doubt:
    """Lost where no whole answer came, else what was wrong with the answer."""
    if evidence is None or evidence.http_status is None or evidence.exception_chain:
        return Doubt.LOST
    if evidence.http_status >= SERVER_ERROR:
        return Doubt.LOST
    named = evidence.candidate_id
    if not named or named_without_a_word_against_it(asdict(evidence)) == named:
        return Doubt.NOT_UNDERSTOOD
    return Doubt.CONTRADICTS


def says_it_is_there(order: Order, code: RefusalCode, *, knows_blocker: bool) -> bool:
    """A refusal of an order that was taken for not placed before: as a duplicate, or for a link
    that nothing else we know keeps busy. The earlier send is the likely reason."""
    if code is not RefusalCode.DUPLICATE and (code is not RefusalCode.LINK_BUSY or knows_blocker):
        return False
    return order.attempts.counted_as_not_there().exists()
