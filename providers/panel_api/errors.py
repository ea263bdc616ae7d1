"""What can go wrong in a call, named by what the caller may do next."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

# From this HTTP code on an answer is word of a failure, and no proof for or against an order.
SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen of one call: safe to store and to show, never holds the key.

    `body_excerpt` is at most 4 KiB of the answer with every known secret replaced;
    `body_sha256` is of the whole answer as received (empty when nothing came).
    """

    reason: str
    bytes_left: bool
    http_status: int | None = None
    content_type: str = ""
    body_excerpt: str = ""
    body_sha256: str = ""
    elapsed_ms: int = 0
    exception_chain: tuple[str, ...] = field(default=())
    candidate_id: str = ""


class RefusalCode(StrEnum):
    """Why a provider said no, as far as its words are known; UNLISTED is not a proven refusal."""

    FUNDS = "funds"
    SERVICE = "service"
    LINK = "link"
    LINK_BUSY = "link_busy"
    BELOW_MIN = "below_min"
    ABOVE_MAX = "above_max"
    QUANTITY = "quantity"
    INVALID_FIELD = "invalid_field"
    DUPLICATE = "duplicate"
    KEY = "key"
    INACTIVE = "inactive"
    RATE_LIMIT = "rate_limit"
    NEEDS_ID = "needs_id"  # it wants an id of ours with each order
    UNKNOWN_ORDER = "unknown_order"
    UNKNOWN_REFILL = "unknown_refill"
    NOT_ALLOWED = "not_allowed"
    WAIT = "wait"
    ALREADY_OPEN = "already_open"
    UNSUPPORTED = "unsupported"
    UNLISTED = "unlisted"


class ProviderError(Exception):
    """Anything a call to a provider may end in other than its result."""

    def __init__(self, reason: str, evidence: Evidence | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.evidence = evidence


class NotSent(ProviderError):
    """Proven: no byte of the request left this machine. Sending again is safe. `code` is what
    whoever objected calls its reason, where something follows from it."""

    def __init__(self, reason: str, evidence: Evidence | None = None, *, code: str = "") -> None:
        super().__init__(reason, evidence)
        self.code = code


class Rejected(ProviderError):
    """Proven: the provider read the request and said no, in words we have reviewed.

    `until`: the earliest moment to ask again, where it named one.
    """

    def __init__(
        self,
        reason: str,
        code: RefusalCode,
        evidence: Evidence | None = None,
        *,
        until: datetime | None = None,
    ) -> None:
        super().__init__(reason, evidence)
        self.code = code
        self.until = until


class OutcomeUnknown(ProviderError):
    """The request may have been acted on. Only a proof or a person may decide; never re-send.

    `account_trouble` is KEY or RATE_LIMIT where the answer is a complaint about the account,
    although its words prove nothing about the request.
    """

    def __init__(
        self,
        reason: str,
        evidence: Evidence | None = None,
        *,
        account_trouble: RefusalCode | None = None,
        until: datetime | None = None,
    ) -> None:
        super().__init__(reason, evidence)
        self.account_trouble = account_trouble
        self.until = until


class Unavailable(ProviderError):
    """A read failed: down, slow, HTML, nonsense. Asking again later is safe."""


class SlowDown(ProviderError):
    """The provider asks for fewer calls. `until`: the earliest moment to ask again, if it said."""

    def __init__(
        self, reason: str, until: datetime | None = None, evidence: Evidence | None = None
    ) -> None:
        super().__init__(reason, evidence)
        self.until = until


class AccountRefused(ProviderError):
    """The key is wrong, or the account is closed: no call will work until a person acts."""


class BatchRefused(Unavailable):
    """A batch was answered by one error for all of it; a smaller batch may work.

    `singly` is true when only asking one id at a time can work with this provider. `code` is what
    the error is known to mean: UNLISTED words may be about the account and not about an id.
    """

    def __init__(
        self,
        reason: str,
        evidence: Evidence | None = None,
        *,
        singly: bool = False,
        code: RefusalCode = RefusalCode.UNLISTED,
    ) -> None:
        super().__init__(reason, evidence)
        self.singly = singly
        self.code = code


class UnsafeUrl(ValueError):
    """An address the desk does not send a key to; the message says why, for staff."""
