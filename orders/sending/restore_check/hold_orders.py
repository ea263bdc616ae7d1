"""The order in which the rows are held that calls of another life of the database tell of."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from core.rows.bulk import read_by_key

from ...models import Order, PollSchedule
from .request_journal import JournaledCall


def hold_orders(calls: Iterable[JournaledCall], others: Iterable[int] = ()) -> None:
    """After their account, and before anything of these calls is written: their orders and then
    the schedules of those, each in the order of their keys, as whoever writes answers holds them
    (`polling/write_answers.py`). In the order of the calls, each would wait for what the other has.
    """
    named = {name.form_key for then in calls for name in then.requests}
    orders = Order.objects.filter(Q(form_key__in=named) | Q(pk__in=list(others))).order_by("pk")
    held = list(orders.select_for_update(no_key=True).values_list("pk", flat=True))
    read_by_key(PollSchedule, ("order_id",), held, lock=True)
