"""A client of panel API v2: typed, exact about money, and honest about what it does not know.

Imports the standard library and requests; nothing of the project. `PanelClient` speaks,
`errors` says what may be done next, `results` is what comes back.
"""

from .answers.answer import Answer
from .answers.coerce import issued_id
from .client import NOT_AN_ID, PanelClient
from .connection_check.check import check_connection
from .connection_check.findings import CheckResult, Finding, FindingLevel
from .dialect import LARGEST_BATCH, Dialect, KeyPlace
from .errors import (
    AccountRefused,
    BatchRefused,
    Evidence,
    NotSent,
    OutcomeUnknown,
    ProviderError,
    RefusalCode,
    Rejected,
    SlowDown,
    Unavailable,
    UnsafeUrl,
)
from .http.request import Credentials, SecretKey
from .http.transport import Transport
from .http.urls import validate_url
from .order_types.table import (
    PAYLOADS,
    Ask,
    CostRange,
    CustomCommentsPayload,
    DefaultPayload,
    Kind,
    OldPostsPayload,
    OrderPayload,
    PackagePayload,
    SubscriptionPayload,
    WebTrafficPayload,
    WrittenPayload,
    count_lines,
    split_lines,
    type_name,
)
from .refusals.idempotency_parameter import parameter_asked_for, why_no_parameter
from .refusals.request_refusals import Meaning, Says, meaning
from .results import (
    Balance,
    CancelAccepted,
    Catalog,
    CatalogItem,
    OrderState,
    Placed,
    Progress,
    RecentOrder,
    RefillProgress,
    RefillStarted,
    RefillState,
    Refused,
    Unreadable,
)

__all__ = [
    "LARGEST_BATCH",
    "NOT_AN_ID",
    "PAYLOADS",
    "AccountRefused",
    "Answer",
    "Ask",
    "Balance",
    "BatchRefused",
    "CancelAccepted",
    "Catalog",
    "CatalogItem",
    "CheckResult",
    "CostRange",
    "Credentials",
    "CustomCommentsPayload",
    "DefaultPayload",
    "Dialect",
    "Evidence",
    "Finding",
    "FindingLevel",
    "KeyPlace",
    "Kind",
    "Meaning",
    "NotSent",
    "OldPostsPayload",
    "OrderPayload",
    "OrderState",
    "OutcomeUnknown",
    "PackagePayload",
    "PanelClient",
    "Placed",
    "Progress",
    "ProviderError",
    "RecentOrder",
    "RefillProgress",
    "RefillStarted",
    "RefillState",
    "RefusalCode",
    "Refused",
    "Rejected",
    "Says",
    "SecretKey",
    "SlowDown",
    "SubscriptionPayload",
    "Transport",
    "Unavailable",
    "Unreadable",
    "UnsafeUrl",
    "WebTrafficPayload",
    "WrittenPayload",
    "check_connection",
    "count_lines",
    "issued_id",
    "meaning",
    "parameter_asked_for",
    "split_lines",
    "type_name",
    "validate_url",
    "why_no_parameter",
]
