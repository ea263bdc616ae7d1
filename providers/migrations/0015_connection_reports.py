"""What a connection check found is called so. Renames alone."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("providers", "0014_phrases_of_events")]

    operations = [
        migrations.RenameModel("DoctorReport", "ConnectionReport"),
        migrations.RenameIndex(
            "connectionreport", new_name="connection_report_newest", old_name="doctor_newest"
        ),
        migrations.AlterField(
            "connectionreport",
            "provider",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="connection_reports",
                to="providers.provider",
            ),
        ),
    ]
