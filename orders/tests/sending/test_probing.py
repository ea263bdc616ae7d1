"""A failed send tells of the account, and orders go out within seconds of its return."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from orders.models import Order
from orders.polling import probe_account
from orders.sending import send_run, sweep_due
from orders.status import Status
from orders.wake_ups import account_of
from providers.account_health import AccountState, account_health
from providers.actions.note_calls import note_success
from providers.actions.token_bucket import next_add
from providers.models import Provider, ProviderHealth
from providers.panel_api import (
    Evidence,
    NotSent,
    OutcomeUnknown,
    Placed,
    Progress,
    ProviderError,
    Unavailable,
    Unreadable,
)
from tests.builders import NOON, make_order, make_provider
from tests.fake_provider import FakeProvider

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def evidence(*chain: str, status: int | None = None) -> Evidence:
    return Evidence("seen", bytes_left=False, http_status=status, exception_chain=chain)


def state_of(provider: Provider) -> AccountState:
    return account_health(Provider.objects.for_list().get(pk=provider.pk), now=NOON).state


class Failing(FakeProvider):
    """Every order ends in this error."""

    def __init__(self, error: ProviderError) -> None:
        super().__init__()
        self.error = error

    def add(self, *args: object, **how: object) -> Placed:
        raise self.error


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (NotSent("Refused.", evidence("ConnectionRefusedError: x")), AccountState.DOWN),
        (OutcomeUnknown("No answer.", evidence("TimeoutError: x")), AccountState.DOWN),
        (OutcomeUnknown("A gateway's page.", evidence(status=502)), AccountState.DOWN),
        (OutcomeUnknown("Not understood.", evidence(status=200)), AccountState.HEALTHY),
        (NotSent("Paused.", evidence("PreSendCheckFailed: Paused.")), AccountState.HEALTHY),
    ],
    ids=["refused", "no answer", "gateway", "not understood", "our own check before sending"],
)
def test_a_failed_send_touches_the_health_where_the_way_there_failed(
    error: ProviderError, state: AccountState
) -> None:
    order = make_order(Status.QUEUED)
    note_success(order.provider, now=NOON)
    send_run.send_queued(order.provider, Failing(error), clock=lambda: NOON, seconds=1)
    assert Order.objects.get().status != Status.QUEUED or isinstance(error, NotSent)
    assert state_of(order.provider) is state


def test_orders_go_out_at_once_when_a_probe_has_answered() -> None:
    order = make_order(Status.QUEUED)
    error = NotSent("Refused.", evidence("ConnectionRefusedError: x"))
    send_run.send_queued(order.provider, Failing(error), clock=lambda: NOON, seconds=1)
    later = NOON + timedelta(seconds=10)
    assert sweep_due.providers_to_ring(later) == []  # nobody sends into the dark
    assert probe_account.accounts_to_probe(later) == [(order.provider_id, False)]
    note_success(order.provider, now=later)
    assert sweep_due.providers_to_ring(later) == [order.provider_id]
    assert next_add(order.provider, now=later) == 0


def test_a_probe_comes_within_seconds_however_often_the_account_failed() -> None:
    order = make_order(Status.QUEUED)
    error = NotSent("Refused.", evidence("ConnectionRefusedError: x"))
    ProviderHealth.objects.update(failures=50)
    send_run.send_queued(order.provider, Failing(error), clock=lambda: NOON, seconds=1)
    assert probe_account.accounts_to_probe(NOON + timedelta(seconds=30))


def test_where_the_balance_fails_the_status_of_an_order_is_asked_for() -> None:
    provider = make_provider(balance_error="HTTP 500")
    ProviderHealth.objects.filter(pk=provider.pk).update(last_ok_at=NOON, last_error_at=NOON)
    assert probe_account.accounts_to_probe(NOON) == []
    ProviderHealth.objects.update(last_error_at=NOON + timedelta(seconds=1))
    make_order(Status.COMPLETED, provider=provider, external_id="77")
    assert probe_account.accounts_to_probe(NOON) == [(provider.pk, True)]

    class Answers:
        def __init__(self, error: ProviderError | None) -> None:
            self.error, self.asked = error, list[str]()

        def statuses_once(self, order_ids: Sequence[str]) -> dict[str, Progress | Unreadable]:
            self.asked += order_ids
            if self.error:
                raise self.error
            return {}

    client = Answers(None)
    assert probe_account.probe_by_status(
        provider, client, clock=lambda: NOON + timedelta(seconds=2)
    )
    assert client.asked == ["77"]
    assert probe_account.accounts_to_probe(NOON + timedelta(seconds=2)) == []
    failing = Answers(Unavailable("down"))
    assert not probe_account.probe_by_status(
        provider, failing, clock=lambda: NOON + timedelta(seconds=3)
    )
    assert state_of(provider) is AccountState.DOWN


def test_a_stored_key_that_cannot_be_read_is_said_and_heals() -> None:
    provider = make_provider()
    stored = provider.key_ciphertext
    Provider.objects.update(key_ciphertext="gAAAAA-of-another-desk")
    assert account_of(provider.pk) is None
    assert state_of(provider) is AccountState.KEY_UNREADABLE
    Provider.objects.update(key_ciphertext=stored)
    assert account_of(provider.pk) is not None
    assert state_of(provider) is not AccountState.KEY_UNREADABLE
