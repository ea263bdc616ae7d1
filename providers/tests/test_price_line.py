"""The price of a service as a line on its page."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from core.roles import Role
from providers import price_line as module
from providers.models import ChangeKind, Service, ServiceChange
from providers.price_line import PriceLine, price_line
from providers.standing import HEIGHT, MARGIN, WIDTH
from tests.builders import NOON, make_provider, make_service
from tests.one_line import one_line
from tests.query_counts import queries_of

from .conftest import LogIn

pytestmark = [pytest.mark.django_db, pytest.mark.services]

DAY = timedelta(days=1)
LOW, HIGH = HEIGHT - MARGIN, MARGIN


def make_priced(*moves: tuple[float, str, str, str], **over: Any) -> Service:
    """A service first seen at noon, with changes so many days after."""
    service = make_service(first_seen_at=NOON, **over)
    for days, kind, before, after in moves:
        ServiceChange.objects.create(
            service=service,
            provider=service.provider,
            kind=kind,
            before=before,
            after=after,
            seen_at=NOON + days * DAY,
        )
    return service


def line_after(service: Service, days: float) -> PriceLine | None:
    return price_line(service, now=NOON + days * DAY)


def corners(points: str) -> list[tuple[float, float]]:
    pairs = [pair.split(",") for pair in points.split(" ")]
    return [(float(across), float(down)) for across, down in pairs]


def test_the_line_goes_in_steps_from_the_first_price_to_the_one_of_now() -> None:
    moves = [(2, ChangeKind.RATE, "1", "3"), (3, ChangeKind.RATE, "3", "2")]
    line = line_after(make_priced(*moves), 4)
    assert line is not None
    middle = (LOW + HIGH) / 2
    assert [corners(piece) for piece in line.pieces] == [
        [
            (0, LOW),
            (WIDTH / 2, LOW),
            (WIDTH / 2, HIGH),
            (WIDTH * 3 / 4, HIGH),
            (WIDTH * 3 / 4, middle),
            (WIDTH, middle),
            (WIDTH, middle),
        ]
    ]
    assert [line.first, line.last, line.lowest, line.highest] == [1, 2, 1, 3]
    assert line.since == NOON


@pytest.mark.parametrize(
    "moves",
    [
        [],
        [(1, ChangeKind.NAME, "1", "2"), (2, ChangeKind.MIN, "10", "100")],
        [(1, ChangeKind.NEW, "", "1")],
        [(1, ChangeKind.GONE, "1", ""), (2, ChangeKind.BACK, "", "1")],
        [(1, ChangeKind.RATE, "", "1")],  # told for the first time
        [(1, ChangeKind.RATE, "NaN", "1"), (2, ChangeKind.RATE, "1", "soon")],
        [(0, ChangeKind.RATE, "1", "2")],  # seen at one moment only
    ],
)
def test_a_price_that_never_moved_has_no_line(moves: list[Any]) -> None:
    assert line_after(make_priced(*moves), 0 if moves and not moves[0][0] else 4) is None


def test_while_it_was_gone_or_told_no_price_the_line_has_a_gap() -> None:
    moves = [
        (1, ChangeKind.GONE, "1", ""),
        (2, ChangeKind.BACK, "", "3"),
        (2, ChangeKind.RATE, "1", "3"),
        (3, ChangeKind.RATE, "3", ""),
    ]
    line = line_after(make_priced(*moves), 4)
    assert line is not None
    first, second = (corners(piece) for piece in line.pieces)
    assert first == [(0, LOW), (WIDTH / 4, LOW), (WIDTH / 4, LOW)]
    assert (second[0], second[-1]) == ((WIDTH / 2, HIGH), (WIDTH * 3 / 4, HIGH))
    assert line.last == 3


def test_what_is_gone_has_a_line_up_to_its_end() -> None:
    moves = [(1, ChangeKind.RATE, "1", "3"), (2, ChangeKind.GONE, "3", "")]
    line = line_after(make_priced(*moves, gone_at=NOON + 2 * DAY), 40)
    assert line is not None
    (piece,) = line.pieces
    assert corners(piece)[-1] == (WIDTH, HIGH)


def test_of_many_changes_the_newest_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NEWEST", 2)
    moves = [(day, ChangeKind.RATE, str(day), str(day + 1)) for day in (1, 2, 3)]
    line = line_after(make_priced(*moves), 4)
    assert line is not None
    assert [line.first, line.last] == [3, 4]
    assert line.since == NOON + 2 * DAY


def test_a_clock_that_was_put_back_draws_nothing_backwards() -> None:
    moves = [(3, ChangeKind.RATE, "1", "3"), (2, ChangeKind.RATE, "3", "2")]
    line = line_after(make_priced(*moves), 1)
    assert line is not None
    across = [corner[0] for piece in line.pieces for corner in corners(piece)]
    assert across == sorted(across)
    assert across[-1] == WIDTH


def test_the_line_costs_one_query() -> None:
    service = make_priced(*((day, ChangeKind.RATE, str(day), str(day + 1)) for day in range(1, 9)))
    service = Service.objects.select_related("provider").get(pk=service.pk)
    assert len(queries_of(lambda: price_line(service, now=NOON + 10 * DAY))) == 1


def test_the_page_tells_the_line_in_words_with_its_currency(client_for_role: LogIn) -> None:
    browser: Client = client_for_role(Role.VIEWER)
    moves = [(1, ChangeKind.RATE, "0.9", "1.25")]
    service = make_priced(*moves, provider=make_provider(currency="EUR"), rate=Decimal("1.25"))
    page = one_line(browser.get(f"/services/{service.pk}/").content.decode())
    assert "Price over time: from €0.90 to €1.25, lowest €0.90, highest €1.25" in page
    assert page.index('id="price-line"') < page.index("What changed")
    unmoved = make_service()
    assert 'id="price-line"' not in browser.get(f"/services/{unmoved.pk}/").content.decode()
