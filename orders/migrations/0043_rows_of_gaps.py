"""What a gap of a journal stands behind is told by rows, as a clock that was ahead tells it wrong. Of
what is there now nobody knows more than the moment."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0042_index_of_looked_into_sends")]

    operations = [
        migrations.AddField("journalgap", "batches_through", models.BigIntegerField(null=True)),
        migrations.AddField("journalgap", "jobs_through", models.BigIntegerField(null=True)),
        migrations.AddField(
            "orderbatch", "known_gap", models.BigIntegerField(editable=False, null=True)
        ),
        migrations.AddField(
            "refill", "known_gap", models.BigIntegerField(editable=False, null=True)
        ),
    ]
