"""What somebody typed into a form that could not be accepted, carried on in the answer's own page.

Nothing of it is stored: it travels in the page, from which a person sends it again, or not.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings
from django.core import signing
from django.http import HttpRequest

CSRF_FIELD = "csrfmiddlewaretoken"
SALT = "core.kept-form"
HOURS = 12
SHOWN = 2_000  # characters of a value that the page shows
OF_THE_PAGE = frozenset({"form_key", "terms", "shown", "back", "keep"})  # nobody typed it
_SECRET = re.compile(r"key|.*(password|secret).*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class KeptForm:
    """`fields` in the order they came in; `lost` are those that have to be filled in again:
    secrets, which are not written into pages, and files, by their names."""

    path: str
    fields: list[tuple[str, str]]
    lost: list[str]

    @classmethod
    def of(cls, request: HttpRequest) -> KeptForm | None:
        """None when nothing was typed, or when it came from elsewhere: what another site made a
        browser send must not lie ready behind one click."""
        if request.method != "POST" or not is_from_here(request):
            return None
        pairs = [(n, v) for n, values in request.POST.lists() for v in values if n != CSRF_FIELD]
        secrets = [name for name, value in pairs if value and is_secret(name)]
        files = [str(file.name) for _, found in request.FILES.lists() for file in found]
        kept = [(name, value) for name, value in pairs if not is_secret(name)]
        if not kept and not secrets and not files:
            return None
        return cls(request.get_full_path(), kept, [*dict.fromkeys(secrets), *files])

    @property
    def shown(self) -> list[tuple[str, str]]:
        """What a person reads before sending it again: what its address says too, as that may be
        the whole of it, such as what is done to which orders."""
        told: dict[str, list[str]] = {}
        for name, value in (*parse_qsl(urlsplit(self.path).query), *self.fields):
            if value and name not in OF_THE_PAGE:
                told.setdefault(name.replace("-", " ").replace("_", " "), []).append(value)
        return [(name.capitalize(), ", ".join(values)[:SHOWN]) for name, values in told.items()]

    @property
    def form_key(self) -> str:
        """By which the browser knows that the form was not sent any further; empty without one."""
        return dict(self.fields).get("form_key", "")

    @property
    def page(self) -> str:
        """Where it goes, without what `shown` tells."""
        return urlsplit(self.path).path

    def sealed(self) -> str:
        """For a hidden field of another form."""
        return signing.dumps(asdict(self), salt=SALT, compress=True)

    @classmethod
    def opened(cls, seal: str) -> KeptForm | None:
        """None for what we did not seal, or long ago."""
        try:
            found: dict[str, Any] = signing.loads(seal, salt=SALT, max_age=HOURS * 3600)
        except signing.BadSignature:
            return None
        pairs = [(name, value) for name, value in found["fields"]]
        return cls(found["path"], pairs, found["lost"])


def is_secret(name: str) -> bool:
    """By the name of its field. A test holds it against every form."""
    return bool(_SECRET.fullmatch(name))


def is_from_here(request: HttpRequest) -> bool:
    """The browser itself says that a page of ours sent this."""
    if site := request.headers.get("Sec-Fetch-Site"):
        return site == "same-origin"
    origin = request.headers.get("Origin", "")
    ours = f"{request.scheme}://{request.get_host()}"
    return origin == ours or origin in settings.CSRF_TRUSTED_ORIGINS
