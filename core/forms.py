"""How forms look: Django's own fields with Tabler's classes."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from copy import copy
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

from django import forms
from django.db.models import QuerySet
from django.forms import BoundField, widgets
from django.utils.functional import Promise

from core.own_words import give_own_words
from core.rows.numbers import row_number
from core.texts import LONGEST_TEXT, UNREADABLE

CSS: tuple[tuple[type[widgets.Widget], str], ...] = (
    (widgets.CheckboxInput, "form-check-input"),
    (widgets.CheckboxSelectMultiple, "form-check-input"),  # before Select: it is a subclass
    (widgets.RadioSelect, "form-check-input"),
    (widgets.Select, "form-select"),
    (widgets.Input, "form-control"),
    (widgets.Textarea, "form-control"),
)
Rows = TypeVar("Rows", bound=QuerySet[Any])
Words: TypeAlias = str | Promise  # also those that are translated when they are shown
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


class TablerBoundField(BoundField):
    """Adds the class of the widget's kind, and `is-invalid` when there is something to fix."""

    def build_widget_attrs(
        self, attrs: dict[str, Any], widget: widgets.Widget | None = None
    ) -> dict[str, Any]:
        widget = widget or self.field.widget
        built = super().build_widget_attrs(attrs, widget)
        if not widget.is_hidden:
            own = str(built.get("class") or widget.attrs.get("class", ""))
            built["class"] = " ".join(filter(None, (own, css_class(widget), self._validity())))
        if isinstance(widget, widgets.CheckboxInput):  # Back must not tick what is asked anew
            built.setdefault("autocomplete", "off")
        return built

    def _validity(self) -> str:
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

    def full_clean(self) -> None:
        give_own_words(self.fields.values())  # also those given to a form after it was made
        super().full_clean()

    def look_again(self, words: str, *stale: str) -> None:
        """It comes back as it was written, with these words, because what it is about has changed
        since. No tick comes back, nor a field of `stale`: they were about what was shown then."""
        self.add_error(None, words)
        ticks = (name for name, one in self.fields.items() if isinstance(one, forms.BooleanField))
        written: Any = copy(self.data)
        for name in (*ticks, *stale):
            written.pop(self.add_prefix(name), None)
        self.data = written


class FilterForm(TablerForm, forms.Form, Generic[Rows]):
    """The query string of a list, read leniently: a slip is said beside its field, narrows nothing.

    A field narrows by its entry in `lookups`, or by a method `narrow_<field>(rows, value)`.
    """

    lookups: ClassVar[Mapping[str, str]] = {}
    not_counted: ClassVar[frozenset[str]] = frozenset()  # in `is_narrowed`: a tab, a sort order

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.is_valid()

    @property
    def wanted(self) -> dict[str, Any]:
        """What was understood; a field that was not is as if it were empty."""
        return {name: value for name, value in self.cleaned_data.items() if _is_filled(value)}

    @property
    def is_narrowed(self) -> bool:
        return bool(self.wanted.keys() - self.not_counted)

    def narrow(self, rows: Rows) -> Rows:
        for name, value in self.wanted.items():
            if name in self.lookups:
                rows = rows.filter(**{self.lookups[name]: value})
            elif step := getattr(self, f"narrow_{name}", None):
                rows = step(rows, value)
        return rows


def _is_filled(value: Any) -> bool:
    """An empty field and an unticked box are not; a zero is."""
    return value is not None and value is not False and value != ""


class FormKeyInput(forms.HiddenInput):
    """A form that a page of release 0.2.0 still shows sends it as `submission`; it is the same key,
    so that what was sent before an upgrade is known when it is sent again."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return super().value_from_datadict(data, files, name) or data.get("submission")


class FormKeyField(forms.UUIDField):
    """The idempotency key of a form, drawn with it: the same form sent twice does its work once."""

    widget = FormKeyInput


class RowsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # not generic when it runs
    """Rows that are ticked, by their numbers. What is the number of no row, on any database, is
    refused before one is asked: SQLite breaks on thirty digits."""

    def clean(self, value: Any) -> Any:
        if isinstance(value, list) and None in map(row_number, value):
            raise forms.ValidationError(self.error_messages["invalid_choice"], "invalid_choice")
        return super().clean(value)


class NoteField(forms.CharField):
    """A few lines of somebody's own words. `missing` is said where there are none."""

    def __init__(
        self, *, missing: Words = "", attrs: Mapping[str, Any] | None = None, **more: Any
    ) -> None:
        given: dict[str, Any] = {"max_length": LONGEST_TEXT}
        given["widget"] = forms.Textarea(attrs={"rows": 2, **(attrs or {})})
        if missing:
            given["error_messages"] = {"required": missing}
        super().__init__(**given | more)


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
