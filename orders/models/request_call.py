"""One call about refills or cancels, written down before the first byte leaves."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models

from providers.models import Provider

from ..status import Write


class RequestCall(models.Model):
    """The claim of one worker on the requests that name it. `key` is the same for this call
    wherever it is read, and for no other call anywhere."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="+")
    write = models.CharField(max_length=10, choices=Write.choices)
    worker = models.CharField(max_length=80)
    started_at = models.DateTimeField()
    recorded_at = models.DateTimeField(null=True)  # when its rows were told what it ended in
    recalled_at = models.DateTimeField(null=True)  # given back from a journal

    class Meta:
        indexes = [models.Index(fields=["provider", "-id"], name="request_call_newest")]

    def __str__(self) -> str:
        return f"{self.write} call {self.pk} to account {self.provider_id}"

    @property
    def idempotency_key(self) -> str:
        return self.key.hex

    def is_here(self) -> bool:
        """Under the number it was read with: a database that was put back since may have given that
        to another call, which is told and asked nothing in its place."""
        return self._mine().exists()

    def note_recorded(self, *, now: datetime) -> bool:
        """False: its rows have been told before, and are not told once more. Noted in the
        transaction that tells them, the account held. Raises DoesNotExist where it `is_here` no
        more."""
        if self._mine().filter(recorded_at=None).update(recorded_at=now):
            return True
        self._mine().get()
        return False

    def _mine(self) -> models.QuerySet[RequestCall]:
        return RequestCall.objects.filter(pk=self.pk, key=self.key)
