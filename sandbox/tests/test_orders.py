"""What is accepted, what it costs, and how it goes with time."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.ledger.order_types import ORDER_TYPES
from sandbox.tests.raw import answer, order_fields, place

OTHER_KEY = "another-customer-0002"


@pytest.mark.parametrize("kind", ORDER_TYPES)
def test_every_type_is_accepted_and_needs_each_of_its_fields(shared: Sandbox, kind: str) -> None:
    shared.reset()
    for name in ORDER_TYPES[kind].required:
        refused = answer(shared, "add", **order_fields(shared, kind, **{name: None}))
        assert refused["error"].lower() == f"incorrect {name}"
    assert shared.ledger() == []
    order = place(shared, kind)
    truth = shared.ledger()[0]
    assert (truth["id"], truth["type"]) == (order, kind)
    service = shared.service(kind)
    if kind != "Subscriptions":
        units = 1000 if ORDER_TYPES[kind].package else truth["quantity"]
        assert Decimal(truth["charge"]) == (Decimal(service["rate"]) * units / 1000).quantize(
            Decimal("0.00001"), "ROUND_HALF_UP"
        )


@pytest.mark.parametrize(
    ("kind", "quantity"),
    [("Custom Comments", 2), ("Mentions Custom List", 3), ("Comment Replies", 2), ("Package", 1)],
)
def test_lines_are_counted_and_a_quantity_beside_them_ignored(
    shared: Sandbox, kind: str, quantity: int
) -> None:
    order = place(shared, kind, quantity=999)
    assert shared.order(order)["quantity"] == quantity


@pytest.mark.parametrize(
    ("kind", "changes", "reason"),
    [
        ("Default", {"service": 999}, "Incorrect service ID"),
        ("Default", {"service": "١"}, "Incorrect service ID"),
        ("Default", {"quantity": "1_000"}, "Incorrect quantity"),
        ("Default", {"quantity": 1}, "Quantity less than minimal 20"),
        ("Default", {"quantity": 10**9}, "Quantity more than maximum 10000"),
        ("Default", {"runs": "", "interval": ""}, "Incorrect runs"),
        ("Default", {"runs": "undefined", "interval": 5}, "Incorrect runs"),
        ("Default", {"runs": 1, "interval": 5}, "Incorrect runs"),
        ("Default", {"runs": 2}, "Incorrect interval"),
        ("Default", {"runs": 2, "interval": 0}, "Incorrect interval"),
        ("Default", {"runs": 501, "interval": 5}, "Quantity more than maximum 10000"),
        ("Poll", {"answer_number": "two"}, "Incorrect answer_number"),
        ("Poll", {"runs": 2, "interval": 5}, "Drip-feed is not available for this service"),
        ("Web Traffic", {"device": 6}, "Incorrect device"),
        ("Web Traffic", {"type_of_traffic": 4}, "Incorrect type_of_traffic"),
        ("Web Traffic", {"type_of_traffic": 1}, "Incorrect google_keyword"),
        ("Web Traffic", {"type_of_traffic": 2}, "Incorrect referring_url"),
        ("Subscriptions", {"delay": 7}, "Incorrect delay"),
        ("Subscriptions", {"max": 1}, "Incorrect max"),
        ("Subscriptions", {"expiry": "2030-01-01"}, "Incorrect expiry"),
        ("Subscriptions", {"expiry": "01/01/2020"}, "Incorrect expiry"),
        ("Subscriptions", {"posts": "many"}, "Incorrect posts"),
    ],
)
def test_an_order_that_does_not_fit_is_refused(
    shared: Sandbox, kind: str, changes: dict[str, Any], reason: str
) -> None:
    before = len(shared.ledger())
    assert answer(shared, "add", **order_fields(shared, kind, **changes)) == {"error": reason}
    assert len(shared.ledger()) == before


@pytest.mark.parametrize(
    ("errors", "texts"),
    [
        ("sentences", ["Not enough funds on balance", "Incorrect service ID", "Invalid API key"]),
        (
            "codes",
            [
                "neworder.error.not_enough_funds",
                "error.incorrect_service_id",
                "error.invalid_api_key",
            ],
        ),
    ],
)
def test_both_vocabularies(box: Sandbox, errors: str, texts: list[str]) -> None:
    box.dialect(errors=errors)
    box.set_balance("0.01")
    assert answer(box, "add", **order_fields(box))["error"] == texts[0]
    assert answer(box, "add", **order_fields(box, service=0))["error"] == texts[1]
    assert answer(box, "balance", key="wrong")["error"] == texts[2]
    assert box.ledger() == [] and box.balance() == Decimal("0.01")


def test_unknown_actions_are_refused(shared: Sandbox) -> None:
    assert answer(shared, "fly") == {"error": "This action is Invalid"}
    assert answer(shared, "") == {"error": "Incorrect request"}


def test_an_order_goes_through_its_states_and_always_the_same_way(box: Sandbox) -> None:
    order, seen = place(box, quantity=1000), []
    for _ in range(80):
        row = answer(box, "status", order=order)
        seen.append((row["status"], int(row["remains"]), row["start_count"]))
        box.advance(100)
    words = list(dict.fromkeys(word for word, _, _ in seen))
    assert words[:2] == ["Pending", "In progress"] and words[-1] == "Completed"
    assert [remains for _, remains, _ in seen] == sorted((r for _, r, _ in seen), reverse=True)
    assert seen[0][1:] == (1000, None) and seen[-1][1] == 0
    with Sandbox(seed=1, services=40, speed=0, partial=0, canceled=0) as second:
        assert place(second, quantity=1000) == order
        second.advance(2000)
        assert (answer(second, "status", order=order)["remains"]) == str(seen[20][1])


def test_default_orders_take_forty_to_a_hundred_and_twenty_seconds_at_speed_sixty() -> None:
    with Sandbox(seed=5, services=40, speed=0, balance=10**6) as box:
        ids = [place(box, link=f"https://shop.example/{n}") for n in range(100)]

        def open_after(real_seconds: float) -> int:
            box.advance(box_started + real_seconds * 60 - box.now())
            rows = [answer(box, "status", orders=",".join(ids))[one] for one in ids]
            return sum(row["status"] in ("Pending", "In progress", "Processing") for row in rows)

        box_started = box.now()
        assert open_after(6) == 100 and open_after(39) == 100
        assert 20 < open_after(80) < 80 and open_after(121) == 0
        ends = [truth["status"] for truth in box.ledger()]
    assert {"Completed", "Partial", "Canceled"} == set(ends) and ends.count("Completed") > 80


def test_money_adds_up_whatever_becomes_of_the_orders() -> None:
    with Sandbox(seed=2, services=40, speed=0, partial=0.5, canceled=0.3, balance="900") as box:
        for n in range(40):
            place(box, link=f"https://shop.example/{n}")
        taken = sum(Decimal(truth["charge"]) for truth in box.ledger())
        assert box.balance() == 900 - taken
        box.advance(10_000)
        kept = sum(Decimal(truth["charge_now"]) for truth in box.ledger())
        assert 0 < kept < taken and box.balance() == 900 - kept
        partial = next(truth for truth in box.ledger() if truth["status"] == "Partial")
        share = Decimal(partial["quantity"] - partial["remains"]) / partial["quantity"]
        assert abs(Decimal(partial["charge_now"]) - Decimal(partial["charge"]) * share) < Decimal(
            "0.00001"
        )


def test_ids_leave_gaps_and_foreign_ones_are_unknown(box: Sandbox) -> None:
    ids = [int(place(box)) for _ in range(30)]
    steps = {later - earlier for earlier, later in pairwise(ids)}
    assert steps <= set(range(1, 7)) and len(steps) > 3
    foreign = next(n for n in range(ids[0], ids[-1]) if n not in ids)
    assert answer(box, "status", order=foreign) == {"error": "Incorrect order ID"}
    box.dialect(gap_min=5000, gap_max=10_000)
    assert int(place(box)) - ids[-1] >= 5000
    box.dialect(random_ids=True)
    wild = [int(place(box)) for _ in range(8)]
    assert wild != sorted(wild) and len(set(wild)) == 8


def test_customers_do_not_see_each_other() -> None:
    with Sandbox(services=40, accounts={OTHER_KEY: ("5.50", "EUR")}) as box:
        order = place(box)
        assert answer(box, "status", order=order, key=OTHER_KEY) == {"error": "Incorrect order ID"}
        assert answer(box, "balance", key=OTHER_KEY) == {"balance": "5.50", "currency": "EUR"}
        assert box.ledger()[0]["account"] == box.accounts[0]


@pytest.mark.parametrize("action", ["status", "orders", "multi_status", "statuses"])
def test_batches_go_by_every_name_and_both_spellings(shared: Sandbox, action: str) -> None:
    ids = [place(shared), place(shared)]
    for text in (",".join(ids), f"[{ids[0]}, {ids[1]}]", f'["{ids[0]}","{ids[1]}"]'):
        assert list(answer(shared, action, orders=text)) == ids


def test_no_batch_is_longer_than_a_hundred(shared: Sandbox) -> None:
    asked = ",".join(str(number) for number in range(1, 102))
    assert len(answer(shared, "status", orders=asked)) == 100
    shared.dialect(over_limit="refuse")
    assert answer(shared, "status", orders=asked) == {"error": "Maximum 100 orders"}
    shared.dialect("seed")
