from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0040_digest_of_a_send")]

    operations = [
        migrations.AddField(
            "attempt",
            "seen_ids",
            models.JSONField(
                blank=True, db_default=models.Value([], models.JSONField()), default=list
            ),
        ),
    ]
