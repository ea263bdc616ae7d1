"""Status words nobody knows yet: where they were met, and asking again once they are known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Max
from django.db.models.lookups import Exact

from providers.models import Provider
from providers.panel_api import Dialect
from providers.panel_api.answers.status_aliases import order_state, plain_word

from ..models import Order, OrderQuerySet, PollSchedule
from ..status import OPEN, Flag, Status

MOST_WORDS = 100  # a provider that makes a new word up for every order fills no page


@dataclass(slots=True)
class UnknownWord:
    """A word as the provider spells it, `key` in plain spelling, and open orders that have it."""

    word: str
    key: str
    count: int
    example: int


def unknown_words(provider: Provider) -> list[UnknownWord]:
    """The words that hold orders of this account up, most frequent first."""
    dialect = Dialect.from_profile(provider.dialect)
    found: dict[str, UnknownWord] = {}
    for raw, count, example in _spellings(provider.pk):
        if is_known(raw, dialect):
            continue
        one = found.setdefault(plain_word(raw), UnknownWord(raw, plain_word(raw), 0, example))
        one.count += count
        one.example = max(one.example, example)
    return sorted(found.values(), key=lambda one: (-one.count, one.key))


def make_known_words_due(*, now: datetime, provider_id: int | None = None) -> int:
    """Make flagged orders due whose word has become known; how many.

    Those that could not be read meanwhile keep waiting their turn.
    """
    # Not each account once: for that SQLite would walk an index of all orders by account.
    waiting = set(_flagged(provider_id).order_by().values_list("provider", flat=True))
    due = 0
    for provider in Provider.objects.filter(pk__in=waiting).exclude(dialect={}):
        dialect = Dialect.from_profile(provider.dialect)
        known = [raw for raw, *_ in _spellings(provider.pk) if is_known(raw, dialect)]
        if known:
            orders = _flagged(provider.pk).filter(raw_status__in=known)
            schedules = PollSchedule.objects.filter(order__in=orders, failures=0, next_at__gt=now)
            due += schedules.update(next_at=now)
    return due


def _flagged(provider_id: int | None = None) -> OrderQuerySet:
    """By a range of flags, and beside it by nothing that leads to an index: nearly all orders have
    one flag, which is none, so for a single flag SQLite would rather read all that are open, or
    all of the account, once it knows that."""
    flagged = Order.objects.filter(flag__range=(Flag.UNKNOWN_WORD, Flag.UNKNOWN_WORD))
    if provider_id is not None:
        flagged = flagged.filter(Exact(F("provider_id") + 0, provider_id))
    return flagged.exclude(status__in=sorted(frozenset(Status) - OPEN))


def _spellings(provider_id: int) -> list[tuple[str, int, int]]:
    """Words with how many orders have them, and the newest of those."""
    words = _flagged(provider_id).order_by().values("raw_status")
    counted = words.annotate(count=Count("pk"), example=Max("pk")).order_by("-count", "raw_status")
    return list(counted.values_list("raw_status", "count", "example")[:MOST_WORDS])


def is_known(raw: str, dialect: Dialect) -> bool:
    """Whether somebody has told what this word of the provider means."""
    return raw in dialect.status_codes or order_state(raw, dialect.status_words) is not None
