"""The person at the desk, and what people changed about each other and about the rules."""

from __future__ import annotations

from functools import cached_property

from django.contrib.auth.models import AbstractUser, Group
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q

from .clocks import database_now
from .preferences import Preferences
from .roles import ALLOWED, May, Role
from .rows.append_only import AppendOnly


class User(AbstractUser):
    """A member of staff. The role is the group they are in; nobody is in two."""

    preferences = models.JSONField(default=dict, blank=True, editable=False)

    @classmethod
    def named(cls, words: str) -> models.QuerySet[User]:
        """Those in whose user name or name each of the words stands."""
        people = cls._default_manager.all()
        for word in words.split():
            named = Q(username__icontains=word) | Q(first_name__icontains=word)
            people = people.filter(named | Q(last_name__icontains=word))
        return people

    @cached_property
    def role(self) -> Role | None:
        """The role, or None for someone who has been given none yet and may do nothing."""
        names = {group.name for group in self.groups.all()}
        return next((role for role in reversed(Role) if role in names), None)

    def may(self, what: May) -> bool:
        return self.is_active and self.role is not None and what in ALLOWED[self.role]

    def set_role(self, role: Role) -> None:
        """Give this person one role."""
        self.groups.set([Group.objects.get_or_create(name=role.value)[0]])
        self.__dict__.pop("role", None)

    @property
    def chosen(self) -> Preferences:
        """How this person wants the desk to look."""
        return Preferences.read(self.preferences)

    def choose(self, preferences: Preferences) -> None:
        self.preferences = preferences.written()
        self.save(update_fields=["preferences"])

    @property
    def shown(self) -> str:
        """Who it is, as a form about somebody carries it: a database that is put back gives their
        number to another."""
        return f"{self.date_joined.timestamp()}-{self.username}"

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username

    @property
    def initials(self) -> str:
        """Two letters for the avatar: of both names, or the first two of the only one."""
        names = f"{self.first_name} {self.last_name}".split() or [self.username]
        letters = names[0][:1] + names[-1][:1] if len(names) > 1 else names[0][:2]
        return letters.upper()


class StaffChangeQuerySet(models.QuerySet["StaffChange"]):
    def about(self, *kinds: type[models.Model]) -> StaffChangeQuerySet:
        """Those of rows of these kinds, newest first, with who made them."""
        types = ContentType.objects.get_for_models(*kinds).values()
        return self.filter(content_type__in=types).select_related("actor").order_by("-pk")

    def about_row(self, row: models.Model) -> StaffChangeQuerySet:
        return self.about(type(row)).filter(object_id=str(row.pk))

    def write_down(self, row: models.Model, words: str, *, by: User) -> StaffChange:
        """To be called in the transaction that makes the change."""
        return self.create(
            at=database_now(),
            actor=by,
            content_type=ContentType.objects.get_for_model(row),
            object_id=str(row.pk),
            name=str(row)[:200],
            words=words,
        )


class StaffChange(AppendOnly):
    """What somebody changed about a person or a rule. The row may be gone since: its name stays."""

    at = models.DateTimeField()
    actor = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    content_type = models.ForeignKey(
        ContentType, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    object_id = models.TextField(null=True, blank=True)
    name = models.CharField(max_length=200)
    words = models.TextField(blank=True)

    objects = StaffChangeQuerySet.as_manager()
    told_as = "What people changed is"

    def __str__(self) -> str:
        return f"{self.name}: {self.words}"
