"""How the provider says no: one reason, two vocabularies, one HTTP code for typed dialects."""

from __future__ import annotations

# reason: (English sentence, dotted code, HTTP status of dialects that type their errors)
REFUSALS: dict[str, tuple[str, str, int]] = {
    "key": ("Invalid API key", "error.invalid_api_key", 401),
    "request": ("Incorrect request", "error.incorrect_request", 400),
    "action": ("This action is Invalid", "error.invalid_action", 400),
    "method": ("Method Not Allowed", "error.method_not_allowed", 405),
    "path": ("Not Found", "error.not_found", 404),
    "service": ("Incorrect service ID", "error.incorrect_service_id", 400),
    "funds": ("Not enough funds on balance", "neworder.error.not_enough_funds", 402),
    "link": ("Incorrect link", "neworder.error.invalid_link", 422),
    "quantity": ("Incorrect quantity", "neworder.error.quantity", 422),
    "minimum": ("Quantity less than minimal {limit}", "neworder.error.min_quantity", 422),
    "maximum": ("Quantity more than maximum {limit}", "neworder.error.max_quantity", 422),
    "field": ("Incorrect {field}", "neworder.error.incorrect_{field}", 422),
    "dripfeed": (
        "Drip-feed is not available for this service",
        "neworder.error.dripfeed_disabled",
        422,
    ),
    "link_busy": (
        "You have active order with this link. Please wait until order being completed.",
        "neworder.error.link_duplicate",
        422,
    ),
    "identical": ("An identical order was just placed", "neworder.error.identical_order", 409),
    "request_id": ("request_id is required", "neworder.error.request_id_required", 400),
    "order": ("Incorrect order ID", "error.incorrect_order_id", 404),
    "batch": ("Maximum {limit} orders", "error.too_many_orders", 400),
    "refill": ("Refill not found", "error.refill_not_found", 404),
    "refill_disabled": (
        "Refill is disabled for this service",
        "refill.error.service_disabled",
        422,
    ),
    "refill_early": ("Order is not completed", "refill.error.order_not_completed", 422),
    "refill_open": (
        "Previous refill task is not completed",
        "refill.error.previous_not_completed",
        409,
    ),
    "refill_cap": ("Refill limit for this order reached", "refill.error.limit_reached", 409),
    "refill_wait": (
        "Refill was requested less than {hours} hours ago",
        "refill.error.requested_recently",
        409,
    ),
    "cancel_disabled": (
        "Cancel is not available for this order",
        "cancel.error.service_disabled",
        422,
    ),
    "cancel_ended": ("Order is already ended", "cancel.error.order_ended", 409),
    "rate_limit": ("Rate limit exceeded", "error.rate_limit_exceeded", 429),
    "broken": (
        "Something went wrong. Please try again later.",
        "error.something_went_wrong",
        500,
    ),
}


class Refusal(Exception):
    """The provider read the call and will not do it; nothing was changed."""

    def __init__(self, reason: str, **blanks: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.blanks = blanks

    def text(self, vocabulary: str) -> str:
        """The wording under `errors`: "sentences" or "codes"."""
        sentence, code, _ = REFUSALS[self.reason]
        return (code if vocabulary == "codes" else sentence).format(**self.blanks)

    @property
    def http_status(self) -> int:
        return REFUSALS[self.reason][2]
