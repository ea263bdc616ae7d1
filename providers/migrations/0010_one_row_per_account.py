from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.utils import timezone

from providers.identity import upstream_digest

TWIN = (
    "It is one account with “{name}”: the same server and the same key. Such a second row is"
    " refused now; this one may stay."
)


def tell_accounts_apart(apps: Any, schema_editor: Any) -> None:
    """Of rows that are one account upstream the first stands for it, and the others are kept."""
    provider_model = apps.get_model("providers", "Provider")
    events = apps.get_model("providers", "ProviderEvent")
    first_of: dict[str, Any] = {}
    for provider in provider_model.objects.exclude(key_fingerprint="").order_by("pk"):
        upstream = upstream_digest(provider.url, provider.key_fingerprint)
        first = first_of.setdefault(upstream, provider)
        is_twin = first is not provider
        row = provider_model.objects.filter(pk=provider.pk)
        row.update(upstream=upstream, is_allowed_twin=is_twin)
        if is_twin:
            text = TWIN.format(name=first.name)
            events.objects.create(provider=provider, at=timezone.now(), text=text)


class Migration(migrations.Migration):
    dependencies = [
        ("providers", "0009_proposed_terms"),
    ]

    operations = [
        migrations.AddField(
            model_name="provider",
            name="upstream",
            field=models.CharField(blank=True, default="", editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="provider",
            name="is_allowed_twin",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.RunPython(tell_accounts_apart, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="provider",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_allowed_twin", False), models.Q(("upstream", ""), _negated=True)),
                fields=("upstream",),
                name="one_row_per_account_upstream",
            ),
        ),
    ]
