"""How forms look: Django's own fields with Tabler's classes."""

from __future__ import annotations

import unicodedata
from typing import Any

from django import forms
from django.forms import BoundField, widgets

from core.texts import UNREADABLE

CSS: tuple[tuple[type[widgets.Widget], str], ...] = (
    (widgets.CheckboxInput, "form-check-input"),
    (widgets.CheckboxSelectMultiple, "form-check-input"),  # before Select: it is a subclass
    (widgets.RadioSelect, "form-check-input"),
    (widgets.Select, "form-select"),
    (widgets.Input, "form-control"),
    (widgets.Textarea, "form-control"),
)
LONGEST_TEXT = 500
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


class TablerBoundField(BoundField):
    """Adds the class of the widget's kind, and `is-invalid` when there is something to mend."""

    def build_widget_attrs(
        self, attrs: dict[str, Any], widget: widgets.Widget | None = None
    ) -> dict[str, Any]:
        widget = widget or self.field.widget
        built = super().build_widget_attrs(attrs, widget)
        if not widget.is_hidden:
            own = str(built.get("class") or widget.attrs.get("class", ""))
            built["class"] = " ".join(filter(None, (own, css_class(widget), self._verdict())))
        return built

    def _verdict(self) -> str:
        return "is-invalid" if self.errors else ""


def css_class(widget: widgets.Widget) -> str:
    """Tabler's class for this kind of widget, or none."""
    return next((css for kind, css in CSS if isinstance(widget, kind)), "")


class TablerForm(forms.BaseForm):
    """Mix in before `forms.Form` or `forms.ModelForm`; draw fields with `_field.html`."""

    bound_field_class = TablerBoundField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)


class PlainTextField(forms.CharField):
    """One line of text without characters that cannot be seen; empty is None."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**{"max_length": LONGEST_TEXT, "empty_value": None} | more)

    def to_python(self, value: Any) -> str | None:
        text: str | None = super().to_python(value)
        if text is not None and UNREADABLE in text:
            raise forms.ValidationError(
                f"There is a character in it that could not be read ({UNREADABLE}): write it anew."
            )
        if text is not None and any(unicodedata.category(char) in _UNSEEN for char in text):
            raise forms.ValidationError("There is a character in it that cannot be seen.")
        return text
