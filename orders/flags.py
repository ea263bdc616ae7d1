"""Putting a flag on an order, and taking it off once somebody has looked into it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from core.models import User

from .models import Attempt, EventKind, Order, OrderQuerySet
from .shown import refuse_unless_flag_shown
from .status import LIVE_OUTCOMES, OPEN, REPLACEABLE_FLAGS, Flag, Status

# A flag whose cause still stands would hide what is wrong, or come back: what to do instead.
_WHERE_TO_GO: dict[Flag, str] = {
    Flag.UNKNOWN_WORD: "It goes by itself once somebody has said what the word means.",
    Flag.LIVE_ATTEMPT: "It is not sent while that is so. Withdraw it if the provider has it, and"
    " order anew if it does not.",
}


def raise_flag(order: Order, flag: Flag) -> bool:
    """False: one stands there that somebody still has to look at; it is not written over."""
    mine = Order.objects.filter(pk=order.pk, flag__in=REPLACEABLE_FLAGS)
    if not mine.update(flag=flag):
        return False
    order.flag = flag
    return True


def raise_live_attempt(order: Order, *, now: datetime) -> None:
    """Over every flag but the one that says more: nothing else keeps it from being queued again. To
    be told in the order's history, which keeps a flag that nobody has looked into yet."""
    others = Order.objects.filter(pk=order.pk).exclude(flag=Flag.BOUGHT_TWICE)
    with transaction.atomic():
        if not others.update(flag=F("flag")):  # from here on nobody else changes it
            return
        stood = Flag(others.values_list("flag", flat=True).get())
        others.update(flag=Flag.LIVE_ATTEMPT)
        if stood not in (*REPLACEABLE_FLAGS, Flag.LIVE_ATTEMPT):
            text = f"A flag stood here that nobody had looked into yet: {stood.label}."
            order.remember(EventKind.FLAGGED, now=now, text=text)
    order.flag = Flag.LIVE_ATTEMPT


def why_flag_stays(order: Order) -> str:
    """Why the flag cannot be cleared by hand as things stand; empty when it can."""
    if not order.is_flagged or _clearable(order, Flag(order.flag)).exists():
        return ""
    return _WHERE_TO_GO.get(Flag(order.flag), "")


def clear_flag(
    order: Order,
    flag: Flag,
    *,
    note: str,
    actor: User,
    now: datetime,
    seen: str | None = None,
) -> bool:
    """Take this flag off, with who looked and what they found as a line in the history.

    False: it has gone or another has come since, or its cause still stands. Raises NotAsShown where
    it was raised once more since a page told `seen` of it (`shown.of_flag`).
    """
    with transaction.atomic():
        refuse_unless_flag_shown(order, seen)
        if flag is Flag.NONE or not _clearable(order, flag).update(flag=Flag.NONE):
            return False
        text = f"Flag cleared: {flag.label}.\n{note}"
        order.remember(EventKind.NOTE, now=now, actor=actor, text=text)
    order.flag = Flag.NONE
    return True


def _clearable(order: Order, flag: Flag) -> OrderQuerySet:
    """This order, while it has the flag and what it was set for no longer stands."""
    mine = Order.objects.filter(pk=order.pk, flag=flag)
    if flag is Flag.UNKNOWN_WORD:
        return mine.exclude(status__in=OPEN)
    if flag is Flag.LIVE_ATTEMPT:
        live = Attempt.objects.filter(order=OuterRef("pk"), outcome__in=LIVE_OUTCOMES)
        return mine.exclude(Q(Exists(live)), status=Status.QUEUED)
    return mine
