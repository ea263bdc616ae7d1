"""`manage.py rotate_keys`: every stored provider key under the first of FIELD_ENCRYPTION_KEYS."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from providers.actions.rotation import rotate_keys


class Command(BaseCommand):
    help = (
        "Encrypts all provider keys anew with the first key of FIELD_ENCRYPTION_KEYS, "
        "after which the later ones may be taken out."
    )

    def handle(self, **options: Any) -> None:
        rotated = rotate_keys()
        self.stdout.write(f"{rotated.done} keys are under the first encryption key now.")
        if rotated.unreadable:
            names = ", ".join(rotated.unreadable)
            raise CommandError(
                f"No key of FIELD_ENCRYPTION_KEYS reads what is stored for: {names}. Keep the "
                "old keys in the list, find the missing one, or enter these provider keys again."
            )
