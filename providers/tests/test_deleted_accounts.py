"""An account that was never used is deleted; of every other one the page says why it stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.shown_fields import word_of
from orders.models import Halt, Order, OrderBatch, Recovery, UnmatchedOrder
from orders.recovery.not_placed import two_people_from
from orders.status import HaltKind, Status
from providers.actions import deleting
from providers.actions.as_shown import which_account
from providers.models import BalanceReading, Provider, ProviderHealth
from tests.builders import make_batch, make_order, make_provider, make_service, make_user
from tests.drawn_forms import send
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def an_order(provider: Provider) -> None:
    make_order(Status.WITHDRAWN, service=make_service(provider))


def an_answer(provider: Provider) -> None:
    ProviderHealth.objects.update_or_create(
        provider=provider, defaults={"last_ok_at": timezone.now()}
    )


def a_balance(provider: Provider) -> None:
    BalanceReading.objects.create(provider=provider, amount=1, read_at=timezone.now())


def a_service(provider: Provider) -> None:
    make_service(provider)


def a_listed_send(provider: Provider) -> None:
    halt = Halt.objects.create(
        kind=HaltKind.RESTORED, placed_at=timezone.now(), lifted_at=timezone.now()
    )
    UnmatchedOrder.objects.create(
        halt=halt, account=provider.pk, provider=provider, external_id="7"
    )


def a_restore(provider: Provider) -> None:
    Halt.objects.create(kind=HaltKind.RESTORED, placed_at=timezone.now())


def a_paste(provider: Provider) -> None:
    make_batch(provider=provider)


def test_one_that_was_typed_wrongly_and_never_used_is_deleted(admin: Client) -> None:
    provider = make_provider(name="Typo")
    ProviderHealth.objects.get_or_create(provider=provider)
    address = reverse("provider-delete", args=[provider.pk])
    assert address in admin.get(reverse("provider-edit", args=[provider.pk])).content.decode()
    page = send(admin, address, {}, page=reverse("provider-edit", args=[provider.pk]))
    assert "Typo is deleted." in page.content.decode()
    assert not Provider.objects.exists() and not ProviderHealth.objects.exists()
    assert admin.post(address).status_code == 404


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (an_order, "It has orders"),
        (an_answer, "It has answered"),
        (a_balance, "It has answered"),
        (a_service, "It has services"),
        (a_listed_send, "A comparison after a restore lists orders of it"),
        (a_restore, "The database was put back"),
    ],
)
def test_one_that_was_used_stays_and_its_page_says_why(
    admin: Client, use: Callable[[Provider], None], words: str
) -> None:
    provider = make_provider()
    use(provider)
    address = reverse("provider-delete", args=[provider.pk])
    page = one_line(admin.get(reverse("provider-edit", args=[provider.pk])).content.decode())
    assert "It cannot be deleted." in page and words in page and address not in page
    shown = {"shown": word_of(which_account(provider))}
    assert words in admin.post(address, shown, follow=True).content.decode()
    assert Provider.objects.exists()


def test_what_refers_to_it_keeps_it(admin: Client) -> None:
    provider = make_provider()
    a_paste(provider)
    there = reverse("provider-edit", args=[provider.pk])
    answer = send(admin, reverse("provider-delete", args=[provider.pk]), {}, page=there)
    assert "Something refers to it" in answer.content.decode()
    assert Provider.objects.exists() and OrderBatch.objects.exists()


def test_an_order_that_came_after_the_questions_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = make_provider()

    def asked_before(_provider: Any) -> str:
        an_order(provider)
        return ""

    monkeypatch.setattr(deleting, "why_kept", asked_before)
    assert "Something refers to it" in deleting.delete_provider(provider.pk, actor=make_user())
    assert Provider.objects.exists() and Order.objects.exists()


def a_pair() -> tuple[Provider, Provider]:
    first = make_provider(url="https://panel.example/api/v2")
    return first, make_provider(url="https://PANEL.example/v2/")


@pytest.mark.parametrize("has_rules", [True, False])
def test_a_row_that_is_deleted_leaves_the_limits_of_its_account_to_the_other(
    has_rules: bool,
) -> None:
    unused, kept = a_pair()
    Recovery.objects.create(
        provider=unused, two_people_above=5, lost_amount=70, lost_in_a_row=0, enabled=False
    )
    if has_rules:
        Recovery.objects.create(
            provider=kept, two_people_above=9, lost_amount=60, lost_in_a_row=4, least_adds=7
        )
    assert two_people_from(kept.pk) == 5
    assert deleting.delete_provider(unused.pk, actor=make_user()) == ""
    assert two_people_from(kept.pk) == 5
    rules = kept.recovery
    assert rules.lost_amount == (60 if has_rules else 70)
    assert rules.lost_in_a_row == (4 if has_rules else 3) and rules.enabled
    assert rules.least_adds == (7 if has_rules else 50)


def test_a_row_that_is_deleted_leaves_its_place_to_the_other() -> None:
    unused, kept = a_pair()
    assert kept.is_allowed_twin
    assert deleting.delete_provider(unused.pk, actor=make_user()) == ""
    kept.refresh_from_db()
    assert not kept.is_allowed_twin
    with pytest.raises(IntegrityError), transaction.atomic():
        Provider.objects.create(name="Third", url=kept.url, upstream=kept.upstream)


def test_a_row_whose_stop_holds_for_another_stays() -> None:
    unused, _kept = a_pair()
    halt = Halt.objects.create(
        kind=HaltKind.EXPOSURE, provider=unused, placed_at=timezone.now(), reason="Lost."
    )
    assert "A stop of it also holds" in deleting.delete_provider(unused.pk, actor=make_user())
    Halt.objects.filter(pk=halt.pk).update(lifted_at=timezone.now())
    assert deleting.delete_provider(unused.pk, actor=make_user()) == ""
