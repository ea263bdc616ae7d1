"""Every single guard against buying twice, losing or lying, and the tests that watch over it.

The rows stand in `tests/guards/rows/`, one story a file.
"""

from __future__ import annotations

from .rows import (
    accounts,
    client,
    deciding,
    indexes,
    journals,
    many,
    numbers,
    placing,
    recording,
    replays,
    requests,
    restores,
    searching,
    sending,
    terms,
    watching,
)

INDEXES = indexes.GUARDS

LINES = (
    *accounts.GUARDS,
    *client.GUARDS,
    *deciding.GUARDS,
    *journals.GUARDS,
    *many.GUARDS,
    *numbers.GUARDS,
    *placing.GUARDS,
    *recording.GUARDS,
    *replays.GUARDS,
    *requests.GUARDS,
    *restores.GUARDS,
    *searching.GUARDS,
    *sending.GUARDS,
    *terms.GUARDS,
    *watching.GUARDS,
)

GUARDS = (*INDEXES, *LINES)
