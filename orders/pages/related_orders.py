"""What the page of an order says of other orders: parent, children, and the line for its link."""

from __future__ import annotations

from typing import Any

from core.roles import May
from core.rows.keyset import keyset_page
from core.web.policy import StaffRequest

from ..link_queue import ahead_of
from ..models import Order
from ..status import HoldReason
from .related_figures import parts_of

CHILDREN_SHOWN = 20
FOLLOWERS_SHOWN = 5


def related_of(request: StaffRequest, order: Order) -> dict[str, Any]:
    """`parts` and a page of `children` of a parent; `ahead` and `followers` in the line."""
    parts = parts_of(order)
    order.delivered_by_parts = parts.delivered if parts else None
    related: dict[str, Any] = {"parts": parts, "cursor": request.GET.get("cursor", "")}
    related["may_add_aliases"] = request.user.may(May.RUN_PROVIDERS)
    if order.hold_reason == HoldReason.LINK_BUSY:
        related["ahead"] = ahead_of(order)
    if order.is_open:
        behind = order.blocks.waiting_for_link().order_by("pk")
        related["followers"] = list(behind[: FOLLOWERS_SHOWN + 1])
    if parts and parts.begun:
        children = order.children.for_list()
        related["children"] = keyset_page(
            children, keys=("-pk",), cursor=related["cursor"], size=CHILDREN_SHOWN
        )
    return related
