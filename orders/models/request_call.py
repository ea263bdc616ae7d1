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

    class Meta:
        indexes = [models.Index(fields=["provider", "-id"], name="request_call_newest")]

    def __str__(self) -> str:
        return f"{self.write} call {self.pk} to account {self.provider_id}"

    @property
    def idempotency_key(self) -> str:
        return self.key.hex

    def note_recorded(self, *, now: datetime) -> bool:
        """False: its rows have been told before, and are not told once more. Noted in the
        transaction that tells them, the account held. By its key: a database that was put back may
        have given its number to another call, and has perhaps never known this one."""
        mine = RequestCall.objects.filter(key=self.key)
        return bool(mine.filter(recorded_at=None).update(recorded_at=now)) or not mine.exists()
