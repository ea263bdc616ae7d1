"""Refusals as codes, and what single providers call the parameter that takes an id of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...errors import RefusalCode as Code

# The names of that parameter of `add`; first the usual one.
IDEMPOTENCY_PARAMETERS: Final = ("request_id", "custom_id", "idempotency_key", "ref")

# Said for what the sentences of `aftersales.CANCELED_THERE` say.
CANCELED_THERE_CODES: Final = ("order_ended",)

# The last part of dotted codes such as "neworder.error.not_enough_funds".
DOTTED: Final[Mapping[str, Code]] = {
    "not_enough_funds": Code.FUNDS,
    "insufficient_funds": Code.FUNDS,
    "insufficient_balance": Code.FUNDS,
    "incorrect_service_id": Code.SERVICE,
    "invalid_service": Code.SERVICE,
    "service_not_found": Code.SERVICE,
    "service_inactive": Code.SERVICE,
    "invalid_link": Code.LINK,
    "incorrect_link": Code.LINK,
    "link": Code.LINK,
    "link_not_found": Code.LINK,
    "link_duplicate": Code.LINK_BUSY,
    "min_quantity": Code.BELOW_MIN,
    "max_quantity": Code.ABOVE_MAX,
    "quantity": Code.QUANTITY,
    "incorrect_quantity": Code.QUANTITY,
    "quantity_out_of_range": Code.QUANTITY,
    "incorrect_request": Code.INVALID_FIELD,
    "dripfeed_disabled": Code.INVALID_FIELD,
    **{f"{name}_required": Code.NEEDS_ID for name in IDEMPOTENCY_PARAMETERS},
    "identical_order": Code.DUPLICATE,
    "invalid_api_key": Code.KEY,
    "incorrect_api_key": Code.KEY,
    "invalid_key": Code.KEY,
    "account_inactive": Code.INACTIVE,
    "account_disabled": Code.INACTIVE,
    "account_suspended": Code.INACTIVE,
    "user_inactive": Code.INACTIVE,
    "rate_limit_exceeded": Code.RATE_LIMIT,
    "too_many_requests": Code.RATE_LIMIT,
    "too_many_attempts": Code.RATE_LIMIT,
    "rate_limited": Code.RATE_LIMIT,
    "incorrect_order_id": Code.UNKNOWN_ORDER,
    "order_not_found": Code.UNKNOWN_ORDER,
    "refill_not_found": Code.UNKNOWN_REFILL,
    "service_disabled": Code.NOT_ALLOWED,
    "order_not_completed": Code.NOT_ALLOWED,
    **dict.fromkeys(CANCELED_THERE_CODES, Code.NOT_ALLOWED),
    "not_eligible": Code.NOT_ALLOWED,
    "previous_not_completed": Code.ALREADY_OPEN,
    "invalid_action": Code.UNSUPPORTED,
    "method_not_allowed": Code.UNSUPPORTED,
}
