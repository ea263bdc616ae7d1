"""A payload that passed every check."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from uuid import UUID

from providers.models import Service
from providers.panel_api import OrderPayload

from .links import link_key
from .terms import Terms


@dataclass(frozen=True)  # no slots: what is worked out of it is kept
class OrderDraft:
    """What a form hands to `place_order`. `form_key` is the idempotency key drawn with the form.

    `told_of` names the orders that it may repeat, as the person was told that they stand
    (`repeats.name_of`); None: they want it however many there are. `with_batch`: those of its own
    mass order they were shown as lines. `told_sends` names what may be bought already and has no
    order here that they were told of (`placing/left_sends.py`); None: whatever there is. `agreed`
    are the terms they were shown where these are not the service's own of this moment.
    `known_restores` is up to which restore of the database they were told
    (`limits/drawn_before.py`); None: somebody else asks.
    """

    service: Service
    payload: OrderPayload
    form_key: UUID
    told_of: frozenset[str] | None = None
    told_sends: frozenset[str] | None = frozenset()
    agreed: Terms | None = None
    with_batch: bool = False
    known_restores: str | None = None

    @cached_property
    def terms(self) -> Terms:
        """What the person agrees to. Of a dry run or a job that an older release has shown the
        currency is the one in which it is placed."""
        agreed = self.agreed or Terms.of(self.service)
        if agreed.currency is None:
            return replace(agreed, currency=self.service.provider.currency)
        return agreed

    @cached_property
    def link(self) -> str:
        """What the order is for: its link, or the username of a subscription."""
        return str(getattr(self.payload, "link", "") or getattr(self.payload, "username", ""))

    @cached_property
    def link_key(self) -> str:
        return link_key(self.link)


def digest_of(wire: Mapping[str, str]) -> str:
    """Equal where each field of what was ordered is, also those that no journal keeps in words."""
    return hashlib.sha256(json.dumps(dict(wire), sort_keys=True).encode()).hexdigest()[:32]
