"""What a finding of a connection check weighs is its level, in stored reports too."""

from __future__ import annotations

from typing import Any

from django.db import migrations


def rename_key(apps: Any, before: str, after: str) -> None:
    reports = apps.get_model("providers", "ConnectionReport").objects
    for report in reports.only("findings").iterator():
        renamed = [
            {after if name == before else name: value for name, value in finding.items()}
            for finding in report.findings
        ]
        if renamed != report.findings:
            reports.filter(pk=report.pk).update(findings=renamed)


def to_level(apps: Any, schema_editor: Any) -> None:
    rename_key(apps, "verdict", "level")


def to_verdict(apps: Any, schema_editor: Any) -> None:
    rename_key(apps, "level", "verdict")


class Migration(migrations.Migration):
    dependencies = [("providers", "0015_connection_reports")]

    operations = [migrations.RunPython(to_level, to_verdict)]
