from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0044_rows_of_halts")]

    operations = [
        migrations.AddIndex(
            model_name="refill",
            index=models.Index(
                condition=~models.Q(external_id=""), fields=["external_id"], name="refill_by_number"
            ),
        ),
    ]
