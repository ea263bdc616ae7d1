"""What is found when all is quiet: the desk's rows, its pages, the ledgers, and keys in files."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from . import rows
from .browser import Browser
from .checker import Bought, Kind, Lost, Shown, Violation, Wanted, find_violations
from .clerk import Clerk
from .consent import TOLERANCE, ConsentCheck, check_consent
from .desk import Desk
from .keysearch import search_desk
from .nemesis import KILLS, UNSTEADY
from .opening import MANAGER, log_in
from .people import Staff
from .plan import Terms, is_random
from .report import Outcome
from .restoring import Restored
from .right_time import RightTime
from .sandboxes import Provider

LEAST_OF_FAULTS = 0.5  # of the share asked for


def outcome_of(
    desk: Desk,
    providers: Sequence[Provider],
    terms: Terms,
    staff: Staff,
    blows: Counter[str],
    late: Sequence[Violation],
    restored: Restored | None,
    under_fire: int,
    clerk: Clerk,
    **measured: float,
) -> Outcome:
    wanted = _wanted(staff)
    right = RightTime(desk.clock_steps)
    shown, doubts = rows.shown_in(desk.database), rows.doubts_in(desk.database, right)
    consent = check_consent(clerk.samples.taken, right)
    bought = [row for provider in providers for row in provider.ledger()]
    lost = rows.lost_in(desk.database, right)
    keys = [key for provider in providers for key in provider.keys.values()]
    leaks, searched = search_desk(desk, keys, known=shown[-1].link)
    violations = [
        *find_violations(wanted, bought, shown, doubts),
        *consent.violations,
        *late,
        *_balances(providers),
        *_pages(desk, {one.number for one in shown if one.status == "unconfirmed"}),
        *leaks,
        *_too_quiet(providers, terms, blows, under_fire),
    ]
    fired = sum((provider.fired for provider in providers), Counter[str]())
    return Outcome(
        terms=terms,
        acknowledged=sum(one.acknowledged for one in wanted),
        shown=shown,
        bought=bought,
        doubts=doubts,
        lost=lost,
        left_to_a_person=_left(desk, lost),
        violations=violations,
        blows=blows,
        restored=restored,
        stopped_searches=rows.stopped_searches_in(desk.database),
        consent=_consent_figures(consent, clerk, shown, bought, desk),
        halts=rows.halts_in(desk.database),
        ways=Counter(planned.way.value for planned in staff.begun),
        starts={name: member.starts for name, member in desk.crew.members.items()},
        adds=adds_of(providers),
        under_fire=under_fire,
        faulty={key: count for key, count in sorted(fired.items()) if key.startswith("add")},
        bells=desk.bells_delivered(),
        searched=searched,
        **measured,  # type: ignore[arg-type]  # a count among seconds
    )


def _consent_figures(
    consent: ConsentCheck,
    clerk: Clerk,
    shown: Sequence[Shown],
    bought: Sequence[Bought],
    desk: Desk,
) -> dict[str, int]:
    """What became of orders whose service had changed, and how much of it was seen."""
    agreed = rows.agreed_rates_in(desk.database)
    dearer = [
        row
        for row in bought
        if (rate := agreed.get(row.key))
        and row.charge_at_first
        and row.charge_at_first * 1000 / row.quantity > rate * TOLERANCE
    ]
    return {
        "looks at what the desk knows": len(clerk.samples.taken),
        "sends compared with what was known": consent.looked_at,
        "of those within the tolerance": consent.moved,
        "ever held for changed terms": rows.ever_held_for_terms_in(desk.database),
        **dict(sorted(clerk.done.items())),
        "left held for consent": sum(one.waits_for_consent for one in shown),
        "bought dearer before the desk could know": len(dearer),
    }


def _left(desk: Desk, lost: Sequence[Lost]) -> dict[int, list[str]]:
    """The stories of the orders that the desk could have resolved and did not."""
    left = {one.order for one in lost if not one.by_itself and not is_random(one.account)}
    return rows.stories_in(desk.database, left)


def _wanted(staff: Staff) -> list[Wanted]:
    """Each planned that somebody came to."""
    return [
        Wanted(
            planned.account,
            staff.accounts[planned.account].service_ids[planned.service],
            planned.link,
            planned.quantity,
            planned.number in staff.acknowledged,
        )
        for planned in staff.begun
    ]


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


def _too_quiet(
    providers: Sequence[Provider], terms: Terms, blows: Counter[str], under_fire: int
) -> list[Violation]:
    """A run in which little went wrong proves little."""
    found = []
    hurt = sum(provider.faulty_adds for provider in providers)
    if hurt < fewest_faults(terms.faults, under_fire):
        words = f"only {hurt} of {under_fire} orders sent went wrong"
        found.append(Violation(Kind.BLIND, words))
    for kind in UNSTEADY:
        if not blows[kind] and not terms.steady:
            found.append(Violation(Kind.BLIND, f"there was no {kind}"))
    if not any(blows[kind] for kind in KILLS):
        found.append(Violation(Kind.BLIND, "nobody was killed"))
    return found


def fewest_faults(share: float, sends: int) -> float:
    """Half of what is due, or in a small run what chance leaves in all but one of a thousand."""
    due = share * sends
    by_chance = due - 3 * math.sqrt(due * (1 - share))
    return max(1.0, min(LEAST_OF_FAULTS * due, by_chance))


def _pages(desk: Desk, in_doubt: set[int]) -> list[Violation]:
    """Every unconfirmed order stands on the page of those, with a way to resolve it."""
    browser = Browser(desk.port)
    log_in(browser, MANAGER)
    told: set[int] = set()
    address: str | None = "/orders/unconfirmed/"
    while address:
        text = browser.get(address).text
        told |= {int(number) for number in re.findall(r"/orders/(\d+)/resolve/", text)}
        forward = re.search(r'rel="next" href="([^"]*)"', text)
        address = forward[1].replace("&amp;", "&") if forward else None
        if address and address.startswith("?"):
            address = f"/orders/unconfirmed/{address}"
    if told == in_doubt:
        return []
    words = f"unconfirmed are {sorted(in_doubt - told)[:5]}, which the page does not show"
    return [Violation(Kind.INVISIBLE, words)]


def adds_of(providers: Sequence[Provider]) -> int:
    """Orders sent to them so far, whatever became of them."""
    return sum(provider.levers.calls("add") for provider in providers)
