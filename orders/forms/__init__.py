"""What staff type, checked: order forms drawn from the table of wishes, filters, decisions."""

from .filters import OrderFilter
from .order_form import OrderForm, form_for, obstacle
from .preview import Preview, preview_of
from .steps import (
    AcknowledgeForm,
    ClearFlagForm,
    GiveUpForm,
    LinkForm,
    NoteForm,
    NotPlacedForm,
    QueueAgainForm,
    TakenForm,
)

__all__ = [
    "AcknowledgeForm",
    "ClearFlagForm",
    "GiveUpForm",
    "LinkForm",
    "NotPlacedForm",
    "NoteForm",
    "OrderFilter",
    "OrderForm",
    "Preview",
    "QueueAgainForm",
    "TakenForm",
    "form_for",
    "obstacle",
    "preview_of",
]
