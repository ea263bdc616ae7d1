"""Adding people and changing what they may do. Everything is written down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from core.models import StaffChange, User
from core.roles import May, Role
from core.shown_fields import own_changes


class NotYourself(Exception):
    """Nobody takes the keys from themselves: so an admin is always left."""


class NoLongerAdmin(Exception):
    """The person who asked was let go, or demoted, a moment ago."""


def add_person(form: Any, role: Role, *, actor: User) -> User:
    """Save the person the (valid) form describes, in this role."""
    with transaction.atomic():
        person: User = form.save()
        person.set_role(role)
        StaffChange.objects.write_down(person, f"added as {role}", by=actor)
    return person


def change_person(
    person: User, *, actor: User, shown: Mapping[str, str] | None = None, **wanted: Any
) -> None:
    """Write `first_name`, `last_name`, `role` and `is_active`, whether they may log in; a person
    who may not is logged out at once. Of what a page has `shown` only what was changed there.

    Raises ChangedMeanwhile where somebody else has changed the same since, NotYourself when the
    actor would lose the keys, NoLongerAdmin when the actor no longer has them: two admins who
    demote each other do not both succeed.
    """
    with transaction.atomic():
        _wait_for_other_admins()
        if not User.objects.get(pk=actor.pk).may(May.KEEP_PEOPLE):
            raise NoLongerAdmin
        so = _as_it_is(person)
        wanted = wanted if shown is None else so | own_changes(wanted, shown=shown, now=so)
        role, is_active = wanted.pop("role"), wanted["is_active"]
        if person.pk == actor.pk and not (is_active and role is Role.ADMIN):
            raise NotYourself
        User.objects.filter(pk=person.pk).update(**wanted)
        person.set_role(role)
        words = f"role {role}" if is_active else f"role {role}, may not log in"
        StaffChange.objects.write_down(person, words, by=actor)
    if not is_active:
        end_sessions(person)


def set_password(person: User, form: Any, *, actor: User) -> None:
    """Save the (valid) form's new password; sessions with the old one end."""
    with transaction.atomic():
        form.save()
        StaffChange.objects.write_down(person, "password set", by=actor)


def end_sessions(person: User) -> int:
    """Log this person out everywhere. Disabled people are refused anyway; this way being let
    in again does not bring an old session back."""
    theirs = [
        session.pk
        for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator()
        if session.get_decoded().get("_auth_user_id") == str(person.pk)
    ]
    return Session.objects.filter(pk__in=theirs).delete()[0]


def _as_it_is(person: User) -> dict[str, Any]:
    row = User.objects.select_for_update().get(pk=person.pk)
    told = {name: getattr(row, name) for name in ("first_name", "last_name", "is_active")}
    return {**told, "role": row.role}


def _wait_for_other_admins() -> None:
    """PostgreSQL locks the row; SQLite let only one transaction in to begin with."""
    list(Group.objects.select_for_update().filter(name=Role.ADMIN.value))
