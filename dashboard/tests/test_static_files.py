"""Where nobody gathered the static files, deploying is refused and pages still come."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from core.models import User


@pytest.fixture(autouse=True)
def nothing_gathered(settings: Settings, tmp_path: Path) -> None:
    hashed = {"BACKEND": "core.web.static_files.HashedStaticFiles"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": hashed}
    settings.STATIC_ROOT = tmp_path


@pytest.mark.django_db
def test_preparing_an_image_without_them_is_refused_before_anything_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DESK_ADMIN_PASSWORD", "a-first-pass-phrase")
    with pytest.raises(CommandError, match="collectstatic"):
        call_command("prepare", no_static=True)
    assert not User.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "status", "words"),
    [("/log-in/", 200, "Password"), ("/no-such-page/", 404, "Page not found")],
)
def test_a_page_comes_without_its_style(path: str, status: int, words: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == status
    assert words in answer.content.decode()
    assert "/static/app.css" in answer.content.decode()
