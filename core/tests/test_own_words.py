"""No form speaks with Django's voice, and no field loses words of its own."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django import forms
from django.core import validators
from django.urls import reverse

from core.forms import TablerForm
from core.own_words import NO_SUCH_CHOICE

DJANGOS = re.compile(r"Ensure (this|that)|Enter an?\b|Select a valid|This field|is required\b")
reverse("overview")  # with the addresses every page is loaded, and its forms with it


class Everything(TablerForm, forms.Form):
    text = forms.CharField(min_length=8, max_length=10)
    whole = forms.IntegerField(min_value=2, max_value=4)
    amount = forms.DecimalField(max_digits=4, decimal_places=2)
    day = forms.DateField()
    moment = forms.DateTimeField()
    email = forms.EmailField()
    address = forms.URLField(assume_scheme="https")
    key = forms.UUIDField()
    sure = forms.BooleanField()
    choice = forms.ChoiceField(choices=[("a", "A")])
    many = forms.MultipleChoiceField(choices=[("a", "A")])
    file = forms.FileField()


def said(form: forms.BaseForm) -> dict[str, str]:
    return {name: str(errors[0]) for name, errors in form.errors.items()}


@pytest.mark.parametrize(
    "data",
    [
        {},
        dict.fromkeys(Everything.base_fields, "x") | {"many": ["x"]},
        {"text": "longer than ten", "whole": "9", "amount": "12345"},
        {"text": "a\0bcdefgh", "whole": "1", "amount": "1.234"},
    ],
    ids=["empty", "nonsense", "too much", "too little"],
)
def test_every_kind_of_field_speaks_as_the_desk_does(data: dict[str, Any]) -> None:
    words = said(Everything(data))
    assert words and [text for text in words.values() if DJANGOS.search(text)] == []


def test_the_words_name_the_limit_and_what_was_typed() -> None:
    words = said(Everything({"text": "sesame", "whole": "9", "choice": "b"}))
    assert words["text"] == "Use at least 8 characters. This has 6."
    assert words["whole"] == "Maximum is 4."
    assert words["choice"] == str(NO_SUCH_CHOICE)


class OwnWords(TablerForm, forms.Form):
    sure = forms.BooleanField(error_messages={"required": "Tick this once you have looked."})
    code = forms.CharField(validators=[validators.RegexValidator(r"[a-z]+", "Small letters only.")])


def test_a_field_keeps_words_of_its_own() -> None:
    assert said(OwnWords({"code": "123"})) == {
        "sure": "Tick this once you have looked.",
        "code": "Small letters only.",
    }


def test_a_field_that_is_added_later_speaks_so_too() -> None:
    form = OwnWords({"code": "abc", "sure": "on"})
    form.fields["late"] = forms.CharField()
    assert said(form) == {"late": "Fill this in."}


def test_every_form_of_a_page_is_one_of_the_desk() -> None:
    ours = {
        form
        for form in _all(forms.BaseForm)
        if form.__module__.split(".")[0] in ("core", "orders", "providers", "dashboard")
        and ".tests." not in form.__module__
        and "admin" not in form.__module__
    }
    assert len(ours) > 30
    assert {form.__qualname__ for form in ours if not issubclass(form, TablerForm)} <= BUILT_ON


BUILT_ON = {"TablerForm", "PasswordAlone", "ShownFields", "DrawnForm"}  # the last two beside it


def _all(form: type[Any]) -> set[type[Any]]:
    return {form}.union(*map(_all, form.__subclasses__()))
