"""Two rows with the same server and key are one account upstream."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any, cast

import pytest
from django.urls import reverse

from core import clocks
from core.roles import Role
from orders.models import Attempt, Halt, Order, Recovery
from orders.recovery import link_orders, not_placed
from orders.recovery.search import id_range
from orders.recovery.search.recovery_run import RecoveryRun
from orders.sending import claims, halts
from orders.sending.send_orders import send_order
from orders.status import Flag, HaltKind, Outcome, Status
from providers.actions.accounts import AccountIsKept, add_provider, fingerprint, set_key
from providers.actions.calling import MustWait
from providers.connect import client_for
from providers.identity import same_account, server_of
from providers.models import Provider
from providers.panel_api import WrittenPayload
from tests.builders import NOON, make_attempt, make_order, make_provider, make_service, make_user
from tests.drawn_forms import send
from tests.fake_provider import FakeProvider, lost_answer

from .bench import GRACE, Bench

pytestmark = [pytest.mark.django_db, pytest.mark.services]
KEY = "one-key-for-both-0123"
FIRST, SECOND = clocks.SEARCH_AFTER_SECONDS


@pytest.mark.parametrize(
    "url",
    [
        "https://panel.example/api/v2",
        "https://panel.example/api/v2/",
        "https://PANEL.example/",
        "https://panel.example:443/v1?x=1",
        "http://panel.example/api/v2",
    ],
)
def test_a_server_is_the_same_however_it_is_written(url):
    assert server_of(url) == server_of("https://panel.example/api/v2")
    assert server_of(url) != server_of("https://panel.example:8443/api/v2")


def test_a_second_row_of_an_account_is_refused():
    first = make_provider(url="https://panel.example/api/v2", key=KEY)
    add = partial(add_provider, name="Second", currency="USD", actor=None, now=NOON)
    with pytest.raises(AccountIsKept, match=first.name):
        add(url="https://panel.example/api/v2/", key=KEY)
    other = add(url="https://panel.example/api/v2/", key="another-key-01234")
    with pytest.raises(AccountIsKept, match=first.name):
        set_key(other, KEY, actor=None, now=NOON)
    assert set_key(first, KEY, actor=None, now=NOON), "its own key again is no second row"


def test_a_row_beside_one_that_is_kept_twice_from_before_is_refused():
    """Which the rule of the database leaves out."""
    first = make_provider(url="https://panel.example/api/v2", key=KEY, is_allowed_twin=True)
    add = partial(add_provider, name="Second", currency="USD", actor=None, now=NOON)
    with pytest.raises(AccountIsKept, match=first.name):
        add(url="https://panel.example/api/v2/", key=KEY)


def test_the_form_says_which_row_it_is(client_for_role):
    first = make_provider(url="https://panel.example/api/v2", key=KEY)
    browser = client_for_role(Role.ADMIN)
    said = {"name": "Second", "url": "https://panel.example/v2", "key": KEY, "currency": "USD"}
    answer = browser.post(reverse("provider-new"), said)
    assert answer.status_code == 422 and first.name in answer.content.decode()
    assert Provider.objects.count() == 1
    other = make_provider(url="https://panel.example/v3", key="another-key-01234")
    answer = send(browser, reverse("provider-key", args=[other.pk]), {"key": KEY})
    assert answer.status_code == 422 and first.name in answer.content.decode()
    other.refresh_from_db()
    assert other.key_fingerprint == fingerprint("another-key-01234")


def duplicate_of(bench: Bench) -> Provider:
    """From before such a row was refused."""
    return make_provider(
        url=f"{bench.box.url}/", key=bench.box.key, add_spacing_ms=0, calls_per_minute=60_000
    )


def test_one_order_at_a_time_is_on_its_way_to_both_rows(box):
    bench = Bench(box)
    duplicate = duplicate_of(bench)
    assert same_account(duplicate) == [bench.provider.pk, duplicate.pk]
    mine, theirs = bench.place(), make_order(service=make_service(duplicate))
    assert claims.claim(mine, bench.provider, now=NOON)
    assert claims.claim(theirs, duplicate, now=NOON) is None
    Attempt.objects.update(outcome=Outcome.NOT_SENT)
    assert claims.claim(theirs, duplicate, now=NOON)


@pytest.mark.parametrize("narrow", ["first", "second"])
def test_the_narrowest_of_their_limits_asks_for_a_second_person(narrow):
    """Whichever row the order went through, and whichever an admin has set it on."""
    url = "https://panel.example/api/v2"
    first, second = (make_provider(url=url, key=KEY) for _ in range(2))
    set_on, other = (first, second) if narrow == "first" else (second, first)
    Recovery.objects.create(provider=set_on, two_people_above=Decimal(50))
    Recovery.objects.create(provider=other, two_people_above=Decimal(90))
    foreign = make_provider(url=url, key="another-key-01234")
    for account, two in ((first, True), (second, True), (foreign, False)):
        lost = make_order(Status.UNCONFIRMED, service=make_service(account), estimate_high=60)
        assert not_placed.takes_two(lost) is two


def test_a_lost_order_holds_both_rows(box):
    bench = Bench(box).calibrated()
    theirs = make_order(service=make_service(duplicate := duplicate_of(bench)))
    bench.lose(taken=True)
    assert claims.claim(theirs, duplicate, now=bench.now) is None
    assert bench.recover(after=FIRST).found == 1
    assert claims.claim(theirs, duplicate, now=bench.now)


def test_what_the_other_row_has_bought_is_not_what_this_one_has_lost(box):
    bench = Bench(box).calibrated()
    lost = bench.lose(taken=False)
    duplicate = duplicate_of(bench)
    bench.lift_halt()
    theirs = bench.place()
    placed = client_for(duplicate).add(WrittenPayload(theirs.payload))
    Order.objects.filter(pk=theirs.pk).update(
        provider=duplicate, status=Status.COMPLETED, external_id=placed.order_id
    )
    theirs.refresh_from_db()
    make_attempt(theirs, provider=duplicate, outcome=Outcome.ACCEPTED, started_at=bench.now)
    for after in (FIRST, SECOND, GRACE):
        bench.recover(after=after)
    assert Order.objects.get(pk=lost.pk).external_id == ""
    assert id_range.claimed(same_account(bench.provider), [placed.order_id]) == {placed.order_id}
    with pytest.raises(link_orders.CannotLink, match="already our order"):
        link_orders.link_order(
            Order.objects.get(pk=lost.pk),
            placed.order_id,
            actor=make_user(),
            client=client_for(bench.provider),
            clock=bench.clock,
        )


def test_an_id_that_an_order_of_the_other_row_has_is_nobody_s():
    one, two = (
        make_provider(url=f"https://panel.example/{path}", key=KEY) for path in ("v2", "v2/")
    )
    there = make_order(Status.IN_PROGRESS, provider=one, external_id="23501")
    order = make_order(provider=two)
    assert send_order(order, two, FakeProvider(), clock=lambda: NOON)
    for known in (there, order):
        known.refresh_from_db()
        assert known.flag == Flag.ID_REUSED
    assert (order.status, order.external_id) == (Status.UNCONFIRMED, "")


def two_rows(**rules: Any) -> list[Provider]:
    """Of one account: the newer one has the rules."""
    url = "https://panel.example/api/v2"
    rows = [make_provider(url=url, key=KEY, add_spacing_ms=0) for _ in range(2)]
    Recovery.objects.create(provider=rows[0], lost_in_a_row=0, lost_amount=None)
    Recovery.objects.create(provider=rows[1], **{"lost_in_a_row": 0, **rules})
    return rows


def lose_at(row: Provider) -> None:
    halts.lift_halt(HaltKind.ANSWER_LOST, now=NOON, provider=row)
    fake = FakeProvider()
    fake.then = lost_answer()
    order = make_order(service=make_service(row), estimate=Decimal(30), estimate_high=Decimal(30))
    assert send_order(order, row, fake, clock=lambda: NOON)


@pytest.mark.parametrize("rules", [{"lost_in_a_row": 2}, {"lost_amount": Decimal(50)}])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_both_rows_have_lost_is_counted_together(order, rules):
    rows = two_rows(**rules)
    lose_at(rows[order[0]])
    assert not Halt.objects.standing().filter(kind=HaltKind.EXPOSURE).exists()
    for row in rows:
        halts.lift_halt(HaltKind.ANSWER_LOST, now=NOON, provider=row)
    lose_at(rows[order[1]])
    stopped = Halt.objects.standing().get(kind=HaltKind.EXPOSURE)
    later = NOON + timedelta(minutes=1)
    halts.lift_halt(HaltKind.EXPOSURE, now=later, provider=stopped.provider, actor=make_user())
    for row in rows:
        assert halts._too_many(row, later) == "", "a person has seen what either of them lost"


def test_both_rows_share_the_calls_of_an_hour():
    rows = two_rows(calls_per_hour=2)
    Recovery.objects.update(calls_per_hour=2)
    runs = [RecoveryRun.of(row, cast(Any, FakeProvider()), lambda: NOON) for row in rows]
    for run in runs:
        run.spend()
    for run in runs:
        with pytest.raises(MustWait):
            run.spend()
