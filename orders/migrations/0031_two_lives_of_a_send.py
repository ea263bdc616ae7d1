from django.db import migrations, models


class Migration(migrations.Migration):
    """Also under one halt: a send whose number was given out anew is another send."""

    dependencies = [
        ("orders", "0030_shared_views"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="unmatchedorder",
            name="unmatched_send_once",
        ),
        migrations.AddConstraint(
            model_name="unmatchedorder",
            constraint=models.UniqueConstraint(
                condition=models.Q(("token", ""), _negated=True),
                fields=("halt", "token", "sent_at"),
                name="unmatched_send_once",
            ),
        ),
    ]
