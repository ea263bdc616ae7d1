"""Is a provider's key anywhere it must not be? Bytes of files, dumps and pages are searched."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, quote_plus

from .browser import Browser, NoAnswer
from .checker import Kind, Violation
from .desk import FIRST_PASSWORD, Desk
from .opening import log_in

PIECE = 1 << 20
PLANTED = "a-bell-that-rings-for-nobody"
MOST_PAGES = 200
MOST_OF_A_KIND = 12
HREF = 'href="/'
_ESCAPE, _PLAIN = re.compile(rb"%[0-9A-Fa-f]{2}"), re.compile(rb"[0-9A-Za-z]+")
LEAVES = ("/static/", "/log-out/", "/orders/export/")


def spellings(key: str) -> set[bytes]:
    """Every way a key may stand in a file or page."""
    texts = {key, quote(key), quote(key, safe=""), quote_plus(key), json.dumps(key)[1:-1]}
    texts |= {key.replace("&", "&amp;"), key.encode().hex()}
    texts |= {text.lower() for text in texts}
    return {text.encode() for text in texts}


def kernels(wanted: Iterable[bytes]) -> set[bytes]:
    """The longest run of letters and digits in each of these: few, and where one of them stands
    nowhere, none of these does."""
    return {max(_PLAIN.findall(_ESCAPE.sub(b" ", one)), key=len) for one in wanted}


def search_desk(
    desk: Desk, keys: Iterable[str], known: str
) -> tuple[list[Violation], dict[str, int]]:
    """What was found, and how many bytes were searched where. `known` is a text that is in the
    database and on the pages: a search that does not find it is blind."""
    wanted = kernels(set().union(*(spellings(key) for key in keys)))
    dumps = desk.directory / "dumps"
    dumps.mkdir()
    desk.database.dump(dumps / "database.sql")
    desk.broker.ring(PLANTED)  # nothing else is sure to be there: it may just have been flushed
    desk.broker.dump(dumps / "broker.txt")
    read_pages(desk, dumps / "pages.html")
    found: list[Violation] = []
    searched: dict[str, int] = {}
    for path in sorted(one for one in desk.directory.rglob("*") if one.is_file()):
        place = path.relative_to(desk.directory).parts[0]
        if place == "pginstall":
            continue
        with suppress(FileNotFoundError):  # a server has tidied up
            searched[place] = searched.get(place, 0) + path.stat().st_size
        if contains(path, wanted):
            found.append(Violation(Kind.KEY_FOUND, f"a key stands in {path}"))
    for name, text in (("database.sql", known), ("pages.html", known), ("broker.txt", PLANTED)):
        if not contains(dumps / name, {text.encode()}):
            found.append(Violation(Kind.BLIND, f"{name} lacks what is known to be there"))
    return found, searched


def contains(path: Path, wanted: set[bytes]) -> bool:
    """Whether one of these stands in the file, also where it crosses the border of a piece."""
    overlap = max(map(len, wanted)) - 1
    rest = b""
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                text = rest + piece
                if any(one in text for one in wanted):
                    return True
                rest = text[-overlap:] if overlap else b""
    except FileNotFoundError:
        return False
    return False


def read_pages(desk: Desk, path: Path) -> None:
    """What an admin sees on up to MOST_PAGES pages, each kind of page from its first examples."""
    admin = Browser(desk.port)
    log_in(admin, "admin", FIRST_PASSWORD)
    waiting, seen = ["/"], {"/"}
    kinds: dict[str, int] = {}
    with path.open("w") as file:
        while waiting and sum(kinds.values()) < MOST_PAGES:
            address = waiting.pop(0)
            kind = "".join("0" if sign.isdigit() else sign for sign in address.split("?")[0])
            if kinds.get(kind, 0) >= MOST_OF_A_KIND:
                continue
            kinds[kind] = kinds.get(kind, 0) + 1
            try:
                page = admin.get(address)
            except NoAnswer:
                continue
            file.write(f"{address}\n{page.text}\n")
            for link in _links(page.text):
                if link not in seen and not link.startswith(LEAVES):
                    seen.add(link)
                    waiting.append(link)


def _links(text: str) -> Iterator[str]:
    for part in text.split(HREF)[1:]:
        yield "/" + part.split('"', 1)[0].replace("&amp;", "&")
