"""What was bought before the database was put back and has no order here: whoever orders the same
service and link with a new form is asked about it first, as about a repeat."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import cache
from typing import Final
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from providers.identity import rows_of
from providers.models import Service

from ..draft import OrderDraft
from ..limits.drawn_before import DrawnForm
from ..models import Order, UnmatchedOrder
from .schedule_field import WhenForm

AT_ONCE: Final = 5_000  # keys in one look-up
Place = tuple[int, str, str]  # the account, the service there, the key of the link
BOUGHT_TICK: Final = _("This may buy it a second time. Tick the box if you mean it.")


def left_sends(
    keys: Collection[str], service_id: str = "", ours: Collection[UUID] = ()
) -> dict[Place, list[UnmatchedOrder]]:
    """By its place, at each row of its account, what stands in the list for links with these keys
    and has no order here; without what these forms have sent themselves, which they are not placed
    beside."""
    found, wanted = defaultdict[Place, list[UnmatchedOrder]](list), sorted(set(keys))
    rows_at = cache(rows_of)
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        rows = UnmatchedOrder.objects.left().filter(link_key__in=some).exclude(service_id="")
        rows = rows.filter(service_id=service_id) if service_id else rows
        for row in rows.order_by("pk"):
            if row.form_key not in ours:
                for account in rows_at(row.account):
                    found[account, row.service_id, row.link_key].append(row)
    return found


def sends_beside(service: Service, key: str, form_key: UUID) -> list[UnmatchedOrder]:
    """Those that one form would be placed beside."""
    account, number = service.provider_id, service.external_id
    return left_sends([key], number, [form_key]).get((account, number, key), [])


def name_of(send: UnmatchedOrder) -> str:
    """What a consent calls it. Not by its number: a database that is put back gives that to
    another."""
    told = (send.account, send.external_id, send.token, send.sent_at and send.sent_at.isoformat())
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def names_of(sends: Iterable[UnmatchedOrder]) -> frozenset[str]:
    return frozenset(map(name_of, sends))


def why_asked(send: UnmatchedOrder) -> str:
    named = f" as {send.external_id}" if send.external_id else ""
    return (
        f"The same service and link may be bought already{named}: that was found after the "
        "database was put back, and no order here is known to be it."
    )


def not_told(draft: OrderDraft) -> UnmatchedOrder | None:
    """In the transaction that writes an order: what it would be placed beside that nobody was
    told of."""
    return None if draft.told_sends is None else untold_beside(draft, draft.told_sends)


def untold_beside(order: OrderDraft | Order, told: Collection[str]) -> UnmatchedOrder | None:
    found = sends_beside(order.service, order.link_key, order.form_key)
    return next((send for send in found if name_of(send) not in told), None)


class BesideSendsForm(DrawnForm, WhenForm):
    """The part of an order form that asks about them. While there are `left_sends`, `sends_meant`
    must name each of them."""

    sends_meant = forms.CharField(required=False)

    left_sends: list[UnmatchedOrder]

    @property
    def left_words(self) -> list[str]:
        return list(map(why_asked, self.left_sends))

    @property
    def sends_consent(self) -> str:
        """What `sends_meant` must say: it is worth nothing for others that are found later."""
        return ".".join(sorted(names_of(self.left_sends)))

    @property
    def is_sends_meant(self) -> bool:
        named = str(self["sends_meant"].value() or "").split(".")
        return bool(self.left_sends) and names_of(self.left_sends) <= set(named)

    def find_left_sends(self, service: Service, key: str) -> None:
        if form_key := self.cleaned_data.get("form_key"):
            self.left_sends = sends_beside(service, key, form_key)

    def ask_about_sends(self) -> None:
        self.ask_about_restores()
        if self.left_sends and not self.is_sends_meant:
            self.add_error("sends_meant", BOUGHT_TICK)
