"""What comes after acceptance: children of parents, refills, cancels."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from sandbox import Sandbox
from sandbox.tests.raw import answer, place


def test_a_drip_feed_bears_children_that_are_orders(box: Sandbox) -> None:
    service = box.service(dripfeed=True)
    parent = place(box, service=service["id"], quantity=service["min"], runs=3, interval=10)
    row = answer(box, "status", order=parent)
    assert (row["status"], row["runs"], row["orders"]) == ("Pending", "3", [])
    box.advance(1000)
    row = answer(box, "status", order=parent)
    assert row["status"] == "In progress" and len(row["orders"]) == 2
    child = answer(box, "status", order=row["orders"][0])
    assert child["status"] == "In progress" and "orders" not in child
    box.advance(20_000)
    row = answer(box, "status", order=parent)
    assert (row["status"], row["remains"], len(row["orders"])) == ("Completed", "0", 3)
    truths = box.ledger(children=True)
    assert len(box.ledger()) == 1 and len(truths) == 4
    assert sum(Decimal(t["charge"]) for t in truths[1:]) == Decimal(truths[0]["charge"])
    assert box.balance() == 1000 - Decimal(truths[0]["charge"])


def test_a_canceled_drip_feed_gives_back_what_was_not_born(box: Sandbox) -> None:
    service = box.service(dripfeed=True, cancel=True)
    parent = place(box, service=service["id"], quantity=service["min"], runs=4, interval=60)
    box.advance(400)
    charge = Decimal(box.order(parent)["charge"])
    assert answer(box, "cancel", orders=parent) == [{"order": int(parent), "cancel": 1}]
    assert box.balance() == 1000 - charge / 4
    box.advance(20_000)
    assert answer(box, "status", order=parent)["status"] == "Partial"


def test_a_subscription_serves_posts_until_it_is_through(box: Sandbox) -> None:
    parent = place(box, "Subscriptions", posts=2, old_posts=1, expiry="01/01/2090")
    row = answer(box, "status", order=parent)
    assert (row["status"], row["posts"], row["orders"]) == ("Active", "2", [])
    assert box.balance() == 1000
    box.advance(400)
    assert len(answer(box, "status", order=parent)["orders"]) == 1
    box.advance(40_000)
    row = answer(box, "status", order=parent)
    assert row["status"] == "Completed" and len(row["orders"]) == 3
    children = [truth for truth in box.ledger(children=True) if truth["parent"]]
    assert box.balance() == 1000 - sum(Decimal(truth["charge"]) for truth in children)


def test_a_subscription_pauses_without_funds_expires_and_can_be_canceled(box: Sandbox) -> None:
    box.set_balance(0)
    today = datetime.now(UTC).strftime("%d/%m/%Y")
    poor, short = place(box, "Subscriptions"), place(box, "Subscriptions", expiry=today)
    box.edit_service(box.service("Subscriptions")["id"], cancel=True)
    box.advance(90_000)
    assert answer(box, "status", order=poor)["status"] == "Paused"
    assert answer(box, "status", order=short)["status"] == "Expired"
    box.set_balance(100)
    box.advance(8000)
    assert answer(box, "status", order=poor)["status"] == "Active"
    answer(box, "cancel", orders=poor)
    assert answer(box, "status", order=poor)["status"] == "Canceled"


def test_refills_follow_completed_orders_and_have_ids_of_their_own(box: Sandbox) -> None:
    good, bad = box.service(refill=True)["id"], box.service("Package", refill=True)["id"]
    box.edit_service(bad, refill=False)
    first, other = place(box, service=good), place(box, "Package")
    assert answer(box, "refill", order=first) == {"error": "Order is not completed"}
    box.advance(10_000)
    assert answer(box, "refill", order=first) == {"refill": "1"}
    rows = answer(box, "refill", orders=f"{first},{other},1")
    assert [row["order"] for row in rows] == [int(first), int(other), 1]
    assert [row["refill"]["error"] for row in rows] == [
        "Previous refill task is not completed",
        "Refill is disabled for this service",
        "Incorrect order ID",
    ]
    assert answer(box, "refill_status", refill=1) == {"status": "Pending"}
    box.advance(2000)
    assert answer(box, "refill_status", refills="1,9") == [
        {"refill": 1, "status": "Completed"},
        {"refill": 9, "status": {"error": "Refill not found"}},
    ]
    box.dialect(refill_cap=1)
    assert "limit" in answer(box, "refill", order=first)["error"]
    box.dialect(refill_spacing=86_400)
    assert "24 hours" in answer(box, "refill", order=first)["error"]


def test_a_cancel_is_a_request_that_shows_later() -> None:
    with Sandbox(services=40, speed=0, partial=0, canceled=0) as box:
        service = box.service(cancel=True)["id"]
        ids = [place(box, service=service, link=f"https://shop.example/{n}") for n in range(30)]
        rows = answer(box, "cancel", orders=",".join([*ids, "1"]))
        assert all(row["cancel"] == 1 for row in rows[:-1])
        assert rows[-1]["cancel"] == {"error": "Incorrect order ID"}
        assert {t["status"] for t in box.ledger()} == {"Pending"}
        box.advance(10_000)
        ends = [truth["status"] for truth in box.ledger()]
        assert ends.count("Completed") < 15 and {"Canceled", "Completed"} <= set(ends)
        assert answer(box, "cancel", orders=ids[0])[0]["cancel"]["error"].startswith("Order is")
        kept = sum(Decimal(truth["charge_now"]) for truth in box.ledger())
        assert box.balance() == 1000 - kept
