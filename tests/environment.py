"""The environment the suite runs in; loaded by pytest before Django reads its settings.

`DATABASE_URL` and `REDIS_URL` are honoured when given, as `tests.running_services` gives them.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

from tests.memory import scratch_place

os.environ["DJANGO_SETTINGS_MODULE"] = "dashboard.settings"
os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "0123456789abcdefghij" * 2)
os.environ.setdefault("FIELD_ENCRYPTION_KEYS", "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=")
os.environ.setdefault("REDIS_URL", "memory://")  # a bell that is rung and heard by nobody
if "DESK_DATA_DIR" not in os.environ:
    os.environ["DESK_DATA_DIR"] = tempfile.mkdtemp(prefix="desk-tests-", dir=scratch_place())
    atexit.register(shutil.rmtree, os.environ["DESK_DATA_DIR"], ignore_errors=True)
