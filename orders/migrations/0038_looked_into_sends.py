import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Workers of the release before may list a send while the new one is put in place."""

    dependencies = [
        ("orders", "0037_left_out_lines"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            "unmatchedorder",
            "link_key",
            models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AddField(
            "unmatchedorder", "looked_into_at", models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            "unmatchedorder",
            "looked_into_by",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            "unmatchedorder",
            models.Index(fields=["looked_into_at"], name="unmatched_looked_into"),
        ),
    ]
