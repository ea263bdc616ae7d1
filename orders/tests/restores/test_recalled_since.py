"""A send that is given back meets what happened to its order, its number and its replays since."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import Attempt, Halt, Order, UnmatchedOrder
from orders.placing import place_orders
from orders.sending import send_journal
from orders.sending.outcome import SendOutcome
from orders.sending.restore_check import forgotten_sends, guard, recalled_sends, replay_journal
from orders.status import HaltKind, Outcome, Status
from orders.tests.sending.test_restore_guard import LATER, forget, send, take_back
from providers.panel_api import RefusalCode
from tests.builders import NOON, make_attempt, make_order
from tests.fake_provider import FakeProvider, lost_answer, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.services]
DAY = timedelta(days=1)


def test_one_that_is_withdrawn_while_its_refusal_is_brought_in_stays_withdrawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing was bought, so there is nothing in doubt."""
    order, provider = make_order(), FakeProvider()
    provider.then = refusal(RefusalCode.FUNDS)
    send(order, provider, NOON)
    take_back(order)
    real = forgotten_sends.recalled

    def recalled(mine: Order, *this: Any, **more: Any) -> Attempt:
        place_orders.withdraw_order(Order.objects.get(pk=order.pk), actor=None, now=LATER)
        return real(mine, *this, **more)

    monkeypatch.setattr(recalled_sends, "recalled", recalled)
    guard.check_database(now=LATER)
    order.refresh_from_db()
    assert (order.status, order.attempts.count()) == (Status.WITHDRAWN, 0)
    assert recalled_sends.recall_sends(order.provider_id, now=LATER) == 0


def test_the_order_is_taken_before_its_attempt_is_written_as_a_claim_does_it() -> None:
    """The other way round each would wait for what the other has."""
    order = make_order()
    with CaptureQueriesContext(connection) as asked:
        assert recalled_sends.take_as_sent(order, started_at=NOON, reason="Why.", now=NOON)
    writes = [one["sql"] for one in asked if one["sql"].startswith(("UPDATE", "INSERT"))]
    moved = next(n for n, sql in enumerate(writes) if sql.startswith('UPDATE "orders_order"'))
    kept = next(n for n, sql in enumerate(writes) if sql.startswith('INSERT INTO "orders_attempt"'))
    assert moved < kept


def test_two_lives_of_one_send_that_have_no_row_are_both_listed() -> None:
    """The number of an attempt is given out anew after a restore; the moment of its claim is not.
    The second life may have been told under another halt."""
    order, provider = make_order(), FakeProvider()
    send(order, provider, NOON)
    take_back(order)
    guard.check_database(now=LATER)
    Halt.objects.update(lifted_at=LATER)
    token = f"{order.form_key.hex}-1"
    first = UnmatchedOrder(account=order.provider_id, token=token, sent_at=NOON - DAY)
    first.halt = Halt.objects.get()
    first.save()
    forget(order)
    recalled_sends.recall_sends(order.provider_id, now=LATER)
    assert Halt.objects.standing().filter(kind=HaltKind.RESTORED).exists()
    assert UnmatchedOrder.objects.filter(token=token).count() == 2


def test_two_lives_of_one_send_are_both_listed_under_one_halt() -> None:
    order, provider = make_order(), FakeProvider()
    send(order, provider, NOON)
    token = f"{order.form_key.hex}-1"
    take_back(order)
    guard.check_database(now=LATER)
    halt = Halt.objects.standing().get()
    UnmatchedOrder.objects.create(
        halt=halt, account=order.provider_id, token=token, sent_at=NOON - DAY
    )
    forget(order)
    recalled_sends.recall_sends(order.provider_id, now=LATER)
    assert halt.unmatched_orders.filter(token=token).count() == 2


def lose_and_replay(order: Order, provider: FakeProvider) -> Attempt:
    """Its first answer is lost, and it is said again; what becomes of that nobody hears."""
    provider.then = lost_answer()
    send(order, provider, NOON)
    attempt = order.attempts.get()
    replay_journal.note_replay(attempt)
    return attempt


def test_a_replay_is_found_although_its_send_is_given_back_under_another_number() -> None:
    order, provider = make_order(), FakeProvider()
    lose_and_replay(order, provider)
    take_back(order)
    make_attempt(order, outcome=Outcome.NOT_SENT, started_at=LATER)
    recalled_sends.recall_sends(order.provider_id, now=LATER)
    attempt = order.attempts.get(started_at=NOON)
    assert attempt.number == 2
    assert replay_journal.is_replayed(attempt, now=NOON)


@pytest.mark.parametrize("ended", [Outcome.NOT_SENT, Outcome.REJECTED])
def test_a_send_that_bought_nothing_is_given_back_for_its_replay_that_may_have(
    ended: Outcome,
) -> None:
    order, provider = make_order(), FakeProvider()
    attempt = lose_and_replay(order, provider)
    send_journal.note_end(attempt, SendOutcome(ended, Status.QUEUED, "Nothing was bought."))
    take_back(order)
    Order.objects.update(status=Status.WITHDRAWN, ended_at=NOON)
    recalled_sends.recall_sends(order.provider_id, now=LATER)
    order.refresh_from_db()
    assert order.status == Status.UNCONFIRMED
    assert order.attempts.get().outcome == Outcome.UNKNOWN
