"""Asking about the id that the answer to an order has named in a way nobody has described to us.

`{"result": {"id": 7}}` is no proof that 7 is the order: the same number could be a balance or
somebody's old order. One free call tells whether the provider knows it as an order of ours and what
it charged. Where that fits and no word in the answer speaks against it, the order is linked; all
else is shown to the person who decides.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from core.clocks import Clock
from providers.actions.calling import ask as call
from providers.models import Provider
from providers.panel_api import Progress, RefusalCode, Unreadable
from providers.panel_api.answers.reread import named_without_a_word_against_it

from ...models import Attempt, Recovery
from ...status import Resolution
from .. import resolve
from ..resolve import Decided
from . import id_range, search_schedule
from .ask_ids import TellsOfIds, spend
from .find_lost import MOST_CALLS
from .id_owners import names_of, sends_without_an_id
from .match_ids import IdMatch


def ask(
    provider: Provider,
    client: TellsOfIds,
    rules: Recovery,
    lost: list[Attempt],
    done: Decided,
    *,
    clock: Clock,
) -> list[Attempt]:
    """Ask about the id of each due attempt that has one; those that are still lost."""
    linked = set[int]()
    for attempt in resolve.reread(lost):
        if _is_worth_a_call(attempt, rules, clock) and _ask_about(
            provider, client, rules, attempt, clock
        ):
            linked.add(attempt.pk)
    done.found += len(linked)
    return [attempt for attempt in lost if attempt.pk not in linked]


def _is_worth_a_call(attempt: Attempt, rules: Recovery, clock: Clock) -> bool:
    """At the first look, and at the last one where ids are not searched. Where they are, the search
    asks about what it can link, and only an id that may be linked at once goes before it."""
    now = clock()
    named = _named(attempt)
    if not named or not search_schedule.is_due(attempt, now) or attempt.calls >= MOST_CALLS:
        return False
    if id_range.claimed(attempt.provider, [named]):
        return False  # another order of ours: a person has to ask which of the two it is
    if rules.searches:
        return attempt.calls == 0 and _may_be_linked(attempt, named, rules)
    return attempt.calls == 0 or not search_schedule.later_moments(attempt, rules, now)


def _named(attempt: Attempt) -> str:
    return str(attempt.evidence.get("candidate_id") or "")


def _may_be_linked(attempt: Attempt, named: str, rules: Recovery) -> bool:
    """By what is known before asking: nobody else orders with this key, nothing in the answer says
    that something went wrong, no other answer names the id, and it is not an older one."""
    if not rules.key_is_ours_alone or rules.stopped_because:
        return False
    if named_without_a_word_against_it(attempt.evidence) != named:
        return False
    others = (one for one in sends_without_an_id(attempt.provider) if one.pk != attempt.pk)
    if any(named in names_of(one) for one in others):
        return False
    return _is_newer(attempt, named)


def _is_newer(attempt: Attempt, named: str) -> bool:
    """Than our orders from before; where their numbers do not rise, nothing tells."""
    before = id_range.Neighbourhood.of(attempt).accepted_before
    numbers = [id_range.number_of(row.external_id) for row in before]
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers) or any(one >= other for one, other in pairwise(known)):
        return True
    number = id_range.number_of(named)
    return not known or (number is not None and number > known[-1])


def _ask_about(
    provider: Provider, client: TellsOfIds, rules: Recovery, attempt: Attempt, clock: Clock
) -> bool:
    named = _named(attempt)
    spend(rules, clock=clock)
    said = call(provider, partial(client.statuses_once, [named]), clock=clock)[named]
    resolve.count_calls([attempt], 1)
    resolve.tell([attempt], _in_words(named, said), {"asked": named}, clock())
    if not isinstance(said, Progress):
        return False
    resolve.keep_candidates([attempt], {named: said})
    if id_range.fits(attempt.order, said) is False or not _may_be_linked(attempt, named, rules):
        return False
    return bool(_link(attempt, named, said, clock))


def _link(attempt: Attempt, named: str, said: Progress, clock: Clock) -> int:
    found = IdMatch(found={attempt.pk: named})
    return resolve.adopt_found(found, [attempt], {named: said}, now=clock(), by=Resolution.NAMED)


def _in_words(named: str, said: Progress | Unreadable) -> str:
    asked = f"Asked about {named}, the number in its answer:"
    if isinstance(said, Progress):
        return f"{asked} the provider has an order of ours there."
    if said.code is RefusalCode.UNKNOWN_ORDER:
        return f"{asked} the provider knows no such order of ours."
    return f"{asked} what the provider said could not be read."
