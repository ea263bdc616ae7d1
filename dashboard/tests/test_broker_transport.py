"""A broker that dies under a message: a connection error, which a worker waits out."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu import Connection

from dashboard import celery
from dashboard.messaging.broker_transport import Channel
from tests.running_services import valkey


@pytest.fixture
def broker_url() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as short_path, valkey(Path(short_path)) as url:
        yield url


def test_a_channel_that_outlives_its_connection_meets_a_connection_error(broker_url: str) -> None:
    """As in a worker that still holds a message and wants to give it back."""
    connection = celery.app.connection_for_read(broker_url)
    channel = connection.channel()
    assert isinstance(channel, Channel)
    connection.collect()

    with pytest.raises(connection.connection_errors), channel.conn_or_acquire():
        raise AssertionError("There is nobody to talk to.")


@pytest.mark.parametrize("url", ["redis://broker.example/0", "redis+socket:///broker.sock"])
def test_every_broker_is_spoken_to_with_it(url: str) -> None:
    assert Connection(url).get_transport_cls().__module__ == "dashboard.messaging.broker_transport"
