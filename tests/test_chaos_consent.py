"""The check of consent sees what was known at a claim, whatever the desk's clock says of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from orders.models import Order
from orders.status import HoldReason, Status
from orders.terms import Terms
from providers.models import ProposedTerms
from tests.builders import make_attempt, make_order, make_run, make_service
from tests.chaos import rows
from tests.chaos.checker import Kind
from tests.chaos.consent import Claim, Offer, Sample, Samples, check_consent
from tests.chaos.plan import is_left_held
from tests.chaos.right_time import RightTime
from tests.test_chaos_report import ThisDatabase

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
AGREED = Offer(Decimal("0.9"), "Website visits", "Default")
DEARER = AGREED._replace(rate=Decimal("2.7"))
CLAIM = Claim(1, 7, 5, NOON + timedelta(seconds=3), AGREED)
RIGHT = RightTime()


def samples(*offers: Offer, claim: Claim = CLAIM) -> list[Sample]:
    """One every two seconds; the claim is there in the last one."""
    taken = [Sample(NOON + timedelta(seconds=2 * n), {5: one}) for n, one in enumerate(offers)]
    return [*taken[:-1], replace(taken[-1], claims=(claim,))]


@pytest.mark.parametrize(
    "offer",
    [
        DEARER,
        AGREED._replace(rate=None),
        AGREED._replace(name="Poster"),
        AGREED._replace(type="Package"),
        AGREED._replace(is_there=False),
    ],
)
def test_a_send_under_terms_nobody_agreed_to_is_seen(offer: Offer) -> None:
    checked = check_consent(samples(AGREED, offer, offer), RIGHT)
    assert [one.kind for one in checked.violations] == [Kind.CONSENT]


def test_what_is_within_the_tolerance_or_cheaper_is_no_harm() -> None:
    for rate in ("0.945", "0.9", "0.1"):
        offer = AGREED._replace(rate=Decimal(rate))
        checked = check_consent(samples(offer, offer, offer), RIGHT)
        assert (checked.looked_at, checked.moved, checked.violations) == (1, rate != "0.9", ())


@pytest.mark.parametrize(
    "offers",
    [(AGREED, AGREED, DEARER), (DEARER, AGREED, DEARER), (AGREED, DEARER, AGREED), (DEARER,)],
    ids=["known too late", "came and went", "gone again", "no look before it"],
)
def test_what_may_not_have_been_known_at_the_claim_is_nobodys_fault(
    offers: tuple[Offer, ...],
) -> None:
    assert not check_consent(samples(*offers), RIGHT).violations


def test_a_claim_is_found_in_time_although_the_clock_stepped() -> None:
    right = RightTime([(NOON - timedelta(hours=2), 3600.0)])
    late = replace(CLAIM, started_at=CLAIM.started_at + timedelta(hours=1))
    taken = samples(AGREED, DEARER, DEARER, claim=late)
    assert check_consent(taken, right).violations
    early = replace(late, started_at=late.started_at - timedelta(seconds=2))
    assert not check_consent(samples(AGREED, DEARER, DEARER, claim=early), right).violations


def test_a_time_between_two_moments_is_that_of_a_right_clock() -> None:
    began, back = NOON - timedelta(minutes=5), NOON + timedelta(minutes=1)
    right = RightTime([(began, 0.0), (NOON, -86_400.0), (back, 0.0)])
    begin, end = NOON - timedelta(seconds=30), NOON + timedelta(seconds=30)
    assert right.seconds(begin, end - timedelta(days=1)) == 60
    assert right.seconds(end - timedelta(days=1), NOON + timedelta(seconds=90)) == 60
    assert RIGHT.seconds(begin, end) == 60


@pytest.mark.services
@pytest.mark.django_db
def test_a_look_sees_the_newest_terms_at_the_dearer_price_and_each_claim_once() -> None:
    service = make_service(rate=Decimal("0.9"))
    agreed = Terms.of(service).as_json()
    order = make_order(Status.SENDING, service=service, provider=service.provider, terms=agreed)
    attempt = make_attempt(order, started_at=NOON)
    seen = Samples(ThisDatabase(), [service.pk])
    seen.take()
    ProposedTerms.objects.create(
        service=service,
        provider=service.provider,
        run=make_run(service.provider),
        name="Poster",
        type="Default",
        rate=Decimal("0.5"),
    )
    seen.take()
    own = Offer(Decimal("0.9"), service.name, "Default")
    assert [look.offers[service.pk] for look in seen.taken] == [own, own._replace(name="Poster")]
    claim = Claim(attempt.pk, order.pk, service.pk, NOON, own)
    assert [look.claims for look in seen.taken] == [(claim,), ()]


@pytest.mark.services
@pytest.mark.django_db
def test_only_orders_that_people_leave_may_wait_for_consent() -> None:
    held = [
        make_order(Status.HELD, hold_reason=HoldReason.TERMS) for _ in range(10)
    ]  # one of ten numbers in a row is left
    left = {order.pk for order in held if is_left_held(order.pk)}
    waiting = {one.number for one in rows.shown_in(ThisDatabase()) if one.waits_for_consent}
    assert waiting == left and len(left) == 1
    assert set(rows.held_for_terms_in(ThisDatabase())) == {order.pk for order in held} - left
    assert rows.unfinished_in(ThisDatabase()) == 9
    Order.objects.filter(pk__in=left).update(hold_reason=HoldReason.SPEND_LIMIT)
    assert rows.unfinished_in(ThisDatabase()) == 10
