"""What people changed is kept in a table of ours. It was that of Django's admin, which is gone: an
earlier desk keeps its rows, a new one gets the table as it would have been."""

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class CreateUnlessThere(migrations.CreateModel):
    def database_forwards(self, app_label: str, schema_editor: Any, *states: Any) -> None:
        table = states[-1].apps.get_model(app_label, self.name)._meta.db_table
        if table not in schema_editor.connection.introspection.table_names():
            super().database_forwards(app_label, schema_editor, *states)

    def database_backwards(self, app_label: str, schema_editor: Any, *states: Any) -> None:
        """The table stays: its rows say what was."""


class Migration(migrations.Migration):
    dependencies = [
        ("contenttypes", "0002_remove_content_type_name"),
        ("core", "0003_preferences"),
    ]

    operations = [
        CreateUnlessThere(
            name="StaffChange",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("action_time", models.DateTimeField()),
                ("object_id", models.TextField(blank=True, null=True)),
                ("object_repr", models.CharField(max_length=200)),
                ("action_flag", models.PositiveSmallIntegerField(default=2)),
                ("change_message", models.TextField(blank=True)),
                (
                    "content_type",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="contenttypes.contenttype",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"db_table": "django_admin_log"},
        ),
        migrations.AlterModelTable("StaffChange", None),
        migrations.RemoveField("StaffChange", "action_flag"),
        migrations.RenameField("StaffChange", "action_time", "at"),
        migrations.RenameField("StaffChange", "object_repr", "name"),
        migrations.RenameField("StaffChange", "change_message", "words"),
        migrations.RenameField("StaffChange", "user", "actor"),
        migrations.AlterField(
            "StaffChange",
            "id",
            models.BigAutoField(
                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
            ),
        ),
        migrations.AlterField(
            "StaffChange",
            "actor",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
