"""What hypothesis may do to a desk, in any order."""

from __future__ import annotations

import contextlib
from typing import Any

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from providers.panel_api import OrderState

from . import promises
from .aftersales import AfterSales, request_acts
from .desk import Desk, acts
from .restoring import Restoring, acts_before_it_is_found_out
from .upstream import Answer

SENDING = (
    "claim.moved",
    "claim.written",
    "claim.committed",
    "pre_send_check.passed",
    "send.answered",
    "record.attempt",
    "record.moved",
    "record.committed",
)
STANDING = ("claim.committed", "pre_send_check.passed", "took", "send.answered", "record.committed")
SEARCHING = ("search.answered", "link.attempt", "link.moved")
PLACING = ("place.written", "place.committed")
ASKING = (
    "request.taken",
    "request.claimed",
    "request.journaled",
    "pre_send_check.passed",
    "request.answered",
    "request.kept",
    "request.recorded",
)
ASKING_STANDS = (
    "request.claimed",
    "pre_send_check.passed",
    "took",
    "request.answered",
    "request.recorded",
)
REQUESTS = (
    "ask refill",
    "ask cancel",
    "ask again",
    "let cancels",
    "send requests",
    "reap requests",
    "requests' timetable",
    "take back",
    "accept",
)
BEFORE_IT_IS_FOUND_OUT = (
    "nothing",
    "ring",
    "withdraw",
    "sweep",
    "reap",
    "recover",
    "send requests",
    "accept",
)
PAYLOADS = ("ask refill", "ask cancel", "ask again")
ANSWERS = st.sampled_from(Answer)
MEANWHILE = (
    "a moment",
    "a lease",
    "a while",
    "reap",
    "import",
    "send anew",
    "recover",
    "ring",
    "stop",
    "go on",
    "pause",
    "resume",
    "change key",
    "withdraw",
    "say",
    "requeue",
    "poll",
    "clock ahead",
    "clock back",
)
MEANWHILE_REQUESTS = (*MEANWHILE, *REQUESTS)
among_requests = st.lists(st.sampled_from(MEANWHILE_REQUESTS), min_size=1, max_size=4)
meanwhiles = st.lists(st.sampled_from(MEANWHILE), min_size=1, max_size=4)


class DeskMachine(RuleBasedStateMachine):
    """One account, one provider. The rows of a run are rolled back at its end."""

    def __init__(self) -> None:
        super().__init__()
        self._rows = contextlib.ExitStack()
        block = transaction.atomic()
        block._from_testcase = True  # type: ignore[attr-defined]  # as in a TestCase: durable blocks may stand in it
        self._rows.enter_context(block)
        self.desk = Desk()
        self.after = AfterSales(self.desk)
        self.restoring = Restoring(self.desk, self.after)
        self._rows.enter_context(self.desk.running())

    def teardown(self) -> None:
        try:
            self._end_well()
        finally:
            transaction.set_rollback(True)
            self._rows.close()

    def _end_well(self) -> None:
        """Everything that repairs runs once: no claim outlives it."""
        self.desk.advance(70)
        self.desk.reap()
        promises.no_claim_is_left(self.desk)
        promises.check(self.desk)

    @initialize(
        lists=st.booleans(), numbers=st.booleans(), steady=st.sampled_from((True, True, False))
    )
    def orders_from_before(self, lists: bool, numbers: bool, steady: bool) -> None:
        """Where its numbers prove nothing, its list alone shows what is there and what is not.
        Where the clock is set, little can be proven, so in most walks nobody does it."""
        self.desk.has_steady_clock = steady
        self.desk.upstream.lists_orders(lists=lists)
        self.desk.calibrate(numbers_rise=numbers)
        for _ in range(2):
            self.desk.submit()
        self.desk.ring()

    @rule()
    def submit(self) -> None:
        self.desk.submit()

    @rule(which=st.integers(0, 5))
    def resubmit(self, which: int) -> None:
        self.desk.resubmit(which)

    @rule(point=st.sampled_from(PLACING))
    def submit_and_crash(self, point: str) -> None:
        self.desk.crash(self.desk.submit, point)
        self.desk.resubmit(-1)

    @rule(answer=ANSWERS)
    def ring(self, answer: Answer) -> None:
        self.desk.upstream.next = answer
        self.desk.ring()

    @rule(answer=ANSWERS, point=st.sampled_from(SENDING))
    def send_and_crash(self, answer: Answer, point: str) -> None:
        self.desk.make_ready()
        self.desk.submit()
        self.desk.upstream.next = answer
        self.desk.crash(self.desk.ring, point)

    @rule(answer=ANSWERS, point=st.sampled_from(STANDING), meanwhile=meanwhiles)
    def send_and_stand_still(self, answer: Answer, point: str, meanwhile: list[str]) -> None:
        self.desk.make_ready()
        self.desk.submit()
        self.desk.upstream.next = answer
        self.desk.stand(self.desk.ring, point, self._acts(meanwhile))

    @rule(seconds=st.sampled_from((3, 25, 65, 125)))
    def time_passes(self, seconds: int) -> None:
        self.desk.advance(seconds)

    @rule()
    def reap(self) -> None:
        self.desk.reap()
        promises.no_claim_is_left(self.desk)

    @rule()
    def import_kept(self) -> None:
        self.desk.import_kept()

    @rule()
    def recover(self) -> None:
        self.desk.recover()

    @rule(point=st.sampled_from(SEARCHING))
    def recover_and_crash(self, point: str) -> None:
        self.desk.crash(self.desk.recover, point)

    @rule(meanwhile=meanwhiles)
    def recover_and_stand_still(self, meanwhile: list[str]) -> None:
        self.desk.stand(self.desk.recover, "search.answered", self._acts(meanwhile))

    @rule(acknowledged=st.booleans())
    def the_timetable_runs(self, acknowledged: bool) -> None:
        if acknowledged:
            self.desk.go_on()
        self.desk.timetable()

    @rule()
    def sweep(self) -> None:
        self.desk.sweep()

    @rule(state=st.sampled_from((OrderState.IN_PROGRESS, OrderState.COMPLETED, OrderState.PENDING)))
    def the_provider_goes_on_or_back(self, state: OrderState) -> None:
        self.desk.upstream.go_on(state)
        self.desk.poll()

    @rule(up=st.booleans())
    def the_provider_answers_or_not(self, up: bool) -> None:
        self.desk.upstream.answers_reads = up

    @rule(seconds=st.sampled_from((-3600, -20, 20, 3600)))
    def the_clock_is_set(self, seconds: int) -> None:
        self.desk.set_clock(seconds)

    @rule(act=st.sampled_from(("stop", "go on", "pause", "resume", "change key")))
    def a_switch(self, act: str) -> None:
        acts(self.desk)[act]()

    @rule(act=st.sampled_from(("withdraw", "say", "requeue")))
    def a_person(self, act: str) -> None:
        acts(self.desk)[act]()

    @rule()
    def a_person_links_anything(self) -> None:
        self.desk.link_anything()

    @rule(
        sends=st.integers(1, 3),
        first=st.lists(st.sampled_from(BEFORE_IT_IS_FOUND_OUT), min_size=1, max_size=2),
        accepted=st.booleans(),
    )
    def the_database_is_put_back(self, sends: int, first: list[str], accepted: bool) -> None:
        self.restoring.put_back(sends)
        for act in first if self.restoring.is_known else ("nothing",):
            acts_before_it_is_found_out(self.desk, self.after)[act]()
        self.restoring.find_out()
        if accepted:
            self.after.accept()

    @rule(act=st.sampled_from(REQUESTS))
    def after_sales(self, act: str) -> None:
        request_acts(self.after)[act]()

    @rule(payload=st.sampled_from(PAYLOADS), answer=ANSWERS, point=st.sampled_from(ASKING))
    def ask_and_crash(self, payload: str, answer: Answer, point: str) -> None:
        self._payload(payload, answer)
        self.desk.crash(self.after.send, point)

    @rule(
        payload=st.sampled_from(PAYLOADS),
        answer=ANSWERS,
        point=st.sampled_from(ASKING_STANDS),
        meanwhile=among_requests,
    )
    def ask_and_stand_still(
        self, payload: str, answer: Answer, point: str, meanwhile: list[str]
    ) -> None:
        self._payload(payload, answer)
        self.desk.stand(self.after.send, point, self._acts(meanwhile))

    def _payload(self, payload: str, answer: Answer) -> None:
        self.after.accept()
        self.desk.make_ready()
        request_acts(self.after)[payload]()
        self.desk.upstream.next = answer

    @invariant()
    def every_promise_holds(self) -> None:
        promises.check(self.desk)
        self.after.check()

    def _acts(self, names: list[str]) -> list[Any]:
        known = acts(self.desk) | request_acts(self.after)
        return [known[name] for name in names]
