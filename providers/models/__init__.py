"""Who we buy from and what they offer, as rows."""

from .catalog import (
    CatalogRun,
    ChangeKind,
    RunState,
    Service,
    ServiceChange,
    ServiceQuerySet,
    percent_between,
)
from .event import ProviderEvent
from .health import Lease, LeaseKind, ProviderHealth
from .proposed import ProposedTerms
from .provider import BalanceReading, ConnectionReport, Provider, ProviderState, RefundStyle

__all__ = [
    "BalanceReading",
    "CatalogRun",
    "ChangeKind",
    "ConnectionReport",
    "Lease",
    "LeaseKind",
    "ProposedTerms",
    "Provider",
    "ProviderEvent",
    "ProviderHealth",
    "ProviderState",
    "RefundStyle",
    "RunState",
    "Service",
    "ServiceChange",
    "ServiceQuerySet",
    "percent_between",
]
