"""What a page showed of a restored database, as a word that comes back with its acceptance.

Another run, or a machine that was away, may list more after the page was drawn; who accepts the
database then has not looked for these among the orders that wait.
"""

from __future__ import annotations

import hashlib
import json
from typing import Final

from django.core.serializers.json import DjangoJSONEncoder

from ..models import Halt

_TOLD: Final = ("pk", "external_id", "token", "sent_at", "status", "order")


def of_halt(halt: Halt) -> str:
    """The stop, its newest run, all that is listed as not known here, and the gaps."""
    run = halt.runs.newest_first().values_list("pk", flat=True).first()
    listed = list(halt.unmatched_orders.order_by("pk").values_list(*_TOLD))
    gaps = list(halt.journal_gaps.order_by("pk").values_list("pk", "found_at"))
    text = json.dumps([halt.pk, halt.placed_at, run, listed, gaps], cls=DjangoJSONEncoder)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
