"""The environment the suite runs in; loaded by pytest before Django reads its settings."""

from __future__ import annotations

import os
import tempfile

os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "0123456789abcdefghij" * 2)
os.environ.setdefault("FIELD_ENCRYPTION_KEYS", "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=")
os.environ.setdefault("DESK_DATA_DIR", tempfile.mkdtemp(prefix="desk-tests-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
