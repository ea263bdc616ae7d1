"""kombu's Redis transport, made to outlive its broker.

kombu 5.7 reads the address of a lost connection from an object that it has dropped already: a
worker that holds a message when the broker dies meets an AttributeError, which nobody expects
there, and ends itself. As a connection error it is what celery waits out: it connects again.
"""

from __future__ import annotations

from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis
from redis.exceptions import ConnectionError as BrokerGone


class Channel(redis.Channel):
    """Says so when its connection is gone. Every new client is made from one of its pools."""

    @property
    def pool(self) -> Any:
        self._require_connection()
        return super().pool

    @property
    def async_pool(self) -> Any:
        self._require_connection()
        return super().async_pool

    def _require_connection(self) -> None:
        if getattr(self.connection, "client", None) is None:
            raise BrokerGone("The connection of this channel has been dropped.")


class Transport(redis.Transport):
    Channel = Channel


def install() -> None:
    """For every broker address of this process that begins with `redis`."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:Transport"
