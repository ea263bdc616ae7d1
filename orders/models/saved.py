"""What somebody wants to come back to: a filter of the list, a service, an order to repeat."""

from __future__ import annotations

from typing import Final, TypeVar

from django.conf import settings
from django.db import models

from core.models import User
from providers.models import Service

NAME_LENGTH: Final = 60
MOST_KEPT: Final = 50  # under names, of one kind, by one person
Kept = TypeVar("Kept", bound=models.Model)


class KeptByName(models.QuerySet[Kept]):
    """What each person keeps under names of their own; a name used before is given to the new."""

    def is_one_too_many(self, person: User, name: str) -> bool:
        return self.filter(person=person).exclude(name=name).count() >= MOST_KEPT

    def keep(self, person: User, name: str, **what: object) -> Kept:
        return self.update_or_create(person=person, name=name, defaults=what)[0]


class SavedFilter(models.Model):
    """`query` is the query string of the list, without cursor; it belongs to one person, who may
    show it to everybody."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_filters"
    )
    name = models.CharField(max_length=NAME_LENGTH)
    query = models.CharField(max_length=1000)
    is_shared = models.BooleanField(default=False, db_default=False)

    objects = KeptByName["SavedFilter"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "name"], name="filter_name_once_per_person"),
        ]

    def __str__(self) -> str:
        return self.name


class FavouriteService(models.Model):
    """A service that somebody orders often."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="favourite_services"
    )
    service = models.ForeignKey(Service, models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "service"], name="favourite_once_per_person"),
        ]

    def __str__(self) -> str:
        return str(self.service)


class Recipe(models.Model):
    """An order form filled in but for its link, under a name. `values` are wire parameters."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="recipes")
    name = models.CharField(max_length=NAME_LENGTH)
    service = models.ForeignKey(Service, models.CASCADE, related_name="+")
    values = models.JSONField(default=dict)

    objects = KeptByName["Recipe"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "name"], name="recipe_name_once_per_person"),
        ]

    def __str__(self) -> str:
        return self.name
