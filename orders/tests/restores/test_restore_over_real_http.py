"""A backup is really restored while the sandbox remembers; nothing is bought twice."""

from __future__ import annotations

import sqlite3
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings as desk
from django.core.management import call_command
from django.core.management.color import no_style
from django.core.serializers import deserialize, serialize
from django.db import connection, connections, transaction

from core.clocks import database_now
from core.failpoints import armed
from core.roles import Role
from orders.draft import OrderDraft
from orders.models import Halt, Order, UnmatchedOrder
from orders.placing import place_orders
from orders.recovery import link_orders
from orders.restores import compare_accounts
from orders.restores import tasks as restores_tasks
from orders.sending import tasks as sending_tasks
from orders.sending.restore_check import recalled_sends
from orders.status import HaltKind, Status
from providers.connect import client_for
from providers.models import Lease, Provider, ProviderHealth
from providers.panel_api import DefaultPayload
from tests.builders import make_service, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


@pytest.fixture
def backup(tmp_path) -> Callable[[], Callable[[], None]]:
    """Makes a backup of everything; what comes back restores it."""

    def make() -> Callable[[], None]:
        if connection.vendor != "sqlite":
            return _dump()
        connection.ensure_connection()
        kept = sqlite3.connect(tmp_path / "backup.sqlite3")
        connection.connection.backup(kept)
        kept.close()

        def restore() -> None:
            connections.close_all()
            name = connection.settings_dict["NAME"]
            for part in (name, f"{name}-wal", f"{name}-shm"):
                Path(part).unlink(missing_ok=True)
            Path(name).write_bytes((tmp_path / "backup.sqlite3").read_bytes())

        return restore

    return make


def _dump() -> Callable[[], None]:
    """PostgreSQL, into the same tables: neither the cluster nor the tables change their names."""
    models = [model for model in apps.get_models() if model._meta.managed]
    rows = serialize("python", (row for model in models for row in model._base_manager.all()))

    def restore() -> None:
        call_command("flush", interactive=False, verbosity=0, inhibit_post_migrate=True)
        with transaction.atomic():
            for row in deserialize("python", rows):
                row.save()
        with connection.cursor() as cursor:
            for line in connection.ops.sequence_reset_sql(no_style(), models):
                cursor.execute(line)

    return restore


def service_of(account: Provider):
    item = next(i for i in client_for(account).services().items if i.type == "Default")
    return make_service(
        account, external_id=item.service_id, rate=item.rate, min=item.min, max=item.max
    )


def place(service) -> Order:
    payload = DefaultPayload(
        service_id=service.external_id,
        link=f"https://lumen.example/p/{uuid.uuid4()}",
        quantity=int(service.min),
    )
    draft = OrderDraft(service, payload, uuid.uuid4())
    return place_orders.place_order(draft, placed_by=None, now=database_now())[0]


def bought(box) -> Counter[str]:
    return Counter(str(order["link"]) for order in box.ledger())


def now_is(order: Order) -> tuple[str, str]:
    order = Order.objects.get(pk=order.pk)
    return order.status, order.external_id


def send_now(account: Provider) -> None:
    """As if the pauses after failed tries, and the leases of workers that are gone, were over."""
    ProviderHealth.objects.update(next_add_at=None)
    Lease.objects.update(holder="", held_until=None)
    sending_tasks.dispatch(provider_id=account.pk)


def run_and_accept() -> None:
    """What a manager does on the page, once nothing on it is open."""
    boss = make_user(Role.MANAGER)
    halt = Halt.objects.get(kind=HaltKind.RESTORED, lifted_at=None)
    run = compare_accounts.start_run(halt, actor=boss, now=database_now())
    assert run is not None
    restores_tasks.compare(run_id=run.pk)
    run.refresh_from_db()
    assert compare_accounts.acknowledge(run, actor=boss, note="Looked.", now=database_now())


def test_the_machine_that_sent_them_gives_them_back(box, account, backup):
    service = service_of(account)
    before = place(service)
    sending_tasks.dispatch(provider_id=account.pk)
    queued_then = place(service)
    restore = backup()
    sending_tasks.dispatch(provider_id=account.pk)
    placed_since = place(service)
    sending_tasks.dispatch(provider_id=account.pk)
    truth = {str(order["link"]): str(order["id"]) for order in box.ledger()}
    restore()

    assert now_is(queued_then) == (Status.QUEUED, "")
    sending_tasks.dispatch(provider_id=account.pk)
    restores_tasks.import_spool()
    assert now_is(queued_then) == (Status.PENDING, truth[queued_then.link])
    assert now_is(before) == (Status.PENDING, truth[before.link])
    assert UnmatchedOrder.objects.get().external_id == truth[placed_since.link]

    waiting = place(service)
    sending_tasks.dispatch(provider_id=account.pk)
    assert now_is(waiting) == (Status.QUEUED, ""), "until somebody has looked"
    run_and_accept()
    restores_tasks.import_spool()
    send_now(account)
    assert now_is(waiting)[0] == Status.PENDING
    assert set(bought(box).values()) == {1}
    assert len(bought(box)) == 4


def test_what_another_machine_had_sent_is_found_at_the_provider(box, account, backup, settings):
    service = service_of(account)
    for _ in range(2):
        place(service)
        sending_tasks.dispatch(provider_id=account.pk)
    sent_since, never_sent = place(service), place(service)
    restore = backup()
    here, settings.DATA_DIR = settings.DATA_DIR, desk.DATA_DIR / "another-machine"
    Order.objects.filter(pk=never_sent.pk).update(send_after=database_now().replace(year=2999))
    sending_tasks.dispatch(provider_id=account.pk)
    settings.DATA_DIR = here
    truth = {str(order["link"]): str(order["id"]) for order in box.ledger()}
    restore()

    call_command("quarantine", verbosity=0)
    sending_tasks.dispatch(provider_id=account.pk)
    boss = make_user(Role.MANAGER)
    halt = Halt.objects.get(kind=HaltKind.RESTORED, lifted_at=None)
    run = compare_accounts.start_run(halt, actor=boss, now=database_now())
    assert run is not None
    restores_tasks.compare(run_id=run.pk)
    unmatched = UnmatchedOrder.objects.get()
    assert unmatched.external_id == truth[sent_since.link]
    taken = Order.objects.select_related("provider").get(pk=sent_since.pk)
    now = database_now()
    recalled_sends.take_as_sent(taken, started_at=now, now=now, actor=boss, reason="Found there.")
    assert link_orders.link_order(
        taken, unmatched.external_id, actor=boss, client=client_for(account), clock=database_now
    )
    run.refresh_from_db()
    assert compare_accounts.acknowledge(run, actor=boss, note="Looked.", now=database_now())
    restores_tasks.import_spool()
    send_now(account)
    assert now_is(sent_since) == (Status.PENDING, truth[sent_since.link])
    assert now_is(never_sent)[0] == Status.PENDING
    assert set(bought(box).values()) == {1}


def test_a_backup_made_in_the_middle_of_a_send_ends_well(box, account, backup):
    """The claim is in the backup, its end is not: the answer comes from this machine's disk."""
    service = service_of(account)
    order = place(service)
    made: list[Callable[[], None]] = []
    with armed("send.answered", lambda: made.append(backup())):
        sending_tasks.dispatch(provider_id=account.pk)
    made[0]()
    assert now_is(order) == (Status.SENDING, "")
    waiting = place(service)
    send_now(account)  # another is in flight, as far as this database knows
    assert len(box.ledger()) == 1
    call_command("quarantine", verbosity=0)
    restores_tasks.import_spool()
    assert now_is(order) == (Status.PENDING, str(box.ledger()[0]["id"]))
    run_and_accept()
    send_now(account)
    assert now_is(waiting)[0] == Status.PENDING
    assert set(bought(box).values()) == {1}
