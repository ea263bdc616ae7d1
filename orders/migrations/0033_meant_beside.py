from django.db import migrations, models


class Migration(migrations.Migration):
    """Lines that are meant already are asked once more: nobody knows which orders were shown."""

    dependencies = [
        ("orders", "0032_links_without_share_marks"),
    ]

    operations = [
        migrations.AddField(
            model_name="batchline",
            name="meant_beside",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
    ]
