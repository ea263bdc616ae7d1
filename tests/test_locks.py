"""The locks name packages and hashes, and no place they were fetched from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from packaging.markers import Marker

LOCKS = sorted(Path(settings.BASE_DIR).glob("requirements*.lock"))
PIN = re.compile(r"[a-z0-9][a-z0-9._-]*==\S+( ; [^/\\]+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")


def test_there_are_three_locks() -> None:
    names = [lock.name for lock in LOCKS]
    assert names == ["requirements-dev.lock", "requirements-e2e.lock", "requirements.lock"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_holds_nothing_but_pins_and_hashes(lock: Path) -> None:
    """So no address, no path, and no option such as --find-links."""
    lines = lock.read_text().splitlines()
    assert [line for line in lines if not (PIN.fullmatch(line) or HASH.fullmatch(line))] == []


def test_each_lock_holds_what_the_smaller_one_holds() -> None:
    pins = {
        lock.name: {line for line in lock.read_text().splitlines() if "==" in line}
        for lock in LOCKS
    }
    assert pins["requirements.lock"] < pins["requirements-dev.lock"]
    assert pins["requirements-dev.lock"] < pins["requirements-e2e.lock"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_an_intel_mac_gets_the_last_cryptography_that_has_wheels_for_it(lock: Path) -> None:
    """From 49 on there are none; 48.0.1 fixes the last advisory known of its line."""
    pins = re.findall(r"^cryptography==(\S+) ; (.+?) \\$", lock.read_text(), re.M)
    chosen = {
        machine: [version for version, marker in pins if Marker(marker).evaluate(where)]
        for machine, where in {
            "Intel Mac": {"sys_platform": "darwin", "platform_machine": "x86_64"},
            "other Mac": {"sys_platform": "darwin", "platform_machine": "arm64"},
            "server": {"sys_platform": "linux", "platform_machine": "x86_64"},
        }.items()
    }
    assert chosen["Intel Mac"] == ["48.0.1"]
    assert chosen["other Mac"] == chosen["server"] != ["48.0.1"]
