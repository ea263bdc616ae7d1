"""Every single guard against buying twice, losing or lying, and the tests that watch over it.

The rows stand in `tests/guards/rows/`, one story a file.
"""

from __future__ import annotations

from .rows import (
    accounts,
    client,
    deciding,
    drawn,
    health,
    indexes,
    journals,
    links,
    looks,
    many,
    money,
    numbers,
    placing,
    recording,
    refills,
    refusals,
    replays,
    request_refusals,
    requests,
    restores,
    running,
    searching,
    sending,
    terms,
    texts,
    watching,
    writing,
)

INDEXES = indexes.GUARDS

LINES = (
    *accounts.GUARDS,
    *client.GUARDS,
    *deciding.GUARDS,
    *drawn.GUARDS,
    *health.GUARDS,
    *journals.GUARDS,
    *links.GUARDS,
    *looks.GUARDS,
    *many.GUARDS,
    *money.GUARDS,
    *numbers.GUARDS,
    *placing.GUARDS,
    *recording.GUARDS,
    *refills.GUARDS,
    *refusals.GUARDS,
    *replays.GUARDS,
    *request_refusals.GUARDS,
    *requests.GUARDS,
    *restores.GUARDS,
    *running.GUARDS,
    *searching.GUARDS,
    *sending.GUARDS,
    *terms.GUARDS,
    *texts.GUARDS,
    *watching.GUARDS,
    *writing.GUARDS,
)

GUARDS = (*INDEXES, *LINES)
