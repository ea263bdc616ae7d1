"""Which addresses are the sandbox that comes with the desk: nothing is bought there."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache

from django.conf import settings

from .panel_api import UnsafeUrl
from .panel_api.http.urls import Origin, origin


class SandboxScope(StrEnum):
    """How many of the accounts are the sandbox."""

    NONE = "none"
    SOME = "some"
    ALL = "all"


def is_sandbox_address(url: str) -> bool:
    """Whether what is ordered at this address costs no real money."""
    return bool(settings.SANDBOX_URL) and _origin(url) == _origin(settings.SANDBOX_URL) is not None


def scope_of(urls: Iterable[str]) -> SandboxScope:
    """Of all accounts with these addresses; without one there is nothing to spend at."""
    kinds = {is_sandbox_address(url) for url in urls}
    if True not in kinds:
        return SandboxScope.NONE
    return SandboxScope.SOME if False in kinds else SandboxScope.ALL


@lru_cache(maxsize=256)
def _origin(url: str) -> Origin | None:
    try:
        return origin(url)
    except UnsafeUrl:
        return None
