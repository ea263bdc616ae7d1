from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from core.clocks import database_now
from core.roles import Role
from providers import tasks
from providers.actions.catalog.mirror_catalog import mirror_run
from providers.actions.catalog.snapshots import Snapshot, packed
from providers.connect import client_for
from providers.models import (
    CatalogRun,
    Provider,
    RunState,
    Service,
)
from sandbox import Sandbox
from tests.builders import make_run

from .conftest import Bells, LogIn


@pytest.fixture
def held(account: Provider, box: Sandbox) -> CatalogRun:
    mirror_run(account, client_for, clock=database_now)
    box.change_catalog(halve=True)
    truth = box.services()[0]
    box.edit_service(truth["id"], rate=str(Decimal(truth["rate"]) * 2))
    assert mirror_run(account, client_for, clock=database_now) is RunState.HELD
    return CatalogRun.objects.newest_first()[0]


def test_a_held_catalog_shows_its_difference_and_is_applied(
    manager: Client, held: CatalogRun, rung: Bells
) -> None:
    url = reverse("catalog-run", args=[held.pk])
    page = manager.get(url).content.decode()
    assert "services are gone" in page and "Approve" in page
    assert "+100.0 %" in manager.get(url + "?list=prices").content.decode()
    manager.post(reverse("catalog-run-apply", args=[held.pk]), {"shown": held.shown})
    assert rung == [("providers.mirror", {"provider_id": held.provider_id})]
    assert "every 1s" in manager.get(url).content.decode()
    tasks.mirror(provider_id=held.provider_id)
    page = manager.get(url).content.decode()
    assert "every 1s" not in page and "What changed" in page
    assert Service.objects.exclude(gone_at=None).count() == held.gone


def test_a_held_catalog_is_refused(manager: Client, held: CatalogRun) -> None:
    refuse = reverse("catalog-run-refuse", args=[held.pk])
    said = {"shown": held.shown}
    assert "Rejected" in manager.post(refuse, said, follow=True).content.decode()
    assert "not waiting any more" in manager.post(refuse, said, follow=True).content.decode()
    apply = reverse("catalog-run-apply", args=[held.pk])
    assert "not waiting any more" in manager.post(apply, said, follow=True).content.decode()
    assert Service.objects.offered().count() == 60


def test_who_may_not_decide_sees_the_difference_only(
    client_for_role: LogIn, held: CatalogRun
) -> None:
    viewer = client_for_role(Role.VIEWER)
    page = viewer.get(reverse("catalog-run", args=[held.pk])).content.decode()
    assert "Approve" not in page and "A manager or an admin can approve" in page
    assert viewer.post(reverse("catalog-run-apply", args=[held.pk])).status_code == 403


@pytest.mark.parametrize("page_number", ["0", "-1", "x", "999999"])
def test_an_odd_page_number_is_no_error(
    manager: Client, held: CatalogRun, page_number: str
) -> None:
    url = reverse("catalog-run", args=[held.pk])
    assert manager.get(f"{url}?list=nonsense&page={page_number}").status_code == 200


@pytest.mark.parametrize("state", list(RunState))
def test_a_run_in_any_state_has_a_page(manager: Client, state: RunState) -> None:
    run = make_run(
        state=state,
        step="Writing",
        done=5,
        total=10,
        error="It broke." if state == "failed" else "",
        held_catalog=packed(Snapshot({})) if state == RunState.HELD else None,
        unreadable=2,
        unreadable_samples=["Service 7: Its min is above its max."],
    )
    page = manager.get(reverse("catalog-run", args=[run.pk])).content.decode()
    assert "Its min is above its max." in page
    assert ("every 1s" in page) is (state == RunState.RUNNING)


def test_a_catalog_sync_has_plain_heads(manager: Client, held: CatalogRun) -> None:
    pages = [
        manager.get(reverse("provider", args=[held.provider_id])).content.decode(),
        manager.get(reverse("catalog-run", args=[held.pk])).content.decode(),
    ]
    for page in pages:
        heads = ("Started", "Services", "Added", "Removed")
        assert [word for word in heads if f">{word}</" not in page] == []
        assert not re.search(r">\s*(Begun|Seen|Gone)\s*<", page)
    assert "Reject" in pages[1] and "Refuse" not in pages[1]
