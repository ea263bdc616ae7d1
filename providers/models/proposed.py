"""What the newest catalog says of a service, as long as nobody believed that catalog yet."""

from __future__ import annotations

from django.db import models

from core.money import MoneyField

from .catalog import CatalogRun, Service
from .provider import Provider


class ProposedTerms(models.Model):
    """The terms a service would have if a held catalog were applied; only where they differ.

    `Service` itself stays as it is until a person decides, yet nothing may be bought as if the
    news had not come. A row goes with the decision, or when a newer catalog overtakes it.
    """

    service = models.OneToOneField(Service, models.CASCADE, related_name="proposed")
    provider = models.ForeignKey(Provider, models.CASCADE, related_name="+")
    run = models.ForeignKey(CatalogRun, models.CASCADE, related_name="proposed_terms")
    name = models.CharField(max_length=500)
    type = models.CharField(max_length=40, blank=True, default="")
    rate = MoneyField(null=True, blank=True)
    min = models.BigIntegerField(null=True, blank=True)
    max = models.BigIntegerField(null=True, blank=True)
    dripfeed = models.BooleanField(null=True, blank=True)
    is_offered = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"{self.service_id} · {self.name}"
