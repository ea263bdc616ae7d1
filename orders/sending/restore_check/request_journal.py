"""What this machine has asked of refills and cancels, outside the database: their send journal.

A line names the requests by what they have in every life of the database: their order's
form key and the moment at which somebody asked.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from ...aftersales.batch_outcome import AnyOutcome, outcome_from_json, outcome_to_json
from ...models import RequestCall
from ...status import Write
from ..send_journal import (
    Beginning,
    HighWaterMark,
    accept_in,
    beginning_of,
    carried,
    directory,
    high_water_mark_of,
    name_of,
    newest_of,
    note_read_in,
)
from ..writes.journal_file import DATABASE_ACCEPTED, JournalFile, Line
from ..writes.sent_lines import ENDED, SENT
from ..writes.spool_files import UNREADABLE

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Named:
    """One request, whatever its number is by now, and the id its order has at the provider.
    `in_doubt`: it had been sent before, perhaps by another machine, and nobody knew what became of
    that."""

    form_key: UUID
    requested_at: datetime
    order_id: str
    in_doubt: bool = False


@dataclass(slots=True)
class JournaledCall:
    """One call as the file tells it. `outcome` None: how it ended is not known here."""

    idempotency_key: str
    write: Write
    started_at: datetime
    requests: Sequence[Named]
    outcome: AnyOutcome | None = None


def high_water_mark(provider_id: int) -> HighWaterMark | None:
    """None: this machine never asked for anything there."""
    return newest_of(_file(provider_id), provider_id)


def beginning(provider_id: int) -> Beginning | None:
    """None: this machine never asked for anything there."""
    return beginning_of(_file(provider_id), provider_id)


def note_call(call: RequestCall, requests: Sequence[Named], database: str) -> None:
    """On disk when this returns. Raises OSError when it cannot be."""
    file = _file(call.provider_id)
    others = RequestCall.objects.filter(provider_id=call.provider_id, pk__lt=call.pk)
    file.begin(
        new=lambda: carried(high_water_mark_of(others.order_by("-pk").first(), database)),
        anew=lambda: carried(newest_of(file, call.provider_id)),
    )
    named = [[one.form_key.hex, one.requested_at.isoformat(), one.order_id] for one in requests]
    doubted = [place for place, one in enumerate(requests) if one.in_doubt]
    told = {"write": call.write, "requests": named, "doubted": doubted}
    file.write(SENT, wait=True, database=database, **told, **name_of(call))


def note_end(call: RequestCall, outcome: AnyOutcome) -> None:
    """How it ended, as far as the disk takes it: the database has it already."""
    try:
        said = outcome_to_json(outcome)
        _file(call.provider_id).write(ENDED, wait=False, outcome=said, **name_of(call))
    except OSError as error:
        log.error("the end of %s is not noted on disk: %s", call, error)


def note_accepted(
    provider_id: int, database: str, *, now: datetime, seen: datetime | None = None
) -> None:
    """From here on this database is the one we know, with the calls it has."""
    newest = RequestCall.objects.filter(provider_id=provider_id).order_by("-pk").first()
    accept_in(_file(provider_id), newest, database, now=now, seen=seen)


def note_read(mark: HighWaterMark, *, now: datetime) -> None:
    """As of orders."""
    note_read_in(_file(mark.provider_id), mark, now=now)


def calls_since_accepted(provider_id: int) -> list[JournaledCall]:
    """What was asked of this account since its database was last accepted, oldest first. Raises
    OSError where the disk cannot be read."""
    return _calls(provider_id, None, since_accepted=True)


def calls_kept(provider_id: int, form_keys: Iterable[UUID] | None = None) -> list[JournaledCall]:
    """The same of all that the file has: a database that was accepted with a call may be put back
    to before it once more. With `form_keys` only what was about one of these orders."""
    return _calls(provider_id, form_keys, since_accepted=False)


def _calls(
    provider_id: int, form_keys: Iterable[UUID] | None, *, since_accepted: bool
) -> list[JournaledCall]:
    calls = dict[str, JournaledCall]()
    about = None if form_keys is None else {form_key.hex.encode() for form_key in form_keys}
    for line in _file(provider_id).all_lines(about):
        if since_accepted and line.get("what") == DATABASE_ACCEPTED:
            calls.clear()
        try:
            _take_in(calls, line)
            if about is not None and line["what"] == SENT:
                about.add(line["token"].encode())  # how it ended tells no orders
        except UNREADABLE:
            log.warning("a line about requests to account %s cannot be read", provider_id)
    return list(calls.values())  # by their lines: a clock may have been set between two of them


def about_the_same(calls: Sequence[JournaledCall]) -> list[list[JournaledCall]]:
    """Calls that tell of one order stand or fall together: what an earlier one puts back to be
    sent, a later one may have begun. Each group in the order of `calls`, oldest first."""
    group_of = dict[str, list[JournaledCall]]()
    turns = {call.idempotency_key: turn for turn, call in enumerate(calls)}
    for then in calls:
        same = {id(group): group for name in _names(then) if (group := group_of.get(name))}
        known = [*chain(*same.values()), then]
        together = sorted(known, key=lambda call: turns[call.idempotency_key])
        for call in together:
            group_of |= dict.fromkeys(_names(call), together)
    return list({id(group): group for group in group_of.values()}.values())


def _names(call: JournaledCall) -> list[str]:
    """Its own, and those of its orders."""
    return [call.idempotency_key, *(name.form_key.hex for name in call.requests)]


def _take_in(calls: dict[str, JournaledCall], line: Line) -> None:
    match line["what"]:
        case what if what == SENT:
            began, named = datetime.fromisoformat(line["started_at"]), line["requests"]
            doubted = line.get("doubted", ())  # lines of before have none
            rows = [_named(row, place in doubted) for place, row in enumerate(named)]
            write = Write(line["write"])
            calls[line["token"]] = JournaledCall(UUID(line["token"]).hex, write, began, rows)
        case what if what == ENDED and line["token"] in calls:
            calls[line["token"]].outcome = outcome_from_json(line["outcome"])


def _named(row: list[Any], in_doubt: bool) -> Named:
    form_key, requested_at, order_id = row
    return Named(UUID(form_key), datetime.fromisoformat(requested_at), str(order_id), in_doubt)


def _file(provider_id: int) -> JournalFile:
    return JournalFile(directory() / f"{provider_id}.requests.jsonl")
