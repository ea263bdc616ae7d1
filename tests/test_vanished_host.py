"""A database host that goes away without a word, for real: no packet comes back any more."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from django.conf import settings

from tests.vanished_host import LETS_GO, SILENT, is_allowed

SLACK = 2  # seconds: the kernel's timers, and a busy machine


@pytest.mark.skipif(not is_allowed(), reason="no network of its own is allowed on this machine")
def test_a_host_that_vanishes_is_given_up_in_time_and_without_our_settings_it_is_not() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.vanished_host"],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    clients, server = told["client gave up after"], told["server let go of its lock after"]
    ours = (clients["ours waits"], clients["ours asks"], server["ours waits"], server["ours asks"])
    assert None not in ours, told
    assert max(clients["ours waits"], clients["ours asks"]) <= SILENT + SLACK
    assert server["ours asks"] <= SILENT + SLACK
    assert server["ours waits"] <= LETS_GO + SLACK
    for seconds in (clients, server):
        assert seconds["kernel waits"] is None and seconds["kernel asks"] is None
