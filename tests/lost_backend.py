"""PostgreSQL ends the connection of a test under its hands: before a statement, or at a commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import Any, TypeVar

import pytest
from django.db import OperationalError, connection, connections

Thing = TypeVar("Thing")


class Moment(StrEnum):
    STATEMENT = "before a statement"
    COMMIT = "before a commit"
    COMMITTED = "after a commit, whose answer is lost"


class LostBackend:
    """Ends the connection once, at the `at`-th of these moments (from 1); `fired` says that there
    was one. What runs inside goes on with whatever the code under test does about it."""

    def __init__(self, moment: Moment, at: int) -> None:
        self.moment, self.at = moment, at
        self.seen, self.fired = 0, False

    @contextmanager
    def armed(self, patch: pytest.MonkeyPatch) -> Iterator[None]:
        wrapper: Any = type(connections["default"])
        commit: Callable[[Any], None] = wrapper._commit

        def lost_commit(one: Any) -> None:
            is_now = self._is_now(one, Moment.COMMIT) or self._is_now(one, Moment.COMMITTED)
            if is_now and self.moment is Moment.COMMIT:
                self._end()
            commit(one)
            if is_now and self.moment is Moment.COMMITTED:
                self._end()
                raise OperationalError("the connection was lost after the commit")

        with patch.context() as patched, connection.execute_wrapper(self._statement):
            patched.setattr(wrapper, "_commit", lost_commit)
            yield

    def _statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if self._is_now(context["connection"], Moment.STATEMENT):
            self._end()
        return execute(sql, params, many, context)

    def _is_now(self, one: Any, moment: Moment) -> bool:
        if moment is not self.moment or self.fired or one.connection is None:
            return False
        self.seen += 1
        return self.seen == self.at

    def _end(self) -> None:
        self.fired = True
        backend = connection.connection.info.backend_pid
        other = connections["default"].copy()
        try:
            with other.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
        finally:
            other.close()


def each_loss(
    moment: Moment,
    patch: pytest.MonkeyPatch,
    make: Callable[[], Thing],
    act: Callable[[Thing], object],
) -> Iterator[Thing]:
    """Something that was made, and acted on while the connection ended at one such moment: each of
    them in turn, until the act needs no more. What the act raises then ends the worker's task."""
    at, fired = 1, True
    while fired:
        thing, lost = make(), LostBackend(moment, at)
        with lost.armed(patch), suppress(Exception):
            act(thing)
        connection.close()
        if fired := lost.fired:
            yield thing
        at += 1
