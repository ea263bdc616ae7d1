"""Which calls about refills and cancels the journal of a machine has given back. Of those of before
nobody knows it: they count as the database's own, as they did."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0060_refills_that_wait_in_doubt")]

    operations = [
        migrations.AddField("requestcall", "recalled_at", models.DateTimeField(null=True)),
    ]
