"""The list of guards fits the code: each line stands where it is said to, each test exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from .__main__ import GREEN, RED, failed_as_a_test
from .items import ITEMS
from .table import GUARDS, INDEXES, LINES

ROOT = Path(__file__).parents[2]
MODELS = "".join(path.read_text() for path in (ROOT / "orders/models").glob("*.py"))


@pytest.mark.parametrize("guard", LINES, ids=lambda guard: guard.name)
def test_its_line_stands_there_once(guard):
    assert (ROOT / guard.path).read_text().count(guard.old) == 1
    assert guard.new != guard.old


@pytest.mark.parametrize("guard", INDEXES, ids=lambda guard: guard.name)
def test_its_index_is_a_model_s(guard):
    assert MODELS.count(guard.old) == 1


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_its_tests_exist(guard):
    assert guard.tests
    for test in guard.tests:
        path, _, name = test.partition("::")
        assert f"def {name.partition('[')[0]}(" in (ROOT / path).read_text()


def test_no_two_have_one_name():
    assert len({guard.name for guard in GUARDS}) == len(GUARDS)


def test_each_kind_of_fault_comes_back_without_some_guard():
    """What was once broken and has no row here could be broken again without a word."""
    assert list(ITEMS) == list(range(1, 42))
    named = {item for guard in GUARDS for item in guard.items}
    assert named == set(ITEMS)


LOGGED = "ERROR    orders.sending.writes.recording:recording.py:30 it could not be recorded\n"


@pytest.mark.parametrize(
    ("ended", "said", "is_red"),
    [
        (RED, "FAILED orders/tests/test_it.py::test_it - assert 0\n", True),
        (RED, f"{LOGGED}FAILED orders/tests/test_it.py::test_it - assert 0\n", True),
        (RED, "ERROR orders/tests/test_it.py::test_it - no such fixture\n", False),
        (RED, "FAILED a.py::test_it\nERROR a.py::test_other - no such table\n", False),
        (GREEN, "1 passed\n", False),
    ],
)
def test_a_test_that_logs_an_error_and_fails_has_noticed(ended, said, is_red):
    assert failed_as_a_test(ended, said) is is_red
