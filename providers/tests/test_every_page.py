from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from providers.models import (
    CatalogRun,
    ChangeKind,
    ConnectionReport,
    Provider,
    ProviderHealth,
    RunState,
    Service,
    ServiceChange,
)
from tests.builders import NOON, make_provider, make_run, make_service
from tests.query_counts import queries_of


@pytest.mark.parametrize("name", ["provider", "catalog-run", "services", "service-changes"])
def test_the_swapped_fragment_stands_in_the_whole_page(manager: Client, name: str) -> None:
    run = make_run(state=RunState.APPLIED)
    service = make_service(run.provider)
    ServiceChange.objects.create(
        service=service,
        provider=run.provider,
        run=run,
        kind=ChangeKind.RATE,
        before="1",
        after="2",
        seen_at=NOON,
    )
    args = {"provider": [run.provider_id], "catalog-run": [run.pk]}.get(name, [])
    url = reverse(name, args=args)
    whole = manager.get(url).content.decode()
    part = manager.get(url, headers={"HX-Request": "true"}).content.decode()

    def bare(text: str) -> str:
        return "\n".join(line for line in text.splitlines() if "csrfmiddlewaretoken" not in line)

    assert bare(part).strip() in bare(whole)
    assert "<html" not in part and len(part) > 300


@pytest.mark.parametrize("name", ["providers", "services", "service-changes", "service-search"])
def test_ten_rows_cost_what_one_row_costs(manager: Client, name: str) -> None:
    def more(count: int) -> None:
        for _ in range(count):
            service = make_service()
            make_run(service.provider)
            ServiceChange.objects.create(
                service=service, provider=service.provider, kind=ChangeKind.NEW, seen_at=NOON
            )

    url = reverse(name) + ("?q=website" if name == "service-search" else "")
    more(1)
    manager.get(url)
    one = queries_of(lambda: manager.get(url))
    more(9)
    ten = queries_of(lambda: manager.get(url))
    assert len(ten) == len(one)


HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>{{ 7|add:7 }}\u202e</td>'


@dataclass(frozen=True)
class Hostile:
    """A provider all of whose words are an attack, and what it has."""

    provider: Provider
    service: Service
    orderable: Service
    run: CatalogRun


@pytest.fixture
def hostile() -> Hostile:
    provider = make_provider(
        name=f"N {HOSTILE}"[:80],
        balance=Decimal(1),
        balance_at=NOON,
        balance_currency="<b>",
        currency="USD",
        balance_error=HOSTILE,
        paused_reason=HOSTILE,
        state="paused",
        notes=HOSTILE,
    )
    ProviderHealth.objects.filter(pk=provider.pk).update(
        last_error=HOSTILE, open_until=NOON, last_error_at=NOON
    )
    ConnectionReport.objects.create(
        provider=provider,
        run_at=NOON,
        ended_at=NOON,
        findings=[{"topic": HOSTILE, "level": "warn", "words": HOSTILE, "detail": HOSTILE}],
    )
    provider.remember(HOSTILE, now=NOON)
    service = make_service(
        provider,
        name=HOSTILE,
        category=HOSTILE,
        published_type=HOSTILE[:80],
        type="",
        description=HOSTILE,
        average_time=HOSTILE,
    )
    orderable = make_service(provider, name=HOSTILE, category=HOSTILE)
    Provider.objects.filter(pk=provider.pk).update(state="active")
    run = make_run(
        provider,
        state=RunState.FAILED,
        held_because=HOSTILE,
        error=HOSTILE,
        unreadable_samples=[HOSTILE],
    )
    for kind in ChangeKind:
        ServiceChange.objects.create(
            service=service,
            provider=provider,
            run=run,
            kind=kind,
            before=HOSTILE,
            after=HOSTILE,
            seen_at=NOON,
        )
    return Hostile(provider, service, orderable, run)


def test_hostile_text_of_a_provider_stays_text_on_every_page(
    manager: Client, hostile: Hostile
) -> None:
    for url in (
        reverse("providers"),
        reverse("provider", args=[hostile.provider.pk]),
        reverse("provider-pause", args=[hostile.provider.pk]),
        reverse("catalog-run", args=[hostile.run.pk]),
        reverse("services"),
        reverse("services") + "?q=img",
        reverse("service", args=[hostile.service.pk]),
        reverse("service", args=[hostile.orderable.pk]),
        reverse("service-search") + "?q=onerror",
        reverse("service-changes"),
    ):
        page = manager.get(url).content.decode()
        assert "&lt;img src=x" in page, url
        assert "<img src=x" not in page and "<script>alert" not in page, url
