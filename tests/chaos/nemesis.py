"""Who hurts the desk, when and how: told by the seed, so that a run can be repeated."""

from __future__ import annotations

import heapq
import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count

from . import entry, prices
from .clerk import Clerk
from .desk import FORKING, SHIFTABLE, WORKERS, Desk
from .history import Blow, History
from .plan import Terms
from .sandboxes import MIXES, Provider
from .servers import Postgres

HOUR = 3600.0
STEPS = (0, 0, 20, -20, 600, -600, HOUR, -HOUR, 24 * HOUR, -24 * HOUR)  # where the clock steps to
PAUSES = (2.0, 4.0)
WEIGHTS: dict[str, int] = {
    "kill": 42,
    "kill child": 14,
    "terminate": 4,
    "pause": 10,
    "broker flush": 5,
    "broker restart": 4,
    "database restart": 4,
    "sessions ended": 4,
    "clock shift": 4,
    "clock step": 6,
    "price move": 14,
    "fault mix": 9,
}
# In every run, however short: what, how, and of price moves at which share of the providers, so
# that the second does not end the first.
FIRST = (("price move", "leap", 0.2), ("clock step", "", 0.0), ("price move", "dearer", 0.5))
UNSTEADY = ("price move", "clock step")  # the desk does right to ask a person after them
ON_A_SERVER = ("database restart", "sessions ended", "clock shift")
# An hour's shift is for desks whose leases live by the database's clock; on SQLite all processes
# are on one machine and share its clock.
VICTIMS = {
    "kill": {"web": 1, "beat": 2, **dict.fromkeys(WORKERS, 3)},
    "kill child": {"web": 2, FORKING: 3},
    "terminate": dict.fromkeys(("web", *WORKERS), 1),
    "pause": {"web": 1, **dict.fromkeys(WORKERS, 2)},
    "clock shift": dict.fromkeys(SHIFTABLE, 1),
    "fault mix": dict.fromkeys(MIXES, 1),
    "price move": prices.MOVES,
}
KILLS = ("kill", "kill child", "broker restart", "database restart")


def blows_of(terms: Terms) -> Iterator[Blow]:
    """Without an end; on average one every `kills_every` seconds."""
    dice = random.Random(f"nemesis-{terms.seed}-{terms.database}")
    kinds = {
        kind: weight
        for kind, weight in WEIGHTS.items()
        if (terms.database == "postgres" or kind not in ON_A_SERVER)
        and not (terms.steady and kind in UNSTEADY)
    }
    first = () if terms.steady else FIRST
    at = 0.0
    for number in count():
        at += dice.uniform(0.5, 1.5) * terms.kills_every
        kind = dice.choices(list(kinds), list(kinds.values()))[0]
        if number < len(first):
            kind = first[number][0]
        victims = VICTIMS.get(kind, {"": 1})
        target = dice.choices(list(victims), list(victims.values()))[0]
        amount = dice.random()
        if kind == "pause":
            amount = dice.uniform(*PAUSES)
        elif kind == "clock shift":
            amount = dice.choice((HOUR, -HOUR))
        elif kind == "clock step":
            amount = dice.choice(STEPS if number >= len(first) else STEPS[2:])
        if kind == "price move" and number < len(first):
            _, target, amount = first[number]
        yield Blow(round(at, 3), kind, target, round(amount, 4))


class Nemesis:
    """Works through its blows in a thread of its own until it is told to stop."""

    def __init__(
        self,
        desk: Desk,
        providers: Sequence[Provider],
        terms: Terms,
        history: History,
        clerk: Clerk,
        blows: Iterable[Blow] | None = None,
    ) -> None:
        self.clerk = clerk
        self.desk, self.providers, self.terms, self.history = desk, providers, terms, history
        self.done: Counter[str] = Counter()
        self._blows = iter(blows_of(terms) if blows is None else blows)
        self._later: list[tuple[float, int, Callable[[], None]]] = []  # what ends, and when
        self._serial = count()
        self._ending = threading.Event()
        self._pool = ThreadPoolExecutor(1)

    @property
    def has_killed(self) -> bool:
        return any(self.done[kind] for kind in KILLS)

    def start(self) -> None:
        self._began = self.history.seconds
        self._work_under_way = self._pool.submit(self._work)

    def stop(self) -> None:
        """And heal: everybody goes on, at the right time, and the providers behave."""
        self._ending.set()
        self._work_under_way.result()
        for member in self.desk.crew.members.values():
            member.signal_all(signal.SIGCONT)
        for name in SHIFTABLE:
            if self._is_shifted(name):
                self.desk.set_clock(name, 0)
                self.desk.crew[name].signal_all(signal.SIGKILL)
        self.desk.step_clock(0)
        for provider in self.providers:
            provider.behave()
            self._put_back(provider)
        self.history.note("healed")
        self._pool.shutdown()

    def _work(self) -> None:
        for blow in self._blows:
            while (wait := self._began + blow.at - self.history.seconds) > 0:
                self._end_due()
                if self._ending.wait(min(wait, 0.1)):
                    return
            try:
                words = self._strike(blow)
            except OSError as error:
                words = f"nothing: {type(error).__name__}"
            else:
                self.done[blow.kind] += 1
            self.history.note(
                "nemesis",
                planned=blow.at,
                kind=blow.kind,
                target=blow.target,
                amount=blow.amount,
                words=words,
            )

    def _end_due(self) -> None:
        while self._later and self._later[0][0] <= self.history.seconds:
            heapq.heappop(self._later)[2]()

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._later, (self.history.seconds + seconds, next(self._serial), act))

    def _strike(self, blow: Blow) -> str:
        """What was done, in words for the history. OSError where it could not be done."""
        desk, database = self.desk, self.desk.database
        match blow.kind:
            case "kill":
                desk.set_clock(blow.target, 0)
                desk.crew[blow.target].signal_all(signal.SIGKILL)
            case "kill child":
                return self._kill_child(blow)
            case "terminate":
                desk.crew[blow.target].signal_first(signal.SIGTERM)
            case "pause":
                desk.crew[blow.target].signal_all(signal.SIGSTOP)
                member = desk.crew[blow.target]
                self._after(blow.amount, partial(member.signal_all, signal.SIGCONT))
            case "clock shift":
                desk.set_clock(blow.target, blow.amount)
                desk.crew[blow.target].signal_all(signal.SIGKILL)
            case "clock step":
                desk.step_clock(blow.amount)
            case "price move":
                return self._move_prices(blow)
            case "broker flush":
                desk.broker.flush()
            case "broker restart":
                desk.broker.process.signal_all(signal.SIGKILL)
            case "fault mix":
                for provider in self.providers:
                    provider.misbehave(blow.target, self.terms.faults)
            case "database restart" if isinstance(database, Postgres):
                database.crash()
            case "sessions ended" if isinstance(database, Postgres):
                database.end_sessions()
            case _:
                raise ValueError(f"no such blow: {blow.kind}")
        return "done"

    def _move_prices(self, blow: Blow) -> str:
        """At one provider, and a while later all of it is as it was."""
        provider = self.providers[int(blow.amount * len(self.providers))]
        self._put_back(provider)
        prices.move(provider, blow.target)
        self.clerk.have_read(provider.keys)
        least, most = prices.SECONDS
        self._after(least + (most - least) * blow.amount, partial(self._put_back, provider))
        return f"at {provider.panel.name}"

    def _put_back(self, provider: Provider) -> None:
        prices.put_back(provider)
        self.clerk.have_read(provider.keys)

    def _kill_child(self, blow: Blow) -> str:
        """One of several, chosen by the seed; the parent goes on."""
        children = sorted(self.desk.crew[blow.target].children())
        if not children:
            raise ProcessLookupError(blow.target)
        os.kill(children[int(blow.amount * len(children))], signal.SIGKILL)
        return f"one of {len(children)}"

    def _is_shifted(self, name: str) -> bool:
        return float(self.desk.crew[name].environment[entry.CLOCK_SHIFT]) != 0
