"""Asking about the id that the answer to an order has named in a way nobody has described to us.

`{"result": {"id": 7}}` is no proof that 7 is the order: the same number could be a balance or
somebody's old order. One free call tells whether the provider knows it as an order of ours and what
it charged. Where that fits and no word in the answer speaks against it, the order is linked; all
else is shown to the person who decides.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from itertools import pairwise

from core.rows.loops import one_by_one
from providers.actions.calling import MustWait
from providers.panel_api import Progress, ProviderError, RefusalCode, Unreadable
from providers.panel_api.answers.reread import named_without_a_word_against_it
from providers.same_ids import plain_id

from ...models import Attempt
from ...status import Resolution
from .. import resolve
from . import id_range, search_schedule
from .find_lost import MOST_CALLS
from .id_owners import names_of, sends_without_an_id
from .match_ids import IdMatch
from .recovery_run import RecoveryRun


def ask(run: RecoveryRun, lost: list[Attempt]) -> None:
    """Ask about the id of each due attempt that has one."""

    def ask_about(attempt: Attempt) -> bool:
        return _is_worth_a_call(run, attempt) and _ask_about(run, attempt)

    named, ends = resolve.reread(lost), (MustWait, ProviderError)
    run.done.found += one_by_one(named, ask_about, what="ids in answers", ends=ends)


def _is_worth_a_call(run: RecoveryRun, attempt: Attempt) -> bool:
    """At the first search, and at the last one where ids are not searched. Where they are, it
    asks about what it can link, and only an id that may be linked at once goes before it."""
    named = _named(attempt)
    if not named or attempt.calls >= MOST_CALLS:
        return False
    now = run.clock()
    if not search_schedule.is_due(attempt, now) or id_range.claimed(run.rows, [named]):
        return False  # of another order of ours a person has to ask which of the two it is
    if run.rules.searches:
        return attempt.calls == 0 and _may_be_linked(run, attempt, named)
    return attempt.calls == 0 or not search_schedule.later_moments(attempt, run.rules, now)


def _named(attempt: Attempt) -> str:
    return str(attempt.evidence.get("candidate_id") or "")


def _may_be_linked(run: RecoveryRun, attempt: Attempt, named: str) -> bool:
    """By what is known before asking: nobody else orders with this key, nothing in the answer says
    that something went wrong, no other answer names the id, and it is not an older one."""
    if not run.rules.key_is_ours_alone or run.rules.stopped_because:
        return False
    if named_without_a_word_against_it(attempt.evidence) != named:
        return False
    plain = plain_id(named)
    if names_of(attempt) != {plain}:
        return False  # a replay has named another
    others = (one for one in sends_without_an_id(run.rows) if one.pk != attempt.pk)
    if any(plain in names_of(one) for one in others):
        return False
    return _is_newer(run, attempt, named)


def _is_newer(run: RecoveryRun, attempt: Attempt, named: str) -> bool:
    """Than our orders from before; where their numbers do not rise, nothing tells."""
    before = id_range.Neighbourhood.of(attempt, run.rows).accepted_before
    numbers = [id_range.number_of(row.external_id) for row in before]
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers) or any(one >= other for one, other in pairwise(known)):
        return True
    number = id_range.number_of(named)
    return not known or (number is not None and number > known[-1])


def _ask_about(run: RecoveryRun, attempt: Attempt) -> bool:
    named = _named(attempt)
    said = run.ask(partial(run.client.statuses_once, [named]))[named]
    now = run.clock()
    resolve.count_calls([attempt], 1)
    resolve.tell([attempt], _in_words(named, said), {"asked": named}, now)
    if not isinstance(said, Progress):
        return False
    resolve.keep_candidates([attempt], {named: said})
    if id_range.fits(attempt.order, said) is False or not _may_be_linked(run, attempt, named):
        return False
    return bool(_link(attempt, named, said, now))


def _link(attempt: Attempt, named: str, said: Progress, now: datetime) -> int:
    found = IdMatch(found={attempt.pk: named})
    return resolve.link_found(found, [attempt], {named: said}, now=now, by=Resolution.NAMED)


def _in_words(named: str, said: Progress | Unreadable) -> str:
    asked = f"Asked about {named}, the number in its answer:"
    if isinstance(said, Progress):
        return f"{asked} the provider has an order of ours there."
    if said.code is RefusalCode.UNKNOWN_ORDER:
        return f"{asked} the provider knows no such order of ours."
    return f"{asked} what the provider said could not be read."
