"""The key of a form, over an upgrade."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django import forms

from core.forms import FormKeyField


class Sent(forms.Form):
    form_key = FormKeyField()


@pytest.mark.parametrize("name", ["form_key", "submission"])
def test_a_form_that_was_drawn_before_an_upgrade_keeps_its_key(name: str) -> None:
    key = uuid4()
    form = Sent({name: str(key)})
    assert form.is_valid() and form.cleaned_data["form_key"] == key


def test_a_form_without_its_key_is_not_taken_for_one_that_was_sent() -> None:
    assert not Sent({}).is_valid()
