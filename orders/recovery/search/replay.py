"""Asking again under the same id of ours, at providers that answer a replay with the first order.

Only where the attempt itself went out with its id a short while ago *and* an admin has said that
replays are safe there, under this name and at this address. It is the same attempt said again, to
the last sign. Nothing but an answer with a number decides; a refusal of a replay proves nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from django.db import transaction
from django.db.models import Q

from core import clocks
from core.rows.loops import one_by_one
from providers.actions.calling import MustWait, ask
from providers.models import Provider, ProviderHealth
from providers.panel_api import (
    NotSent,
    OutcomeUnknown,
    Progress,
    ProviderError,
    Rejected,
    WrittenPayload,
)

from ...models import Attempt
from ...sending import replays, send_journal
from ...sending.replays import ALSO_NAMED, names_in
from ...sending.restore_check import guard, replay_journal
from ...sending.send_orders import PlacesOrders
from ...sending.writes import answer_files
from ...sending.writes.pre_send import PreSendCheck
from ...sending.writes.recording import record
from ...sending.writes.send_clock import SendClock
from ...status import Outcome, Resolution, Write
from .. import resolve
from . import contradictions
from .match_ids import IdMatch
from .recovery_run import RecoveryRun

MOST_REPLAYS = 3


def replay_lost(run: RecoveryRun, lost: list[Attempt]) -> None:
    """Replay each due attempt of this account, one after the other."""
    if not run.rules.promises_replays(run.provider):
        return
    now, parameter = run.clock(), run.client.dialect.idempotency_parameter
    if _asks_for_a_rest(run.provider, now):
        return

    def replay(attempt: Attempt) -> None:
        due = (
            attempt.search_at is not None
            and attempt.search_at <= now
            and attempt.searched_at is None
        )
        carries = bool(parameter) and attempt.wire.get(parameter) == attempt.idempotency_key
        is_clear = ALSO_NAMED not in attempt.evidence and attempt.searches < MOST_REPLAYS
        if due and carries and is_clear and _is_young(attempt, now) and _is_promised_still(run):
            _replay_one(run, attempt)

    ends = (MustWait, ProviderError)
    one_by_one(resolve.reread(lost), replay, what="replays", ends=ends)


def _is_promised_still(run: RecoveryRun) -> bool:
    """The replay before may have come back as another order."""
    run.rules.refresh_from_db(fields=["replays_are_safe", "replays_promised_for"])
    return run.rules.promises_replays(run.provider)


def _is_young(attempt: Attempt, now: datetime) -> bool:
    """The provider still knows our id. After a day away it may have forgotten it, and would take
    the replay for a new order; so it might where a clock was set back."""
    age = now - attempt.started_at
    return timedelta(0) <= age <= timedelta(seconds=clocks.REPLAY_WITHIN_SECONDS)


def _replay_one(run: RecoveryRun, attempt: Attempt) -> None:
    run.spend()
    now = SendClock(run.clock)
    replays.begin(attempt, now=now())  # when it is looked for next, the search says
    run.done.searched += 1
    order_id = _say_again(run.provider, cast(PlacesOrders, run.client), attempt, now)
    attempt.refresh_from_db(fields=["evidence"])
    if not order_id or ALSO_NAMED in attempt.evidence:
        return
    said = ask(run.provider, lambda: run.client.statuses_once([order_id]), clock=run.clock)
    resolve.count_calls([attempt], 1)
    progress = said[order_id]
    if isinstance(progress, Progress):
        found = IdMatch(found={attempt.pk: order_id})
        run.done.found += resolve.link_found(
            found, [attempt], {order_id: progress}, now=run.clock(), by=Resolution.REPLAY
        )


def _say_again(provider: Provider, client: PlacesOrders, attempt: Attempt, now: SendClock) -> str:
    """The number it was answered with, which is written down; else empty."""
    # Still nobody knows what became of it, and nothing but the search for it holds us.
    open_still = Attempt.objects.same_as(attempt).filter(outcome=Outcome.UNKNOWN, resolved_by=None)
    check = PreSendCheck(
        Write.REPLAY, provider.pk, attempt.provider_version, now, open_still.exists
    )
    name = ""
    try:
        name = guard.journal_replay(attempt, now=now)
        placed = client.add(WrittenPayload(attempt.wire), before_send=check)
    except Rejected as refusal:
        # The first send may be what it is refused for: the money spent, the link busy.
        words = f"The replay was refused, which proves nothing of the first: {refusal.reason}"
        _tell(attempt, words, {"code": refusal.code.value}, now)
        _end_without_an_order(attempt, name)
    except (NotSent, OutcomeUnknown) as error:
        _tell(attempt, f"The replay did not help: {error.reason}", {}, now)
        if isinstance(error, NotSent):
            _end_without_an_order(attempt, name)
    else:
        _keep_id(attempt, name, placed.order_id, now)
        return placed.order_id
    return ""


def _tell(attempt: Attempt, words: str, evidence: dict[str, str], now: SendClock) -> None:
    record(lambda: resolve.tell([attempt], words, evidence, now()), what=f"the replay of {attempt}")


def _end_without_an_order(attempt: Attempt, name: str) -> None:
    """On disk first: what the row says no more, the journal must not say."""
    if name:
        replay_journal.note_end(attempt, name)
    record(lambda: replays.end_without_an_order(attempt), what=f"the replay of {attempt}")


def _keep_id(attempt: Attempt, name: str, order_id: str, now: SendClock) -> None:
    """What it was answered with, for the person who decides if nothing else comes of it."""
    said = send_journal.name_of(attempt) | {"id": order_id}
    with answer_files.kept(Write.REPLAY, attempt.idempotency_key, said) as file:
        replay_journal.note_number(attempt, name, order_id)
        if record(lambda: _note_id(attempt, order_id, now()), what=f"the replay of {attempt}"):
            file.is_recorded()


def take_in_kept(said: dict[str, Any], *, now: datetime) -> bool:
    """The number that a replay was answered with, from the disk. False: of no attempt here."""
    attempt = send_journal.attempt_of(said)
    if attempt is None:
        return False
    number = str(said["id"])
    if attempt.outcome != Outcome.UNKNOWN or number not in names_in(attempt.evidence):
        _note_id(attempt, number, now)
    return True


def _note_id(attempt: Attempt, order_id: str, now: datetime) -> None:
    """By what is known of the attempt now that the answer is here: the first send's own may have
    come, or somebody may have decided that it is not there."""
    with transaction.atomic():
        rows = Attempt.objects.same_as(attempt).select_related("order")
        known = rows.select_for_update(of=("self",)).get()
        if known.outcome == Outcome.ACCEPTED:
            replays.note_second_id(known.order, order_id, known.external_id, now=now)
            return
        replays.note_number(known, order_id, now=now)  # so that no other order is given it
        resolve.tell([known], f"The replay was answered with the number {order_id}.", {}, now)
    contradictions.reopen_one(attempt, order_id, now=now)


def _asks_for_a_rest(provider: Provider, now: datetime) -> bool:
    """It does not answer, or not as often: an order is never the probe."""
    rests = Q(open_until__isnull=False) | Q(slow_until__gt=now)
    return ProviderHealth.objects.filter(rests, provider=provider).exists()
