"""What staff type, checked: order forms drawn from the table of wishes, filters, decisions."""

from .filters import OrderFilter
from .order_form import OrderForm, form_for, obstacle
from .preview import Preview, preview_of
from .steps import ClearFlagForm, GiveUpForm, LinkForm, NoteForm, NotPlacedForm, QueueAgainForm

__all__ = [
    "ClearFlagForm",
    "GiveUpForm",
    "LinkForm",
    "NotPlacedForm",
    "NoteForm",
    "OrderFilter",
    "OrderForm",
    "Preview",
    "QueueAgainForm",
    "form_for",
    "obstacle",
    "preview_of",
]
