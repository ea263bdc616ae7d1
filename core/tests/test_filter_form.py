"""The base of every filter form: a slip narrows nothing."""

from __future__ import annotations

import pytest
from django import forms
from django.db.models import QuerySet

from core.forms import FilterForm
from core.models import User


class PeopleFilter(FilterForm[QuerySet[User]]):
    name = forms.CharField(required=False)
    pk = forms.IntegerField(required=False)
    active = forms.BooleanField(required=False)
    sort = forms.ChoiceField(required=False, choices=[("name", "Name")])

    lookups = {"name": "username__icontains", "pk": "pk"}
    not_counted = frozenset({"sort"})

    def narrow_active(self, people, _ticked):
        return people.filter(is_active=True)


@pytest.mark.django_db
def test_each_field_narrows_by_its_lookup_or_its_method():
    User.objects.create(username="ann", is_active=False)
    User.objects.create(username="anna")

    def names(**asked: str) -> set[str]:
        return {person.username for person in PeopleFilter(asked).narrow(User.objects.all())}

    assert names() == {"ann", "anna"}
    assert names(name="ann", active="on") == {"anna"}
    assert names(pk="0") == set()
    assert names(pk="nonsense") == {"ann", "anna"}


@pytest.mark.parametrize(
    ("asked", "narrowed"),
    [({}, False), ({"sort": "name"}, False), ({"pk": "0"}, True), ({"pk": "nonsense"}, False)],
)
def test_a_slip_or_a_sort_order_narrows_nothing(asked: dict[str, str], narrowed: bool) -> None:
    assert PeopleFilter(asked).is_narrowed is narrowed
