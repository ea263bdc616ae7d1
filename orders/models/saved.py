"""What somebody wants to come back to: a filter of the list, a service, an order to repeat."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from providers.models import Service


class SavedFilter(models.Model):
    """`query` is the query string of the list, without cursor; it belongs to one person."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_filters"
    )
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000)

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
    name = models.CharField(max_length=60)
    service = models.ForeignKey(Service, models.CASCADE, related_name="+")
    values = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "name"], name="recipe_name_once_per_person"),
        ]

    def __str__(self) -> str:
        return self.name
