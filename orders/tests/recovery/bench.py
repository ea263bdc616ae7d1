"""An account at a real sandbox, orders sent one by one, and a clock that the test moves."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from orders.draft import OrderDraft
from orders.links import link_key
from orders.models import Order, Recovery
from orders.placing import place_orders
from orders.recovery import not_placed
from orders.recovery.run import recover_account
from orders.recovery.search.calibrate import calibrate
from orders.recovery.search.recovery_run import Decided
from orders.sending import halts, send_orders
from orders.sending.record_outcome import schedule_polls
from orders.status import HaltKind, Outcome, Resolution, Status
from providers.actions import note_calls
from providers.connect import client_for, shared_transport
from providers.models import Provider, ProviderHealth, Service
from providers.panel_api import DefaultPayload
from sandbox import Sandbox
from tests.builders import NOON, make_attempt, make_order, make_provider, make_service
from tests.passing_time import let_pass

GRACE = 120


class Bench:
    """`lose` sends an order whose answer is lost, taken by the provider or not."""

    def __init__(self, box: Sandbox, **told: Any) -> None:
        self.box = box
        self.now = NOON
        self.provider: Provider = make_provider(
            url=box.url,
            key=box.key,
            add_spacing_ms=0,
            calls_per_minute=60_000,
            dialect=told.pop("dialect", {}),
        )
        wanted = {"key_is_ours_alone": True, "least_adds": 5, "lost_in_a_row": 0, **told}
        rules = Recovery(provider=self.provider, grace_seconds=GRACE, **wanted)
        rules.promise_replays(self.provider)
        rules.save()
        self.service = self._service()

    def clock(self) -> datetime:
        """Moves a little with every look at it, as clocks do."""
        self.now += timedelta(milliseconds=5)
        return self.now

    def wait(self, seconds: float) -> None:
        self.now = let_pass(self.now, seconds)

    def _service(self) -> Service:
        item = next(i for i in client_for(self.provider).services().items if i.type == "Default")
        return make_service(
            self.provider, external_id=item.service_id, rate=item.rate, min=item.min, max=item.max
        )

    def place(self, quantity: int | None = None, link: str = "") -> Order:
        """A queued order; each one costs the same unless told otherwise."""
        payload = DefaultPayload(
            service_id=self.service.external_id,
            link=link or f"https://lumen.example/p/{uuid.uuid4()}",
            quantity=quantity or self.service.min or 100,
        )
        draft = OrderDraft(self.service, payload, uuid.uuid4())
        return place_orders.place_order(draft, placed_by=None, now=self.clock())[0]

    def send(self, order: Order | None = None) -> Order:
        order = order or self.place()
        ProviderHealth.objects.update(next_add_at=None)
        client = client_for(self.provider)
        assert send_orders.send_order(order, self.provider, client, clock=self.clock), "held back"
        return Order.objects.get(pk=order.pk)

    def lose(self, *, taken: bool, order: Order | None = None) -> Order:
        mode = "reset_after_request" if taken else "http_502"
        self.box.fault(mode, "after" if taken else "before", action="add", times=1)
        lost = self.send(order)
        self.probe()
        return lost

    def probe(self) -> None:
        """The account answers: what beat finds out within seconds of a failed send."""
        note_calls.note_success(self.provider, now=self.clock())

    def calibrated(self, orders: int = 6) -> Bench:
        for _ in range(orders):
            self.bought()
        assert calibrate(self.provider, client_for(self.provider), clock=self.clock).holds
        return self

    def bought(self) -> Order:
        """As `send` leaves an order and its attempt, by one call of ours and without a send."""
        link, units = f"https://lumen.example/p/{uuid.uuid4()}", self.service.min or 100
        payload = DefaultPayload(service_id=self.service.external_id, link=link, quantity=units)
        began = self.clock()
        number = client_for(self.provider).add(payload).order_id
        order = make_order(
            Status.PENDING,
            service=self.service,
            external_id=number,
            link=link,
            link_key=link_key(link),
            units=units,
            payload=dict(payload.wire()),
            watched=False,
            created_at=began,
        )
        heard = {"recorded_at": self.clock(), "provider": self.provider}
        make_attempt(order, outcome=Outcome.ACCEPTED, **heard)
        schedule_polls(order, now=self.now)
        return order

    def follow(self) -> None:
        """What each order that was taken has been charged is known."""
        for row in self.box.ledger():
            charge = Decimal(str(row["charge"]))
            Order.objects.filter(external_id=str(row["id"])).update(charge=charge)

    def say_not_there(self, order: Order) -> None:
        """A person decides so about a lost order."""
        order, attempt = Order.objects.get(pk=order.pk), order.attempts.get()
        by, now = Resolution.PERSON, self.clock()
        words = "Not there."
        assert not_placed.prove_not_placed(order, attempt, resolution=by, now=now, text=words)

    def recover(self, after: float = 0) -> Decided:
        self.wait(after)
        self.provider.refresh_from_db()
        done = recover_account(self.provider, client_for(self.provider), clock=self.clock)
        assert done is not None
        return done

    def may_buy(self) -> bool:
        return not halts.sending_is_halted(self.provider.pk)

    def lift_halt(self) -> None:
        """As if the search had not to be waited for."""
        halts.lift_halt(HaltKind.ANSWER_LOST, now=self.now, provider=self.provider)

    def upstream(self) -> list[str]:
        return [str(row["id"]) for row in self.box.ledger()]

    def rules(self) -> Recovery:
        return Recovery.objects.get(provider=self.provider)


@contextmanager
def running_box(settings: Any, **how: Any) -> Iterator[Sandbox]:
    with Sandbox(seed=7, services=40, speed=0, partial=0, canceled=0, **how) as box:
        settings.SANDBOX_URL = box.url
        shared_transport.cache_clear()
        yield box
    shared_transport.cache_clear()
