"""Every duration of the desk, on one page, in seconds unless its name says otherwise.

The clocks of a send stand in order: each is longer than the one before, so that a slow
provider is given up on before its claim is taken for dead, and a bell comes again only after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]

# Sending an order
PROVIDER_CONNECT_SECONDS = 5
SEND_WINDOW_SECONDS = 8  # claim to first byte; later than this the claim may be somebody else's
CLOCKS_AGREE_SECONDS = 3  # our own clock and the database's, over the time of one claim
PROVIDER_DEADLINE_SECONDS = 25
SEND_LEASE_SECONDS = 60  # a claim older than this is nobody's: the answer is lost
BELL_REDELIVERY_SECONDS = 120
SEND_CLOCKS = (
    PROVIDER_CONNECT_SECONDS,
    SEND_WINDOW_SECONDS,
    PROVIDER_DEADLINE_SECONDS,
    SEND_LEASE_SECONDS,
    BELL_REDELIVERY_SECONDS,
)

# After a send
NOT_SENT_BACKOFF_SECONDS = (5, 15, 60, 300, 900)
NOT_PLACED_GRACE_SECONDS = 120  # an order may appear at the provider this long after we gave up
RATE_LIMIT_PAUSE_SECONDS = 30
LINK_BUSY_RETRY_SECONDS = (60, 300, 900, 3600)  # where only the provider knows who is in the way

# Answers on disk
SPOOL_EVERY_SECONDS = 10
COMPARED_SECONDS = 30  # a database that no machine has compared for longer may be a restored one
UNREAD_ANSWER_SECONDS = 600  # a file that was not seen for so long has been taken away

# Lost answers
RECOVER_EVERY_SECONDS = 2
SEARCH_AFTER_SECONDS = (2, 20)  # from the loss; the last look is when the grace has passed
REPLAY_WITHIN_SECONDS = 900  # of the send: how long a provider knows an id of ours, nobody says
RECOVERY_PATIENCE_SECONDS = 60  # a provider that cannot be asked holds its account this much longer
STEADY_WITHIN_SECONDS = 3600  # a price seen twice, so far apart at most, did not move between
CHARGED_WITHIN_SECONDS = 24 * 3600  # an order tells how its service is charged for so long
EXPOSURE_WINDOW_SECONDS = 600  # lost answers within it are counted together
EASED_SECONDS = 600  # after an incident orders go out far apart for so long
EASED_SPACING = 5  # times the usual pause between two orders

# Polling
FIRST_CHECK_SECONDS = 4
POLL_FLOOR_SECONDS = 5
POLL_CEILING_SECONDS = 6 * 3600
POLL_SHARE = 0.1  # of the time since the last change
SAME_REFUSAL_PAUSE_SECONDS = 120  # where every question about orders is refused alike
POLL_LOOKAHEAD_SECONDS = 20  # due this soon may fill up a batch
JOB_LEASE_SECONDS = 60  # a bulk job that stands still for longer has lost its worker
LEASE_SECONDS = 60  # how long one run of an account may hold its lease
TASK_SECONDS = 20  # a lease passes on after this, so that every account gets one
RECHECK_SECONDS = 24 * 3600  # after its end an order is asked about once more
RECHECK_EVERY_SECONDS = 600

# Refills and cancels
REFILL_FLOOR_SECONDS = 15  # a refill is asked about no more often than this
REFILL_WAIT_SECONDS = 3600  # "not yet" without a time is tried again after this
CANCEL_RECHECK_SECONDS = 10  # for the order's status, before a lost cancel may be sent again
CANCEL_UNREAD_SECONDS = 24 * 3600  # its order unreadable for so long, a lost cancel is given up
REQUESTS_EVERY_SECONDS = 5

# Providers
BREAKER_SECONDS = (10, 30, 60, 300, 900)
UNREACHABLE_SECONDS = (2, 3, 5, 5, 5, 5, 10, 10, 10, 15, 15, 30)  # between probes, by failures
PROBE_EVERY_SECONDS = 2
RETRY_AFTER_CAP_SECONDS = 900  # as the client has it, which reads no clocks of the desk
BALANCE_EVERY_SECONDS = 120
BALANCE_LAG_SECONDS = 300  # a balance may be as old as this when it is read
CATALOG_EVERY_HOURS = 6
CATALOG_DEADLINE_SECONDS = 60  # one page of a catalog, or all of it
CATALOG_LAG_SECONDS = 300  # a catalog may be as old as this when it is read
CATALOG_LEASE_SECONDS = 300  # a mirror that stands still for longer has died
CONNECTION_CHECK_CUT_OFF_SECONDS = 240  # a connection check that takes longer has died

# Doorbells
BELL_EXPIRES_SECONDS = 60  # a bell nobody heard for longer is thrown away: the sweeps have rung
BELL_WAITS_SECONDS = 10  # for a broker that is slow or away

# The timetable
SWEEP_EVERY_SECONDS = 5
POLL_EVERY_SECONDS = 3
REAP_EVERY_SECONDS = 10
INVARIANTS_EVERY_SECONDS = 30  # and one part of all orders each time
HEARTBEAT_EVERY_SECONDS = 5
HEARTBEAT_STALE_SECONDS = 30
LONGEST_TASK_SECONDS = 600  # all threads busy with older tasks: the worker hangs
PROVIDERS_EVERY_SECONDS = 15

# `manage.py up`
SUPERVISOR_CHECK_SECONDS = 0.1
CHILD_START_SECONDS = 60
CHILD_BACKOFF_SECONDS = (0.1, 0.3, 1, 2, 5, 10)  # before the next start, by deaths in a row
CHILD_QUICK_DEATH_SECONDS = 5  # a death this soon after a start counts
CHILD_QUICK_DEATHS = 5  # so many in a row and it is not tried again
WORKER_STOP_SECONDS = PROVIDER_DEADLINE_SECONDS + 10
HEALTH_EVERY_SECONDS = 5
SILENT_FOR_SECONDS = 20  # a child found stale this long is started again

# Reconciliation
RECONCILE_EVERY_SECONDS = 300
RECONCILE_AFTER_SECONDS = 900  # a day is looked at once what it charged has been heard of
RECONCILE_AGAIN_DAYS = 3  # for so long what is learned later may still explain a day

# Repeats
SAME_ORDER_SECONDS = 1800  # whoever places the same order again this soon is asked first
SAME_LINE_SECONDS = 24 * 3600  # and whoever pastes it again among others

# Pages
MATCHING_SECONDS = 15  # how old the count of a narrowed list may be
VIEW_COUNT_SECONDS = 60  # and that of a saved view
VIEW_COUNT_KEPT_SECONDS = 3600  # which is shown until it is counted anew
FIRST_RUN_OVER_SECONDS = 86_400  # for so long nobody asks whether an order has ended yet
FIGURES_SECONDS = 5  # how old the overview's cards may be
CHART_SECONDS = 60
OLDER_DAYS_SECONDS = 3600  # of the chart's days that are more than a week old

# People
SESSION_SECONDS = 12 * 3600  # without work
SESSION_MOST_SECONDS = 7 * 86_400  # with it
SESSION_SLIDE_SECONDS = 600
LOG_IN_COOL_OFF = timedelta(minutes=15)

# Several workers, one clock
READINGS_APART_SECONDS = 30  # between a "now" that somebody acts on and the moment they read it

SQLITE_BUSY_SECONDS = 20


def still_ahead(moment: datetime | None, now: datetime, most_seconds: float) -> datetime | None:
    """The moment, if it is still to come and no further off than it can have been set. One beyond
    its cap was written by a clock that was ahead, and counts as over."""
    return moment if moment is not None and now < moment <= furthest(now, most_seconds) else None


def latest_ahead(now: datetime, bounds: Iterable[tuple[datetime | None, float]]) -> datetime:
    """The last of these moments that are `still_ahead`, each with its cap; `now` for none."""
    ahead = (still_ahead(moment, now, most_seconds) for moment, most_seconds in bounds)
    return max((moment for moment in ahead if moment is not None), default=now)


def furthest(now: datetime, most_seconds: float) -> datetime:
    """Up to where a moment may lie that was set for so long at most. Whoever set it may have read
    the clock after us, who act on what we read a while ago."""
    return now + timedelta(seconds=most_seconds + READINGS_APART_SECONDS)


class OwnClock:
    """Of this machine, and how far the database's lay from it when that was read last."""

    def __init__(self) -> None:
        self._apart = timedelta()

    def compare(self, theirs: datetime) -> None:
        """The database's clock says this just now."""
        self._apart = theirs - datetime.now(UTC)

    def as_theirs(self) -> datetime:
        return datetime.now(UTC) + self._apart


OWN_CLOCK = OwnClock()


def common_now() -> datetime:
    """About what the database's clock says, without a question to it: for what machines tell each
    other and nothing is decided by alone, as how old a bell is."""
    return OWN_CLOCK.as_theirs()


def database_now() -> datetime:
    """The database's clock: the only one that leases and due times may be compared with."""
    from django.db import connection  # here, so that `manage.py up` reads the clocks without Django

    if connection.vendor == "sqlite":
        return datetime.now(UTC)  # one machine, one clock: SQLite asks the same one
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    OWN_CLOCK.compare(moment)
    return moment
