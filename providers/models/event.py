"""The history of an account: added to, never edited."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from core.rows.append_only import AppendOnly
from core.texts import LONGEST_TEXT

from .provider import Provider


class ProviderEvent(AppendOnly):
    """One thing a person or the desk did to an account. `text` never holds a key.

    `phrase` is the refusal phrase that was added with it, as answers are compared with it.
    """

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="events")
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    text = models.CharField(max_length=LONGEST_TEXT)
    phrase = models.TextField(blank=True, default="")

    told_as = "History is"

    class Meta:
        indexes = [
            models.Index(fields=["provider", "-id"], name="provider_event_newest"),
            models.Index(
                fields=["provider", "id"],
                condition=~models.Q(phrase=""),
                name="provider_event_phrases",
            ),
        ]

    def __str__(self) -> str:
        return self.text
