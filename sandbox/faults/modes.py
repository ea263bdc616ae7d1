"""All fault modes by name, by the place where they strike, and the phases each can have.

A mode whose phase is "before" does not carry the call out: what it deforms is then a generic
error. Latency is the exception: before or after, the call is carried out.
"""

from __future__ import annotations

from sandbox.faults.rules import PHASES
from sandbox.faults.spoiled_bodies import BODY_MODES
from sandbox.faults.spoiled_content import CONTENT_MODES
from sandbox.faults.spoiled_wire import WIRE_MODES

ACCEPT_MODES = frozenset({"close_at_accept", "reset_at_accept", "hang_at_accept"})
MID_REQUEST_MODES = frozenset({"close_mid_request", "reset_mid_request"})
DELAY_MODES = frozenset({"latency", "latency_lognormal"})
DOWN_MODES = frozenset({"refuse"})
ANSWER_MODES = frozenset(CONTENT_MODES) | frozenset(BODY_MODES) | frozenset(WIRE_MODES)

PHASES_OF: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(sorted(ACCEPT_MODES | MID_REQUEST_MODES | DOWN_MODES), ("before",)),
    **dict.fromkeys(sorted(DELAY_MODES | ANSWER_MODES), PHASES),
}
