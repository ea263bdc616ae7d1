"""A paste to its end against the sandbox, over real HTTP; its ledger is the truth."""

from __future__ import annotations

from collections import Counter

import pytest

from core.roles import Role
from orders.mass import tasks as mass_tasks
from orders.mass.mass_order import digest_of_good
from orders.mass.place_lines import CHUNK
from orders.models import Order, OrderBatch
from orders.sending import tasks as sending_tasks
from orders.status import Status
from providers.connect import client_for
from tests.builders import make_service, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]
LINES = CHUNK + 10


def services_of(account, *type_names):
    items = client_for(account).services().items
    for type_name in type_names:
        item = next(item for item in items if item.type == type_name)
        yield make_service(
            account,
            external_id=item.service_id,
            type=type_name,
            rate=item.rate,
            min=item.min,
            max=item.max,
            name=item.name,
        )


def paste_of(plain, talking) -> str:
    """Orders of two types, one wrong line and one that repeats another."""
    rows = ["service,link,quantity,comments,reference"]
    for number in range(LINES):
        link = f"https://lumen.example/p/{number}"
        if number % 10:
            rows.append(f"{plain.external_id},{link},{int(plain.min) + number},,REF-{number}")
        else:
            said = "\n".join(f"Comment {n} on {number}" for n in range(int(talking.min)))
            rows.append(f'{talking.external_id},{link},,"{said}",REF-{number}')
    rows.append(f"{plain.external_id},https://lumen.example/wrong,0,,")
    rows.append(rows[2])
    return "\n".join(rows)


def test_more_pasted_lines_than_are_placed_together_arrive_each_once(client, box, account):
    plain, talking = services_of(account, "Default", "Custom Comments")
    client.force_login(make_user(Role.MANAGER))
    client.post(
        "/orders/mass-orders/new/", {"text": paste_of(plain, talking), "provider": account.pk}
    )
    batch = OrderBatch.objects.get()
    assert (batch.total, batch.good, batch.wrong) == (LINES + 2, LINES, 2)
    assert box.ledger() == []  # a dry run tells the provider nothing
    client.post(f"/orders/mass-orders/{batch.pk}/place/", {"shown": digest_of_good(batch, None)})
    while OrderBatch.objects.get().placed < LINES:  # in as many turns as a busy machine takes
        mass_tasks.place_batch(batch_id=batch.pk)
    mass_tasks.place_batch(batch_id=batch.pk)  # bells ring twice
    while Order.objects.filter(status=Status.QUEUED).exists():
        sending_tasks.dispatch(provider_id=account.pk)
    batch.refresh_from_db()
    assert batch.placed == LINES
    ledger = {str(truth["id"]): truth for truth in box.ledger()}
    assert len(ledger) == LINES
    for order in batch.orders.all():
        truth = ledger[order.external_id]
        arrived = {"service": str(truth["service"]), "link": truth["link"], **truth["fields"]}
        assert {name: arrived[name] for name in order.payload} == order.payload
    assert Counter(truth["link"] for truth in ledger.values()).most_common(1)[0][1] == 1
    assert batch.orders.get(reference="REF-7").link == "https://lumen.example/p/7"
