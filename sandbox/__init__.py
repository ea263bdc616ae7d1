"""A programmable provider that speaks panel API v2 over real HTTP. See docs/sandbox.md."""

from sandbox.box import RemoteSandbox, Sandbox
from sandbox.faults.modes import PHASES_OF
from sandbox.protocol.dialect import PRESETS, Dialect
from sandbox.protocol.limits import RateLimits
from sandbox.provider import DEMO_KEY

__all__ = [
    "DEMO_KEY",
    "PHASES_OF",
    "PRESETS",
    "Dialect",
    "RateLimits",
    "RemoteSandbox",
    "Sandbox",
]
