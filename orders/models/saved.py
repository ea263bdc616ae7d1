"""A filter of the orders list that somebody wants to come back to."""

from __future__ import annotations

from django.conf import settings
from django.db import models


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
