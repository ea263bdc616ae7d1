"""One run: open a desk, let people order while the nemesis strikes, heal, wait, judge."""

from __future__ import annotations

import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from . import rows
from .browser import Browser
from .desk import Desk
from .history import Blow, History
from .judge import OPEN_THERE, Kind, Violation, Wanted, judge
from .keysearch import search_desk
from .nemesis import KILLS, Nemesis
from .opening import MANAGER, Account, log_in, open_desk
from .people import Staff
from .plan import PANELS, Terms, Wish, plan_of
from .processes import wait_until
from .recovery import prepare_recovery
from .report import Outcome
from .sandboxes import Provider, first_mix, start_all
from .servers import copy_logs

LEFT_FOR_PEACE = 0.1  # of the plan may still wait when the nemesis has to stop
AGE_EVERY_SECONDS = 2.0
LEAST_OF_FAULTS = 0.5  # of the share asked for


def run(terms: Terms, out: Path, blows: Iterable[Blow] | None = None) -> Outcome:
    """The whole story of one desk. It leaves its history and logs in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    history = History(out / "history.jsonl", terms)
    with tempfile.TemporaryDirectory(prefix="chaos-") as scratch:
        directory = Path(scratch)
        directory.chmod(0o755)
        providers = start_all(PANELS, directory / "providers", terms)
        desk = Desk(terms.database, directory / "desk")
        try:
            desk.start(providers)
            outcome = _story(desk, providers, terms, history, blows)
        finally:
            desk.stop()
            for provider in providers:
                provider.stop()
            copy_logs(desk.logs, out / "logs")
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
    accounts = open_desk(desk, providers)
    prepare_recovery(desk, accounts)
    wishes = plan_of(terms)
    for provider in providers:
        provider.misbehave(first_mix(terms.seed), terms.faults)
    nemesis = Nemesis(desk, providers, terms, history, blows)
    history.note("opened")
    nemesis.start()
    try:
        acknowledged = Staff(accounts, desk.port, history).place_all(wishes)
        history.note("all placed", acknowledged=len(acknowledged))
        _wait_under_fire(desk, terms)
    finally:
        nemesis.stop()
    recovery, settled, late = _wait_for_quiet(desk, providers, terms)
    history.note("quiet", after=recovery)
    return _judged(
        desk, providers, terms, wishes, accounts, acknowledged, nemesis.done, late,
        seconds=time.monotonic() - began, recovery_seconds=recovery, settled_seconds=settled,
    )  # fmt: skip


def _wait_under_fire(desk: Desk, terms: Terms) -> None:
    """Until most of the plan is sent, or as long again as a slow desk would take."""
    deadline = time.monotonic() + 30 + terms.orders / 10
    while time.monotonic() < deadline:
        with suppress(OSError):
            if rows.unfinished_in(desk.database) <= terms.orders * LEFT_FOR_PEACE:
                return
        time.sleep(0.5)


def _wait_for_quiet(
    desk: Desk, providers: Sequence[Provider], terms: Terms
) -> tuple[float, float, list[Violation]]:
    """Seconds until nothing is on its way, seconds until every order has ended, and a violation
    where one of these did not come."""
    most, began = 90 + terms.orders / 20, time.monotonic()
    found: list[Violation] = []
    passed: list[float] = []
    for condition, words in (
        (partial(_is_sent, desk), "orders were not sent"),
        (partial(_is_ended, desk, providers), "orders did not end"),
        (desk.is_ready, "the desk did not come back"),
    ):
        try:
            wait_until(condition, words, most)
        except TimeoutError as error:
            found.append(Violation(Kind.STUCK, str(error)))
        passed.append(time.monotonic() - began)
    return passed[0], passed[1], found


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


def _judged(
    desk: Desk,
    providers: Sequence[Provider],
    terms: Terms,
    wishes: Sequence[Wish],
    accounts: Sequence[Account],
    acknowledged: set[int],
    blows: Counter[str],
    late: Sequence[Violation],
    **seconds: float,
) -> Outcome:
    ids = {account.name: account.service_ids for account in accounts}
    wanted = [
        Wanted(w.account, ids[w.account][w.service], w.link, w.quantity, w.number in acknowledged)
        for w in wishes
    ]
    shown, doubts = rows.shown_in(desk.database), rows.doubts_in(desk.database)
    bought = [row for provider in providers for row in provider.ledger()]
    keys = [key for provider in providers for key in provider.keys.values()]
    leaks, searched = search_desk(desk, keys, known=shown[-1].link)
    violations = [
        *judge(wanted, bought, shown, doubts),
        *late,
        *_balances(providers),
        *_too_quiet(providers, terms, blows),
        *_pages(desk, {one.number for one in shown if one.status == "unconfirmed"}),
        *leaks,
    ]
    fired = sum((provider.fired for provider in providers), Counter[str]())
    return Outcome(
        terms=terms, acknowledged=len(acknowledged), shown=shown, bought=bought, doubts=doubts,
        violations=violations, blows=blows,
        starts={name: member.starts for name, member in desk.crew.members.items()},
        adds=sum(provider.levers.calls("add") for provider in providers),
        faulty={key: count for key, count in sorted(fired.items()) if key.startswith("add")},
        bells=desk.bells_delivered(), searched=searched, **seconds,
    )  # fmt: skip


def _too_quiet(providers: Sequence[Provider], terms: Terms, blows: Counter[str]) -> list[Violation]:
    """A run in which little went wrong proves little."""
    found = []
    adds = sum(provider.levers.calls("add") for provider in providers)
    hurt = sum(provider.faulty_adds for provider in providers)
    if hurt < LEAST_OF_FAULTS * terms.faults * adds:
        found.append(Violation(Kind.BLIND, f"only {hurt} of {adds} orders sent went wrong"))
    if not any(blows[kind] for kind in KILLS):
        found.append(Violation(Kind.BLIND, "nobody was killed"))
    return found


def _balances(providers: Sequence[Provider]) -> list[Violation]:
    """The ledger itself: what each balance lost is what its orders cost."""
    found = []
    for provider in providers:
        ledger = provider.ledger()
        for account in provider.keys:
            charged = sum(row.charge for row in ledger if row.account == account)
            if provider.spent(account) != charged:
                words = f"{account}: the balance lost {provider.spent(account)}, not {charged}"
                found.append(Violation(Kind.MONEY, words))
    return found


def _pages(desk: Desk, in_doubt: set[int]) -> list[Violation]:
    """Every unconfirmed order stands on the page of those, with a way to settle it."""
    browser = Browser(desk.port)
    log_in(browser, MANAGER)
    told: set[int] = set()
    address: str | None = "/orders/unconfirmed/"
    while address:
        text = browser.get(address).text
        told |= {int(number) for number in re.findall(r"/orders/(\d+)/settle/", text)}
        forward = re.search(r'rel="next" href="([^"]*)"', text)
        address = forward[1].replace("&amp;", "&") if forward else None
        if address and address.startswith("?"):
            address = f"/orders/unconfirmed/{address}"
    if told == in_doubt:
        return []
    words = f"unconfirmed are {sorted(in_doubt - told)[:5]}, which the page does not show"
    return [Violation(Kind.INVISIBLE, words)]
