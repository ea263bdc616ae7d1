"""When a bell is too old to be heard: by the clock that all machines share.

Celery writes the own clock of who rings into each message, and compares it with the own clock of
who hears it. A worker whose machine is a minute ahead would throw every bell away, those that
another one could have heard too, and show signs of life all the while; a beat whose machine is
as far behind would be heard by nobody.
"""

from __future__ import annotations

from typing import Any, Literal

from celery import Task
from celery.app.amqp import AMQP
from celery.worker.request import Request

from core.clocks import common_now


class Messages(AMQP):
    """Writes the shared clock into what is rung. Celery asks by this name of its protocol."""

    def as_task_v2(self, *args: Any, **kwargs: Any) -> Any:
        return super().as_task_v2(*args, **{**kwargs, "now": common_now()})


class HeardBell(Request):
    """A bell in the hands of a worker."""

    def maybe_expire(self) -> Literal[True] | None:
        """True: nobody heard it for so long that the sweeps have rung since."""
        return True if self.expires and common_now() > self.expires else None


class BellTask(Task[..., Any]):
    """The base of every task of the desk."""

    abstract = True
    Request = f"{__name__}:{HeardBell.__name__}"
