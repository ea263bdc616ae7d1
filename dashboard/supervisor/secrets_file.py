"""`secrets.env` in the data directory: made on the first start, never changed afterwards."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Collection
from pathlib import Path

from .refusal import Refused


def new_secret_key() -> str:
    return secrets.token_urlsafe(48)


def new_encryption_key() -> str:
    """A Fernet key."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


MAKERS = {"SECRET_KEY": new_secret_key, "FIELD_ENCRYPTION_KEYS": new_encryption_key}


def add_missing_secrets(data_dir: Path, missing: Collection[str]) -> bool:
    """Write those that neither the environment nor the file has. True when there were some."""
    if not missing:
        return False
    if "FIELD_ENCRYPTION_KEYS" in missing and (data_dir / "desk.sqlite3").exists():
        raise Refused(
            f"{data_dir} has a database but the secrets it was made with are gone. Put secrets.env "
            "back from your backup, or set FIELD_ENCRYPTION_KEYS."
        )
    path = data_dir / "secrets.env"
    heading = "# Without these, the stored keys of providers are lost.\n"
    kept = path.read_text() if path.exists() else heading
    _replace(path, kept + "".join(f"{name}={MAKERS[name]()}\n" for name in missing))
    return True


def _replace(path: Path, text: str) -> None:
    """Whole or not at all, readable by the owner only."""
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def new_word() -> str:
    """Letters and digits: it becomes part of an address."""
    return secrets.token_hex(24)


COMPOSE_MAKERS = {
    "POSTGRES_PASSWORD": new_word,
    "BROKER_PASSWORD": new_word,
    "DESK_ADMIN_PASSWORD": new_word,
}


def as_lines(*, compose: bool = False) -> str:
    """A new set, as the lines of a .env file; `compose`: with all that docker compose asks for."""
    makers = MAKERS | COMPOSE_MAKERS if compose else MAKERS
    return "\n".join(f"{name}={make()}" for name, make in makers.items())
