"""What this machine has said again under an id of ours, outside the database: a replay's own lines.

A restored database knows the send and not its replay; a first answer that comes late would end what
the replay may have bought. A release before this file does not read it.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from django.db import transaction

from core.failpoints import failpoint
from core.rows.loops import one_by_one

from ...models import Attempt
from ...status import Outcome
from .. import replays, send_journal
from ..writes.journal_file import JournalFile, Line
from ..writes.recording import NotNow

log = logging.getLogger(__name__)
REPLAYED, NAMED, ENDED = "repeated", "named", "ended"
CHUNK: Final = 200
Send = tuple[UUID, str]  # form key and moment of the claim: the same in every life of the database
Told = dict[str, str]  # replays of one send of which nothing proves that they bought nothing


def note_replay(attempt: Attempt) -> str:
    """On disk when this returns; the name of this replay. Raises OSError when it cannot be."""
    file, replay = _file(attempt.provider_id), uuid4().hex
    file.begin_anew_if_large(lambda: None)
    file.write(REPLAYED, wait=True, repeat=replay, **send_journal.name_of(attempt))
    return replay


def note_number(attempt: Attempt, replay: str, number: str) -> None:
    _note(attempt, NAMED, repeat=replay, id=number)


def note_end(attempt: Attempt, replay: str) -> None:
    """It is proven to have bought nothing."""
    _note(attempt, ENDED, repeat=replay)


def is_replayed(attempt: Attempt, *, now: datetime) -> bool:
    """By this machine, as far as it can tell: what nothing proves to have bought nothing. Raises
    NotNow where the disk does not tell."""
    try:
        return bool(_told_of(attempt))
    except NotNow:
        if now > attempt.lease_until:
            raise
        return False  # its own worker tells: only what was taken for lost is replayed


def replayed_sends(account: int, form_key: UUID | None = None) -> Collection[Send]:
    """The same of all sends of an account, or of one order, with a row here or not. Raises
    OSError."""
    about = None if form_key is None else {form_key.hex.encode()}
    return _fold(_file(account).all_lines(about)).keys()


def give_back(lost: Attempt, *, now: datetime) -> bool:
    """To a lost send, as it reads in this transaction, the replays that its row does not know.
    Raises NotNow where the disk does not tell."""
    return _give_back(lost, _told_of(lost), now)


def recall_replays(account: int, *, now: datetime) -> int:
    """Give back to every lost send of an account what this machine knows of its replays."""
    return _recall(_fold(_file(account).all_lines()), now)


def recall_newest(account: int, *, now: datetime) -> int:
    """The same of the newest, for every look: a restore that forgot no send goes unnoticed."""
    return _recall(_fold(_file(account).tail()), now)


def _recall(told: dict[Send, Told], now: datetime) -> int:
    sends, recalled = list(told), 0
    for start in range(0, len(sends), CHUNK):
        forgotten = _forgotten(sends[start : start + CHUNK], told)
        recalled += one_by_one(
            forgotten, lambda pk: _give_back_to(pk, now), what="replays of this machine"
        )
    return recalled


def _forgotten(sends: list[Send], told: dict[Send, Told]) -> Iterator[int]:
    form_keys = [form_key for form_key, _ in sends]
    lost = Attempt.objects.filter(order__form_key__in=form_keys, outcome=Outcome.UNKNOWN)
    for attempt in lost.select_related("order"):
        if _missing(attempt, told.get(_send(attempt), {})) is not None:
            yield attempt.pk


def _give_back_to(pk: int, now: datetime) -> bool:
    with transaction.atomic():
        rows = Attempt.objects.select_for_update(of=("self",)).select_related("order__provider")
        lost = rows.filter(pk=pk, outcome=Outcome.UNKNOWN).first()
        given = lost is not None and give_back(lost, now=now)
        failpoint("recall.replayed")
        return given


def _give_back(lost: Attempt, told: Told, now: datetime) -> bool:
    missing = _missing(lost, told)
    if missing is None:
        return False
    log.warning("a replay of %s was not known to the database", lost)
    replays.note(lost, now=now)
    for number in missing:
        replays.note_number(lost, number, now=now)
    return True


def _missing(lost: Attempt, told: Told) -> list[str] | None:
    """Numbers that its row does not know; None where it knows all that is told."""
    numbers = {number for number in told.values() if number} - replays.names_in(lost.evidence)
    is_noted = replays.REPLAYED_AS in lost.evidence
    return sorted(numbers) if numbers or (told and not is_noted) else None


def _told_of(attempt: Attempt) -> Told:
    send = _send(attempt)
    try:
        return _fold(_file(attempt.provider_id).all_lines({send[0].hex.encode()})).get(send, {})
    except OSError as error:
        raise NotNow(f"the replays of {attempt} cannot be read: {error}") from error


def _fold(lines: Iterable[Line]) -> dict[Send, Told]:
    told = dict[Send, Told]()
    for line in lines:
        try:
            form_key, replay = UUID(hex=line["token"].rpartition("-")[0]), str(line["repeat"])
            of_send = told.setdefault((form_key, str(line["started_at"])), {})
            if line["what"] == REPLAYED:
                of_send.setdefault(replay, "")
            elif line["what"] == NAMED:
                of_send[replay] = str(line["id"])
            elif line["what"] == ENDED:
                of_send.pop(replay, None)
        except (AttributeError, KeyError, ValueError):
            log.warning("a line about a replay cannot be read")
    return {send: of_send for send, of_send in told.items() if of_send}


def _note(attempt: Attempt, what: str, **said: str) -> None:
    try:
        name = send_journal.name_of(attempt)
        _file(attempt.provider_id).write(what, wait=True, **said, **name)
    except OSError as error:
        log.error("what became of a replay of %s is not noted on disk: %s", attempt, error)


def _send(attempt: Attempt) -> Send:
    return attempt.order.form_key, attempt.started_at.isoformat()


def _file(provider_id: int) -> JournalFile:
    return JournalFile(send_journal.directory() / f"{provider_id}.repeats.jsonl")
