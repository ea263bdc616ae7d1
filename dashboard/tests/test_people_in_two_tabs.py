"""Two admins with one page of a person: what the second saves undoes nothing of the first."""

from __future__ import annotations

import pytest

from core.models import User
from core.roles import Role
from dashboard.tests.test_policy import browser_of
from tests.builders import make_user
from tests.drawn_forms import hidden_in

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def test_a_name_saved_in_an_old_tab_lets_nobody_in_again() -> None:
    person = make_user(Role.MANAGER)
    ours, to = browser_of(Role.ADMIN), f"/people/{person.pk}/"
    old = hidden_in(ours, to)
    User.objects.filter(pk=person.pk).update(is_active=False)
    person.set_role(Role.VIEWER)
    typed = {"first_name": "Nora", "last_name": "", "role": "manager", "is_active": "on"}
    assert ours.post(to, typed | old).status_code == 302
    left = User.objects.get(pk=person.pk)
    assert (left.first_name, left.role, left.is_active) == ("Nora", Role.VIEWER, False)


def test_a_role_that_two_have_changed_is_asked_about() -> None:
    person = make_user(Role.MANAGER)
    ours, to = browser_of(Role.ADMIN), f"/people/{person.pk}/"
    old = hidden_in(ours, to)
    person.set_role(Role.VIEWER)
    typed = {"first_name": "", "last_name": "", "role": "admin", "is_active": "on"}
    answer = ours.post(to, typed | old)
    assert answer.status_code == 422 and "now it is “Viewer" in answer.content.decode()
    assert User.objects.get(pk=person.pk).role is Role.VIEWER
