"""How far one story travels through the code: calls that cross from one file of ours into another.

Counts, not times: the same on every machine. Three walks, each against a real sandbox and after a
warm one of the same kind:

click     the order form is posted, the bell's task sends the order, the answer stands on its row
status    one poll cycle of an account with one due order, until what has changed stands on its row
recovery  one recovery run of an account with one lost answer, which the provider has taken

A hop is a call into a file of ours while the nearest frame of ours on the stack is in another
file, however many frames of a library are between. Returning is none; going on with a generator
is one each time, and so is each look at the clock. Everything counts, from the first line of the
view or task to its last, but for one thing that is told beside it: what Django asks a field of ours
for each cell that it reads or writes ("columns"). No reader follows that, and it counts cells.

`python -m benchmarks.walks click` prints every hop of one walk.
"""

from __future__ import annotations

import html
import re
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from benchmarks.desk import fresh_desk

ROOT = Path(__file__).parent.parent
APPS = tuple(f"{ROOT / app}/" for app in ("core", "providers", "orders", "dashboard"))
COLUMNS = frozenset({"from_db_value", "get_internal_type", "get_db_prep_value", "get_db_prep_save"})
BARS = {"click": 120, "status": 70, "recovery": 250}
PAIRS_SHOWN = 8


class Hop(NamedTuple):
    """Paths from the root of the project."""

    caller: str
    callee: str
    function: str


class Walk:
    """What `sys.setprofile` tells of one thread: its hops, and what fields were asked for cells."""

    def __init__(self) -> None:
        self.hops: Counter[Hop] = Counter()
        self.columns = 0
        self._stack: list[str] = []

    @property
    def length(self) -> int:
        return self.hops.total()

    @property
    def files(self) -> set[str]:
        return {name for hop in self.hops for name in (hop.caller, hop.callee)}

    @property
    def pairs(self) -> Counter[tuple[str, str]]:
        pairs = Counter[tuple[str, str]]()
        for hop, count in self.hops.items():
            pairs[hop.caller, hop.callee] += count
        return pairs

    def __call__(self, frame: FrameType, event: str, arg: Any) -> None:
        if event not in ("call", "return") or not frame.f_code.co_filename.startswith(APPS):
            return
        if event == "return":
            if self._stack:
                self._stack.pop()
            return
        name, function = _place(frame)
        if self._stack and self._stack[-1] != name:
            if function in COLUMNS:
                self.columns += 1
            else:
                self.hops[Hop(self._stack[-1], name, function)] += 1
        self._stack.append(name)


def _place(frame: FrameType) -> tuple[str, str]:
    """The clock that tests hand in stands for the desk's own."""
    name = str(Path(frame.f_code.co_filename).relative_to(ROOT))
    return ("core/clocks.py" if "/tests/" in name else name), frame.f_code.co_name


@contextmanager
def walking() -> Iterator[Walk]:
    """Only this thread is followed: the sandbox runs in others."""
    walk = Walk()
    sys.setprofile(walk)
    try:
        yield walk
    finally:
        sys.setprofile(None)


def measured(act: Callable[[], Any], prepare: Callable[[], Any]) -> Walk:
    """The second time: imports and caches belong to the first."""
    for _ in range(2):
        prepare()
        with walking() as walk:
            act()
    return walk


def walks(settings: Any, names: tuple[str, ...] = tuple(BARS)) -> dict[str, Walk]:
    """The walks of these names, on the database that is set up."""
    from core.clocks import database_now
    from orders.tests.recovery.bench import Bench, running_box

    each = {"click": _click, "status": _status, "recovery": _recovery}
    with running_box(settings) as box:
        bench = Bench(box).calibrated()
        found = dict[str, Walk]()
        for name in names:
            bench.now = max(bench.now, database_now())  # tasks have no other clock
            found[name] = each[name](bench)
    return found


def _click(bench: Any) -> Walk:
    from django.test import Client

    from core.roles import Role
    from orders.models import Order
    from orders.sending import tasks
    from orders.status import Status
    from tests.builders import log_in, make_user

    browser = Client()
    log_in(browser, make_user(Role.OPERATOR))
    url = f"/orders/new/?service={bench.service.pk}"
    filled: dict[str, Any] = {}

    def fill_in() -> None:
        filled.update(_hidden_fields(browser.get(url).content.decode()))
        filled.update(link=f"https://lumen.example/{uuid.uuid4()}", quantity=bench.service.min)

    def place_and_send() -> None:
        answer = browser.post("/orders/new/", filled)
        assert answer.status_code == 302, answer.content.decode()
        tasks.dispatch(provider_id=bench.provider.pk)

    walk = measured(place_and_send, fill_in)
    order = Order.objects.get(link=filled["link"])
    assert (order.status, bool(order.external_id)) == (Status.PENDING, True), order.status
    return walk


def _hidden_fields(page: str) -> dict[str, str]:
    inputs = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in inputs}


def _status(bench: Any) -> Walk:
    from core.clocks import database_now
    from orders.models import OrderEvent, PollSchedule
    from orders.sending import tasks

    def one_is_due() -> None:
        order = bench.send()
        bench.box.advance(120)
        PollSchedule.objects.exclude(order=order).delete()
        PollSchedule.objects.update(next_at=database_now() - timedelta(seconds=1))

    before = OrderEvent.objects.count()
    walk = measured(lambda: tasks.poll(provider_id=bench.provider.pk), one_is_due)
    assert OrderEvent.objects.count() > before + 2, "nothing has changed"
    return walk


def _recovery(bench: Any) -> Walk:
    from unittest.mock import patch

    from core import clocks
    from orders.models import Attempt
    from orders.recovery import tasks

    def lose() -> None:
        bench.lose(taken=True)
        bench.wait(clocks.SEARCH_AFTER_SECONDS[0])

    with patch("orders.recovery.tasks.database_now", bench.clock):
        walk = measured(lambda: tasks.recover(provider_id=bench.provider.pk), lose)
    assert Attempt.objects.filter(resolution="probe").count() == 2, "not both were found"
    return walk


def _told(name: str, walk: Walk, shown: int | None = PAIRS_SHOWN) -> str:
    lines = [
        f"\n  {name}: {walk.length} hops between {len(walk.files)} files, {walk.columns} columns"
    ]
    if shown is not None:
        pairs = walk.pairs.most_common(shown)
        lines += [f"    {count:5}  {caller} → {callee}" for (caller, callee), count in pairs]
    else:
        every = sorted(walk.hops.items())
        lines += [f"    {n:5}  {h.caller} → {h.callee}::{h.function}" for h, n in every]
    return "\n".join(lines)


def main(chosen: tuple[str, ...] = ()) -> dict[str, Any]:
    """Run it; the figures and whether each bar was met."""
    fresh_desk()
    from django.conf import settings
    from django.test.utils import setup_test_environment

    setup_test_environment()
    found = walks(settings, chosen or tuple(BARS))
    for name, walk in found.items():
        print(_told(name, walk, None if chosen else PAIRS_SHOWN))
    figures = {name: walk.length for name, walk in found.items()}
    met = all(figure <= BARS[name] for name, figure in figures.items())
    files = {f"{name}_files": len(walk.files) for name, walk in found.items()}
    columns = {f"{name}_columns": walk.columns for name, walk in found.items()}
    return {"name": "walks", "figures": figures | files | columns, "bars": BARS, "met": met}


if __name__ == "__main__":
    from benchmarks.report import report

    sys.exit(report(main(tuple(sys.argv[1:]))))
