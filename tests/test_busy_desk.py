"""A desk whose threads are all in slow calls is left alone, and orders keep going out."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.clocks import HEARTBEAT_STALE_SECONDS, SILENT_FOR_SECONDS
from tests.busy_desk import watch
from tests.test_up import LINUX_ONLY

WINDOW = HEARTBEAT_STALE_SECONDS + SILENT_FOR_SECONDS  # until who is deaf is started again


@LINUX_ONLY
@pytest.mark.long
@pytest.mark.timeout(600)  # a busy machine takes its time before and after
@pytest.mark.parametrize("seconds", [WINDOW + 20])
def test_nobody_is_started_again_while_nine_threads_send_for_twenty_slow_accounts(
    tmp_path: Path, seconds: float
) -> None:
    seen = watch(tmp_path, seconds)
    assert seen.started_again == [], seen.said
    assert "starting it again" not in seen.said
    assert all(seen.arrived), seen.arrived
    assert seen.twice == []
