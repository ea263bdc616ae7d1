"""The field's words for rows: leases, and a circuit breaker that is open while it lets nothing
through. Renames alone."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("providers", "0011_moved_at")]

    operations = [
        migrations.RemoveConstraint("lane", "one_lane_of_a_kind"),
        migrations.RenameModel("Lane", "Lease"),
        migrations.RenameIndex("lease", new_name="lease_due", old_name="lane_due"),
        migrations.AlterField(
            "lease",
            "provider",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="leases",
                to="providers.provider",
            ),
        ),
        migrations.AddConstraint(
            "lease",
            models.UniqueConstraint(fields=["provider", "kind"], name="one_lease_of_a_kind"),
        ),
        migrations.RenameField("providerhealth", "closed_until", "open_until"),
    ]
