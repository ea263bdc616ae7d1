"""What gunicorn is given to serve where no desk is needed. Each path is a habit of the desk."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable
from typing import Any

MB = 1024 * 1024


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    path, length = environ["PATH_INFO"], int(environ.get("CONTENT_LENGTH") or 0)
    status = "200 OK"
    if length > 6 * MB:
        status, said = "413 Too Large", b"too large" * 1000
    elif path.startswith("/bytes/"):
        said = b"a" * int(path.removeprefix("/bytes/"))
    else:
        time.sleep(path == "/slowly")
        said = str(len(environ["wsgi.input"].read(length))).encode()
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(said)))]
    start_response(status, headers)
    if environ["QUERY_STRING"] == "file":
        file = tempfile.TemporaryFile()  # noqa: SIM115  (the server closes it)
        file.write(said)
        file.seek(0)
        wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](file)
        return wrapped
    return [said[at : at + MB] for at in range(0, len(said), MB)]
