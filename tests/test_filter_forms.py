"""No field of a list's filter is drawn and then forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from core.forms import FilterForm

reverse("overview")  # with the addresses every page is loaded, and its form with it


def test_the_lists_with_filters_are_known() -> None:
    assert {form.__module__.split(".")[0] for form in FilterForm.__subclasses__()} >= {
        "orders",
        "providers",
    }


@pytest.mark.parametrize("form", FilterForm.__subclasses__(), ids=lambda form: form.__name__)
def test_every_field_of_every_filter_does_something(form: type[FilterForm[Any]]) -> None:
    idle = {
        name
        for name in form.base_fields.keys() - form.lookups.keys() - form.not_counted
        if not hasattr(form, f"narrow_{name}")
    }

    assert not idle
