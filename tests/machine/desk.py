"""Everything that can happen to a desk with one account, each as one act."""

from __future__ import annotations

import contextlib
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from django.test import override_settings

from core import clocks
from core.failpoints import armed
from orders.aftersales import runs
from orders.draft import OrderDraft
from orders.models import Attempt, Order, PollSchedule, Recovery
from orders.placing import place_orders
from orders.placing.left_sends import names_of, sends_beside
from orders.placing.sent_after_all import same_beside
from orders.polling import poll_cycle
from orders.recovery import link_orders, not_placed
from orders.recovery.run import recover_account
from orders.repeats import name_of
from orders.sending import halts, send_run, sweep_due
from orders.sending.writes import recording, send_clock
from orders.status import HaltKind, HoldReason, Outcome, Status
from providers.actions import pausing
from providers.models import Provider, ProviderHealth
from providers.panel_api import DefaultPayload
from tests.builders import NOON, make_provider, make_service, make_user
from tests.kept_answers import import_spool
from tests.passing_time import let_pass

from .upstream import Upstream

HOLDS = {"rises": True, "own_answers": True, "foreign_errors": True, "largest_gap": 4, "version": 1}
AT_PRE_SEND_CHECK = timedelta(seconds=10)  # a worker frozen longer finds its socket closed
Act = Callable[[], None]


class Crash(BaseException):
    """The worker is dead. No Exception: nothing of ours may catch it."""


class Desk:
    """`drafts` are the forms that were sent, `orders` the numbers their senders were told.

    Time stands still between two acts but for five milliseconds a look. `now` is the moment on the
    database's clock, which may be set; `_set` is by how much it has been.
    """

    def __init__(self) -> None:
        self.now = NOON
        self.latest: datetime | None = None  # how far time may go while a worker stands
        self._set, self.has_steady_clock = timedelta(), False
        self.upstream = Upstream(self.true_time)
        self.provider: Provider = make_provider(add_spacing_ms=0, calls_per_minute=60_000)
        Recovery.objects.create(
            provider=self.provider, key_is_ours_alone=True, calibration=HOLDS, calibrated_at=NOON
        )
        self.service = make_service(self.provider)
        self.person = make_user()
        self.drafts: list[OrderDraft] = []
        self.orders: dict[uuid.UUID, int] = {}
        self.left_unlawfully = 0
        self.seen: Counter[str] = Counter()
        self._stood_at_pre_send_check = False
        self.upstream.departs = self._departs

    def clock(self) -> datetime:
        self.now += timedelta(milliseconds=5)
        return self.now

    def true_time(self) -> datetime:
        return self.now - self._set

    def monotonic(self) -> float:
        return (self.true_time() - NOON).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @contextlib.contextmanager
    def running(self) -> Iterator[Desk]:
        """Within the block the desk looks at this clock and writes to files of its own."""
        with contextlib.ExitStack() as stack:
            scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="desk-machine-"))
            stack.enter_context(override_settings(DATA_DIR=Path(scratch)))
            for module in (send_run, poll_cycle, runs, send_clock, recording):
                stack.enter_context(patch.object(module, "time", self))
            yield self

    # staff

    def submit(self) -> None:
        payload = DefaultPayload(
            service_id=self.service.external_id,
            link=f"https://lumen.example/p/{uuid.uuid4()}",
            quantity=100,
        )
        self.drafts.append(OrderDraft(self.service, payload, uuid.uuid4()))
        self.resubmit(-1)

    def resubmit(self, which: int) -> None:
        draft = self.drafts[which % len(self.drafts)]
        order, made = place_orders.place_order(draft, placed_by=self.person, now=self.clock())
        known = self.orders.setdefault(draft.form_key, order.pk)
        assert known == order.pk, "one form has become two orders"
        assert made or Order.objects.filter(form_key=draft.form_key).count() == 1

    def withdraw(self) -> None:
        """By a person who looks at the provider first where the desk says that it may be there."""
        for order in self._orders(Status.QUEUED, Status.HELD)[:1]:
            if order.hold_reason == HoldReason.RESTORED and self.upstream.of_link(order.link):
                continue
            place_orders.withdraw_order(order, actor=self.person, now=self.clock())

    def say_what_became(self) -> None:
        """A person looks at the provider and says, truthfully, what became of a lost order."""
        for order in self._orders(Status.UNCONFIRMED)[:1]:
            there = self.upstream.of_link(order.link)
            with contextlib.suppress(not_placed.TooEarly, link_orders.CannotLink):
                if there:
                    link_orders.link_order(
                        order,
                        there[0].order_id,
                        actor=self.person,
                        client=self.upstream,
                        clock=self.clock,
                    )
                else:
                    not_placed.confirm_not_placed(order, actor=self.person, now=self.clock())

    def link_anything(self) -> None:
        """A person types numbers that cannot be it: of another order of ours, of nobody."""
        others = [order.external_id for order in Order.objects.exclude(external_id="")[:1]]
        for order in self._orders(Status.UNCONFIRMED)[:1]:
            for number in (*others, "23500"):
                with contextlib.suppress(link_orders.CannotLink):
                    link_orders.link_order(
                        order, number, actor=self.person, client=self.upstream, clock=self.clock
                    )

    def requeue(self) -> None:
        for order in self._orders(Status.NOT_PLACED)[:1]:
            now = self.clock()
            seen = [name_of(same.form_key, same.status) for same in same_beside(order, now)]
            sends = sends_beside(order.service, order.link_key, order.form_key)
            place_orders.requeue_order(
                order, actor=self.person, now=now, beside=seen, told_sends=names_of(sends)
            )

    def stop(self) -> None:
        halts.place_halt(HaltKind.STOP, now=self.clock(), actor=self.person)

    def go_on(self) -> None:
        halts.lift_halt(HaltKind.STOP, now=self.clock(), actor=self.person)
        halts.lift_halt(
            HaltKind.EXPOSURE, provider=self.provider, now=self.clock(), actor=self.person
        )

    def pause(self) -> None:
        pausing.pause_provider(self.account(), reason="For a while.", now=self.clock())

    def resume(self) -> None:
        pausing.resume_provider(self.account(), now=self.clock())

    def change_key(self) -> None:
        account = Provider.objects.filter(pk=self.provider.pk)
        account.update(version=self.account().version + 1)

    def make_ready(self) -> None:
        """Whoever has stopped sending lets it go on, and what was lost is looked for."""
        self.go_on()
        self.resume()
        self.upstream.answers_reads = True
        ProviderHealth.objects.update(open_until=None, slow_until=None)
        in_flight = Attempt.objects.filter(outcome=Outcome.IN_FLIGHT).exists()
        if in_flight or halts.sending_is_halted(self.provider.pk):
            self.timetable()

    def calibrate(self, *, numbers_rise: bool) -> None:
        seen = {**HOLDS, "rises": numbers_rise}
        Recovery.objects.update(calibration=seen, calibrated_at=self.now)

    # workers

    def ring(self) -> None:
        """A bell: the queue of the account is sent."""
        ProviderHealth.objects.update(next_add_at=None)
        send_run.send_queued(self.account(), self.upstream, clock=self.clock, seconds=60)

    def sweep(self) -> None:
        Provider.objects.update(balance=1000, balance_at=self.clock())
        sweep_due.forget_funds_refusals(now=self.clock())
        sweep_due.hold_and_release(now=self.clock())

    def reap(self) -> None:
        sweep_due.reap_lost_sends(now=self.clock())

    def import_kept(self) -> None:
        import_spool(self.clock())

    def recover(self) -> None:
        recover_account(self.account(), self.upstream, clock=self.clock)

    def timetable(self) -> None:
        """The minutes after something went wrong, as beat fills them."""
        for seconds in (*clocks.SEARCH_AFTER_SECONDS, clocks.NOT_PLACED_GRACE_SECONDS + 5):
            self.sweep()
            self.ring()
            self.advance(seconds)
            self.import_kept()
            self.reap()
            self.recover()
        self.ring()

    def send_anew(self) -> None:
        """A claim is taken for lost, looked for, said not to be there, and sent once more."""
        self.advance(clocks.SEND_LEASE_SECONDS + 5)
        self.reap()
        self.advance(clocks.NOT_PLACED_GRACE_SECONDS + 5)
        self.say_what_became()
        self.recover()
        self.requeue()
        self.ring()

    def poll(self) -> None:
        PollSchedule.objects.update(next_at=self.now)
        poll_cycle.poll_account(self.account(), self.upstream, clock=self.clock, seconds=60)

    def advance(self, seconds: float) -> None:
        until = self.now + timedelta(seconds=seconds)
        if self.latest is not None:
            until = min(until, self.latest)
        self.now = let_pass(self.now, (until - self.now).total_seconds())

    def set_clock(self, seconds: int) -> None:
        """The database's clock steps; what is waited for takes as long as before."""
        if self.has_steady_clock:
            return
        step = timedelta(seconds=seconds)
        self.now, self._set = self.now + step, self._set + step
        self.latest = None if self.latest is None else self.latest + step

    def crash(self, work: Act, point: str) -> None:
        """A worker does `work` and dies at that failpoint, if it comes by there."""

        def die() -> None:
            self.seen["workers died"] += 1
            raise Crash

        with contextlib.suppress(Crash), armed(point, die):
            work()

    def stand(self, work: Act, point: str, meanwhile: list[Act]) -> None:
        """A worker does `work`, stands still at that failpoint for as long as `meanwhile` takes,
        and goes on. `took`: once the provider has taken the order and not answered yet."""
        stood: list[None] = []

        def stand_still() -> None:
            if stood:
                return  # another worker that comes by
            stood.append(None)
            self.seen["workers stood still"] += 1
            self._stood_at_pre_send_check = point == "pre_send_check.passed"
            at_the_pre_send_check = (
                self.now + AT_PRE_SEND_CHECK if point == "pre_send_check.passed" else None
            )
            before, self.latest = self.latest, at_the_pre_send_check or self.latest
            for act in meanwhile:
                act()
            self.latest = before

        if point == "took":
            with patch.object(self.upstream, "took", stand_still):
                work()
            return
        with armed(point, stand_still):
            work()

    def _departs(self) -> None:
        """The first byte of a send. What said no before the pre-send check must have held it."""
        stood = self.stood_at_the_pre_send_check()
        account = self.account()
        sent = Attempt.objects.filter(provider=account, outcome=Outcome.IN_FLIGHT)
        closed = halts.sending_is_halted(account.pk) or not account.is_active
        stale = not sent.filter(provider_version=account.version).exists()
        if (closed or stale) and not stood:
            self.left_unlawfully += 1

    def stood_at_the_pre_send_check(self) -> bool:
        """Whether who sends now had passed the check before it stood still; asked once."""
        stood, self._stood_at_pre_send_check = self._stood_at_pre_send_check, False
        return stood

    def account(self) -> Provider:
        return Provider.objects.get(pk=self.provider.pk)

    def _orders(self, *statuses: Status) -> list[Order]:
        return list(Order.objects.filter(status__in=statuses).order_by("pk"))


def acts(desk: Desk) -> dict[str, Act]:
    """What may happen while a worker stands still."""
    return {
        "a moment": lambda: desk.advance(5),
        "a lease": lambda: desk.advance(clocks.SEND_LEASE_SECONDS + 5),
        "a while": lambda: desk.advance(clocks.NOT_PLACED_GRACE_SECONDS + 5),
        "reap": desk.reap,
        "import": desk.import_kept,
        "send anew": desk.send_anew,
        "recover": desk.recover,
        "ring": desk.ring,
        "stop": desk.stop,
        "go on": desk.go_on,
        "pause": desk.pause,
        "resume": desk.resume,
        "change key": desk.change_key,
        "withdraw": desk.withdraw,
        "say": desk.say_what_became,
        "requeue": desk.requeue,
        "poll": desk.poll,
        "clock ahead": lambda: desk.set_clock(3600),
        "clock back": lambda: desk.set_clock(-3600),
    }
