"""What stood in a restored database is told by rows, as a clock that was ahead tells it wrong."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0043_rows_of_gaps")]

    operations = [
        migrations.AddField("halt", name, models.BigIntegerField(editable=False, null=True))
        for name in ("orders_through", "refills_through", "cancels_through")
    ]
