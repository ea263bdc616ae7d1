"""The person at the desk."""

from __future__ import annotations

from functools import cached_property

from django.contrib.auth.models import AbstractUser, Group
from django.db import models

from .preferences import Preferences
from .roles import ALLOWED, May, Role


class User(AbstractUser):
    """A member of staff. The role is the group they are in; nobody is in two."""

    preferences = models.JSONField(default=dict, blank=True, editable=False)

    @cached_property
    def role(self) -> Role | None:
        """The role, or None for someone who has been given none yet and may do nothing."""
        names = {group.name for group in self.groups.all()}
        return next((role for role in reversed(Role) if role in names), None)

    def may(self, what: May) -> bool:
        return self.is_active and self.role is not None and what in ALLOWED[self.role]

    def set_role(self, role: Role) -> None:
        """Give this person one role; admins also get into the Django admin."""
        self.groups.set([Group.objects.get_or_create(name=role.value)[0]])
        self.is_staff = role is Role.ADMIN
        self.save(update_fields=["is_staff"])
        self.__dict__.pop("role", None)

    @property
    def chosen(self) -> Preferences:
        """How this person wants the desk to look."""
        return Preferences.read(self.preferences)

    def choose(self, preferences: Preferences) -> None:
        self.preferences = preferences.written()
        self.save(update_fields=["preferences"])

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username

    @property
    def initials(self) -> str:
        """Two letters for the avatar: of both names, or the first two of the only one."""
        names = f"{self.first_name} {self.last_name}".split() or [self.username]
        letters = names[0][:1] + names[-1][:1] if len(names) > 1 else names[0][:2]
        return letters.upper()
