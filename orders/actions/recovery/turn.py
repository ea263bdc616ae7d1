"""One recovery turn of an account: look for what is due, decide what is proven, let it buy again.

A lost order is looked for two seconds after the loss, again a little later, and a last time when
it can no longer appear. Until then its account buys nothing, so that one free call decides
nearly always. What was not found is shown not to be there once a later order closes the range.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from core import clocks
from core.clocks import Clock
from core.failpoints import failpoint
from providers.actions import lanes
from providers.actions.calling import MustWait
from providers.models import LaneKind, Provider
from providers.panel_api import ProviderError

from ...models import Attempt, Recovery
from ...status import RECALLED, Outcome, Resolution
from .. import gates
from . import deciding, listing, repeating, windows
from .calibrating import calibrate
from .deciding import Decided
from .looking import WIDEST, CannotLook, Seen, TellsOfIds, look_between
from .windows import Window

log = logging.getLogger(__name__)
FEWEST = 100  # ids after the last known one that are always asked about
FEWEST_AT_LAST = 200  # what is missed once it can no longer appear looks like the next lost one
GAPS = 4  # times the largest gap seen, where that is more


def recover_account(provider: Provider, client: TellsOfIds, *, clock: Clock) -> Decided | None:
    """Look for this account's lost orders. None: somebody else is at it."""
    holder = lanes.take_lane(
        provider.pk, LaneKind.RECOVERY, now=clock(), seconds=clocks.LANE_SECONDS
    )
    if holder is None:
        return None
    try:
        return _recover(provider, client, clock)
    finally:
        lanes.give_back(provider.pk, LaneKind.RECOVERY, holder)


def _recover(provider: Provider, client: TellsOfIds, clock: Clock) -> Decided:
    done = Decided()
    rules, _ = Recovery.objects.get_or_create(provider=provider)
    try:
        rules = _calibrated(provider, client, rules, clock)
        lost = windows.lost_attempts(provider)
        _schedule(lost, rules)
        is_ours = not gates.may_be_another_database(clock())
        if rules.enabled and is_ours:
            listing.search(provider, client, rules, lost, done, clock=clock)
            repeating.repeat(provider, client, rules, lost, done, clock=clock)
        if rules.searches and is_ours:
            _search(provider, client, rules, done, clock)
    except MustWait as busy:
        log.info("account %s is looked for lost orders in %.0f s", provider.pk, busy.seconds)
    except ProviderError:
        _put_off(provider, clock())  # its health says why
    except CannotLook as doubt:
        deciding.tell(_put_off(provider, clock()), f"Nothing was learned: {doubt}", {}, clock())
    _wait_out(provider, rules, clock())
    gates.reopen_if_settled(provider, now=clock())
    return done


def _put_off(provider: Provider, now: datetime) -> list[Attempt]:
    """Look for those that are due a little later; which they are."""
    due = [a for a in windows.lost_attempts(provider) if _is_due(a, now)]
    later = now + timedelta(seconds=clocks.BREAKER_SECONDS[0])
    Attempt.objects.filter(pk__in=[attempt.pk for attempt in due]).update(look_at=later)
    return due


def _calibrated(provider: Provider, client: TellsOfIds, rules: Recovery, clock: Clock) -> Recovery:
    """The rules with a calibration that is up to date, where the search may be used at all."""
    wanted = rules.enabled and rules.key_is_ours_alone and not rules.stopped_because
    fresh = rules.calibrated_at and clock() - rules.calibrated_at < _worth(rules)
    if wanted and not fresh:
        calibrate(provider, client, clock=clock)
        rules.refresh_from_db()
    return rules


def _worth(rules: Recovery) -> timedelta:
    """How long a calibration is believed: a good one for a day, a poor one is tried again soon."""
    return timedelta(seconds=86_400 if rules.is_calibrated else clocks.BREAKER_SECONDS[1])


def _moments(attempt: Attempt, rules: Recovery) -> list[datetime]:
    """When this lost order is looked for; the last is when it can no longer appear."""
    over = attempt.started_at + timedelta(seconds=rules.grace_seconds)
    known = attempt.unknown_at or attempt.started_at
    early = [known + timedelta(seconds=after) for after in clocks.LOOK_AFTER_SECONDS]
    return [*(moment for moment in early if moment < over), max(over, known)]


def _later_moments(attempt: Attempt, rules: Recovery, now: datetime) -> list[datetime]:
    return [moment for moment in _moments(attempt, rules) if moment > now]


def _schedule(lost: list[Attempt], rules: Recovery) -> None:
    for attempt in lost:
        if attempt.look_at is None and attempt.looked_at is None and deciding.is_open(attempt):
            attempt.look_at = _moments(attempt, rules)[0]
            Attempt.objects.filter(pk=attempt.pk).update(look_at=attempt.look_at)


def _search(
    provider: Provider, client: TellsOfIds, rules: Recovery, done: Decided, clock: Clock
) -> None:
    if Attempt.objects.filter(provider=provider, outcome=Outcome.IN_FLIGHT).exists():
        return  # what is on its way has no id we know of, and would look like a lost one
    if Attempt.objects.filter(provider=provider, outcome=Outcome.UNKNOWN, code=RECALLED).exists():
        return  # between which ids those are nobody knows: a person settles them first
    known = {a.pk: windows.window_of(a, rules) for a in windows.lost_attempts(provider)}
    all_windows = [window for window in known.values() if window is not None]
    due = [w for w in all_windows if _is_due(w.attempt, clock())]
    if due:
        _look(provider, client, rules, due, all_windows, done, clock)
        return  # one look a turn: what it found changes the windows of the others
    for window in all_windows:
        if deciding.is_open(window.attempt) and _may_be_closed(window, clock()):
            _bracket(provider, client, rules, window, all_windows, done, clock)
            return


def _is_due(attempt: Attempt, now: datetime) -> bool:
    due = attempt.look_at is not None and attempt.look_at <= now and attempt.looked_at is None
    return due and deciding.is_open(attempt)


def _look(
    provider: Provider,
    client: TellsOfIds,
    rules: Recovery,
    due: list[Window],
    all_windows: list[Window],
    done: Decided,
    clock: Clock,
) -> None:
    """Ask about the ids after the last one that is known."""
    first = min(window.after for window in due) + 1
    gap = int(rules.calibration.get("largest_gap") or 0)
    asked_at = clock()
    is_last = any(not _later_moments(window.attempt, rules, asked_at) for window in due)
    fewest = FEWEST_AT_LAST if is_last else FEWEST
    width = min(WIDEST, max(fewest, gap * GAPS)) - 1  # the order before goes along in the batch
    seen = look_between(
        provider, client, rules, first, first + width - 1, control=first - 1, clock=clock
    )
    failpoint("look.answered")
    attempts = [window.attempt for window in due]
    _settle(provider, seen, all_windows, attempts, done, clock)
    _look_again(deciding.reread(attempts), rules, seen, asked_at)


def _settle(
    provider: Provider,
    seen: Seen,
    all_windows: list[Window],
    attempts: list[Attempt],
    done: Decided,
    clock: Clock,
) -> bool:
    """Adopt what must be ours. False: the candidates cannot all be lost orders of this desk."""
    now = clock()
    done.looked += len(attempts)
    deciding.count_calls(attempts, seen.calls)
    text = f"Asked about the ids {seen.first} to {seen.last}: " + (
        f"{len(seen.candidates)} may be it." if seen.candidates else "none is ours."
    )
    evidence = {"calls": seen.calls, "ours": sorted(seen.candidates), "doubtful": seen.doubtful}
    deciding.tell(attempts, text, evidence, now)
    deciding.keep_candidates(attempts, seen.candidates)
    verdict = deciding.judge(all_windows, seen.candidates)
    if verdict.foreign:
        deciding.stop_searching(provider, verdict.foreign, now=now)
        return False
    lost = [window.attempt for window in all_windows]
    done.found += deciding.adopt_found(verdict, lost, seen.candidates, now=now)
    return True


def _look_again(open_ones: list[Attempt], rules: Recovery, seen: Seen, asked_at: datetime) -> None:
    """When each that was not found is looked for next; after its last look it is looked for."""
    for attempt in open_ones:
        later = _later_moments(attempt, rules, asked_at)
        row = Attempt.objects.filter(pk=attempt.pk)
        looks = attempt.looks + 1
        if later:
            row.update(looks=looks, look_at=later[0])
        else:
            row.update(looks=looks, looked_at=asked_at, looked_through=seen.cleared)


def _may_be_closed(window: Window, now: datetime) -> bool:
    attempt = window.attempt
    looked = attempt.looked_at is not None and attempt.bracketed_at is None
    waits = attempt.look_at is not None and attempt.look_at > now
    return looked and not waits and window.before is not None


def _bracket(
    provider: Provider,
    client: TellsOfIds,
    rules: Recovery,
    window: Window,
    all_windows: list[Window],
    done: Decided,
    clock: Clock,
) -> None:
    """A later order is known: no id of ours between means that this one is not there."""
    attempt, before = window.attempt, window.before or 0
    first, last = max(window.after, window.cleared) + 1, before - 1
    row = Attempt.objects.filter(pk=attempt.pk)
    if last - first + 1 > WIDEST:
        row.update(bracketed_at=clock())
        text = f"{last - first + 1} ids lie between the orders before and after: too many to ask."
        deciding.tell([attempt], text, {}, clock())
        return
    seen = look_between(provider, client, rules, first, last, control=window.after, clock=clock)
    failpoint("look.answered")
    if not _settle(provider, seen, all_windows, [attempt], done, clock):
        return
    if seen.doubtful:  # answers that could not be read: the range is asked for again
        row.update(look_at=clock() + timedelta(seconds=clocks.BREAKER_SECONDS[1]))
        return
    row.update(bracketed_at=clock())
    verdict = deciding.judge(all_windows, seen.candidates)
    if attempt.pk in verdict.absent:
        evidence = {"after": str(window.after), "before": str(before), "calls": seen.calls}
        done.absent += deciding.show_absent(
            deciding.reread([attempt]), by=Resolution.BRACKET, now=clock(), evidence=evidence
        )


def _wait_out(provider: Provider, rules: Recovery, now: datetime) -> None:
    """Where the desk does not search, or could not, an order has been looked for when its time
    is over; the account buys again and a person decides."""
    for attempt in windows.lost_attempts(provider):
        _keep_balance(attempt, provider)
        if attempt.looked_at is not None or not deciding.is_open(attempt):
            continue
        over = _moments(attempt, rules)[-1]
        patience = timedelta(seconds=clocks.RECOVERY_PATIENCE_SECONDS if rules.searches else 0)
        if now >= over + patience:
            Attempt.objects.filter(pk=attempt.pk, looked_at=None).update(looked_at=now)


def _keep_balance(attempt: Attempt, provider: Provider) -> None:
    """The first balance read after the loss: it proves nothing, and helps a person."""
    read_at, lost_at = provider.balance_at, attempt.unknown_at
    if attempt.balance_after_at is None and read_at and lost_at and read_at > lost_at:
        Attempt.objects.filter(pk=attempt.pk, balance_after_at=None).update(
            balance_after=provider.balance, balance_after_at=read_at
        )
