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
from .search.calibrate import calibrate_in_run
from .search.find_lost import Search
from .search.recovery_run import Decided, RecoveryRun, TellsOfIds

log = logging.getLogger(__name__)


def recover_account(provider: Provider, client: TellsOfIds, *, clock: Clock) -> Decided | None:
    """Look for this account's lost orders. None: somebody else is at it."""
    lead = same_account(provider)[0]  # rows of one account are looked after one after the other
    with account_lease(lead, LeaseKind.RECOVERY, clock=clock) as lease:
        if lease is None:
            return None
        run = RecoveryRun.of(provider, client, clock, goes_on=lease.renew)
        _recover(run)
    return run.done


def _recover(run: RecoveryRun) -> None:
    clock = run.clock
    wait_clock.count(now=clock(), provider=run.provider)
    try:
        rules = _calibrated(run)
        lost = id_range.lost_attempts(run.rows)
        search_schedule.schedule(lost, rules, clock())
        is_ours = not halts.may_be_another_database(clock())
        if rules.enabled and is_ours:
            lost = answer_ids.ask(run, lost)
            provider_list.search(run, lost)
            replay.replay_lost(run, lost)
        if rules.searches and is_ours:
            Search(run).go()
        else:
            search_schedule.pass_on(lost, rules, clock())
    except MustWait as busy:
        log.info("account %s is searched for lost orders in %.0f s", run.provider.pk, busy.seconds)
    except ProviderError:
        now = clock()  # its health says why
        still = id_range.lost_attempts(run.rows)
        search_schedule.put_off((a for a in still if search_schedule.is_due(a, now)), now)
    _wait_out(run, clock())
    halts.lift_if_resolved(run.provider, now=clock())


def _calibrated(run: RecoveryRun) -> Recovery:
    """The rules with a calibration of this address and key that is up to date, where the search
    may be used at all."""
    rules = run.rules
    wanted = rules.enabled and rules.key_is_ours_alone and not rules.stopped_because
    here = rules.calibration.get("version") == run.provider.version
    fresh = here and rules.calibrated_at and run.clock() - rules.calibrated_at < _worth(rules)
    if wanted and not fresh:
        calibrate_in_run(run)
        rules.refresh_from_db()
    return rules


def _worth(rules: Recovery) -> timedelta:
    """How long a calibration is believed: a good one for a day, a poor one is tried again soon."""
    return timedelta(seconds=86_400 if rules.is_calibrated else clocks.BREAKER_SECONDS[1])


def _wait_out(run: RecoveryRun, now: datetime) -> None:
    """Where the desk does not search, or could not, an order has been searched for when its time
    is over; the account buys again and a person decides."""
    patience = clocks.RECOVERY_PATIENCE_SECONDS if run.rules.searches else 0
    longest = run.rules.grace_seconds + patience

    def wait_out(attempt: Attempt) -> None:
        _keep_balance(attempt, run.provider)
        unseen = Attempt.objects.same_as(attempt).filter(searched_at=None)
        if attempt.code == Doubt.IS_THERE and attempt.searched_at is None:
            unseen.update(searched_at=now)
        if attempt.searched_at is not None or not resolve.is_open(attempt):
            return
        if not wait_clock.left(attempt, longest):
            unseen.update(searched_at=now)

    one_by_one(id_range.lost_attempts(run.rows), wait_out, what="lost orders")


def _keep_balance(attempt: Attempt, provider: Provider) -> None:
    """The first balance read after the loss: it proves nothing, and helps a person."""
    read_at, lost_at = provider.balance_at, attempt.unknown_at
    if attempt.balance_after_at is None and read_at and lost_at and read_at > lost_at:
        Attempt.objects.same_as(attempt).filter(balance_after_at=None).update(
            balance_after=provider.balance, balance_after_at=read_at
        )
