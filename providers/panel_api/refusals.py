"""Sentences by which providers say no, each reviewed: it is said only when nothing was done.

A sentence is compared whole, with case, punctuation and spacing removed and every number
read as `#`. Texts such as "Something went wrong" or "Please try again" are said by servers
that have stored the order too, and must never be added.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from .errors import RefusalCode as Code

SENTENCES: Final[Mapping[Code, tuple[str, ...]]] = {
    Code.FUNDS: (
        "not enough funds on balance",
        "not enough funds",
        "not enough balance",
        "not enough money",
        "insufficient balance",
        "insufficient funds",
        "insufficient balance required # available #",
        "insufficient funds on balance",
        "your balance is not enough",
        "you do not have enough balance",
        "you don t have enough balance",
        "low balance",
    ),
    Code.SERVICE: (
        "incorrect service id",
        "incorrect service",
        "invalid service",
        "invalid service id",
        "service not found",
        "service does not exist",
        "service id not found",
        "service is not available",
        "service not available",
        "service is disabled",
        "service is inactive",
        "service unavailable for this account",
    ),
    Code.LINK: (
        "incorrect link",
        "invalid link",
        "bad link",
        "link is invalid",
        "link is required",
        "the link field is required",
        "link not found",
        "incorrect link format",
    ),
    Code.LINK_BUSY: (
        "you have active order with this link please wait until order being completed",
        "you have an active order with this link please wait until the order is completed",
        "you have active order with this link",
        "you already have an active order with this link",
        "active order with this link already exists",
        "there is an active order with this link",
    ),
    Code.BELOW_MIN: (
        "quantity less than minimal #",
        "quantity less than minimal",
        "quantity less than minimum #",
        "quantity is less than minimum",
        "quantity is less than minimum #",
        "quantity must to be greater than or equal to minimum amount #",
        "quantity must be greater than or equal to minimum amount #",
        "minimum quantity is #",
        "min quantity is #",
    ),
    Code.ABOVE_MAX: (
        "quantity more than maximum #",
        "quantity more than maximal #",
        "quantity more than maximum",
        "quantity is more than maximum",
        "quantity is more than maximum #",
        "quantity must to be less than or equal to maximum amount #",
        "quantity must be less than or equal to maximum amount #",
        "maximum quantity is #",
        "max quantity is #",
    ),
    Code.QUANTITY: (
        "incorrect quantity",
        "invalid quantity",
        "bad quantity",
        "quantity is required",
        "the quantity field is required",
    ),
    Code.INVALID_FIELD: (
        "incorrect request",
        "bad request parameters",
        "request id is required",
        "drip feed is not available for this service",
        "dripfeed is not available for this service",
        *(
            f"{fault} {field}"
            for fault in ("incorrect", "invalid")
            for field in (
                *("runs", "interval", "comments", "username", "usernames", "hashtag", "hashtags"),
                *("media", "answer number", "groups", "keywords", "min", "max", "delay", "posts"),
                *("old posts", "expiry", "country", "device", "type of traffic", "request id"),
            )
        ),
    ),
    Code.DUPLICATE: (
        "an identical order was just placed",
        "duplicate order",
        "this order already exists",
    ),
    Code.KEY: (
        "invalid api key",
        "incorrect api key",
        "wrong api key",
        "api key is invalid",
        "api key not found",
        "api key is required",
        "invalid key",
        "incorrect key",
        "bad api key",
        "unauthorized",
        "unauthenticated",
        "invalid credentials",
        "invalid api token",
    ),
    Code.INACTIVE: (
        "account is inactive",
        "your account is inactive",
        "account is not active",
        "account is disabled",
        "your account is disabled",
        "account is suspended",
        "your account is suspended",
        "account is banned",
        "your account has been suspended",
        "user is inactive",
        "user inactive",
        "user is not active",
        "api access is disabled",
        "api is disabled for this account",
    ),
    Code.RATE_LIMIT: (
        "too many requests",
        "rate limit exceeded",
        "rate limit reached",
        "rate limited",
        "request limit exceeded",
        "requests limit exceeded",
        "api rate limit exceeded",
    ),
    Code.UNKNOWN_ORDER: (
        "incorrect order id",
        "incorrect order",
        "invalid order id",
        "invalid order",
        "order not found",
        "order id not found",
        "order does not exist",
        "wrong order id",
    ),
    Code.UNKNOWN_REFILL: (
        "refill not found",
        "incorrect refill id",
        "invalid refill id",
        "refill id not found",
    ),
    Code.NOT_ALLOWED: (
        "refill is disabled for this service",
        "refill is not available for this service",
        "refill not available for this service",
        "refill is not available for this order",
        "refill not allowed",
        "order is not eligible for refill",
        "this order is not eligible for refill",
        "not eligible for refill",
        "not eligible",
        "refill is not allowed",
        "order is not completed",
        "order not completed",
        "refill limit reached",
        "maximum refills reached",
        "maximum # refills reached",
        "cancel is not available for this order",
        "cancel is not available for this service",
        "cancel is disabled for this service",
        "order cannot be canceled",
        "order cannot be cancelled",
        "order can t be canceled",
        "order can t be cancelled",
        "order is already ended",
        "order already completed",
        "order already canceled",
        "order already cancelled",
    ),
    Code.WAIT: (
        "refill was requested less than # hours ago",
        "refill requested less than # hours ago",
        "refill requested less than # h ago",
        "requested less than # h ago",
        "requested less than # hours ago",
        "refill is available in # hours",
        "refill will be available in # hours",
        "refill is available in # minutes",
        "you can request a refill in # hours",
    ),
    Code.ALREADY_OPEN: (
        "previous refill task is not completed",
        "previous refill task not completed",
        "previous refill is not completed",
        "refill already requested",
        "refill is already in progress",
        "refill already in progress",
        "cancel already requested",
        "cancellation already requested",
    ),
    Code.UNSUPPORTED: (
        "this action is invalid",
        "invalid action",
        "incorrect action",
        "unknown action",
        "action not found",
        "action is invalid",
        "action not supported",
        "method not allowed",
        "not supported contact support",
        "refill is not supported",
        "cancel is not supported",
    ),
}

# The last part of dotted codes such as "neworder.error.not_enough_funds".
DOTTED: Final[Mapping[str, Code]] = {
    "not_enough_funds": Code.FUNDS,
    "insufficient_funds": Code.FUNDS,
    "insufficient_balance": Code.FUNDS,
    "incorrect_service_id": Code.SERVICE,
    "invalid_service": Code.SERVICE,
    "service_not_found": Code.SERVICE,
    "invalid_link": Code.LINK,
    "incorrect_link": Code.LINK,
    "link": Code.LINK,
    "link_duplicate": Code.LINK_BUSY,
    "min_quantity": Code.BELOW_MIN,
    "max_quantity": Code.ABOVE_MAX,
    "quantity": Code.QUANTITY,
    "incorrect_quantity": Code.QUANTITY,
    "incorrect_request": Code.INVALID_FIELD,
    "dripfeed_disabled": Code.INVALID_FIELD,
    "request_id_required": Code.INVALID_FIELD,
    "identical_order": Code.DUPLICATE,
    "invalid_api_key": Code.KEY,
    "incorrect_api_key": Code.KEY,
    "invalid_key": Code.KEY,
    "account_inactive": Code.INACTIVE,
    "user_inactive": Code.INACTIVE,
    "rate_limit_exceeded": Code.RATE_LIMIT,
    "too_many_requests": Code.RATE_LIMIT,
    "incorrect_order_id": Code.UNKNOWN_ORDER,
    "order_not_found": Code.UNKNOWN_ORDER,
    "refill_not_found": Code.UNKNOWN_REFILL,
    "service_disabled": Code.NOT_ALLOWED,
    "order_not_completed": Code.NOT_ALLOWED,
    "order_ended": Code.NOT_ALLOWED,
    "not_eligible": Code.NOT_ALLOWED,
    "previous_not_completed": Code.ALREADY_OPEN,
    "invalid_action": Code.UNSUPPORTED,
    "method_not_allowed": Code.UNSUPPORTED,
}

# Refusals that an answer to `add` can prove; an order or refill id has no place there.
PROVE_NOT_PLACED: Final = frozenset(Code) - {
    *(Code.UNLISTED, Code.UNKNOWN_ORDER, Code.UNKNOWN_REFILL, Code.WAIT, Code.ALREADY_OPEN)
}

_NUMBER = re.compile(r"(?<![a-z])\d[\d.,]*")
_SEPARATORS = re.compile(r"[^a-z0-9#]+")
_CODE = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+|[a-z]+(?:_[a-z]+)+", re.ASCII)
_WAIT = re.compile(r"\b(?:in|after|wait|another)\s+(\d{1,4})\s*(second|sec|minute|min|hour|h|day)")
_SECONDS = {"sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "day": 86400}
_LONGEST = 300


def normalised(sentence: str) -> str:
    """Lower case words with single spaces, numbers as `#`; what sentences are compared by."""
    words = sentence[: _LONGEST + 1].casefold().replace("_", " ")
    return _SEPARATORS.sub(" ", _NUMBER.sub("#", words)).strip()


_CODES: Final = {normalised(text): code for code, texts in SENTENCES.items() for text in texts}
_NONE: Final[Mapping[str, Code]] = {}


def refusal_code(sentence: str, additions: Mapping[str, Code] = _NONE) -> Code:
    """What a refusal means; UNLISTED unless these exact words were reviewed.

    `additions` are one provider's own sentences, compared in the same way.
    """
    wanted = normalised(sentence)
    for text, code in additions.items():
        if normalised(text) == wanted:
            return code
    if len(sentence) > _LONGEST:
        return Code.UNLISTED
    return _CODES.get(wanted) or _dotted(sentence.strip().lower())


def _dotted(text: str) -> Code:
    if not _CODE.fullmatch(text):
        return Code.UNLISTED
    last = text.rpartition(".")[2]
    if code := DOTTED.get(last):
        return code
    field = last.removeprefix("incorrect_").removeprefix("invalid_").replace("_", " ")
    return _CODES.get(f"incorrect {field}", Code.UNLISTED) if field != last else Code.UNLISTED


def wait_seconds(sentence: str) -> int | None:
    """The wait a refusal names ("in 5 hours"), in seconds; None when it names none."""
    if match := _WAIT.search(sentence[:_LONGEST].lower()):
        return int(match[1]) * _SECONDS[match[2]]
    return None
