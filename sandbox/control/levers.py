"""The methods a test pulls, the same on a sandbox in this process and on one far away."""

from __future__ import annotations

import abc
from decimal import Decimal
from typing import Any, cast

Truth = dict[str, Any]


class Levers(abc.ABC):
    """Everything the control API can do, as methods; ValueError where it refuses."""

    @abc.abstractmethod
    def pull(self, method: str, path: str, terms: dict[str, Any]) -> Any:
        """One control call; the content of its answer."""

    def ledger(self, *, children: bool = False, after: int = 0) -> list[Truth]:
        """The orders ever accepted by `add`, oldest first: the truth.

        Each has id, account (a fingerprint), service, type, link, quantity, charge (text, as
        taken), fields, parent, children, request_id, status, remains, start_count, charge_now,
        refunded, cancel_requested. `children` adds the orders of drip-feeds and subscriptions.
        """
        answer = self.pull("GET", "/ledger", {"children": children, "after": after})
        return cast(list[Truth], answer["orders"])

    def order(self, order_id: str | int) -> Truth:
        """The truth about one order; ValueError where it was never accepted."""
        return cast(Truth, self.pull("GET", "/orders", {"order": str(order_id)}))

    def stats(self) -> dict[str, Any]:
        """calls and peaks per action, connections, in_flight, peak_concurrency, orders, ..."""
        return cast(dict[str, Any], self.pull("GET", "/stats", {}))

    def calls(self, action: str) -> int:
        """How often an action was asked for, refused or not; "moved" counts followed redirects."""
        return int(self.stats()["calls"].get(action, 0))

    def advance(self, seconds: float) -> None:
        """Push the provider's clock ahead by virtual seconds."""
        self.pull("POST", "/clock", {"advance": seconds})

    def set_speed(self, speed: float) -> None:
        """Virtual seconds per real second; 0 stands still."""
        self.pull("POST", "/clock", {"speed": speed})

    def now(self) -> float:
        """The provider's virtual time, in seconds since 1970."""
        return float(self.pull("GET", "/clock", {})["now"])

    def fault(
        self,
        mode: str,
        phase: str = "after",
        *,
        action: str = "",
        nth: int | list[int] = 0,
        probability: float = 1.0,
        link: str = "",
        times: int = 0,
        **options: Any,
    ) -> int:
        """Add a fault rule; its number, for `clear_faults`.

        `phase` "before" does not carry the call out, "after" does and then fails. `nth` counts
        matching calls from 1, `times` caps how often the rule fires (0: no cap), `link` is a
        pattern searched in the link. Options (seconds, location, retry_after, reason, bytes...)
        are the mode's own.
        """
        rule = {
            "mode": mode,
            "phase": phase,
            "action": action,
            "nth": nth,
            "probability": probability,
            "link": link,
            "times": times,
            "options": options,
        }
        return int(self.pull("POST", "/faults", {"add": rule})["faults"][-1]["number"])

    def clear_faults(self, number: int = 0) -> None:
        """All rules, or the one with this number."""
        self.pull("POST", "/faults", {"clear": number or True})

    def refuse(self, seconds: float) -> None:
        """Close the panel's port and connections for so many real seconds."""
        self.pull("POST", "/refuse", {"seconds": seconds})

    def set_latency(self, seconds: float) -> None:
        """Real seconds every call takes, half before it is carried out and half after."""
        self.pull("POST", "/latency", {"seconds": seconds})

    def dialect(self, preset: str | None = None, **switches: Any) -> None:
        """Speak a named dialect, or change single switches of the present one."""
        named = {} if preset is None else {"preset": preset}
        self.pull("POST", "/dialect", {**named, **switches})

    def limits(self, per_minute: dict[str, int] | None = None, **terms: Any) -> None:
        """Rate limits in place of all: add_spacing, window (seconds), style "http" or "text"."""
        self.pull("POST", "/limits", {"per_minute": per_minute or {}, **terms})

    def balance(self, account: str = "") -> Decimal:
        """What an account has; the first unless its fingerprint is given."""
        accounts = self.pull("GET", "/balance", {})["accounts"]
        found = [one for one in accounts if account in ("", one["account"])]
        return Decimal(found[0]["balance"])

    def set_balance(self, amount: Decimal | str | int, account: str = "") -> None:
        self.pull("POST", "/balance", {"set": str(amount), "account": account})

    def services(self, kind: str = "") -> list[Truth]:
        """The catalog as it really is, or its services of one type; rate is text."""
        answer = self.pull("GET", "/catalog", {"type": kind} if kind else {})
        return cast(list[Truth], answer["services"])

    def service(self, kind: str = "Default", **wanted: Any) -> Truth:
        """The first service of a type whose fields are as wanted; LookupError without one."""
        for truth in self.services(kind):
            if all(truth[name] == value for name, value in wanted.items()):
                return truth
        raise LookupError(f"no {kind} service with {wanted}")

    def change_catalog(self, **change: Any) -> int:
        """`drift` (True or its terms), `remove=0.2`, `halve`, `empty`, `restore`; how many stay."""
        return int(self.pull("POST", "/catalog", change)["services"])

    def edit_service(self, service: int, **changes: Any) -> None:
        """Change fields of one service, or add one under an unknown number."""
        self.pull("POST", "/catalog", {"edit": {"service": service, **changes}})

    def close_service(self, service: int) -> None:
        """Take one service away; `edit_service` or `restore` brings it back."""
        self.change_catalog(close=service)

    def force(self, order_id: str | int, **forced: Any) -> Truth:
        """Override status, progress (0 to 1), remains, charge, start_count; nothing lets go."""
        return cast(Truth, self.pull("POST", "/orders", {"order": str(order_id), **forced}))

    def reset(self) -> None:
        """Back to the start: no orders, first balances, first dialect, no faults."""
        self.pull("POST", "/reset", {})
