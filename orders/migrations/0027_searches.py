"""A lost order is searched for: its columns say so. Renames alone."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("orders", "0026_plainer_words")]

    operations = [
        migrations.RenameField("attempt", "look_at", "search_at"),
        migrations.RenameField("attempt", "looked_at", "searched_at"),
        migrations.RenameField("attempt", "looks", "searches"),
        migrations.RenameField("attempt", "looked_through", "searched_through"),
    ]
