"""What gunicorn serves."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

from core.web.incoming import understood

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
_desk = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """The desk. What Django could make no request of is made harmless before it tries."""
    environ["CONTENT_TYPE"] = understood(environ.get("CONTENT_TYPE", ""))
    return _desk(environ, start_response)
