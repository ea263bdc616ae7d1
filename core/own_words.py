"""What a form says beside a field that has to be fixed: the words of the desk for every form, where
Django would speak in its own. A field that brings its own words keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

NO_SUCH_CHOICE = _("This choice does not exist, or no longer.")

# Django puts these words in place of those of a validator that has the same code.
_OF_VALIDATORS = {
    "min_length": _("Use at least %(limit_value)d characters. This has %(show_value)d."),
    "max_length": _("Use at most %(limit_value)d characters. This has %(show_value)d."),
    "min_value": _("Minimum is %(limit_value)s."),
    "max_value": _("Maximum is %(limit_value)s."),
    "max_digits": _("Use at most %(max)s digits."),
    "max_decimal_places": _("Use at most %(max)s decimal places."),
    "max_whole_digits": _("Use at most %(max)s digits before the decimals."),
    "null_characters_not_allowed": _("There is a character in it that cannot be seen."),
}

# From the general kind of field to the special one, each adding to those before it.
_OF_KINDS: tuple[tuple[type[forms.Field], Mapping[str, Any]], ...] = (
    (forms.Field, {"required": _("Fill this in.")}),
    (forms.IntegerField, {"invalid": _("Write a whole number, with the digits 0–9 only.")}),
    (forms.DecimalField, {"invalid": _("This is not a number.")}),
    (forms.FloatField, {"invalid": _("This is not a number.")}),
    (forms.DateField, {"invalid": _("This is not a date. Write it like 2026-01-31.")}),
    (forms.DateTimeField, {"invalid": _("This is no date and time. Write 2026-01-31 18:30.")}),
    (forms.EmailField, {"invalid": _("This is not an email address.")}),
    (forms.URLField, {"invalid": _("This is not a web address. Begin it with https://")}),
    (forms.UUIDField, {"invalid": _("This cannot be read.")}),
    (forms.BooleanField, {"required": _("Tick this box to go on.")}),
    (forms.ChoiceField, {"required": _("Choose one."), "invalid_choice": NO_SUCH_CHOICE}),
    (
        forms.MultipleChoiceField,
        {"required": _("Choose at least one."), "invalid_list": NO_SUCH_CHOICE},
    ),
    (
        forms.ModelMultipleChoiceField,
        {
            "required": _("Choose at least one."),
            "invalid_list": NO_SUCH_CHOICE,
            "invalid_pk_value": NO_SUCH_CHOICE,
        },
    ),
    (
        forms.FileField,
        {
            "required": _("Choose a file."),
            "invalid": _("Choose a file."),
            "missing": _("Choose a file."),
            "empty": _("The file is empty."),
            "max_length": _("The name of the file has more than %(max)d characters."),
        },
    ),
)


def give_own_words(fields: Iterable[forms.Field]) -> None:
    """To each of them, as `in_own_words`."""
    for field in fields:
        in_own_words(field)


def in_own_words(field: forms.Field) -> forms.Field:
    """The same field, speaking as the desk does wherever nobody has given it words of its own."""
    djangos = _djangos_words(type(field))
    for code, words in _words_for(field).items():
        if field.error_messages.get(code) == djangos.get(code):
            field.error_messages[code] = words
    return field


def _words_for(field: forms.Field) -> dict[str, Any]:
    words: dict[str, Any] = dict(_OF_VALIDATORS)
    for kind, more in _OF_KINDS:
        if isinstance(field, kind):
            words |= more
    return words


def _djangos_words(kind: type[forms.Field]) -> dict[str, Any]:
    """What Django gives a field of this kind, before any class of ours adds to it."""
    words: dict[str, Any] = {}
    for base in reversed(kind.__mro__):
        if base.__module__.startswith("django."):
            words |= vars(base).get("default_error_messages", {})
    return words
