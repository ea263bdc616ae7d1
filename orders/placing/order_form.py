"""The order form, drawn from the table of payloads for the type of one service."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import date, datetime
from functools import cached_property
from itertools import groupby, starmap
from typing import Any

from django import forms
from django.db.models import Q
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _

from core.forms import FormKeyField
from core.models import User
from core.regional.desk_days import desk_day
from providers.models import Service
from providers.panel_api.order_types.table import PAYLOADS, Ask, Kind, OrderPayload

from ..draft import OrderDraft
from ..link_queue import last_in_line
from ..links import link_key
from ..models import Order
from ..repeats import Lately, name_of, spelled, untold
from ..status import ENDED_THERE, OPEN, HoldReason, Status
from ..terms import Terms
from .field_rules import DRIP_FEED, asks_for, fault_of_total, faults_between
from .form_fields import fields_for
from .left_sends import BesideSendsForm, names_of
from .schedule_field import as_chosen

SAME_PAYLOADS_SHOWN = 5
CHOOSE = _("This may buy it a second time. Choose what to do.")
TICK = _("This may buy it a second time. Tick the box if you mean it.")
WIDE_KINDS = (Kind.LINK, Kind.TEXT, Kind.WORD, Kind.LINES)


def obstacle(service: Service) -> str:
    """Why this service cannot be ordered at all; empty when it can."""
    if not service.is_offered:
        return "The provider no longer offers this service."
    if service.type not in PAYLOADS:
        published = service.published_type or "none"
        return (
            f"The desk does not know this type of service (published as: {published}). Whoever "
            "runs the providers can choose its order form on the page of the service."
        )
    if service.rate is None:
        return "The price of this service is not known, so it cannot be ordered."
    return ""


def form_for(
    service: Service,
    *,
    now: datetime,
    person: User | None = None,
    data: Mapping[str, Any] | None = None,
    again: Order | None = None,
    begun: Mapping[str, Any] | None = None,
) -> OrderForm:
    """The order form of this service, filled from `data`, from an earlier order, or with the wire
    parameters that are `begun`. `person` is asked about what they placed a short while ago.

    Only for a service without an `obstacle`; raises KeyError for a type that has no form.
    """
    form = OrderForm(service, today=desk_day(now), data=data, again=again, begun=begun)
    form.now, form.person = now, person
    return form


class OrderForm(BesideSendsForm):
    """What is asked for one service. When valid, `draft()` is what `place_order` takes.

    `same_payloads` are the newest of the orders that this one may repeat: for the same service and
    link, open or closed as unknown, or placed lately with the same quantity. While there are any,
    `place_anyway` must repeat the `consent` that the list of them was shown with.
    """

    form_key = FormKeyField()
    place_anyway = forms.CharField(required=False, max_length=600)
    person: User | None = None

    def __init__(
        self,
        service: Service,
        *,
        today: date,
        data: Mapping[str, Any] | None = None,
        again: Order | None = None,
        begun: Mapping[str, Any] | None = None,
    ) -> None:
        self.service, self.today = service, today
        self.payload_class = PAYLOADS[service.type]
        self.asks = asks_for(self.payload_class, service)
        filled = initial_from(again.type, again.payload) if again else {}
        filled |= initial_from(service.type, begun) if begun else {}
        super().__init__(as_chosen(data), initial={"form_key": uuid.uuid4()} | filled)
        self.fields |= fields_for(self.asks, self.payload_class, service, today)
        self._begin_at(filled)
        self.payload: OrderPayload | None = None
        self.same_payloads: list[Order] = []
        self.left_sends = []
        self._asked: list[str] = []  # the names of all of these
        self._same = Order.objects.none()

    def _begin_at(self, filled: Mapping[str, Any]) -> None:
        """The hand starts in the first field that is still empty."""
        names = [name for name in self.asks if name not in filled] or list(self.asks)
        if not self.is_bound and names:
            self.fields[names[0]].widget.attrs["autofocus"] = True

    @property
    def asked_fields(self) -> list[tuple[BoundField, bool]]:
        """The fields that are needed, in the order of the type's table, and whether each fills
        the width."""
        return self._placed([name for name, ask in self.asks.items() if not ask.optional])

    @property
    def optional_fields(self) -> list[tuple[BoundField, bool]]:
        """The same of those that may be left out; last when it is to be sent."""
        optional = self._placed([name for name, ask in self.asks.items() if ask.optional])
        return [*optional, (self["starts_at"], False)]

    @property
    def has_options(self) -> bool:
        """One of them is filled in, or wants to be fixed."""
        return any(field.value() or field.errors for field, _ in self.optional_fields)

    def _placed(self, names: list[str]) -> list[tuple[BoundField, bool]]:
        places: list[tuple[BoundField, bool]] = []
        for is_wide, run in groupby(names, key=lambda name: self.asks[name].kind in WIDE_KINDS):
            alike = list(run)
            odd_one_out = None if is_wide or len(alike) % 2 == 0 else alike[0]
            places += [(self[name], is_wide or name == odd_one_out) for name in alike]
        return places

    @property
    def is_package(self) -> bool:
        """The rate is for the whole, not for 1,000 units."""
        return self.payload_class.priced_per_package

    @property
    def counts_lines(self) -> bool:
        return any(ask.counts for ask in self.asks.values())

    @property
    def is_consented(self) -> bool:
        """Somebody has said to place it beside these orders, each of which the form was drawn
        with."""
        told_of, _, place = str(self["place_anyway"].value() or "").partition("-")
        is_here = bool(self._asked) and place == self._place
        return is_here and not untold(self._asked, told_of)

    @property
    def _place(self) -> str:
        return self.same_payloads[0].link_key[:16]

    @property
    def repeats_ended_ones(self) -> bool:
        """It is asked about only for what was placed lately, and has ended."""
        return all(order.status in ENDED_THERE for order in self.same_payloads)

    @cached_property
    def is_safe_behind(self) -> bool:
        """All of them, also those that are not listed, end before its turn on the link comes: none
        has ended already, is closed as unknown or starts at a time of its own."""
        timed = Q(status=Status.HELD, hold_reason=HoldReason.SCHEDULED)
        return not self._same.exclude(Q(status__in=OPEN) & ~timed).exists()

    @property
    def drawn_key(self) -> uuid.UUID:
        """The form key to draw the form with: the one it came with, or a fresh one."""
        key = getattr(self, "cleaned_data", {}).get("form_key") or self.initial["form_key"]
        return uuid.UUID(str(key))

    @cached_property
    def terms(self) -> Terms:
        """Those of the service that this form is for, as it was read."""
        return Terms.of(self.service)

    @property
    def terms_text(self) -> str:
        """The terms this form is drawn with; it comes back with them."""
        return json.dumps(self.terms.as_json(), sort_keys=True)

    @property
    def terms_changed(self) -> bool:
        """Whoever sent it was shown other terms, or none."""
        return self.shown_terms != self.terms

    @property
    def shown_terms(self) -> Terms | None:
        """Those it was drawn with when it was sent; None when it names none."""
        try:
            return Terms.read(json.loads(self.data.get("terms", "")))
        except ValueError:
            return None

    @property
    def consent(self) -> str:
        """What `place_anyway` must say: it is worth nothing for another link or another order."""
        return f"{spelled(self._asked)}-{self._place}"

    def draft(self) -> OrderDraft:
        """The payload that passed every check."""
        if not self.is_valid() or self.payload is None:
            raise ValueError("Only a valid form has a draft.")
        return OrderDraft(
            service=self.service,
            payload=self.payload,
            form_key=self.cleaned_data["form_key"],
            told_of=frozenset(self._asked),
            agreed=self.terms,
            told_sends=names_of(self.left_sends),
            known_restores=self.known_restores.word if self.is_drawn else None,
        )

    def partial_payload(self) -> OrderPayload:
        """What can be read so far, for a preview; what cannot be read is left out of it."""
        read = {name: self.cleaned_data.get(name) for name in self.asks}
        return self.payload_class(service_id=self.service.external_id, **read)

    @property
    def is_countable(self) -> bool:
        """Everything that decides the cost could be read."""
        return not any(ask.weighs and name in self.errors for name, ask in self.asks.items())

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if "form_key" in self.errors:
            self.add_error(
                None, "This form had lost its form key and was given one: send it again."
            )
        if "runs" in self.payload_class.asks() and "runs" not in self.asks:
            self._refuse_drip_feed()
        for field, words in faults_between(self.asks, self.cleaned_data):
            self.add_error(field, words)
        if self.is_countable and (fault := fault_of_total(self.partial_payload(), self.service)):
            self.add_error(*fault)
        self._find_same_payloads()
        if not self.errors:
            self.payload = self.partial_payload()
            if self.same_payloads and not self.is_consented:
                self.add_error("place_anyway", CHOOSE if self.blocker else TICK)
            self.ask_about_sends()
        return values

    def _refuse_drip_feed(self) -> None:
        """What was sent for fields this service does not have is not dropped without a word."""
        if any(self.data.get(name) for name in DRIP_FEED):
            self.add_error(None, "This service does not allow drip-feed: leave out the runs.")

    def _find_same_payloads(self) -> None:
        link = self.cleaned_data.get("link") or self.cleaned_data.get("username")
        if link:
            key = link_key(link)
            lately = Lately.by(self.person, self.now) if self.is_countable else None
            units = self.partial_payload().units if lately else None
            self._same = Order.objects.with_same_payload(self.service, key, units, lately)
            self.blocker = last_in_line(self.service.provider_id, key)
            newest_first = self._same.select_related("placed_by").order_by("-pk")
            self.same_payloads = list(newest_first[:SAME_PAYLOADS_SHOWN])
            self._asked = [name_of(order.form_key, order.status) for order in self.same_payloads]
            if len(self._asked) == SAME_PAYLOADS_SHOWN:
                listed = [order.pk for order in self.same_payloads]
                older = self._same.exclude(pk__in=listed).order_by("-pk")
                self._asked += starmap(name_of, older.values_list("form_key", "status"))
            self.find_left_sends(self.service, key)


def initial_from(order_type: str, wire: Mapping[str, Any]) -> dict[str, Any]:
    """Wire parameters as the values of a form of this type."""
    payload_class = PAYLOADS.get(order_type)
    asks = payload_class.asks() if payload_class else {}
    return {name: _from_wire(ask, wire[ask.wire]) for name, ask in asks.items() if ask.wire in wire}


def without_place(order_type: str, wire: Mapping[str, Any]) -> dict[str, str]:
    """The wire parameters that fit the next order as well: neither where it goes nor what it
    says there."""
    payload_class = PAYLOADS.get(order_type)
    asks = payload_class.asks() if payload_class else {}
    return {
        ask.wire: str(wire[ask.wire])
        for ask in asks.values()
        if ask.wire in wire and ask.kind not in WIDE_KINDS
    }


def _from_wire(ask: Ask, text: str) -> Any:
    if ask.kind is not Kind.DATE:
        return text
    day, month, year = text.split("/")
    return f"{year}-{month}-{day}"
