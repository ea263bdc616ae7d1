"""Hashed, compressed static files, served for good."""

from __future__ import annotations

from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage

_WhiteNoise: Any = CompressedManifestStaticFilesStorage


class HashedStaticFiles(_WhiteNoise):  # type: ignore[misc]  # whitenoise has no types
    """Vendored files name source maps we do not ship; they are left as they are."""

    patterns = tuple(
        (glob, tuple(rule for rule in rules if "sourceMappingURL" not in str(rule)))
        for glob, rules in _WhiteNoise.patterns
    )
