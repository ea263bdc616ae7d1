"""Hashed, compressed static files, served for good."""

from __future__ import annotations

import logging
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage

log = logging.getLogger(__name__)

_WhiteNoise: Any = CompressedManifestStaticFilesStorage


class HashedStaticFiles(_WhiteNoise):  # type: ignore[misc]  # whitenoise has no types
    """Vendored files name source maps we do not ship; they are left as they are. Our modules import
    each other by their hashed names; Django's own rule for that would also read others' scripts,
    and stumble over one that imports what only a build step finds."""

    patterns = (
        *(
            (glob, tuple(rule for rule in rules if "sourceMappingURL" not in str(rule)))
            for glob, rules in _WhiteNoise.patterns
        ),
        ("js/*.js", ((r'(?P<matched>from "(?P<url>\./[\w.]+)";)', 'from "%(url)s";'),)),
    )

    def stored_name(self, name: str) -> str:
        """A page without its style is better than none, above all one that says what went wrong."""
        try:
            stored: str = super().stored_name(name)
        except ValueError:
            log.error("There is no %s among the static files: run collectstatic.", name)
            return name
        return stored
