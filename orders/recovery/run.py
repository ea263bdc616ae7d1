"""One recovery run of an account: look for what is due, decide what is proven, let it buy again.

Until a lost order has been searched for a last time its account buys nothing, so that one free call
decides nearly always.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

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
Step = Callable[[RecoveryRun], None]


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
    """A step that breaks keeps none behind it from its turn: else an error of ours in the search
    would leave the account halted for good. Until the catalog of a new address is read nothing is
    searched or waited out: under the numbers of the old one others may stand there."""
    steps: tuple[Step, ...] = (_count, _search, _wait_out, _lift)
    if Provider.objects.filter(pk__in=run.rows).exclude(moved_at=None).exists():
        steps = (_count, _lift)
    one_by_one(steps, lambda step: step(run), what=f"recovery of account {run.provider.pk}")


def _count(run: RecoveryRun) -> None:
    wait_clock.count(now=run.clock(), provider=run.provider)


def _lift(run: RecoveryRun) -> None:
    halts.lift_if_resolved(run.provider, now=run.clock())


def _search(run: RecoveryRun) -> None:
    """Everything that asks; a provider that cannot be asked, and no more calls, end it."""
    try:
        is_calibrated = _each(run, _calibrate)
        is_ours = not halts.may_be_another_database(run.clock())
        steps: list[Step] = [_schedule]
        if run.rules.enabled and is_ours:
            steps += [_ask_about_answers, _search_list, _replay]
        by_ids = is_calibrated and run.rules.searches and is_ours
        if not _each(run, *steps, _search_ids if by_ids else _pass_on):
            _put_off(run)  # what broke is not tried again at once
    except MustWait as busy:
        log.info("account %s is searched for lost orders in %.0f s", run.provider.pk, busy.seconds)
    except ProviderError:
        _put_off(run)  # its health says why


def _each(run: RecoveryRun, *steps: Step) -> bool:
    """Whether none of them broke."""

    def take(step: Step) -> bool:
        step(run)
        return True

    what, ends = f"search for lost orders of account {run.provider.pk}", (MustWait, ProviderError)
    return one_by_one(steps, take, what=what, ends=ends) == len(steps)


def _schedule(run: RecoveryRun) -> None:
    search_schedule.schedule(id_range.lost_attempts(run.rows), run.rules, run.clock())


def _ask_about_answers(run: RecoveryRun) -> None:
    answer_ids.ask(run, id_range.lost_attempts(run.rows))


def _search_list(run: RecoveryRun) -> None:
    provider_list.search(run, id_range.lost_attempts(run.rows))


def _replay(run: RecoveryRun) -> None:
    replay.replay_lost(run, id_range.lost_attempts(run.rows))


def _search_ids(run: RecoveryRun) -> None:
    Search(run).go()


def _pass_on(run: RecoveryRun) -> None:
    search_schedule.pass_on(id_range.lost_attempts(run.rows), run.rules, run.clock())


def _put_off(run: RecoveryRun) -> None:
    now = run.clock()
    still = id_range.lost_attempts(run.rows)
    search_schedule.put_off((a for a in still if search_schedule.is_due(a, now)), now)


def _calibrate(run: RecoveryRun) -> None:
    """Have a calibration of this address and key that is up to date, where the search may be used
    at all."""
    rules = run.rules
    wanted = rules.enabled and rules.key_is_ours_alone and not rules.stopped_because
    here = rules.calibration.get("version") == run.provider.version
    fresh = here and rules.calibrated_at and run.clock() - rules.calibrated_at < _worth(rules)
    if wanted and not fresh:
        calibrate_in_run(run)
        run.read_rules_again()


def _worth(rules: Recovery) -> timedelta:
    """How long a calibration is believed: a good one for a day, a poor one is tried again soon."""
    return timedelta(seconds=86_400 if rules.is_calibrated else clocks.BREAKER_SECONDS[1])


def _wait_out(run: RecoveryRun) -> None:
    """Where the desk does not search, or could not, an order has been searched for when its time
    is over; the account buys again and a person decides."""
    now = run.clock()
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
    """The first balance read after the loss: it proves nothing, and helps a person. None where the
    address or the key was changed since the one before: that may be of another account."""
    before = attempt.balance_before_at or attempt.started_at
    changes = (provider.here_since, attempt.provider.here_since)
    if any(changed_at is not None and changed_at > before for changed_at in changes):
        return
    read_at, lost_at = provider.balance_at, attempt.unknown_at
    if attempt.balance_after_at is None and read_at and lost_at and read_at > lost_at:
        Attempt.objects.same_as(attempt).filter(balance_after_at=None).update(
            balance_after=provider.balance, balance_after_at=read_at
        )
