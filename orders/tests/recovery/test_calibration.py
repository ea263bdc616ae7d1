"""What is learned of how a provider gives its ids, and when nothing is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from orders.models import Attempt, Recovery
from orders.recovery import run
from orders.recovery.search import calibrate, rules
from orders.status import Outcome, Status
from providers.actions import leases
from providers.models import LeaseKind, Provider
from providers.panel_api import Dialect, RefusalCode, Unreadable
from tests.builders import NOON, make_attempt, make_order, make_provider, make_user
from tests.fake_provider import progress

pytestmark = [pytest.mark.django_db, pytest.mark.services]
OWN = "20"
UNKNOWN = Unreadable("Incorrect order ID", RefusalCode.UNKNOWN_ORDER)
SECOND = timedelta(seconds=1)


class Panel:
    """Says one thing of our newest order and another of every other id."""

    dialect = Dialect()

    def __init__(self, own: Any = None, foreign: Any = UNKNOWN) -> None:
        self.own, self.foreign = own or progress(), foreign
        self.asked = list[str]()

    def statuses_once(self, order_ids: Sequence[str]) -> dict[str, Any]:
        self.asked += order_ids
        return {one: self.own if one == OWN else self.foreign for one in order_ids}

    def recent_orders(self) -> tuple[()]:
        return ()


@pytest.fixture
def account() -> Provider:
    """Five of its orders are there, numbered as they were sent."""
    account = make_provider()
    for number in (10, 12, 14, 17, 20):
        order = make_order(Status.IN_PROGRESS, provider=account, external_id=str(number))
        make_attempt(order, outcome=Outcome.ACCEPTED, started_at=NOON + number * SECOND)
    Recovery.objects.update_or_create(provider=account, defaults={"least_adds": 5})
    return account


def learned(account: Provider, panel: Panel) -> tuple[bool, str]:
    calibrate.calibrate(account, panel, clock=lambda: NOON)
    kept = Recovery.objects.get(provider=account)
    return kept.is_calibrated, str(kept.calibration["words"])


def test_a_provider_that_knows_our_order_and_refuses_another_id_can_be_searched(account):
    is_calibrated, words = learned(account, Panel())
    assert is_calibrated and "at most 3 apart" in words


def test_one_that_does_not_know_our_own_order_cannot(account):
    is_calibrated, words = learned(account, Panel(own=UNKNOWN))
    assert (is_calibrated, words) == (False, f"It does not know {OWN}, an order of ours.")


def test_nor_can_one_that_tells_of_an_id_that_is_not_ours(account):
    is_calibrated, words = learned(account, Panel(foreign=progress()))
    assert not is_calibrated and "foreign id" in words


def test_rows_whose_clock_was_set_say_nothing_of_how_ids_are_given(account):
    newest = Attempt.objects.order_by("-pk").values_list("pk", flat=True)[0]
    Attempt.objects.filter(pk=newest).update(started_at=NOON)
    panel = Panel()
    is_calibrated, words = learned(account, panel)
    assert not is_calibrated and words.startswith("A clock was set")
    assert panel.asked == [], "no answer could prove anything"


def test_an_account_that_somebody_else_searches_is_left_to_them(account):
    leases.acquire_lease(account.pk, LeaseKind.RECOVERY, now=NOON, seconds=60)
    panel = Panel()
    assert run.recover_account(account, panel, clock=lambda: NOON) is None
    assert panel.asked == [] and Recovery.objects.get(provider=account).calibrated_at is None


def test_the_first_balance_after_a_loss_is_kept_and_a_later_one_is_not(account):
    Recovery.objects.update(enabled=False)
    lost = make_attempt(
        make_order(Status.UNCONFIRMED, provider=account), outcome=Outcome.UNKNOWN, unknown_at=NOON
    )
    for seconds, balance in ((-1, 9), (5, 8), (9, 7)):
        account.balance, account.balance_at = balance, NOON + seconds * SECOND
        run.recover_account(account, Panel(), clock=lambda: NOON + 10 * SECOND)
    lost.refresh_from_db()
    assert (lost.balance_after, lost.balance_after_at) == (8, NOON + 5 * SECOND)


@pytest.mark.parametrize(("since", "kept"), [(-20, 8), (-5, None), (2, None)])
def test_the_balance_of_another_address_or_key_is_not_set_beside_a_loss(account, since, kept):
    """Else the page says by how much the balance fell, and that it may be this order."""
    Recovery.objects.update(enabled=False)
    lost = make_attempt(
        make_order(Status.UNCONFIRMED, provider=account),
        outcome=Outcome.UNKNOWN,
        unknown_at=NOON,
        balance_before=9,
        balance_before_at=NOON - 10 * SECOND,
    )
    Provider.objects.update(here_since=NOON + since * SECOND)
    account.refresh_from_db()
    account.balance, account.balance_at = 8, NOON + 5 * SECOND
    run.recover_account(account, Panel(), clock=lambda: NOON + 10 * SECOND)
    lost.refresh_from_db()
    assert lost.balance_after == kept


def test_a_search_that_was_never_off_is_not_put_on_again(account):
    person = make_user()
    assert not rules.resume(account, actor=person, now=NOON)
    assert not account.events.exists()
    Recovery.objects.update(stopped_because="It contradicted itself.", calibrated_at=NOON)
    assert rules.resume(account, actor=person, now=NOON)
    kept = Recovery.objects.get(provider=account)
    assert (kept.stopped_because, kept.calibrated_at) == ("", None)
    assert account.events.count() == 1
