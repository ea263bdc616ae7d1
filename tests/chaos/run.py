"""One run: open a desk, let people order while the nemesis strikes, heal, wait, check."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from subprocess import CalledProcessError

from . import rows
from .checker import OPEN_THERE, Kind, Violation
from .clerk import Clerk
from .desk import Desk
from .findings import adds_of, outcome_of
from .history import Blow, History
from .nemesis import Nemesis
from .opening import Account, open_desk
from .people import NobodyAnswers, Staff
from .plan import (
    Terms,
    accounts_of,
    first_orders,
    is_random,
    numbered,
    one_each,
    panels_of,
    plan_of,
)
from .processes import wait_until
from .recovery import GRACE_SECONDS, Watcher, calibrate, prepare_recovery
from .report import Outcome
from .restoring import Restored, restore_backup
from .sandboxes import Provider, first_mix, start_all
from .servers import copy_logs

LEFT_FOR_PEACE = 0.1  # of the plan may still wait when the nemesis has to stop
AGE_EVERY_SECONDS = 1.0
RESTORE_SECONDS = 120
MOST_CALLS = 4  # for a lost answer; then a person decides


def run(terms: Terms, out: Path, blows: Iterable[Blow] | None = None) -> Outcome:
    """The whole story of one desk. It leaves its history and logs in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    history = History(out / "history.jsonl", terms)
    with tempfile.TemporaryDirectory(prefix="chaos-") as scratch:
        directory = Path(scratch)
        directory.chmod(0o755)
        providers = start_all(panels_of(terms), directory / "providers", terms)
        desk = Desk(terms.database, directory / "desk")
        try:
            desk.start(providers)
            outcome = _story(desk, providers, terms, history, blows)
        finally:
            desk.stop()
            for provider in providers:
                provider.stop()
            copy_logs(desk.logs, out / "logs")
    for order, story in outcome.left_to_a_person.items():
        history.note("left to a person", order=order, story=story)
    for violation in outcome.violations:
        history.note("violation", kind=violation.kind, words=violation.words)
    history.close()
    return outcome


def _story(
    desk: Desk,
    providers: Sequence[Provider],
    terms: Terms,
    history: History,
    blows: Iterable[Blow] | None,
) -> Outcome:
    began = time.monotonic()
    history.note("started")
    accounts = open_desk(desk, providers)
    prepare_recovery(desk, accounts)
    history.note("accounts opened")
    staff = Staff(accounts, desk.port, history, partial(rows.waiting_in, desk.database))
    watcher = Watcher(desk.port)
    watcher.start()
    violations = [*_undisturbed(desk, staff, accounts, terms)]
    history.note("first orders sent")
    calibrate(desk, accounts)
    clerk = Clerk(desk, accounts, history)
    clerk.start()
    history.note("opened")
    struck, under_fire = _fire(desk, providers, staff, terms, history, clerk, blows)
    passed, late = _wait_for_quiet(desk, providers, staff, terms, history)
    clerk.stop()
    restored = None
    if terms.restore:
        restored, trouble = _restored(desk, staff, accounts, terms, history)
        late += [*trouble, *_ended(desk, providers, RESTORE_SECONDS)]
    watcher.stop()
    return outcome_of(
        desk,
        providers,
        terms,
        staff,
        struck,
        [*violations, *late],
        restored,
        under_fire,
        clerk,
        seconds=time.monotonic() - began,
        acknowledgements=watcher.acknowledged,
        **passed,
    )


def _undisturbed(
    desk: Desk, staff: Staff, accounts: Sequence[Account], terms: Terms
) -> Iterator[Violation]:
    """The first orders of each account; from them the desk sees that its ids rise."""
    staff.place_all(numbered(first_orders(terms), terms.orders))
    yield from _waited(partial(_is_sent, desk), "the first orders were not sent", 120)


def _fire(
    desk: Desk,
    providers: Sequence[Provider],
    staff: Staff,
    terms: Terms,
    history: History,
    clerk: Clerk,
    blows: Iterable[Blow] | None,
) -> tuple[Counter[str], int]:
    """People carry out the plan while the nemesis strikes; how often it did what, and how many
    orders were sent meanwhile."""
    began, before = time.monotonic(), adds_of(providers)
    for provider in providers:
        provider.misbehave(first_mix(terms.seed), terms.faults)
    desk.make_bells_unreliable()
    nemesis = Nemesis(desk, providers, terms, history, clerk, blows)
    nemesis.start()
    try:
        staff.place_all(plan_of(terms), seconds=terms.minutes * 60)
        history.note("all placed", acknowledged=len(staff.acknowledged))
        _wait_under_fire(desk, terms, nemesis, began)
    finally:
        nemesis.stop()
    return nemesis.done, adds_of(providers) - before


def _restored(
    desk: Desk, staff: Staff, accounts: Sequence[Account], terms: Terms, history: History
) -> tuple[Restored | None, list[Violation]]:
    """A desk that does not find the way out is stuck; it is checked all the same."""
    start = terms.orders + 1_000_000
    planned_orders = numbered(one_each(terms, "restored", accounts_of(terms)), start)
    try:
        return restore_backup(desk, staff, planned_orders, accounts, history), []
    except (OSError, LookupError, ValueError, NobodyAnswers, CalledProcessError) as error:
        return None, [Violation(Kind.STUCK, f"after the restore: {error!r}")]


def _wait_under_fire(desk: Desk, terms: Terms, nemesis: Nemesis, began: float) -> None:
    """Until most of the plan is sent and somebody was killed, or as long as a slow desk would take:
    a clock that was set back alone keeps orders waiting for half a minute."""
    deadline = max(began + 60 + terms.orders / 20, time.monotonic() + terms.orders / 40)
    while time.monotonic() < deadline:
        with suppress(OSError):
            waiting = rows.unfinished_in(desk.database)
            if waiting <= terms.orders * LEFT_FOR_PEACE and nemesis.has_killed:
                return
        time.sleep(0.5)


def _wait_for_quiet(
    desk: Desk, providers: Sequence[Provider], staff: Staff, terms: Terms, history: History
) -> tuple[dict[str, float], list[Violation]]:
    """Seconds until nothing is on its way and until every order has ended, and a violation where
    one of these did not come. An order more for each account closes the last id ranges."""
    most, began = 90 + terms.orders / 20, time.monotonic()
    if staff.unfinished:
        with suppress(TimeoutError):  # that it does not come back is told below
            wait_until(desk.is_ready, "the desk", most)
        staff.come_back()
    found = [*_waited(partial(_is_sent, desk), "orders were not sent", most)]
    recovery_seconds = time.monotonic() - began
    history.note("sent", after=recovery_seconds)
    closing = [account for account in accounts_of(terms) if not is_random(account)]
    staff.place_all(numbered(one_each(terms, "closing", closing), terms.orders + 500_000))
    history.note("closing orders placed")
    with suppress(TimeoutError):  # what stays open is told, and no violation
        wait_until(partial(_is_recovered, desk), "recovery", 2 * GRACE_SECONDS)
    history.note("recovered")
    found += _ended(desk, providers, most)
    history.note("ended")
    settled_seconds = time.monotonic() - began
    found += _waited(desk.is_ready, "the desk did not come back", most)
    return {"recovery_seconds": recovery_seconds, "settled_seconds": settled_seconds}, found


def _ended(desk: Desk, providers: Sequence[Provider], most: float) -> list[Violation]:
    return [*_waited(partial(_is_ended, desk, providers), "orders did not end", most)]


def _waited(condition: Callable[[], bool], words: str, most: float) -> Iterator[Violation]:
    try:
        wait_until(condition, words, most)
    except TimeoutError as error:
        yield Violation(Kind.STUCK, str(error))


def _is_recovered(desk: Desk) -> bool:
    """Nothing is on its way, and where ids prove something no answer is missing that the desk may
    still ask for."""
    with suppress(OSError):
        missing = [
            lost
            for lost in rows.lost_in(desk.database)
            if lost.outcome == "unknown" and lost.calls < MOST_CALLS and not is_random(lost.account)
        ]
        return not missing and _is_sent(desk)
    return False


def _is_sent(desk: Desk) -> bool:
    return _of(desk, "queued", "sending") == 0


def _is_ended(desk: Desk, providers: Sequence[Provider]) -> bool:
    """With a push to the providers' clocks each time it is not."""
    with suppress(OSError):
        if rows.unfinished_in(desk.database) + _of(desk, *OPEN_THERE) == 0:
            return True
    for provider in providers:
        provider.age()
    time.sleep(AGE_EVERY_SECONDS)
    return False


def _of(desk: Desk, *statuses: str) -> int:
    try:
        counts = rows.counts_in(desk.database)
    except OSError:
        return 1  # not known to be none
    return sum(counts[status] for status in statuses)
