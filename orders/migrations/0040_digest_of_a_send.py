from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0039_doubted_refills")]

    operations = [
        migrations.AddField(
            "unmatchedorder",
            "digest",
            models.CharField(blank=True, db_default="", default="", max_length=32),
        ),
    ]
