"""The field's words for rows: halts, poll schedules, rechecks, unmatched orders. Renames alone."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

UNDER_WAY = ["running", "waiting"]


class Migration(migrations.Migration):
    dependencies = [("orders", "0021_running_sums"), ("providers", "0012_leases_and_breaker")]

    operations = [
        migrations.RemoveConstraint("gate", "one_closed_gate_of_a_kind_per_provider"),
        migrations.RemoveConstraint("gate", "one_closed_gate_of_a_kind_for_all"),
        migrations.RemoveConstraint("gate", "gate_kind_is_known"),
        migrations.RemoveConstraint("reconcilerun", "one_reconcile_run_under_way"),
        migrations.RemoveConstraint("strangeorder", "strange_id_once_per_account"),
        migrations.RemoveConstraint("strangeorder", "strange_send_once"),
        migrations.RemoveConstraint("journalgap", "journal_gap_once_per_machine"),
        migrations.RenameModel("Gate", "Halt"),
        migrations.RenameModel("Watch", "PollSchedule"),
        migrations.RenameModel("LookBack", "Recheck"),
        migrations.RenameModel("StrangeOrder", "UnmatchedOrder"),
        migrations.RenameField("halt", "closed_at", "placed_at"),
        migrations.RenameField("halt", "closed_by", "placed_by"),
        migrations.RenameField("halt", "opened_at", "lifted_at"),
        migrations.RenameField("halt", "opened_by", "lifted_by"),
        migrations.RenameField("reconcilerun", "gate", "halt"),
        migrations.RenameField("unmatchedorder", "gate", "halt"),
        migrations.RenameField("journalgap", "gate", "halt"),
        migrations.RenameField("order", "wish", "payload"),
        migrations.RenameIndex("halt", new_name="halt_newest", old_name="gate_newest"),
        migrations.RenameIndex("pollschedule", new_name="poll_schedule_due", old_name="watch_due"),
        migrations.AlterField(
            "halt",
            "provider",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="halts",
                to="providers.provider",
            ),
        ),
        migrations.AlterField(
            "pollschedule",
            "order",
            models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                primary_key=True,
                related_name="poll_schedule",
                serialize=False,
                to="orders.order",
            ),
        ),
        migrations.AlterField(
            "recheck",
            "provider",
            models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                primary_key=True,
                related_name="recheck",
                serialize=False,
                to="providers.provider",
            ),
        ),
        migrations.AlterField(
            "unmatchedorder",
            "halt",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="unmatched_orders",
                to="orders.halt",
            ),
        ),
        migrations.AddConstraint(
            "halt",
            models.UniqueConstraint(
                fields=["kind", "provider"],
                condition=Q(lifted_at=None, provider__isnull=False),
                name="one_standing_halt_of_a_kind_per_provider",
            ),
        ),
        migrations.AddConstraint(
            "halt",
            models.UniqueConstraint(
                fields=["kind"],
                condition=Q(lifted_at=None, provider=None),
                name="one_standing_halt_of_a_kind_for_all",
            ),
        ),
        migrations.AddConstraint(
            "halt",
            models.CheckConstraint(
                condition=Q(kind__in=["stop", "restored", "incident", "answer_lost", "exposure"]),
                name="halt_kind_is_known",
            ),
        ),
        migrations.AddConstraint(
            "reconcilerun",
            models.UniqueConstraint(
                fields=["halt"],
                condition=Q(state__in=UNDER_WAY),
                name="one_reconcile_run_under_way",
            ),
        ),
        migrations.AddConstraint(
            "unmatchedorder",
            models.UniqueConstraint(
                fields=["halt", "account", "external_id"],
                condition=~Q(external_id=""),
                name="unmatched_id_once_per_account",
            ),
        ),
        migrations.AddConstraint(
            "unmatchedorder",
            models.UniqueConstraint(
                fields=["halt", "token"], condition=~Q(token=""), name="unmatched_send_once"
            ),
        ),
        migrations.AddConstraint(
            "journalgap",
            models.UniqueConstraint(
                fields=["halt", "provider", "host"], name="journal_gap_once_per_machine"
            ),
        ),
    ]
