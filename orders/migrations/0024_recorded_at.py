"""When the outcome of an attempt was written is called so, and a flag says *resolved*."""

from django.db import migrations, models

FLAGS = [
    ("", "—"),
    ("unknown_word", "The provider uses a status word we do not know"),
    ("not_known_there", "The provider does not know this order"),
    ("late_answer", "An answer came after the order had been resolved"),
    ("live_attempt", "Queued although an earlier try may have reached the provider"),
    ("bought_twice", "It may have been bought twice"),
    ("child_taken", "The provider lists another order of ours as one it started"),
    ("id_reused", "The provider gave the number of another order of ours"),
    ("went_backwards", "The provider took its status back"),
    ("charge_changed", "The provider changed what it charges"),
    ("charge_differs", "The charge does not fit what was ordered or delivered"),
    ("odd_remains", "What is said to remain cannot be"),
    ("not_claimed", "It could not be taken for sending"),
    ("out_of_step", "Its status and its sends contradict each other"),
    ("unreadable", "The provider's answers about this order cannot be read"),
]


class Migration(migrations.Migration):
    dependencies = [("orders", "0023_leased_rows")]

    operations = [
        migrations.RenameField("attempt", "settled_at", "recorded_at"),
        migrations.AlterField(
            "order",
            "flag",
            models.CharField(blank=True, choices=FLAGS, default="", max_length=16),
        ),
    ]
