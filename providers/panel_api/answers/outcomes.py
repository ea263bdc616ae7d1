"""What an answer means for the caller; the default is the cautious reading."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ..dialect import Dialect
from ..errors import AccountRefused, OutcomeUnknown, RefusalCode, Rejected, SlowDown
from ..made import candidate_id, may_be_made
from ..refusals.classify import PROVE_NOT_PLACED
from ..results import Placed
from .answer import Answer, together
from .decode import Unexpected, placed, placed_id


def order_placed(answer: Answer, dialect: Dialect, now: datetime | None = None) -> Placed:
    """The order an answer to `add` proves. Raises Rejected if it proves a refusal.

    Everything else is OutcomeUnknown: what may be an order beside an error, an id with a failing
    HTTP code, words nobody has reviewed, redirects, server errors, and what is not JSON. `now` is
    for the moment to ask again, where one is named.
    """
    try:
        order_id = placed_id(answer.body, framed=answer.framed)
    except Unexpected:
        order_id = None
    refusals = answer.refusals(dialect)
    if order_id and answer.is_success and not refusals:
        return replace(placed(answer.body, order_id), evidence=answer.evidence("Accepted."))
    candidate = order_id or candidate_id(answer.body)
    may_be_there = bool(order_id) or may_be_made(answer.body, "order")
    until = answer.ask_again_at(now) if now else None
    reviewed = bool(refusals) and all(code in PROVE_NOT_PLACED for _, code in refusals)
    if reviewed and not may_be_there and can_prove(answer):
        reason, code = refusals[0]
        raise Rejected(reason, code, answer.evidence(reason), until=until)
    reason = refusals[0][0] if refusals else answer.trouble or "The answer names no order."
    raise OutcomeUnknown(
        reason,
        answer.evidence(reason, candidate_id=candidate),
        account_trouble=account_trouble(answer, dialect, may_be_made=may_be_there),
        until=until,
    )


def can_prove(answer: Answer) -> bool:
    """Words in it may prove a refusal; those of a redirect or a failing server never do, but for
    a throttle's own: it speaks before the provider's code, whatever code it sends."""
    return answer.is_success or 400 <= answer.http_status < 500 or bool(answer.throttle.said)


def account_trouble(
    answer: Answer, dialect: Dialect, *, may_be_made: bool = False
) -> RefusalCode | None:
    """What an answer in unknown words still says of the account: one error with 401 or 403 is
    about the key, 429 about the number of calls, and so are a throttle's words among others.
    Beside what may have been made nothing is said of the key."""
    if _asks_for_rest(answer):
        return RefusalCode.RATE_LIMIT
    if not may_be_made and answer.http_status in (401, 403) and len(answer.refusals(dialect)) == 1:
        return RefusalCode.KEY
    return None


def heed(
    answer: Answer,
    dialect: Dialect,
    now: datetime,
    *,
    write: bool = False,
    about_account: bool = False,
) -> tuple[str, RefusalCode] | None:
    """Raise what concerns the account as a whole: SlowDown or AccountRefused. Otherwise what the
    answer says went wrong, as `Answer.refusal`.

    After a write only an answer in nothing but reviewed words does so: a bare 429 may come from a
    server in between, and what else is said may be that it was done. `about_account` is true of a
    read that asks for nothing in particular: a 403 is then no refusal of one order.
    """
    refusals = answer.refusals(dialect)
    codes = {code: reason for reason, code in reversed(refusals)}
    if write and (RefusalCode.UNLISTED in codes or not can_prove(answer)):
        return together(refusals)
    if RefusalCode.RATE_LIMIT in codes or (not write and _asks_for_rest(answer)):
        reason = codes.get(RefusalCode.RATE_LIMIT, "The provider asks for fewer calls.")
        raise SlowDown(reason, answer.ask_again_at(now), answer.evidence(reason))
    for code in (RefusalCode.KEY, RefusalCode.INACTIVE):
        if code in codes:
            raise AccountRefused(codes[code], answer.evidence(codes[code]))
    may_be_one_order = answer.http_status == 403 and not about_account
    unlisted = codes.keys() == {RefusalCode.UNLISTED}
    if unlisted and not write and not may_be_one_order and account_trouble(answer, dialect):
        reason = codes[RefusalCode.UNLISTED]
        raise AccountRefused(reason, answer.evidence(reason))
    return together(refusals)


def _asks_for_rest(answer: Answer) -> bool:
    return answer.http_status == 429 or answer.throttle.is_likely
