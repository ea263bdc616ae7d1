"""What a restore has listed and no order of ours is wanted for: a person has looked into it, and
says so. It is asked about no more, until somebody takes that back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from core.models import User

from ..models import UnmatchedOrder
from ..placing.left_sends import name_of


def word_of(row: UnmatchedOrder) -> str:
    """What a button of its row carries: after another restore its number is another row's."""
    return f"{row.pk}-{name_of(row)}"


def chosen(words: Iterable[str]) -> list[UnmatchedOrder]:
    """The rows that these words were drawn for, as far as they are there."""
    numbers = {word: word.partition("-")[0] for word in words}
    wanted = {int(pk): word for word, pk in numbers.items() if pk.isdecimal() and len(pk) < 19}
    rows = UnmatchedOrder.objects.filter(pk__in=wanted).select_related("provider").order_by("pk")
    return [row for row in rows if wanted[row.pk] == word_of(row)]


def look_into(row: UnmatchedOrder, *, actor: User, now: datetime) -> bool:
    """False: somebody was faster, or has said which order it is."""
    open_still = UnmatchedOrder.objects.filter(pk=row.pk, order=None, looked_into_at=None)
    with transaction.atomic():
        if not open_still.update(looked_into_at=now, looked_into_by=actor):
            return False
        _tell(row, "looked into: no order of ours is wanted for it", actor, now)
    return True


def ask_again(row: UnmatchedOrder, *, actor: User, now: datetime) -> bool:
    """Take that back. False: somebody was faster."""
    with transaction.atomic():
        said = UnmatchedOrder.objects.filter(pk=row.pk).exclude(looked_into_at=None)
        if not said.update(looked_into_at=None, looked_into_by=None):
            return False
        _tell(row, "asked about again", actor, now)
    return True


def _tell(row: UnmatchedOrder, what: str, actor: User, now: datetime) -> None:
    if row.provider is None:
        return  # an account that is lost has no history; the row keeps who it was
    parts = [
        f"service {row.service_id}" if row.service_id else "",
        row.link[:200],
        f"sent {row.sent_at:%Y-%m-%d %H:%M:%S} UTC" if row.sent_at else "",
    ]
    about = ", ".join(filter(None, parts))
    named = row.external_id or "an order without a number"
    text = f"Not known here since a restore, {what}: {named}{f' ({about})' if about else ''}."
    row.provider.remember(text, now=now, actor=actor)
