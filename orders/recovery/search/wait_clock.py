"""How long a lost order has been waited for, by no clock that could have been set meanwhile.

A clock tells how long ago something was only while nobody turns it. So the wait is counted in small
steps, as beat comes by: a step is what the clock says, and never more than `LONGEST_STEP`. A clock
that jumps ahead, or a machine that slept, adds one step; one that is set back adds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import F, Max, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Greatest

from core import clocks
from core.rows.loops import one_by_one
from providers.identity import same_account
from providers.models import Provider

from ...models import Attempt, Recovery
from ...models.attempt import GIVEN_BACK
from ...status import Outcome

LONGEST_STEP = 10.0  # seconds; beat comes by every two
MOST_AT_ONCE = 500
# Seconds after an order can no longer appear
COUNTED_ON = 2 * clocks.RECOVERY_PATIENCE_SECONDS + clocks.CATALOG_LAG_SECONDS
_KNOWN_BY = ("order_id", "started_at")  # beside its number
_COUNTED = (
    "provider_id",
    "code",
    "recalled_at",
    "unknown_at",
    "waited_at",
    "waited_seconds",
    "surely_after",
)
# Of the rows of an account upstream the longest holds
_ALIKE = (
    Recovery.objects.filter(provider__upstream=OuterRef("provider__upstream"))
    .exclude(provider__upstream="")
    .order_by()
    .values("provider__upstream")
    .annotate(longest=Max("grace_seconds"))
)
_GRACE = Greatest(
    Coalesce(F("provider__recovery__grace_seconds"), Value(clocks.NOT_PLACED_GRACE_SECONDS)),
    Coalesce(Subquery(_ALIKE.values("longest")), Value(0)),
)


def count(*, now: datetime, provider: Provider | None = None) -> None:
    """One step for every lost order, or those of `provider`, that is still waited for.

    What a restored database had forgotten was sent at a moment that its journal tells, and is not
    waited for, but where that moment is still to come, or a replay has begun its wait anew.
    """
    lost = Attempt.objects.filter(outcome=Outcome.UNKNOWN)
    lost = lost.exclude(GIVEN_BACK, waited_at=None, unknown_at__lte=now)
    if provider is not None:
        lost = lost.filter(provider=provider)
    has_no_end = Q(surely_after=None) & ~GIVEN_BACK
    waited = lost.filter(has_no_end | Q(waited_seconds__lt=_GRACE + COUNTED_ON))
    # The new ones first: left to themselves, SQLite puts them there and PostgreSQL at the end.
    longest_ago = F("waited_at").asc(nulls_first=True)
    rows = waited.only(*_KNOWN_BY, *_COUNTED).order_by(longest_ago, "pk")[:MOST_AT_ONCE]
    one_by_one(rows, lambda attempt: _step(attempt, now), what="waits for lost orders")


def _step(attempt: Attempt, now: datetime) -> None:
    since = attempt.waited_at or attempt.unknown_at or now
    passed = min(LONGEST_STEP, max(0.0, (now - since).total_seconds()))
    waited = attempt.waited_seconds + passed
    grace = grace_of(attempt.provider_id)
    changes: dict[str, object] = {"waited_seconds": waited, "waited_at": now}
    if waited < grace:
        changes["surely_after"] = None  # staff may have made it longer
    elif attempt.surely_after is None and not attempt.is_given_back:  # its row tells no order
        changes["surely_after"] = _newest_row(attempt.provider)
    Attempt.objects.same_as(attempt).filter(waited_at=attempt.waited_at).update(**changes)


def _newest_row(provider: Provider) -> int | None:
    rows = Attempt.objects.filter(provider__in=same_account(provider))
    newest: int | None = rows.aggregate(newest=Max("pk"))["newest"]
    return newest


def grace_of(provider_id: int) -> int:
    """The longest that staff have said of any row of this account: how late its server shows an
    order does not depend on the row through which that was sent."""
    itself = Provider.objects.filter(pk=provider_id)
    known = itself.exclude(upstream="").values("upstream")
    rows = Recovery.objects.filter(Q(provider=provider_id) | Q(provider__upstream__in=known))
    told = dict(rows.values_list("provider", "grace_seconds"))
    return max(({provider_id: clocks.NOT_PLACED_GRACE_SECONDS} | told).values())


def left(attempt: Attempt, grace_seconds: int) -> float:
    """Seconds until the order can no longer appear; 0 when that is over."""
    return max(0.0, grace_seconds - attempt.waited_seconds)


def times_agree(rows: Iterable[Attempt]) -> bool:
    """Attempts of one account, in the order of their rows, began in that order too. Where they did
    not, a clock was set or the rows were written again, and their order proves nothing."""
    last: datetime | None = None
    for row in rows:
        if last is not None and row.started_at < last:
            return False
        last = max(row.started_at, row.unknown_at or row.started_at)
    return True
