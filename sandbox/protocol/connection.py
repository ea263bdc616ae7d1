"""One customer's connection to the panel API: requests in, replies or trouble out."""

from __future__ import annotations

import socket
from collections.abc import Callable

from sandbox.faults.modes import ACCEPT_MODES, MID_REQUEST_MODES
from sandbox.faults.spoiled_wire import WIRE_MODES, reset
from sandbox.protocol.answering import Call, answer, done, receive
from sandbox.protocol.wire import BadRequest, Reply, Request, Wire, json_reply, read_fields
from sandbox.provider import Provider

MOVED = "/moved"


class PanelConnections:
    """Serves panel API v2 on any number of connections of one provider."""

    def __init__(self, provider: Provider, wait: Callable[[float], bool]) -> None:
        self.provider, self.wait = provider, wait

    def greet(self, connection: socket.socket) -> bool:
        """The faults that strike before a byte is read; False when they ended it."""
        with self.provider.lock:
            self.provider.traffic.connections += 1
            fault = self.provider.faults.draw(ACCEPT_MODES, "", {})
        if fault is None:
            return True
        if fault.mode == "hang_at_accept":
            self.wait(fault.seconds(3600))
        if fault.mode == "reset_at_accept":
            reset(connection)
        return False

    def serve(self, connection: socket.socket) -> None:
        """Answer requests until either side has had enough."""
        wire = Wire(connection)
        try:
            while self._exchange(wire):
                pass
        except BadRequest as problem:
            reply = json_reply({"error": str(problem)}, 400)
            reply.close = True
            wire.send(reply.as_bytes())

    def _exchange(self, wire: Wire) -> bool:
        """One request and its reply; False ends the connection."""
        request = wire.read_head()
        if request is None:
            return False
        wire.read_some(request)
        if self._cut_off(wire, request):
            return False
        wire.read_rest(request)
        request.read_fields()
        if request.path == MOVED:
            return self._trap(wire, request)
        call = receive(self.provider, request)
        try:
            reply = self._reply(call)
            if call.fault is not None and call.fault.mode in WIRE_MODES:
                WIRE_MODES[call.fault.mode](wire, reply, call.fault, self.wait)
                return False
        finally:
            done(self.provider, call)
        wire.send(reply.as_bytes())
        return not reply.close

    def _reply(self, call: Call) -> Reply:
        self._pause(call.wait_before)
        reply = answer(self.provider, call)
        reply.close = not call.request.keep_alive
        if call.request.method == "HEAD":
            reply.body = b""
        self._pause(call.wait_after)
        return reply

    def _pause(self, seconds: float) -> None:
        """Take time; a provider that stops meanwhile hangs up."""
        if seconds and self.wait(seconds):
            raise ConnectionAbortedError

    def _cut_off(self, wire: Wire, request: Request) -> bool:
        """The faults that strike while the request is still being read."""
        with self.provider.lock:
            if not self.provider.faults.any_of(MID_REQUEST_MODES):
                return False
            fields = read_fields(request.headers.get("content-type", ""), request.body)
            action = fields.get("action", "")
            fault = self.provider.faults.draw(MID_REQUEST_MODES, action, fields)
        if fault is None:
            return False
        if fault.mode == "reset_mid_request":
            reset(wire.socket)
        return True

    def _trap(self, wire: Wire, request: Request) -> bool:
        """Where redirects lead: says "accepted" to whoever followed, and counts it."""
        with self.provider.lock:
            self.provider.traffic.calls["moved"] += 1
        reply = json_reply({"order": 1, "balance": "1.00", "currency": "XTS"})
        reply.close = not request.keep_alive
        wire.send(reply.as_bytes())
        return not reply.close
