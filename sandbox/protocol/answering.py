"""From a request to a reply: key, limits, faults, the action itself, and JSON at last."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sandbox.faults.modes import ANSWER_MODES, DELAY_MODES
from sandbox.faults.rules import Fault
from sandbox.faults.spoiled_bodies import BODY_MODES
from sandbox.faults.spoiled_content import CONTENT_MODES, Answered
from sandbox.ledger.accounts import Account
from sandbox.protocol.answers import error_answer, error_status, respell_keys
from sandbox.protocol.refusals import Refusal
from sandbox.protocol.traffic import Traffic
from sandbox.protocol.wire import Reply, Request, json_reply
from sandbox.provider import ACTIONS, STATUS_NAMES, Provider, unknown_action

PATHS = ("/api/v2", "/")


@dataclass(slots=True)
class Call:
    """One request on its way; `delay` and `fault` are what the rules chose for it."""

    request: Request
    action: str
    fields: Mapping[str, str]
    counted: str
    traffic: Traffic
    delay: Fault | None = None
    fault: Fault | None = None
    wait_before: float = 0.0
    wait_after: float = 0.0
    headers: list[tuple[str, str]] = field(default_factory=list)


def receive(provider: Provider, request: Request) -> Call:
    """Count the call and let the fault rules choose what will happen to it."""
    fields = {**request.query, **request.fields}
    action = fields.get("action", "")
    action = STATUS_NAMES.get(action, action)
    if action == "status" and fields.get("action") == "orders" and "orders" not in fields:
        action = "orders"
    with provider.lock:
        counted = action if action in ACTIONS else "other"
        provider.traffic.begin(counted)
        call = Call(request, action, fields, counted, provider.traffic)
        call.delay = provider.faults.draw(DELAY_MODES, action, fields)
        call.fault = provider.faults.draw(ANSWER_MODES, action, fields)
        call.wait_before = call.wait_after = provider.latency / 2
    if call.delay is not None:
        seconds = delay_seconds(call.delay, provider.setup.seed)
        if call.delay.phase == "before":
            call.wait_before += seconds
        else:
            call.wait_after += seconds
    return call


def delay_seconds(fault: Fault, seed: int) -> float:
    """Fixed `seconds`, or lognormal around the median `seconds` with `sigma`."""
    if fault.mode == "latency":
        return fault.seconds(1.0)
    chance = random.Random(f"{seed}:{fault.number}:{fault.fired}")
    sigma = float(fault.options.get("sigma", 0.5))
    return chance.lognormvariate(math.log(fault.seconds(0.2)), sigma)


def done(provider: Provider, call: Call) -> None:
    """The call is no longer under way."""
    with provider.lock:
        call.traffic.end(call.counted)


def answer(provider: Provider, call: Call) -> Reply:
    """Carry the call out, or not, as its fault says; wire faults are left to the connection."""
    fault = call.fault
    content, status = _broken(provider)
    with provider.lock:
        provider.catch_up()
        earlier = provider.book.newest_id
        account = _account(provider, call)
        if fault is None or fault.phase == "after":
            content, status = _content(provider, call, account)
        spoiler = None if fault is None else _answered(provider, call, fault, earlier, account)
    if callable(content):
        content = content()
    if spoiler is not None and spoiler.fault.mode in CONTENT_MODES:
        content = CONTENT_MODES[spoiler.fault.mode](content, spoiler)
        status = 200
    reply = json_reply(
        respell_keys(content, provider.dialect.keys), status, provider.dialect.content_type
    )
    reply.headers += call.headers
    if fault is not None and fault.mode in BODY_MODES:
        reply = BODY_MODES[fault.mode](reply, fault)
    return reply


def _broken(provider: Provider) -> tuple[Any, int]:
    return error_answer(Refusal("broken"), provider.dialect), 200


def _content(provider: Provider, call: Call, account: Account | None) -> tuple[Any, int]:
    try:
        return _carry_out(provider, call, account), 200
    except Refusal as refusal:
        content = error_answer(refusal, provider.dialect)
        if refusal.reason == "rate_limit":
            wait = math.ceil(float(str(refusal.blanks["wait"])))
            return content, _rate_limit_status(provider, call, wait)
        return content, error_status(refusal, provider.dialect)


def _rate_limit_status(provider: Provider, call: Call, wait: int) -> int:
    if provider.halt.limits.style == "text":
        return 200
    call.headers.append(("Retry-After", str(max(1, wait))))
    return 429


def _carry_out(provider: Provider, call: Call, account: Account | None) -> Any:
    if (call.request.path.rstrip("/") or "/") not in PATHS:
        raise Refusal("path")
    if call.request.method != "POST":
        raise Refusal("method")
    if provider.dialect.bodies == "json" and not call.request.is_json:
        raise Refusal("request")
    if provider.dialect.bodies == "form" and call.request.is_json:
        raise Refusal("request")
    if account is None:
        raise Refusal("key")
    if call.action not in ACTIONS:
        raise unknown_action(call.action)
    wait = provider.admit(account, call.action)
    if wait:
        raise Refusal("rate_limit", wait=wait)
    return provider.carry_out(account, call.action, call.fields)


def _account(provider: Provider, call: Call) -> Account | None:
    place, headers = provider.dialect.key_place, call.request.headers
    if place == "header":
        key = headers.get("x-api-key", "")
    elif place == "bearer":
        key = headers.get("authorization", "").removeprefix("Bearer ")
    else:
        source = call.request.query if place == "query" else call.request.fields
        key = source.get("key", "")
    return provider.accounts.with_key(key)


def _answered(
    provider: Provider, call: Call, fault: Fault, earlier: str, account: Account | None
) -> Answered:
    old: Decimal | None = None
    if account is not None and "seconds" in fault.options:
        old = account.balance_before(provider.clock.now() - fault.seconds(0))
    elif account is not None:
        old = account.past[-1][1] if account.past else account.balance
    next_id = provider.book.last_number + 1
    return Answered(call.action, fault, earlier, next_id, old)
