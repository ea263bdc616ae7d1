"""Ended orders are asked about once more, a day later: has the provider taken something back?

Their end and their figures stand, whatever it says. What differs is kept in their history, and
flags them.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Subquery

from core import clocks
from core.clocks import Clock
from core.models import User
from core.money import plain
from core.rows.bulk import one_writer
from core.rows.loops import AWAY, one_by_one
from core.stopping import is_stopping
from providers.actions.calling import MustWait, ask
from providers.actions.leases import AccountLease, account_lease
from providers.connect import batch_size
from providers.models import LeaseKind, Provider
from providers.panel_api import BatchRefused, Progress, ProviderError, Unreadable

from ..models import EventKind, Order, OrderEvent, OrderQuerySet, Recheck, Refill
from ..status import ENDED_THERE, REPLACEABLE_FLAGS, Flag
from . import plausibility
from .anomalies import anomalies_as_events
from .poll_batch import TellsStatuses
from .same_refusal import RefusedQuestions, refused_alone

log = logging.getLogger(__name__)
PATIENCE_SECONDS = 3.0  # waiting longer than this for a call, the next ring goes on from here

Answers = dict[str, Progress | Unreadable]


def accounts_to_recheck(now: datetime) -> list[int]:
    """Accounts with orders that ended a day ago and have not been asked about since. The
    others move on, but for those that were moved: they wait for their catalog there."""
    until = now - timedelta(seconds=clocks.RECHECK_SECONDS)
    accounts = Provider.objects.with_key()
    known = Recheck.objects.values("provider")
    new = accounts.exclude(pk__in=known).values_list("pk", flat=True)
    Recheck.objects.bulk_create(
        [Recheck(provider_id=pk, through_at=until) for pk in new], ignore_conflicts=True
    )
    left = _ended(OuterRef("provider"), OuterRef("through_at"), OuterRef("through_order"), until)
    # The first of each account by its index. Of "is there one" PostgreSQL would make a join, and
    # read all that have ever ended.
    first = Subquery(left.order_by("ended_at", "pk").values("pk")[:1])
    behind = Recheck.objects.filter(
        through_at__lt=until, provider__in=accounts.filter(moved_at=None)
    )
    with_more = behind.alias(first=first).filter(first__isnull=False)
    found = sorted(with_more.values_list("provider_id", flat=True))
    behind.exclude(provider__in=found).update(through_at=until, through_order=0)
    return found


def recheck_ended_orders(
    provider: Provider, client: TellsStatuses, *, clock: Clock, seconds: float
) -> int:
    """Ask about them in batches for about `seconds`; how many were asked about: none while
    another worker is at it. Each call is one of the account's token bucket."""
    if provider.moved_at is not None:
        return 0  # nobody knows what has these numbers there
    with account_lease(provider.pk, LeaseKind.ENDED, clock=clock) as lease:
        return 0 if lease is None else _recheck(provider, client, lease, time.monotonic() + seconds)


def _recheck(provider: Provider, client: TellsStatuses, lease: AccountLease, ends: float) -> int:
    clock = lease.clock
    refused = RefusedQuestions(provider, "ended orders", clock)
    full = size = batch_size(provider)
    asked = 0
    try:
        while time.monotonic() < ends and not is_stopping():
            recheck = Recheck.objects.filter(provider=provider).first()
            orders = _next_few(recheck, size, clock()) if recheck else []
            if not recheck or not orders:
                break
            ids = [order.external_id for order in orders]
            try:
                answers = _answers(provider, client, ids, clock)
                refusal = refused_alone(ids, answers)
            except BatchRefused as error:
                answers, refusal = {}, error
            if refusal is None:
                refused.end()
            elif not refused.are_about_ids(ids, refusal):
                break  # the next ring asks again; this has moved on, so that it never stands still
            elif len(orders) > 1:  # smaller ones, down to the one that spoils it
                size = 1 if refusal.singly else len(orders) // 2
                continue
            if not _write_down(recheck, orders, answers, clock()):
                break
            asked, size = asked + len(orders), min(full, 2 * size)
            if not lease.renew():
                break
    except (MustWait, ProviderError):
        pass  # its health tells of it; the next ring goes on from there
    return asked


def ask_again(order: Order, client: TellsStatuses, *, clock: Clock, actor: User) -> str:
    """Somebody wants to know about one ended order now; what the provider says, in words.

    Raises MustWait without calling, ProviderError after. Of an order that is refilled nothing is
    odd: it may honestly move.
    """
    answers: Answers
    try:
        answers = ask(
            order.provider,
            lambda: client.statuses_once([order.external_id]),
            clock=clock,
            answered=_is_refused,
        )
    except BatchRefused as refusal:
        answers = {order.external_id: Unreadable(refusal.reason)}
    now = clock()
    words = f"Asked again: {_in_words(answers.get(order.external_id))}"
    with one_writer(), transaction.atomic():
        if not order.refills.exists():
            _note_what_differs([order], answers, now)
        order.remember(EventKind.EVIDENCE, now=now, actor=actor, text=words)
    return words


def may_be_asked_again(order: Order) -> bool:
    return order.status in ENDED_THERE and bool(order.external_id)


def _ended(account: Any, at: Any, order: Any, until: datetime) -> OrderQuerySet:
    """Ended at the provider since this recheck. One that is being refilled may honestly move."""
    refilled = Exists(Refill.objects.filter(order=OuterRef("pk")))
    after = Q(ended_at__gt=at) | Q(ended_at=at, pk__gt=order)
    ended = Order.objects.filter(provider=account, ended_at__gte=at, ended_at__lte=until)
    return ended.filter(after, status__in=ENDED_THERE).exclude(external_id="").exclude(refilled)


def _next_few(recheck: Recheck, size: int, now: datetime) -> list[Order]:
    until = now - timedelta(seconds=clocks.RECHECK_SECONDS)
    ended = _ended(recheck.provider_id, recheck.through_at, recheck.through_order, until)
    return list(ended.order_by("ended_at", "pk")[:size])


def _answers(provider: Provider, client: TellsStatuses, ids: list[str], clock: Clock) -> Answers:
    """One call, after a short wait where the account's token bucket wants one."""
    question = partial(client.statuses_once, ids)
    try:
        return ask(provider, question, clock=clock, answered=_is_refused)
    except MustWait as pause:
        if pause.seconds > PATIENCE_SECONDS:
            raise
        time.sleep(pause.seconds)
    return ask(provider, question, clock=clock, answered=_is_refused)


def _is_refused(error: ProviderError) -> bool:
    """The provider is well and refused what it was asked about."""
    return isinstance(error, BatchRefused)


def _write_down(recheck: Recheck, orders: list[Order], answers: Answers, now: datetime) -> bool:
    """What differs, and how far we are, together: a worker that dies asks again. False: another
    one has been here."""
    last = orders[-1]
    here = Recheck.objects.filter(
        pk=recheck.pk, through_at=recheck.through_at, through_order=recheck.through_order
    )
    with one_writer(), transaction.atomic():
        if not here.update(through_at=last.ended_at, through_order=last.pk):
            return False
        _note_what_differs(orders, answers, now)
    return True


def _note_what_differs(orders: list[Order], answers: Answers, now: datetime) -> None:
    """For all of them together; each by itself where one spoils it, so that the others move on."""
    try:
        with transaction.atomic():
            _note(orders, answers, now)
    except AWAY:
        raise
    except Exception:
        log.exception("%s ended orders cannot be noted together", len(orders))
        one_by_one(orders, lambda order: _note_alone(order, answers, now), what="ended orders")


def _note_alone(order: Order, answers: Answers, now: datetime) -> None:
    with transaction.atomic():
        _note([order], answers, now)


def _note(orders: list[Order], answers: Answers, now: datetime) -> None:
    """An order the provider does not know any more is none that it has changed."""
    said = [(order, answers.get(order.external_id)) for order in orders]
    told = [(order, answer) for order, answer in said if isinstance(answer, Progress)]
    findings = plausibility.check_answers(told)
    events: list[OrderEvent] = []
    for order, _ in told:
        finding, _ = findings[order.pk]
        events += anomalies_as_events(order, finding.anomalies, now=now)
        flag = next((anomaly.flag for anomaly in finding.anomalies if anomaly.flag), Flag.NONE)
        if flag:
            unmarked = Order.objects.filter(pk=order.pk, flag__in=REPLACEABLE_FLAGS)
            unmarked.update(flag=flag, changed_at=now)
    OrderEvent.objects.bulk_create(events)


def _in_words(answer: Progress | Unreadable | None) -> str:
    if not isinstance(answer, Progress):
        return answer.reason if answer and answer.reason else "no word about it."
    charge = "" if answer.charge is None else f", charge {plain(answer.charge)}"
    remains = "" if answer.remains is None else f", {answer.remains:,} remain"
    return f"the provider says “{answer.raw_status[:80]}”{charge}{remains}."
