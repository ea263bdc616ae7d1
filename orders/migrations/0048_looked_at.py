"""A look at an order counts from when it was asked about, and only where the answer was readable."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0047_gaps_behind_one_stop")]

    operations = [
        migrations.AddField("pollschedule", "looked_at", models.DateTimeField(null=True)),
    ]
