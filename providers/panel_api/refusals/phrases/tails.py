"""What may stand before or after a sentence of refusal without changing what it says."""

from __future__ import annotations

from typing import Final

# Before it: "Error: Not enough funds".
HEADS: Final = frozenset(
    {
        *("error", "errors", "api error", "validation error", "validation failed"),
        *("bad request", "invalid request", "request error", "sorry", "warning"),
        *("given data was invalid", "fail", "failed", "unprocessable entity"),
    }
)

# After it, as sentences of their own: "Invalid Link. Please check your API Manual".
TAILS: Final = frozenset(
    {
        *("try again", "try again later", "please try again", "please try again later"),
        *("retry later", "please retry later", "please slow down", "slow down", "please wait"),
        *("please try again in #", "try again in #", "retry in #", "please try again after #"),
        *(
            f"{again} {when} # {unit}"
            for again in ("please try again", "try again", "retry", "please retry", "retry after")
            for when in ("in", "after", "")
            for unit in ("s", "sec", "second", "seconds", "minute", "minutes", "hour", "hours")
        ),
        *("please try again in hour", "try again in hour", "please try again after hour"),
        *("try again after # minutes", "please wait # seconds", "wait # seconds", "#", "# #"),
        *("expected available in # seconds", "expected available in # second"),
        *("maximum admitted # per #s", "maximum admitted # per #m", "maximum admitted # per #h"),
        *("maximum admitted # per second", "# per # minute"),
        *("maximum admitted # per minute", "# per # second", "# per # hour", "limit #"),
        *("# per minute", "# per second", "# requests per minute", "limit is # per minute"),
        *("contact support", "please contact support", "contact the support", "contact admin"),
        *("please contact us", "please contact administrator", "please contact admin"),
        *("please check your api manual", "please check the api manual", "check your api key"),
        *("please check your api key", "please check api documentation", "please check your link"),
        *(
            "please add funds",
            "add funds",
            "please top up",
            "top up your balance",
            "please recharge",
        ),
        *("please top up your balance", "please add funds to your account", "please deposit"),
        *("please wait until order being completed", "please wait until it is completed"),
        *("please wait until order is completed", "please wait for it to complete"),
        *("please wait until previous order is completed", "please wait for completion"),
        *("required #", "available #", "need #", "needed #", "you need #", "you have #"),
        *("required # available #", "required # you have #", "need # have #", "balance #"),
        *("your balance #", "your balance is #", "current balance #", "order cost #", "cost #"),
        *("total #", "price #", "charge #", "minimum #", "maximum #", "min #", "max #"),
        *("minimum is #", "maximum is #", "min # max #", "minimum # maximum #", "got #"),
        *("allowed range # #", "allowed # #", "id #", "service #", "service id #"),
        *("and # more error", "and # more errors"),
        *("minimum allowed #", "maximum allowed #", "minimum quantity #", "maximum quantity #"),
    }
)

# A list of fields may follow as well: "Missing required fields: service, link".
FIELD_WORDS: Final = frozenset(
    {
        *("service", "services", "link", "quantity", "key", "action", "order", "orders", "id"),
        *("runs", "interval", "comments", "username", "usernames", "hashtag", "hashtags", "url"),
        *("media", "groups", "keywords", "min", "max", "posts", "delay", "expiry", "country"),
        *("device", "answer", "number", "api", "and", "or", "field", "fields", "parameter"),
        *("parameters", "are", "is", "required", "must", "be", "provided", "missing"),
    }
)

# What servers also say when they have stored the order. A sentence of nothing but these is never
# a refusal, and nobody can add it as one.
PROVES_NOTHING: Final = (
    *("something went wrong", "an error occurred", "an error has occurred", "error occurred"),
    *("error", "unknown error", "unexpected error", "internal error", "internal server error"),
    *("server error", "please try again later", "please try again", "try again later"),
    *("try again", "later", "please retry", "retry", "please wait", "please", "oops", "sorry"),
    *("failed", "failure", "order failed", "request failed", "an error", "errors", "exception"),
    *("timeout", "timed out", "time out", "request timeout", "gateway timeout", "bad gateway"),
    *("service unavailable", "temporarily unavailable", "unavailable", "maintenance", "busy"),
    *("contact support", "please contact support", "unknown", "null", "none", "false", "true"),
    *("success", "ok", "status", "message"),
)
