"""What a call ended in is told to its rows once."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0048_looked_at")]

    operations = [
        migrations.AddField("requestcall", "recorded_at", models.DateTimeField(null=True)),
    ]
