"""The database goes away before any statement of a write, and before or after any commit of it:
nothing is done twice, and nothing that a provider took is taken for not done. A cancel may be sent
again, once its order was read: it takes back no more than the first."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from orders.restores.tasks import importers
from orders.sending import answer_spool
from orders.sending.writes import answer_files, recording
from orders.status import Write
from orders.tests.sending.test_every_write import KINDS, SENT, Desk
from tests.lost_backend import Moment, each_loss

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no connection to lose")
@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("write", KINDS, ids=str)
def test_a_write_whose_database_goes_away_is_done_once_and_known(
    write: Write,
    moment: Moment,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(recording, "PAUSES", (0.0,) * 7)
    numbers = count()

    def made() -> Desk:
        settings.DATA_DIR = tmp_path / str(next(numbers))
        return Desk(write, monkeypatch)

    losses = 0
    for desk in each_loss(moment, monkeypatch, made, lambda desk: desk.send()):
        losses += 1
        was_done = bool(desk.panel.done)
        desk.now += timedelta(seconds=1)
        _take_in(desk)
        desk.reap()
        desk.now += timedelta(seconds=100)
        _take_in(desk)
        if write is Write.CANCEL:
            assert desk.status in (SENT[write], "queued"), f"loss {losses}: forgotten"
            continue
        assert desk.status != "queued" or not was_done, f"loss {losses}: done, and queued again"
        desk.send()
        assert len(desk.panel.done) <= 1, f"loss {losses}: done twice"
    assert losses > 1


def _take_in(desk: Desk) -> None:
    """What a machine has written down beside the database."""
    answer_spool.import_spool(now=desk.now)
    answer_files.import_left_behind(importers(desk.now))
