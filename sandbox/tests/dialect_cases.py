"""Every switch of the dialects, and how it is heard on the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox import Sandbox
from sandbox.tests.raw import answer, ask, exchange, http, order_fields, place

Heard = Callable[[Sandbox], object]
CLOSE = "Connection: close\r\n"


def added(box: Sandbox) -> Any:
    return answer(box, "add", **order_fields(box))


def bad_key(box: Sandbox) -> Any:
    return answer(box, "balance", key="wrong")


def first(box: Sandbox, **asked: Any) -> Any:
    return answer(box, "services", **asked)[0]


def one(box: Sandbox) -> Any:
    return answer(box, "status", order=newest(box))


def newest(box: Sandbox) -> str:
    place(box)
    return str(box.ledger()[-1]["id"])


def batch(box: Sandbox) -> Any:
    return answer(box, "status", orders=f"{newest(box)},1")


def finished(box: Sandbox) -> Any:
    order = newest(box)
    box.advance(10_000)
    return answer(box, "status", order=order)


def parent(box: Sandbox) -> Any:
    service = box.service(dripfeed=True)
    fields = order_fields(box, service=service["id"], quantity=service["min"], runs=2, interval=5)
    order = answer(box, "add", **fields)["order"]
    return answer(box, "status", order=order)


def canceling(box: Sandbox) -> Any:
    order = place(box, service=box.service(cancel=True)["id"])
    return answer(box, "cancel", orders=f"{order},1")


def kept(box: Sandbox) -> Any:
    """The status and the money of an order that is canceled after it was charged."""
    before, order = box.balance(), place(box)
    box.force(order, status="Canceled", progress=0)
    assert box.balance() == before
    return answer(box, "status", order=order)


def refilling(box: Sandbox, status: int = 400) -> Any:
    order = place(box, service=box.service(refill=True)["id"])
    box.force(order, status="Completed")
    refill = answer(box, "refill", order=order)
    box.advance(status)
    return {**refill, "order": order}


def keyed(box: Sandbox, extra: str = "", query: str = "") -> Any:
    sent = http(box, b"action=balance", path=f"/api/v2{query}", extra=CLOSE + extra)
    return exchange(box, sent).json()


def as_json(box: Sandbox) -> Any:
    extra = f"{CLOSE}Content-Type: application/json\r\n"
    body = f'{{"key":"{box.key}","action":"balance"}}'.encode()
    return exchange(box, http(box, body, extra=extra)).json()


def empty(box: Sandbox) -> Any:
    box.change_catalog(empty=True)
    heard = answer(box, "services")
    box.change_catalog(restore=True)
    return heard


def again(box: Sandbox, **asked: Any) -> list[Any]:
    return [answer(box, "add", **order_fields(box, **asked)) for _ in range(2)]


def runs(box: Sandbox, runs: int) -> Any:
    service = box.service(dripfeed=True)
    return answer(box, "add", **order_fields(box, service=service["id"], runs=runs, interval=5))


def canceled(box: Sandbox) -> Any:
    order = newest(box)
    box.force(order, status="Canceled")
    return answer(box, "status", order=order)


def refill_state(box: Sandbox, **asked: Any) -> Any:
    order = refilling(box)["order"]
    return answer(box, "refill_status", **(asked or {"order": order}))


def refill_twice(box: Sandbox) -> Any:
    return answer(box, "refill", order=refilling(box, status=3000)["order"])


CASES: list[tuple[dict[str, Any], Heard]] = [
    ({"errors": "codes"}, lambda b: bad_key(b)["error"] == "error.invalid_api_key"),
    ({"error_http": "bad_request"}, lambda b: ask(b, "balance", key="x").status == 400),
    ({"error_http": "typed"}, lambda b: ask(b, "balance", key="x").status == 401),
    ({"error_shape": "object"}, lambda b: bad_key(b)["error"]["message"] == "Invalid API key"),
    ({"error_shape": "list"}, lambda b: bad_key(b) == {"errors": ["Invalid API key"]}),
    ({"error_shape": "fields"}, lambda b: bad_key(b) == {"errors": {"key": ["Invalid API key"]}}),
    ({"error_shape": "message"}, lambda b: bad_key(b)["message"] == "Invalid API key"),
    ({"error_shape": "success_false"}, lambda b: bad_key(b)["success"] is False),
    (
        {"content_type": "text/html"},
        lambda b: ask(b, "balance").headers["content-type"] == "text/html",
    ),
    ({"numbers": "text"}, lambda b: added(b)["order"].isdecimal() and first(b)["service"] == "1"),
    (
        {"numbers": "number"},
        lambda b: isinstance(one(b)["charge"], float) and one(b)["remains"] == 20,
    ),
    ({"keys": "title"}, lambda b: "Balance" in answer(b, "balance")),
    ({"keys": "upper"}, lambda b: "BALANCE" in answer(b, "balance")),
    ({"key_place": "header"}, lambda b: "balance" in keyed(b, f"X-API-Key: {b.key}\r\n")),
    (
        {"key_place": "bearer"},
        lambda b: "balance" in keyed(b, f"Authorization: Bearer {b.key}\r\n"),
    ),
    ({"key_place": "query"}, lambda b: "balance" in keyed(b, query=f"?key={b.key}")),
    ({"bodies": "form"}, lambda b: "error" in as_json(b) and "balance" in answer(b, "balance")),
    ({"bodies": "json"}, lambda b: "balance" in as_json(b) and "error" in answer(b, "balance")),
    ({"catalog_wrap": "services"}, lambda b: len(answer(b, "services")["services"]) == 40),
    ({"catalog_wrap": "data"}, lambda b: len(answer(b, "services")["data"]) == 40),
    ({"catalog_wrap": "status_data"}, lambda b: answer(b, "services")["status"] == "success"),
    ({"empty_catalog": "words"}, lambda b: empty(b)["data"] == "Empty Data"),
    ({"page_size": 15}, lambda b: len(answer(b, "services", offset=30)) == 10),
    ({"service_ids": "text"}, lambda b: first(b)["service"] == "1"),
    ({"service_id_field": "serviceId"}, lambda b: first(b)["serviceId"] == 1),
    ({"description_field": "desc"}, lambda b: first(b)["desc"]),
    ({"time_field": "delivery_time"}, lambda b: first(b)["delivery_time"]),
    ({"type_names": "snake"}, lambda b: answer(b, "services")[5]["type"] == "custom_comments"),
    (
        {"type_names": "capital_snake"},
        lambda b: answer(b, "services")[5]["type"] == "Custom_comments",
    ),
    ({"type_names": "lower"}, lambda b: first(b)["type"] == "default"),
    ({"type_names": "codes"}, lambda b: first(b)["type"] == 1),
    (
        {"flags": "number"},
        lambda b: first(b)["refill"] in (0, 1) and first(b)["refill"] is not True,
    ),
    ({"flags": "text"}, lambda b: first(b)["cancel"] in ("0", "1")),
    ({"flags": "absent"}, lambda b: "refill" not in first(b)),
    ({"flags": "words"}, lambda b: first(b)["refill"] in ("30 days", "No")),
    ({"catalog_extras": "none"}, lambda b: "dripfeed" not in first(b)),
    ({"catalog_extras": "null"}, lambda b: first(b)["description"] is None),
    ({"catalog_currency": True}, lambda b: first(b)["currency"] == "USD"),
    ({"rate_unit": "one"}, lambda b: float(first(b)["rate1K"]) == 1000 * float(first(b)["rate"])),
    ({"order_field": "order_id"}, lambda b: added(b)["order_id"]),
    ({"order_field": "orderId"}, lambda b: added(b)["orderId"]),
    ({"order_field": "id"}, lambda b: added(b)["id"]),
    ({"order_field": "data.order"}, lambda b: added(b)["data"]["order"]),
    ({"order_field": "data.id"}, lambda b: added(b)["data"]["id"]),
    ({"order_field": "result.id"}, lambda b: added(b)["result"]["id"]),
    ({"order_field": "bare"}, lambda b: isinstance(added(b), int)),
    ({"order_id_type": "text"}, lambda b: isinstance(added(b)["order"], str)),
    ({"id_style": "hex"}, lambda b: len(added(b)["order"]) == 24 and one(b)["status"]),
    ({"id_style": "opaque"}, lambda b: added(b)["order"].startswith("ord_") and one(b)["status"]),
    ({"random_ids": True}, lambda b: added(b)["order"] >= 10**6),
    ({"gap_min": 900, "gap_max": 900}, lambda b: added(b)["order"] - added(b)["order"] == -900),
    ({"status_success": True}, lambda b: added(b)["status"] == "success"),
    ({"add_extras": True}, lambda b: added(b)["charge"] == "0.21700"),
    ({"charge_places": 2}, lambda b: one(b)["charge"] == "0.22"),
    ({"charge_places": 8}, lambda b: one(b)["charge"] == "0.21700000"),
    ({"link_guard": True}, lambda b: again(b)[1]["error"].startswith("You have active order")),
    ({"dedup_window": 120.0}, lambda b: again(b)[0] == again(b)[1] and len(b.ledger()) == 1),
    (
        {"dedup_window": 120, "dedup_answer": "refuse"},
        lambda b: again(b)[1]["error"] == "An identical order was just placed",
    ),
    ({"request_id": "required"}, lambda b: added(b) == {"error": "request_id is required"}),
    (
        {"request_id": "accepted"},
        lambda b: len({str(row) for row in again(b, request_id="a")}) == 1 and len(b.ledger()) == 1,
    ),
    ({"least_runs": 5}, lambda b: b.service(dripfeed=True) and "error" in runs(b, 4)),
    ({"status_words": "snake"}, lambda b: one(b)["status"] == "pending"),
    ({"status_words": "british"}, lambda b: canceled(b)["status"] == "Cancelled"),
    ({"status_words": "numeric"}, lambda b: finished(b)["status"] == 2),
    ({"status_words": "lower"}, lambda b: one(b)["status"] == "pending"),
    ({"status_words": "upper"}, lambda b: one(b)["status"] == "PENDING"),
    ({"status_words": "drift"}, lambda b: finished(b)["status"] == "Complete"),
    ({"status_words": "unknown"}, lambda b: finished(b)["status"] == "Well done"),
    ({"start_count": "null"}, lambda b: finished(b)["start_count"] is None),
    ({"start_count": "absent"}, lambda b: "start_count" not in finished(b)),
    ({"pending_remains": "zero"}, lambda b: one(b)["remains"] == "0"),
    ({"pending_remains": "unknown"}, lambda b: one(b)["remains"] == "Unknown"),
    ({"status_currency": False}, lambda b: "currency" not in one(b)),
    ({"status_order": True}, lambda b: one(b)["order"] == int(b.ledger()[-1]["id"])),
    ({"parents": "bare"}, lambda b: set(parent(b)) == {"status", "runs", "orders"}),
    ({"batch": "list_with_ids"}, lambda b: batch(b)[1]["order"] == 1),
    ({"batch": "list_without_ids"}, lambda b: "order" not in batch(b)[0]),
    ({"batch": "wrapped"}, lambda b: len(batch(b)["orders"]) == 2),
    ({"batch_of_one": "flat"}, lambda b: "status" in answer(b, "status", orders=newest(b))),
    ({"batch_errors": "text"}, lambda b: batch(b)["1"] == "Incorrect order ID"),
    ({"batch_errors": "missing"}, lambda b: "1" not in batch(b)),
    ({"batch_reversed": True}, lambda b: next(iter(batch(b))) == "1"),
    ({"batch_extra": True}, lambda b: len(batch(b)) == 3),
    ({"batch_limit": 1}, lambda b: len(batch(b)) == 1),
    ({"batch_limit": 1, "over_limit": "refuse"}, lambda b: batch(b)["error"] == "Maximum 1 orders"),
    (
        {"batch_format": "json_only"},
        lambda b: "error" in batch(b) and answer(b, "status", orders="[1]")["1"],
    ),
    ({"recent_orders": True}, lambda b: newest(b) == str(answer(b, "orders", limit=1)[0]["order"])),
    ({"refills": False}, lambda b: refilling(b)["error"] == "This action is Invalid"),
    ({"refill_typo": True}, lambda b: refill_state(b, refill=1)["status"] == "In progess"),
    ({"refill_by_order": True}, lambda b: refill_state(b)["status"] == "In progress"),
    ({"refill_cap": 1}, lambda b: "limit" in refill_twice(b)["error"]),
    ({"refill_spacing": 86_400.0}, lambda b: "24 hours" in refill_twice(b)["error"]),
    ({"cancels": False}, lambda b: canceling(b)["error"] == "This action is Invalid"),
    (
        {"cancel_shape": "flat"},
        lambda b: canceling(b)[1] == {"order": 1, "error": "Incorrect order ID"},
    ),
    ({"cancel_value": "true"}, lambda b: canceling(b)[0]["cancel"] is True),
    ({"cancel_value": "request_id"}, lambda b: canceling(b)[0]["cancel"] > 1000),
    ({"refunds": "apart"}, lambda b: float(kept(b)["charge"]) and kept(b)["remains"] == "0"),
    ({"balance_format": "number"}, lambda b: answer(b, "balance")["balance"] == 1000.0),
    ({"balance_format": "grouped"}, lambda b: answer(b, "balance")["balance"] == "1,000.00"),
    ({"balance_format": "decorated"}, lambda b: answer(b, "balance")["balance"] == "$1,000.00 USD"),
    ({"balance_field": "saldo"}, lambda b: answer(b, "balance")["saldo"]),
    ({"balance_field": "credit"}, lambda b: answer(b, "balance")["credit"]),
    ({"balance_field": "deposit"}, lambda b: answer(b, "balance")["deposit"]),
    ({"balance_field": "data.balance"}, lambda b: answer(b, "balance")["data"]["balance"]),
    ({"balance_field": "user.balance"}, lambda b: answer(b, "balance")["user"]["balance"]),
    ({"currency_field": "mata_uang"}, lambda b: answer(b, "balance")["mata_uang"] == "USD"),
    ({"reported_currency": "XTS"}, lambda b: answer(b, "balance")["currency"] == "XTS"),
]
