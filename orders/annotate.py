"""What staff write on an order for themselves: the customer's reference, a note, tags."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from core.models import User

from .models import EventKind, Order

WORDS = {"reference": "Reference", "note": "Note", "tags": "Tags"}


class WrittenMeanwhile(Exception):
    """Somebody else has written into a field since it was shown: what stands there, by field."""

    def __init__(self, words: dict[str, str]) -> None:
        super().__init__(", ".join(words))
        self.words = words


def annotate(
    order: Order,
    *,
    actor: User | None,
    now: datetime,
    shown: Mapping[str, str] | None = None,
    **written: str,
) -> bool:
    """Write `reference`, `note` or `tags` on the order, and what they were into its history.

    False: they say so already. `shown` is what the person saw who wrote: a field they left as it
    was stays as it is now, and words that came meanwhile are not written over (WrittenMeanwhile).
    """
    with transaction.atomic():
        before = Order.objects.select_for_update().values(*written).get(pk=order.pk)
        if shown:
            written = _own_words(before, shown, written)
        changed = {name: text for name, text in written.items() if before[name] != text}
        if not changed:
            return False
        Order.objects.filter(pk=order.pk).update(**changed)
        told = (_told(WORDS[name], before[name], text) for name, text in changed.items())
        order.remember(EventKind.NOTE, now=now, actor=actor, text="\n".join(told))
    for name, text in changed.items():
        setattr(order, name, text)
    return True


def _own_words(
    before: Mapping[str, str], shown: Mapping[str, str], written: Mapping[str, str]
) -> dict[str, str]:
    """Those of the words that the person has written, not only been shown."""
    own = {name: text for name, text in written.items() if not _same(text, shown.get(name))}
    moved = {name for name in own.keys() & shown.keys() if not _same(before[name], shown[name])}
    if theirs := {
        name: before[name].strip() for name in moved if not _same(before[name], own[name])
    }:
        raise WrittenMeanwhile(theirs)
    return own


def _same(words: str, shown: str | None) -> bool:
    """A browser sends other line ends than it was given."""
    return shown is not None and words.strip().splitlines() == shown.strip().splitlines()


def _told(what: str, before: str, after: str) -> str:
    before, after = before.strip(), after.strip()
    if not after:
        return f"{what} removed: {before}"
    return f"{what}: {before} → {after}" if before else f"{what}: {after}"
