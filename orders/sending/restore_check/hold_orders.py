"""The order in which the rows are held that calls of another life of the database tell of."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from core.rows.bulk import read_by_key

from ...models import CancelRequest, Order, PollSchedule, Refill
from .request_journal import JournaledCall


def hold_orders(calls: Iterable[JournaledCall], others: Iterable[int] = ()) -> None:
    """Before anything of these calls is written: their orders, what is asked for of those, and
    their schedules, each in the order of their keys. In the order of the calls, each would wait for
    what the other has.

    This is the one order in which rows are held: the account (`halts.one_at_a_time`), orders,
    refills, cancels, schedules. Whoever needs several of them leaves out some and turns none round:
    whoever writes answers (`polling/write_answers.py`), a claim (`aftersales/send_requests.py`),
    who takes a claim for lost (`aftersales/runs.py`). A claim that gives up rows over a gap of the
    journal takes those before the others: should it meet another one, PostgreSQL ends a step of one
    of the two. Taking is done again as a whole; what was not given up is left, and not sent.
    """
    named = {name.form_key for then in calls for name in then.requests}
    orders = Order.objects.filter(Q(form_key__in=named) | Q(pk__in=list(others))).order_by("pk")
    held = list(orders.select_for_update(no_key=True).values_list("pk", flat=True))
    for asked in (Refill.objects.all(), CancelRequest.objects.all()):
        rows = asked.filter(order__in=held).order_by("pk")
        list(rows.select_for_update(no_key=True).values_list("pk"))
    read_by_key(PollSchedule, ("order_id",), held, lock=True)
