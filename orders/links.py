"""When two links are the same place. Links are compared by their normal form and sent as written.

One form for the block list, busy links, repeats and the search for lost answers. Where a spelling
could mean two places it is taken for the same one: a person is asked once too often, never too
seldom.
"""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from functools import lru_cache
from urllib.parse import unquote

LONGEST_LINK = 2048
_SCHEME = re.compile(r"(?:https?:[/\\]*|[a-z][a-z0-9+.-]*://|[/\\]{2,})", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|amp|lt|gt|quot|apos);", re.IGNORECASE)
_SLASHES = re.compile(r"[/\\]")
_PORT = re.compile(r":[0-9]*$")
_PUNYCODE = re.compile(r"(?<![a-z0-9-])xn--([a-z0-9-]+)")
_UNSEEN = frozenset({"Cc", "Cf"})
# What an app adds to a link when it is copied or shared, often another value each time: it tells
# who shared it from where, and never which place it is.
_OF_SHARING = re.compile(
    r"(?:utm_\w*|igsh(?:id)?|fbclid|gclid|msclkid|mibextid|si|share_id|is_from_webapp|sender_device"
    r"|_[rt])(?:=|$)",
    re.IGNORECASE,
)


def normalised_link(link: str) -> str:
    """Host and path of a web address, or a name without case and leading "@".

    Without scheme, user, "www.", port, fragment, closing dot of the host, empty or dotted steps
    of the path, empty parameters, and what was added to it by sharing; decoded as often as it was
    encoded, as Unicode in NFKC. Only the path and the query keep their case.
    """
    bare, has_scheme = _without_scheme(link)
    before, _, query = bare.partition("#")[0].partition("?")
    host, steps = _host_and_steps(before, has_scheme)
    if not host:
        return _folded(_decoded(bare)).removeprefix("@").rstrip("/")
    given = filter(None, _decoded(query).split("&"))
    asked = "&".join(one for one in given if not _OF_SHARING.match(one))
    return "/".join([host, *_walked(steps)]) + (f"?{asked}" if asked else "")


def has_host(link: str) -> bool:
    """It is read as a web address, and not as a name."""
    bare, has_scheme = _without_scheme(link)
    return bool(_host_and_steps(bare.partition("#")[0].partition("?")[0], has_scheme)[0])


def link_key(link: str) -> str:
    """64 hex digits that are equal for links to the same place."""
    return hashlib.sha256(normalised_link(link).encode(errors="replace")).hexdigest()


def readings(link: str) -> set[str]:
    """Everything in which a rule about links may find its pattern, without case."""
    same_place = _folded(normalised_link(link))
    found = {_folded(link), _readable(link), same_place}
    if "/" not in same_place and not _without_scheme(link)[1]:
        found.add(f"@{same_place}")  # a name is the same with and without it
    return found


@lru_cache(maxsize=1_000)
def pattern_readings(pattern: str) -> frozenset[str]:
    """A part of a link, with `*` for anything, in the forms to look for in `readings`.

    Only what begins like an address has a normal form: "/private" stays a part of a path.
    """
    forms = {_folded(pattern), _readable(pattern)}
    if pattern[:1].isalnum() or pattern.startswith("*"):
        forms.add(_folded(normalised_link(pattern)))
    return frozenset(form for form in forms if any(char.isalnum() for char in form) or form == "*")


def _host_and_steps(text: str, has_scheme: bool) -> tuple[str, list[str]]:
    """Of a link without scheme, query and fragment; no host where it is read as a name."""
    authority, *steps = _SLASHES.split(text)
    user, _, place = authority.rpartition("@")
    host, is_mail_like = _host(place), bool(user) and not has_scheme and not any(steps)
    return ("" if "." not in host or is_mail_like else host), steps


def _without_scheme(link: str) -> tuple[str, bool]:
    """The link from its host on, and whether a scheme stood before it, perhaps encoded."""
    text = _seen(link).strip()
    if not _SCHEME.match(text) and _SCHEME.match(_decoded(text)):
        text = _decoded(text)
    bare = _SCHEME.sub("", text, count=1) if _SCHEME.match(text) else text
    return bare, bare != text


def _seen(text: str) -> str:
    """In NFKC (full-width letters and dots are ordinary ones), without invisible characters."""
    if text.isascii() and text.isprintable():
        return text
    shown = "".join(char for char in text if unicodedata.category(char) not in _UNSEEN)
    return unicodedata.normalize("NFKC", shown).replace("。", ".")


def _decoded(text: str) -> str:
    """Percent signs and HTML entities read until nothing is left to read."""
    while (read := _decoded_once(text)) != text:
        text = read
    return text


def _decoded_once(text: str) -> str:
    read = _ENTITY.sub(lambda found: html.unescape(found[0]), text)
    return _seen(unquote(read, errors="backslashreplace"))


def _folded(text: str) -> str:
    return _seen(_seen(text).casefold())


def _readable(text: str) -> str:
    """Decoded without looking for a host, for parts of links."""
    read = _folded(_decoded(text)).replace("\\", "/")
    return _PUNYCODE.sub(lambda found: _unpunycoded(found[0]), read)


def _host(place: str) -> str:
    host = _folded(_decoded(place))
    host = _PORT.sub("", host).strip(".").removeprefix("www.")
    return ".".join(_unpunycoded(label) for label in host.split(".") if label)


def _unpunycoded(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return _folded(label[4:].encode("ascii").decode("punycode"))
    except UnicodeError:
        return label


def _walked(steps: list[str]) -> list[str]:
    """The path as a browser walks it: no empty step, no ".", and ".." goes back."""
    walked: list[str] = []
    for step in _SLASHES.split(_decoded("/".join(steps))):
        if step == "..":
            del walked[-1:]
        elif step not in ("", "."):
            walked.append(step)
    return walked
