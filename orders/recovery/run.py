"""One recovery turn of an account: look for what is due, decide what is proven, let it buy again.

Until a lost order has been looked for a last time its account buys nothing, so that one free call
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
from .resolve import Decided
from .search import answer_ids, id_range, provider_list, replay, search_schedule, wait_clock
from .search.ask_ids import TellsOfIds
from .search.calibrate import calibrate
from .search.find_lost import Search

log = logging.getLogger(__name__)


def recover_account(provider: Provider, client: TellsOfIds, *, clock: Clock) -> Decided | None:
    """Look for this account's lost orders. None: somebody else is at it."""
    lead = same_account(provider)[0]  # rows of one account are looked after one after the other
    with account_lease(lead, LeaseKind.RECOVERY, clock=clock) as lease:
        return None if lease is None else _recover(provider, client, clock)


def _recover(provider: Provider, client: TellsOfIds, clock: Clock) -> Decided:
    done = Decided()
    rules, _ = Recovery.objects.get_or_create(provider=provider)
    wait_clock.count(now=clock(), provider=provider)
    try:
        rules = _calibrated(provider, client, rules, clock)
        lost = id_range.lost_attempts(provider)
        search_schedule.schedule(lost, rules, clock())
        is_ours = not halts.may_be_another_database(clock())
        if rules.enabled and is_ours:
            lost = answer_ids.ask(provider, client, rules, lost, done, clock=clock)
            provider_list.search(provider, client, rules, lost, done, clock=clock)
            replay.repeat(provider, client, rules, lost, done, clock=clock)
        if rules.searches and is_ours:
            Search(provider, client, rules, done, clock=clock).go()
        else:
            search_schedule.pass_on(lost, rules, clock())
    except MustWait as busy:
        log.info("account %s is looked for lost orders in %.0f s", provider.pk, busy.seconds)
    except ProviderError:
        now = clock()  # its health says why
        search_schedule.put_off(
            (a for a in id_range.lost_attempts(provider) if search_schedule.is_due(a, now)), now
        )
    _wait_out(provider, rules, clock())
    halts.reopen_if_settled(provider, now=clock())
    return done


def _calibrated(provider: Provider, client: TellsOfIds, rules: Recovery, clock: Clock) -> Recovery:
    """The rules with a calibration of this address and key that is up to date, where the search
    may be used at all."""
    wanted = rules.enabled and rules.key_is_ours_alone and not rules.stopped_because
    here = rules.calibration.get("version") == provider.version
    fresh = here and rules.calibrated_at and clock() - rules.calibrated_at < _worth(rules)
    if wanted and not fresh:
        calibrate(provider, client, clock=clock)
        rules.refresh_from_db()
    return rules


def _worth(rules: Recovery) -> timedelta:
    """How long a calibration is believed: a good one for a day, a poor one is tried again soon."""
    return timedelta(seconds=86_400 if rules.is_calibrated else clocks.BREAKER_SECONDS[1])


def _wait_out(provider: Provider, rules: Recovery, now: datetime) -> None:
    """Where the desk does not search, or could not, an order has been looked for when its time
    is over; the account buys again and a person decides."""

    def wait_out(attempt: Attempt) -> None:
        _keep_balance(attempt, provider)
        unseen = Attempt.objects.filter(pk=attempt.pk, looked_at=None)
        if attempt.code == Doubt.IS_THERE and attempt.looked_at is None:
            unseen.update(looked_at=now)
        if attempt.looked_at is not None or not resolve.is_open(attempt):
            return
        patience = clocks.RECOVERY_PATIENCE_SECONDS if rules.searches else 0
        if not wait_clock.left(attempt, rules.grace_seconds + patience):
            unseen.update(looked_at=now)

    one_by_one(id_range.lost_attempts(provider), wait_out, what="lost orders")


def _keep_balance(attempt: Attempt, provider: Provider) -> None:
    """The first balance read after the loss: it proves nothing, and helps a person."""
    read_at, lost_at = provider.balance_at, attempt.unknown_at
    if attempt.balance_after_at is None and read_at and lost_at and read_at > lost_at:
        Attempt.objects.filter(pk=attempt.pk, balance_after_at=None).update(
            balance_after=provider.balance, balance_after_at=read_at
        )
