"""Keys are made, refused and rotated."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.checks import CheckMessage
from django.core.management import CommandError, call_command
from pytest_django import Settings

from core import checks
from core.encryption import decrypt, encrypt
from dashboard.supervisor.refusal import Refused
from dashboard.supervisor.secrets_file import add_missing_secrets
from providers.models import Provider
from tests.builders import make_provider

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def ids(messages: list[CheckMessage]) -> list[str | None]:
    return [message.id for message in messages]


def test_new_secrets_pass_the_checks(settings: Settings) -> None:
    said = io.StringIO()
    call_command("new_secrets", stdout=said)
    made = dict(line.split("=", 1) for line in said.getvalue().split())
    settings.SECRET_KEY = made["SECRET_KEY"]
    settings.FIELD_ENCRYPTION_KEYS = [made["FIELD_ENCRYPTION_KEYS"]]
    assert checks.secret_key_is_secret() == checks.encryption_keys_are_usable() == []


@pytest.mark.parametrize(
    ("key", "found"),
    [("", "core.E003"), ("short", "core.E004"), ("django-insecure-" + "x" * 50, "core.E004")],
    ids=["missing", "short", "from a tutorial"],
)
def test_a_secret_key_that_is_none_is_refused(settings: Settings, key: str, found: str) -> None:
    settings.SECRET_KEY = key
    assert ids(checks.secret_key_is_secret()) == [found]


@pytest.mark.parametrize(
    ("keys", "found"),
    [([], "core.E001"), ([NEW, "no key"], "core.E002")],
    ids=["missing", "malformed"],
)
def test_encryption_keys_that_are_none_are_refused(
    settings: Settings, keys: list[str], found: str
) -> None:
    settings.FIELD_ENCRYPTION_KEYS = keys
    assert ids(checks.encryption_keys_are_usable()) == [found]


def test_a_sandbox_in_production_is_warned_of(settings: Settings) -> None:
    settings.SANDBOX_URL = "http://127.0.0.1:8001"
    assert ids(checks.nobody_plays_in_production()) == ["core.W001"]


def test_missing_secrets_are_written_once_for_the_owner_only(tmp_path: Path) -> None:
    assert add_missing_secrets(tmp_path, ["SECRET_KEY"])
    first = (tmp_path / "secrets.env").read_text()
    assert not add_missing_secrets(tmp_path, [])
    assert add_missing_secrets(tmp_path, ["FIELD_ENCRYPTION_KEYS"])
    written = (tmp_path / "secrets.env").read_text()
    assert written.startswith(first)
    assert "FIELD_ENCRYPTION_KEYS=" in written
    assert stat.S_IMODE((tmp_path / "secrets.env").stat().st_mode) == 0o600


def test_a_database_without_its_secrets_gets_no_new_ones(tmp_path: Path) -> None:
    (tmp_path / "desk.sqlite3").touch()
    with pytest.raises(Refused, match="backup"):
        add_missing_secrets(tmp_path, ["FIELD_ENCRYPTION_KEYS"])
    assert not (tmp_path / "secrets.env").exists()


@pytest.mark.services
def test_rotated_keys_need_only_the_new_encryption_key(db: None, settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    provider, keyless = make_provider(key="panel-key-one"), make_provider(key="")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    said = io.StringIO()
    call_command("rotate_keys", stdout=said)
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    provider.refresh_from_db()
    keyless.refresh_from_db()
    assert decrypt(provider.key_ciphertext) == "panel-key-one"
    assert (provider.version, keyless.key_ciphertext) == (1, "")
    assert said.getvalue().startswith("1 keys")


@pytest.mark.services
def test_a_key_that_cannot_be_read_is_named_and_left_alone(db: None, settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    lost = make_provider(name="Lost", key="panel-key-lost")
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    kept = make_provider(name="Kept", key="panel-key-kept")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    with pytest.raises(CommandError, match="Lost"):
        call_command("rotate_keys", stdout=io.StringIO())
    assert Provider.objects.get(pk=lost.pk).key_ciphertext == lost.key_ciphertext
    assert decrypt(Provider.objects.get(pk=kept.pk).key_ciphertext) == "panel-key-kept"


def test_the_first_key_encrypts_and_all_of_them_read(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    token = encrypt("panel-key")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert decrypt(token) == "panel-key"
