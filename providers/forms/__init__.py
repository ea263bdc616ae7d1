"""Forms of the provider and catalog pages."""

from .accounts import (
    KeyForm,
    LimitsForm,
    NewProviderForm,
    PauseForm,
    ProviderForm,
    RefundStyleForm,
)
from .catalog import ChangeFilter, ChosenTypeForm, ServiceFilter

__all__ = [
    "ChangeFilter",
    "ChosenTypeForm",
    "KeyForm",
    "LimitsForm",
    "NewProviderForm",
    "PauseForm",
    "ProviderForm",
    "RefundStyleForm",
    "ServiceFilter",
]
