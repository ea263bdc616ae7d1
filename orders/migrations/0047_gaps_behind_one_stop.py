"""A database that is put back while a stop for it stands has another gap behind the same stop."""

from django.db import migrations, models

NAME = "journal_gap_once_per_machine"


class Migration(migrations.Migration):
    dependencies = [("orders", "0046_orders_by_sending")]

    operations = [
        migrations.RemoveConstraint("journalgap", NAME),
        migrations.AddConstraint(
            "journalgap",
            models.UniqueConstraint(fields=["halt", "provider", "host", "kept_from"], name=NAME),
        ),
    ]
