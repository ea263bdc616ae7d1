"""The seventeen order types: which fields `add` needs, and how many units they buy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sandbox.protocol.refusals import Refusal

NUMBER = re.compile(r"[0-9]{1,10}")

DELAYS = frozenset(
    {0, 5, 10, 15, 20, 30, 40, 50, 60, 90, 120, 150, 180, 210, 240, 270, 300, 360, 420, 480}
    | {540, 600}
)


@dataclass(frozen=True, slots=True)
class OrderType:
    """`lines` names the field whose lines are the quantity, where nothing else says it."""

    name: str
    required: tuple[str, ...]
    lines: str = ""
    package: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What a service and its panel allow; `minimum` and `maximum` in units."""

    minimum: int
    maximum: int
    dripfeed: bool
    least_runs: int = 2


@dataclass(frozen=True, slots=True)
class Wanted:
    """A checked order: `quantity` units a run, `runs` runs, `interval` minutes apart."""

    link: str
    quantity: int
    runs: int = 0
    interval: int = 0

    @property
    def total(self) -> int:
        return self.quantity * (self.runs or 1)


_ALL = (
    OrderType("Default", ("link", "quantity")),
    OrderType("Package", ("link",), package=True),
    OrderType("SEO", ("link", "quantity", "keywords")),
    OrderType("Custom Comments", ("link", "comments"), lines="comments"),
    OrderType("Custom Comments Package", ("link", "comments"), package=True),
    OrderType("Mentions", ("link", "quantity", "usernames")),
    OrderType("Mentions with Hashtags", ("link", "quantity", "usernames", "hashtags")),
    OrderType("Mentions Custom List", ("link", "usernames"), lines="usernames"),
    OrderType("Mentions Hashtag", ("link", "quantity", "hashtag")),
    OrderType("Mentions User Followers", ("link", "quantity", "username")),
    OrderType("Mentions Media Likers", ("link", "quantity", "media")),
    OrderType("Comment Likes", ("link", "quantity", "username")),
    OrderType("Comment Replies", ("link", "username", "comments"), lines="comments"),
    OrderType("Poll", ("link", "quantity", "answer_number")),
    OrderType("Invites from Groups", ("link", "quantity", "groups")),
    OrderType("Subscriptions", ("username", "min", "max")),
    OrderType("Web Traffic", ("link", "quantity", "country", "device", "type_of_traffic")),
)
ORDER_TYPES: dict[str, OrderType] = {kind.name: kind for kind in _ALL}


def line_count(text: str) -> int:
    """Lines that hold more than blanks; both line endings count."""
    return sum(1 for line in text.splitlines() if line.strip())


def whole_number(fields: Mapping[str, str], name: str) -> int:
    """Raises `Refusal` unless the field is 1 to 10 ASCII digits."""
    text = fields.get(name, "")
    if not NUMBER.fullmatch(text):
        raise Refusal("quantity") if name == "quantity" else Refusal("field", field=name)
    return int(text)


def check_order(
    kind: OrderType, fields: Mapping[str, str], limits: Limits, now: float = 0.0
) -> Wanted:
    """What the fields of an `add` ask for at this moment; raises `Refusal` with the first thing
    wrong."""
    for name in kind.required:
        if not fields.get(name, "").strip():
            raise Refusal(name) if name in ("link", "quantity") else Refusal("field", field=name)
    if kind.name == "Subscriptions":
        return _subscription(fields, limits, now)
    _check_enumerations(kind, fields)
    quantity = _units(kind, fields)
    runs, interval = _dripfeed(kind, fields, limits)
    wanted = Wanted(fields["link"].strip(), quantity, runs, interval)
    if not kind.package:
        _check_range(quantity, wanted.total, limits)
    return wanted


def _units(kind: OrderType, fields: Mapping[str, str]) -> int:
    if kind.package:
        return 1
    if kind.lines:
        return line_count(fields[kind.lines])
    return whole_number(fields, "quantity")


def _check_range(smallest: int, largest: int, limits: Limits) -> None:
    if smallest < limits.minimum:
        raise Refusal("minimum", limit=limits.minimum)
    if largest > limits.maximum:
        raise Refusal("maximum", limit=limits.maximum)


def _check_enumerations(kind: OrderType, fields: Mapping[str, str]) -> None:
    if kind.name == "Poll":
        whole_number(fields, "answer_number")
    if kind.name != "Web Traffic":
        return
    if whole_number(fields, "device") not in range(1, 6):
        raise Refusal("field", field="device")
    traffic = whole_number(fields, "type_of_traffic")
    if traffic not in range(1, 4):
        raise Refusal("field", field="type_of_traffic")
    needed = {1: "google_keyword", 2: "referring_url"}.get(traffic)
    if needed and not fields.get(needed, "").strip():
        raise Refusal("field", field=needed)


def _dripfeed(kind: OrderType, fields: Mapping[str, str], limits: Limits) -> tuple[int, int]:
    if "runs" not in fields and "interval" not in fields:
        return 0, 0
    runs, interval = whole_number(fields, "runs"), whole_number(fields, "interval")
    if not limits.dripfeed or kind.name not in ("Default", "Web Traffic"):
        raise Refusal("dripfeed")
    if not limits.least_runs <= runs <= 1000:
        raise Refusal("field", field="runs")
    if interval < 1:
        raise Refusal("field", field="interval")
    return runs, interval


def _subscription(fields: Mapping[str, str], limits: Limits, now: float) -> Wanted:
    low, high = whole_number(fields, "min"), whole_number(fields, "max")
    if low > high:
        raise Refusal("field", field="max")
    _check_range(low, high, limits)
    for name in ("posts", "old_posts"):
        if name in fields:
            whole_number(fields, name)
    delayed = "delay" in fields or "old_posts" not in fields
    if delayed and whole_number(fields, "delay") not in DELAYS:
        raise Refusal("field", field="delay")
    if "expiry" in fields and expiry_time(fields["expiry"]) <= now:
        raise Refusal("field", field="expiry")
    return Wanted(fields["username"].strip(), 0)


def expiry_time(text: str) -> float:
    """The end of the day `d/m/Y`, in seconds since 1970 (UTC)."""
    try:
        day = datetime.strptime(f"{text} +0000", "%d/%m/%Y %z")
    except ValueError:
        raise Refusal("field", field="expiry") from None
    return day.timestamp() + 86_400
