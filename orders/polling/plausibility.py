"""Whether what a provider says of an order may replace what it said before.

`check_answer` is pure: an order as we know it and an answer go in; out come what may be written
down and what is to be remembered. docs/decisions/what-never-overwrites.md has the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from core.money import plain
from providers.models import RefundStyle
from providers.panel_api import Progress, Unreadable
from providers.panel_api.order_types.table import SUBSCRIPTIONS

from ..models import Order
from ..status import (
    AT_PROVIDER,
    ENDED_THERE,
    HOW_FAR,
    MONEY_BACK,
    PASSING_FLAGS,
    THE_END,
    Flag,
    Status,
)
from .anomalies import STANDS, Anomaly, AnomalyCode, untold
from .child_orders import delivered_by_parts
from .final_charge import End, FinalCharge, is_alarming, too_much, weigh

# What the check of a dull answer needs; the rest is read for the others only.
READ_BY_ALL = ("units",)
_READ_BY_FEW = (
    "type",
    "rate",
    "estimate",
    "estimate_high",
    "parts_done",
    "provider_id",
    "parent_id",
    "sent_at",
    "created_at",  # for the charge that follows
)


@dataclass(frozen=True, slots=True)
class Plausibility:
    """What may be taken over. `charge` None: what is known stays, or nothing is. `refund` is
    what an ended order gets back beside its charge, None where nothing is known of it.

    `known` are flags of anomalies that the order's history has already: none is set anew by them,
    and none that tells of them passes.
    """

    status: Status
    charge: Decimal | None
    anomalies: tuple[Anomaly, ...] = ()
    known: frozenset[Flag] = frozenset()
    is_over: bool = False  # it had ended before: no figure of this answer is taken
    refund: Decimal | None = None

    def flag_for(self, order: Order, said: Progress) -> Flag:
        """The order's flag after this answer. Flags of the passing kind end with what they tell
        of; the others stay until a person takes them away."""
        flag = Flag(order.flag)
        if said.status is None:
            flag = flag or Flag.UNKNOWN_WORD
        elif flag in PASSING_FLAGS - self.known:
            flag = Flag.NONE
        for anomaly in self.anomalies:
            is_weightier = flag in PASSING_FLAGS and anomaly.flag not in PASSING_FLAGS
            if anomaly.flag and (not flag or is_weightier):
                flag = anomaly.flag
        return flag


# The finding on a dull answer, by the status it leaves the order in.
_DULL: dict[str, Plausibility] = {str(status): Plausibility(status, None) for status in AT_PROVIDER}


def check_answers(
    said: Sequence[tuple[Order, Progress | Unreadable]],
) -> dict[int, tuple[Plausibility, Flag]]:
    """The finding on each readable answer and the flag of its order after it, by the order's
    number. What its history tells already is left out: a provider that repeats itself is
    remembered once, and flagged once."""
    findings: dict[int, Plausibility] = {}
    news: list[tuple[Order, Progress]] = []
    for order, answer in said:
        if isinstance(answer, Progress):
            if is_dull(order, answer):
                findings[order.pk] = _DULL[answer.status.value if answer.status else order.status]
            else:
                news.append((order, answer))
    styles = _read_the_rest([order for order, _ in news])
    over = [order.pk for order, answer in news if order.parts_done and _is_completed(answer)]
    by_parts = delivered_by_parts(over) if over else {}
    findings |= {
        order.pk: check_answer(order, answer, styles[order.pk], by_parts.get(order.pk, ()))
        for order, answer in news
    }
    odd = {pk: finding.anomalies for pk, finding in findings.items() if finding.anomalies}
    if odd:
        for pk, new in untold(odd).items():
            known = frozenset(one.flag for one in odd[pk] if one not in new)
            findings[pk] = replace(findings[pk], anomalies=new, known=known)
    return {
        order.pk: (findings[order.pk], findings[order.pk].flag_for(order, answer))
        for order, answer in said
        if isinstance(answer, Progress)
    }


def _is_completed(said: Progress) -> bool:
    return said.status is not None and said.status.value == Status.COMPLETED


def is_dull(order: Order, said: Progress) -> bool:
    """Nearly every answer: the charge is the known one, and the order has gone no way it may not
    go and has not ended."""
    after = order.status if said.status is None else said.status.value
    return (
        (said.charge is None or said.charge == order.charge)
        and HOW_FAR.get(order.status, 0) <= HOW_FAR.get(after, THE_END) < THE_END
        and (said.remains is None or may_remain(order, said.remains))
    )


def may_remain(order: Order, remains: int) -> bool:
    """False for a number that cannot be: below none, or more than was ordered."""
    return remains >= 0 and (order.units is None or remains <= order.units)


def _read_the_rest(orders: list[Order]) -> dict[int, RefundStyle]:
    """Give these orders the columns that only they need, and say how their providers refund,
    with one query."""
    if not orders:
        return {}
    rows = Order.objects.filter(pk__in=[order.pk for order in orders])
    found = rows.values_list("pk", "provider__refund_style", *_READ_BY_FEW)
    rest = {pk: (RefundStyle(style), values) for pk, style, *values in found}
    for order in orders:
        order.__dict__.update(zip(_READ_BY_FEW, rest[order.pk][1], strict=True))
    return {pk: style for pk, (style, _) in rest.items()}


def goes_back(before: Status, after: Status) -> bool:
    """Is this step of the provider's one that it cannot mean? An end is final."""
    if before in ENDED_THERE:
        return before != after
    return HOW_FAR.get(after, 0) < HOW_FAR.get(before, 0)


def check_answer(
    order: Order,
    said: Progress,
    style: RefundStyle = RefundStyle.UNKNOWN,
    by_parts: tuple[int, ...] = (),
) -> Plausibility:
    """What of this answer may be taken over, and what in it is odd."""
    was = Status(order.status)
    word = was if said.status is None else Status(said.status.value)
    anomalies: list[Anomaly] = []
    status = word
    if goes_back(was, word):
        status = was
        anomalies.append(_went_back(order, word, said))
    if was in ENDED_THERE:
        anomalies += _after_the_end(order, said)
        return Plausibility(status, None, tuple(anomalies), is_over=True)
    final = final_charge(order, said, status, style, by_parts)
    if final.anomaly is not None:
        anomalies.append(final.anomaly)
    charge = _charge(order, said, status in ENDED_THERE, anomalies)
    if said.remains is not None and not may_remain(order, said.remains):
        anomalies.append(_odd_remains(order, said.remains, status))
    return Plausibility(status, charge, tuple(anomalies), refund=final.refund)


def final_charge(
    order: Order,
    said: Progress,
    status: Status,
    style: RefundStyle,
    by_parts: tuple[int, ...] = (),
) -> FinalCharge:
    """What the order cost if it ended so. Money that comes back is asked about even where the
    provider tells no charge any more."""
    if status not in ENDED_THERE:
        return FinalCharge()
    charge = order.charge if said.charge is None and status in MONEY_BACK else said.charge
    if charge is None:
        return FinalCharge()
    if (
        style == RefundStyle.APART
        and order.charge is not None
        and not _is_paid_in_parts(order, said)
    ):
        charge = min(charge, order.charge)  # a higher one is not taken over
    parts = max(order.parts_done or 0, said.runs or 0, 1)
    remains = order.remains if said.remains is None else said.remains
    return weigh(order, End(status, charge, remains, parts, by_parts), style)


def _after_the_end(order: Order, said: Progress) -> Iterator[Anomaly]:
    """Whatever is said otherwise than at its end: no figure of it is taken over."""
    if said.status is None:
        text = (
            f"The provider says “{said.raw_status[:80]}”, which nobody has explained yet. "
            f"It had said {Status(order.status).label} before, and that stands."
        )
        yield Anomaly(
            AnomalyCode.UNKNOWN_WORD,
            text,
            {"said": said.raw_status[:80], STANDS: order.status},
            Flag.WENT_BACKWARDS,
        )
    charge, known = said.charge, order.charge
    if charge is not None and charge != known:
        was = "None was known" if known is None else f"It was {plain(known)}"
        odd = known is None or is_alarming(known, charge)
        flag = Flag.CHARGE_CHANGED if odd else Flag.NONE
        text = f"The provider says a charge of {plain(charge)}. {was}, and that stands."
        before = "" if known is None else plain(known)
        yield Anomaly(
            AnomalyCode.CHARGE_CHANGED, text, {"charge": before, "said": plain(charge)}, flag
        )
    if said.remains is not None and said.remains != order.remains:
        text = f"{said.remains:,} are said to remain after its end. It was {order.remains}."
        yield Anomaly(
            AnomalyCode.REMAINS_CHANGED, text, {"remains": said.remains, "before": order.remains}
        )


def _went_back(order: Order, word: Status, said: Progress) -> Anomaly:
    text = (
        f"The provider says “{said.raw_status[:80]}”. It had said {Status(order.status).label} "
        "before, and that stands."
    )
    seen = {"said": said.raw_status[:80], "read_as": str(word), STANDS: order.status}
    return Anomaly(AnomalyCode.WENT_BACK, text, seen, Flag.WENT_BACKWARDS)


def _odd_remains(order: Order, remains: int, status: Status) -> Anomaly:
    """Less than none at a completed end is what came beyond what was ordered: nobody need look."""
    if remains < 0 and status == Status.COMPLETED:
        text = f"{-remains:,} more than ordered were delivered."
        return Anomaly(AnomalyCode.DELIVERED_MORE, text, {"remains": remains, "units": order.units})
    of = "" if order.units is None else f" of {order.units:,}"
    text = f"{remains:,} are said to remain{of}."
    return Anomaly(
        AnomalyCode.REMAINS_ODD, text, {"remains": remains, "units": order.units}, Flag.ODD_REMAINS
    )


def _charge(order: Order, said: Progress, ends: bool, anomalies: list[Anomaly]) -> Decimal | None:
    """The charge to write down. A known one only falls, with the word that ends the order; that of
    a drip-feed or subscription moves with its parts."""
    charge, known = said.charge, order.charge
    if charge is None:
        return None
    if known is None and not ends and (anomaly := too_much(order, charge)):
        anomalies.append(anomaly)
    if charge == known:
        return None
    if known is None or _is_paid_in_parts(order, said) or (ends and charge < known):
        return charge
    flag = Flag.CHARGE_CHANGED if is_alarming(known, charge) else Flag.NONE
    text = f"The provider says a charge of {plain(charge)}. It was {plain(known)}, and that stands."
    seen = {"charge": plain(known), "said": plain(charge)}
    anomalies.append(Anomaly(AnomalyCode.CHARGE_CHANGED, text, seen, flag))
    return None


def _is_paid_in_parts(order: Order, said: Progress) -> bool:
    parts = said.children or said.runs is not None or order.parts_done is not None
    return bool(parts) or order.type in SUBSCRIPTIONS
