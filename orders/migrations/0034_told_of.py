from django.db import migrations, models


class Migration(migrations.Migration):
    """Lines that are meant already are asked once more: a number says nothing of which were shown.
    No release has had the column that goes."""

    dependencies = [
        ("orders", "0033_meant_beside"),
    ]

    operations = [
        migrations.AddField(
            model_name="batchline",
            name="told_of",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.RemoveField(model_name="batchline", name="meant_beside"),
    ]
