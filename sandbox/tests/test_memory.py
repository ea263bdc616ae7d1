"""What the provider keeps and for how long: ledger file, restarts, the process, its secrets."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox import DEMO_KEY, RemoteSandbox, Sandbox
from sandbox.tests.raw import answer, exchange, form, http, order_fields, place


def test_a_restart_keeps_orders_balances_ids_clock_and_catalog(tmp_path: Path) -> None:
    def opened() -> Sandbox:
        return Sandbox(services=40, speed=0, partial=0.5, state_dir=tmp_path)

    with opened() as box:
        drip = box.service(dripfeed=True)["id"]
        parent = place(box, service=drip, runs=3, interval=10, quantity=box.service()["max"] // 3)
        place(box, "Subscriptions", posts=5)
        canceled = place(box, service=box.service(cancel=True, refill=True)["id"])
        forced = place(box, service=box.service(refill=True)["id"])
        answer(box, "cancel", orders=canceled)
        box.force(forced, status="Completed")
        answer(box, "refill", order=forced)
        box.change_catalog(drift=True)
        box.change_catalog(remove=0.2)
        box.set_balance("700.5")
        box.advance(5000)
        before = (box.ledger(children=True), box.balance(), box.services(), box.now())
        box.dialect(random_ids=False)
    with opened() as box:
        assert (box.ledger(children=True), box.balance(), box.services()) == before[:3]
        assert box.now() == pytest.approx(before[3], abs=1)
        assert answer(box, "refill_status", refill=1)["status"] == "Completed"
        box.change_catalog(restore=True)
        newer = int(place(box))
        assert newer > max(int(truth["id"]) for truth in before[0])
        box.advance(20_000)
        assert answer(box, "status", order=parent)["status"] == "Completed"
    with Sandbox(services=40, speed=0, partial=0.5) as fresh:
        place(fresh)
        assert fresh.ledger()[0]["id"] == before[0][0]["id"]


def test_the_clock_runs_on_while_the_provider_is_away(tmp_path: Path) -> None:
    with Sandbox(services=5, speed=1000, state_dir=tmp_path) as box:
        box.advance(50_000)
        left_at = box.now()
    with Sandbox(services=5, speed=0, state_dir=tmp_path) as box:
        assert box.now() >= left_at


def test_another_seed_does_not_open_the_same_state(tmp_path: Path) -> None:
    with Sandbox(seed=1, services=5, state_dir=tmp_path):
        pass
    with pytest.raises(ValueError, match="seed 1"):
        Sandbox(seed=2, services=5, state_dir=tmp_path).start()


def test_the_ledger_is_written_before_the_answer_and_knows_no_key(tmp_path: Path) -> None:
    with Sandbox(services=40, state_dir=tmp_path) as box:
        box.fault("hang", "after", action="add")
        exchange(box, http(box, form(box, "add", **order_fields(box))), patience=0.1)
        text = (tmp_path / "ledger.jsonl").read_text()
        told = json.dumps([box.ledger(), box.stats(), box.pull("GET", "/balance", {})])
    events = [json.loads(line) for line in text.splitlines()]
    assert [event["event"] for event in events][-1] == "order"
    assert events[-1]["link"] == "https://shop.example/page"
    assert DEMO_KEY not in text and DEMO_KEY not in told


def test_a_torn_last_line_is_dropped(tmp_path: Path) -> None:
    with Sandbox(services=40, speed=0, state_dir=tmp_path) as box:
        place(box)
        truth = box.ledger()
    with (tmp_path / "ledger.jsonl").open("a") as file:
        file.write('{"event":"ord')
    for _ in range(2):
        with Sandbox(services=40, speed=0, state_dir=tmp_path) as box:
            assert box.ledger() == truth


def test_reset_starts_anew_and_sets_the_old_ledger_aside(tmp_path: Path) -> None:
    with Sandbox(services=40, state_dir=tmp_path) as box:
        first = place(box)
        box.set_balance(3)
        box.dialect("codes")
        box.fault("empty")
        box.reset()
        assert not box.ledger()
        assert box.balance() == 1000
        assert place(box) == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ledger-1.jsonl", "ledger.jsonl"]


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_the_command_starts_tells_where_and_stops_cleanly(tmp_path: Path, stop: int) -> None:
    command = [sys.executable, "-m", "sandbox", "--seed", "3", "--services", "500"]
    command += ["--speed", "60", "--latency-ms", "5", "--state-dir", str(tmp_path)]
    command += ["--key", "first-customer:50:EUR", "--key", "second-customer"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ})
    assert process.stdout is not None
    try:
        ready = json.loads(process.stdout.readline())
        far = RemoteSandbox(ready["control_url"], ready["control_token"])
        assert far.balance() == 50 and len(far.services()) == 500
        far.fault("empty", "before", action="add", nth=1)
        far.advance(60)
        assert far.ledger() == [] and far.stats()["faults"][0]["mode"] == "empty"
        with pytest.raises(ValueError, match="no fault mode"):
            far.fault("nothing")
        with pytest.raises(ValueError, match="Token"):
            RemoteSandbox(ready["control_url"], "wrong").stats()
        status = Path(f"/proc/{process.pid}/status")
        if status.exists():
            memory = next(row for row in status.read_text().splitlines() if "VmRSS" in row)
            assert int(memory.split()[1]) < 40_000
        process.send_signal(stop)
        assert process.wait(5) == 0
    finally:
        process.kill()
        process.stdout.close()


def test_a_taken_port_is_told_and_not_waited_for() -> None:
    with Sandbox(services=5) as box:
        command = [sys.executable, "-m", "sandbox", "--services", "5", "--port", str(box.port)]
        told = subprocess.run(command, capture_output=True, timeout=10, check=False)
    assert told.returncode == 1 and b"sandbox: " in told.stderr


def test_starting_and_stopping_takes_no_time() -> None:
    began = time.monotonic()
    for _ in range(20):
        with Sandbox(services=5) as box:
            assert answer(box, "balance")
    assert time.monotonic() - began < 2
