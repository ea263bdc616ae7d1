"""An id of ours that nobody has claimed speaks against a decision that an order is not there.

Such ids turn up while another order is looked for, and only those that it cannot be come here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from django.db import transaction

from providers.identity import same_account
from providers.models import Provider
from providers.panel_api import Progress

from ...models import Attempt, Recovery
from ...status import LIVE_OUTCOMES, REOPENED_BY_PROOF, Outcome
from ..reopening import reopen
from .windows import fits, number_of, window_of

MOST_REOPENED = 50  # the newest decisions of an account that are compared


def reopen_contradicted(
    provider: Provider, found: Mapping[str, Progress], rules: Recovery, *, now: datetime
) -> int:
    """Each order counted as not there that an id of `found` could be is in doubt again, with the
    id offered, and buys nothing; how many. A person ends such a doubt."""
    decided = Attempt.objects.filter(
        provider__in=same_account(provider),
        outcome=Outcome.NOT_PLACED,
        order__status__in=REOPENED_BY_PROOF,
    )
    keys = list(decided.order_by("-pk").values_list("pk", flat=True)[:MOST_REOPENED])
    return sum(
        reopen_one(pk, lambda attempt: _which_could_be(attempt, found, rules), now=now)
        for pk in keys
    )


def reopen_one(pk: int, which: Callable[[Attempt], str], *, now: datetime) -> bool:
    """The order of this attempt is in doubt again if it counts as not there and `which` names an
    id of the provider for it."""
    with transaction.atomic():
        attempt = Attempt.objects.select_related("order", "provider").get(pk=pk)
        order, external_id = attempt.order, which(attempt)
        if not external_id or order.status not in REOPENED_BY_PROOF:
            return False
        if order.attempts.filter(outcome__in=LIVE_OUTCOMES).exists():
            return False  # a later try of it is under way: that one is looked for
        words = f"It was not there, and the provider has {external_id}, which could be it."
        if reopen(attempt, order, external_id, words, now=now):
            return True
        transaction.set_rollback(True)  # somebody moved it: the next look sees the id again
        return False


def _which_could_be(attempt: Attempt, found: Mapping[str, Progress], rules: Recovery) -> str:
    window = window_of(attempt, rules)
    if window is None:
        return ""
    for external_id, said in found.items():
        number = number_of(external_id)
        # What was cleared before does not count: it is what the proof rested on.
        after, before = window.after, window.before
        inside = number is not None and number > after and (before is None or number < before)
        if inside and fits(attempt.order, said) is not False:
            return external_id
    return ""
