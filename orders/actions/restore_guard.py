"""Is the database still the one we left? Asked when a worker starts, in the sweep, and between
every claim and its first byte.

A database taken back to an earlier day shows orders as queued that were sent. Nothing in it can
say so; what this machine wrote down beside it can. On any doubt all sending stops until a person
has seen a reconcile run.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import DatabaseError, NotSupportedError, ProgrammingError, connection

from core import clocks
from core.clocks import Clock
from core.failpoints import failpoint
from providers.panel_api import NotSent

from ..models import Attempt, DatabaseId, Gate, ReconcileRun
from ..status import GateKind
from . import gates, restoring, sent_log
from .sent_log import Mark

log = logging.getLogger(__name__)
UNREADABLE = "unreadable"


def database_identity() -> str:
    """The same as long as this is the same database. PostgreSQL: its cluster and timeline, and
    the table itself, which a restored dump makes anew. SQLite: a row of its own."""
    if connection.vendor != "postgresql":
        return f"sqlite {DatabaseId.objects.get_or_create(pk=1)[0].key.hex}"
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT system_identifier, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8),"
                " (SELECT oid FROM pg_database WHERE datname = current_database()),"
                " %s::regclass::oid FROM pg_control_system()",
                [Attempt._meta.db_table],
            )
            system, timeline, database, table = cursor.fetchone()
    except (NotSupportedError, ProgrammingError):  # a server that lets nobody ask
        return UNREADABLE
    return f"postgresql {system} timeline {timeline} database {database} table {table}"


def mark(attempt: Attempt, *, now: Clock) -> None:
    """Write this send down outside the database, unless the database is not the one we left.

    Raises NotSent: then no byte may leave, and the gate is closed where there is doubt.
    """
    try:
        identity = database_identity()
        _refuse_if_strange(attempt, identity, now)
        sent_log.note_send(attempt, identity)
    except DatabaseError as error:
        raise NotSent("The database went away before sending.") from error
    except OSError as error:
        log.error("attempt %s cannot be marked on disk: %s", attempt.pk, error)
        raise NotSent(f"It could not be written down before sending: {error.strerror}.") from error
    failpoint("claim.marked")


def _refuse_if_strange(attempt: Attempt, identity: str, now: Clock) -> None:
    known = sent_log.newest_mark(attempt.provider_id)
    doubt = known is not None and bool(why_strange([known], identity))
    overtaken = known is not None and attempt.pk <= known.attempt
    age = (now() - attempt.started_at).total_seconds()
    if age > clocks.SEND_WINDOW_SECONDS:  # then others may have sent since, and nothing is strange
        raise NotSent("The claim had grown too old before it was marked.")
    if doubt:
        look_closely(now=now())
    elif known is not None and overtaken:
        quarantine(
            f"Account {known.provider_id}: the new attempt got number {attempt.pk}, although "
            f"{known.attempt} had been given out.",
            now=now(),
        )
    if doubt or overtaken:
        raise NotSent("The database may have been restored: nothing is sent until that is clear.")


def why_strange(marks: list[Mark], identity: str) -> dict[Mark, str]:
    """What speaks against this being the database in which these marks were made."""
    numbers = [known.attempt for known in marks]
    rows = Attempt.objects.select_related("order").in_bulk(numbers)
    doubts = {}
    for known in marks:
        if known.database != identity:
            doubts[known] = f"it is another database ({identity}), we left {known.database}"
        elif not known.is_of(rows.get(known.attempt)):
            doubts[known] = (
                f"attempt {known.attempt} of {known.started_at:%Y-%m-%d %H:%M:%S} UTC is missing, "
                f"{_newest_of(known.provider_id)}"
            )
    return doubts


def _newest_of(provider_id: int) -> str:
    newest = Attempt.objects.filter(provider_id=provider_id).order_by("-pk").first()
    if newest is None:
        return "there is none of this account"
    return f"the newest is {newest.pk} of {newest.started_at:%Y-%m-%d %H:%M:%S}"


def look_closely(*, now: datetime) -> bool:
    """Compare every mark of this machine with the database; close the gate on doubt.

    A restore that a person has acknowledged since the mark was made is no doubt any more, and the
    database is adopted. Before that, and as long as the gate is closed, what this machine knows of
    its sends is brought in. True: all is well.
    """
    if Gate.objects.closed().filter(kind=GateKind.RESTORED).exists() or not _compare(now):
        recall_everywhere(now=now)
        return False
    if not DatabaseId.objects.filter(pk=1).update(compared_at=now):
        DatabaseId.objects.get_or_create(pk=1, defaults={"compared_at": now})
    return True


def _compare(now: datetime) -> bool:
    identity = database_identity()
    marks = [found for account in sent_log.accounts() if (found := sent_log.newest_mark(account))]
    doubts = why_strange(marks, identity)
    if not doubts:
        return True
    newest = max(found.at for found in doubts)
    accepted = ReconcileRun.objects.filter(database=identity, acknowledged_at__gt=newest)
    if accepted.exists():
        adopt(identity, list(doubts), now=now)
        return True
    quarantine(_in_words(doubts), now=now)
    return False


def recall_everywhere(*, now: datetime) -> None:
    """Give back to the database what this machine knows of its sends, all accounts together."""
    for account in sent_log.accounts():
        restoring.recall_sends(account, now=now)


def quarantine(reason: str, *, now: datetime) -> bool:
    """Stop all sending until a reconcile run is acknowledged. False: it was stopped already."""
    log.critical("all sending stops: %s", reason)
    return gates.close_gate(GateKind.RESTORED, now=now, reason=reason)


def adopt(identity: str, marks: list[Mark], *, now: datetime) -> None:
    """Bring in what this machine knows, then take the database as it is."""
    for known in marks:
        restoring.recall_sends(known.provider_id, now=now)
        sent_log.note_adopted(known.provider_id, identity, now=now)


def _in_words(doubts: dict[Mark, str]) -> str:
    said = [f"Account {known.provider_id}: {doubt}" for known, doubt in doubts.items()]
    more = f"; and {len(said) - 3} more accounts" if len(said) > 3 else ""
    return "; ".join(said[:3]) + more
