"""A cancel that was sent in another life of the database, and those that stand beside it in this.

Rows are told apart by what names them, and no moment is compared with another: a clock may have
been ahead, and a backup may hold one from before the one that was sent.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db.models import F, Q

from core.texts import LONGEST_TEXT
from providers.panel_api import RefusalCode, Refused, Says

from ...aftersales.batch_outcome import AnyOutcome, has_taken, may_be_open
from ...models import CancelRequest, EventKind, Order, RequestCall
from ...models.cancel import CancelQuerySet
from ...polling.poll_schedule import poll_soon
from ...status import FINAL, UNCLEAR, CancelStatus
from .forgotten_sends import WORDS
from .request_journal import Named

BESIDE: Final = (
    "Another cancel of it had been sent before the database was put back, as is known only now: "
    "this one is given up. Look at what became of that one before you ask once more."
)
MAY_BE_WHY: Final = "The one whose answer was lost may have been taken."
WAITS: Final = Q(status__in=(CancelStatus.QUEUED, CancelStatus.SENDING))
GIVEN_UP: Final = Q(status=CancelStatus.REFUSED, code=UNCLEAR)
NEVER_SENT: Final = Q(status__in=(CancelStatus.ENDED, CancelStatus.REFUSED), requests=0)


def take_cancel(
    call: RequestCall,
    order: Order,
    name: Named,
    now: datetime,
    *,
    outcome: AnyOutcome | None,
    ours: RequestCall | None,
) -> bool:
    """In the call's hands, also where it counts as ended or given up and never sent: as one that
    staff took back before this was known. One that has no row here gets none: the order's history
    tells of it. False: it is known as sent."""
    of_order = CancelRequest.objects.filter(order=order)
    mine = of_order.filter(requested_at=name.requested_at)
    list(mine.select_for_update(no_key=True).values_list("pk"))  # one being claimed is waited for
    is_taken = has_taken(outcome, name.order_id)
    is_perhaps_open = may_be_open(outcome, name.order_id)
    poll_soon([order.pk], now)  # only its status says what became of it
    if is_perhaps_open:
        _give_up_beside(order, of_order.exclude(requested_at=name.requested_at), now)
    in_hands = _in_hands_of_another(mine, ours, now)
    if in_hands.exists() and not is_taken:
        if is_perhaps_open:  # what its own call is answered will say; until then nobody knows
            in_hands.give_up_to_send(WORDS, now)
        return True
    goes_on = is_perhaps_open and order.status not in FINAL  # else its end is known, and stays
    doubted = goes_on and _doubt_refusal(mine, is_taken=is_taken)
    which = _to_take(of_order, is_taken=is_taken, is_perhaps_open=goes_on)
    taken = {"status": CancelStatus.SENDING, "call": call, "sent_at": call.started_at}
    again = {"requests": F("requests") + 1, "reason": "", "ended_at": None}
    if mine.filter(which).update(**again, **taken):
        return True
    if doubted:
        mine.update(requests=F("requests") + 1)
        return True
    never_sent = mine.filter(NEVER_SENT)
    if not never_sent.exists():
        return not mine.exists()
    # Nothing here says any more that no try to send it is known, nor that it was not sent.
    never_sent.filter(status=CancelStatus.ENDED).exclude(reason="").update(reason=WORDS)
    never_sent.update(requests=1)
    return True


def _doubt_refusal(mine: CancelQuerySet, *, is_taken: bool) -> bool:
    """It was sent and refused to another call, and this one, which is known only now, may be why or
    was taken: another machine had sent that one, and came first. It is as one that is given up."""
    refused = mine.filter(status=CancelStatus.REFUSED, requests__gt=0).first()
    if refused is None or not refused.is_their_word:
        return False
    said = Refused(refused.reason, RefusalCode(refused.code))
    if not is_taken and not said.says & Says.CANCEL_MAY_BE_WHY:
        return False
    words = f"“{refused.reason}” {MAY_BE_WHY}"[:LONGEST_TEXT]
    return bool(mine.update(reason=words, code=UNCLEAR))


def _to_take(of_order: CancelQuerySet, *, is_taken: bool, is_perhaps_open: bool) -> Q:
    """Which one comes into the call's hands: one that waits; one that has ended only where none of
    the order is open, given up for an earlier call where this one is proven to be taken, or never
    sent where this one may be."""
    which = WAITS
    if not of_order.open().exists():
        which |= GIVEN_UP if is_taken else Q()
        which |= NEVER_SENT if is_perhaps_open else Q()
    return which


def _in_hands_of_another(
    mine: CancelQuerySet, ours: RequestCall | None, now: datetime
) -> CancelQuerySet:
    """In hands: claimed by a call whose lease still runs. Another worker is sending it once more,
    or is about to, which its check sees."""
    theirs = Q(call__isnull=False) if ours is None else ~Q(call=ours) & Q(call__isnull=False)
    return mine.filter(theirs, status=CancelStatus.SENDING, due_at__gt=now)


def _give_up_beside(order: Order, others: CancelQuerySet, now: datetime) -> None:
    """Asked for by somebody who did not know of the one that was sent."""
    if others.give_up_to_send(BESIDE, now):
        order.remember(EventKind.CANCEL, now=now, text=BESIDE)
