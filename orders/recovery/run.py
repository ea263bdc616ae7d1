"""One recovery run of an account: look for what is due, decide what is proven, let it buy again.

Until a lost order has been searched for a last time its account buys nothing, so that one free call
decides nearly always.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from core import clocks
from core.clocks import Clock
from core.rows.loops import one_by_one
from providers.actions.calling import MustWait
from providers.actions.leases import account_lease
from providers.identity import same_account
from providers.models import LeaseKind, Provider
from providers.panel_api import ProviderError

from ..models import Attempt, Recovery
from ..sending import halts
from ..status import Doubt
from . import resolve
from .search import answer_ids, id_range, provider_list, replay, search_schedule, wait_clock
from .search.calibrate import calibrate_case
from .search.case import Case, Decided, TellsOfIds
from .search.find_lost import Search

log = logging.getLogger(__name__)


def recover_account(provider: Provider, client: TellsOfIds, *, clock: Clock) -> Decided | None:
    """Look for this account's lost orders. None: somebody else is at it."""
    lead = same_account(provider)[0]  # rows of one account are looked after one after the other
    with account_lease(lead, LeaseKind.RECOVERY, clock=clock) as lease:
        if lease is None:
            return None
        case = Case.of(provider, client, clock, goes_on=lease.renew)
        _recover(case)
    return case.done


def _recover(case: Case) -> None:
    clock = case.clock
    wait_clock.count(now=clock(), provider=case.provider)
    try:
        rules = _calibrated(case)
        lost = id_range.lost_attempts(case.rows)
        search_schedule.schedule(lost, rules, clock())
        is_ours = not halts.may_be_another_database(clock())
        if rules.enabled and is_ours:
            lost = answer_ids.ask(case, lost)
            provider_list.search(case, lost)
            replay.repeat(case, lost)
        if rules.searches and is_ours:
            Search(case).go()
        else:
            search_schedule.pass_on(lost, rules, clock())
    except MustWait as busy:
        log.info("account %s is searched for lost orders in %.0f s", case.provider.pk, busy.seconds)
    except ProviderError:
        now = clock()  # its health says why
        still = id_range.lost_attempts(case.rows)
        search_schedule.put_off((a for a in still if search_schedule.is_due(a, now)), now)
    _wait_out(case, clock())
    halts.lift_if_resolved(case.provider, now=clock())


def _calibrated(case: Case) -> Recovery:
    """The rules with a calibration of this address and key that is up to date, where the search
    may be used at all."""
    rules = case.rules
    wanted = rules.enabled and rules.key_is_ours_alone and not rules.stopped_because
    here = rules.calibration.get("version") == case.provider.version
    fresh = here and rules.calibrated_at and case.clock() - rules.calibrated_at < _worth(rules)
    if wanted and not fresh:
        calibrate_case(case)
        rules.refresh_from_db()
    return rules


def _worth(rules: Recovery) -> timedelta:
    """How long a calibration is believed: a good one for a day, a poor one is tried again soon."""
    return timedelta(seconds=86_400 if rules.is_calibrated else clocks.BREAKER_SECONDS[1])


def _wait_out(case: Case, now: datetime) -> None:
    """Where the desk does not search, or could not, an order has been searched for when its time
    is over; the account buys again and a person decides."""
    patience = clocks.RECOVERY_PATIENCE_SECONDS if case.rules.searches else 0
    longest = case.rules.grace_seconds + patience

    def wait_out(attempt: Attempt) -> None:
        _keep_balance(attempt, case.provider)
        unseen = Attempt.objects.filter(pk=attempt.pk, searched_at=None)
        if attempt.code == Doubt.IS_THERE and attempt.searched_at is None:
            unseen.update(searched_at=now)
        if attempt.searched_at is not None or not resolve.is_open(attempt):
            return
        if not wait_clock.left(attempt, longest):
            unseen.update(searched_at=now)

    one_by_one(id_range.lost_attempts(case.rows), wait_out, what="lost orders")


def _keep_balance(attempt: Attempt, provider: Provider) -> None:
    """The first balance read after the loss: it proves nothing, and helps a person."""
    read_at, lost_at = provider.balance_at, attempt.unknown_at
    if attempt.balance_after_at is None and read_at and lost_at and read_at > lost_at:
        Attempt.objects.filter(pk=attempt.pk, balance_after_at=None).update(
            balance_after=provider.balance, balance_after_at=read_at
        )
