"""A desk of an earlier release comes up with its data under today's code.

`desk-0.1.0.sqlite3.gz` was made with the code of release 0.1.0: an order in every status,
with every flag and every reason to be held, and one that the race of recording and reaping had left
broken.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

RELEASED = Path(__file__).parent / "desk-0.1.0.sqlite3.gz"
ORDERS = 57


def manage(database: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": f"sqlite:///{database}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().rpartition("\n")[2]


def ask(database: Path, code: str) -> str:
    return manage(database, "shell", "--no-imports", "-c", code)


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("upgrade") / "desk.sqlite3"
    path.write_bytes(gzip.decompress(RELEASED.read_bytes()))
    manage(path, "migrate", "--verbosity", "0")
    return path


def test_no_order_is_lost_by_the_upgrade(upgraded: Path) -> None:
    count = "from orders.models import Order; print(Order.objects.count())"
    assert ask(upgraded, count) == str(ORDERS)


def test_every_page_opens_after_the_upgrade(upgraded: Path) -> None:
    told = json.loads(ask(upgraded, "from tests.upgrade import walk; walk.every_page()"))
    assert told["wrong"] == []
    assert len(told["seen"]) > 40, sorted(told["seen"])


def test_stored_keys_can_still_be_read(upgraded: Path) -> None:
    code = (
        "from core.encryption import decrypt; from providers.models import Provider;"
        "print([decrypt(p.key_ciphertext) for p in Provider.objects.order_by('pk') if p.has_key])"
    )
    assert ask(upgraded, code) == "['northwind-key-0001', 'lumen-key-00000002']"


def test_the_order_that_its_race_had_left_broken_is_put_right(upgraded: Path) -> None:
    """The desk is one that waits for somebody to accept a restored database: not before that."""
    code = (
        "from core.clocks import database_now as now;"
        "from orders.sending import halts, invariants;"
        "from orders.models import Attempt, Order;"
        "held = Attempt.objects.get(outcome='accepted', order__status='unconfirmed');"
        "before = invariants.check_orders(now=now());"
        "halts.lift_halt('restored', now=now());"
        "after = invariants.check_orders(now=now());"
        "order = Order.objects.get(pk=held.order_id);"
        "print(before, after, order.status, order.external_id == held.external_id)"
    )
    assert ask(upgraded, code) == "0 1 pending True"
