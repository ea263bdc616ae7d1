"""The control: a client as they are often written. Where the checker finds no fault with it, the
table proves nothing about ours.

Proxies are left out, or the one in the environment would answer for all servers.
"""

from __future__ import annotations

from typing import Any, Final

import requests

from providers.panel_api import (
    NotSent,
    OutcomeUnknown,
    PanelClient,
    Placed,
    RefusalCode,
    Rejected,
)

from .callers import KEY, Call, Provider
from .mode import DEADLINE, Mode

# Without those that would fill the memory of a client that reads whatever comes.
MODES: Final = (
    *("an order", "a refusal", "refused", "handshake hang", "close at accept"),
    *("hang after the request", "close after the request", "reset after the request"),
    *("body shorter than its length", "bare number that may be cut short"),
    *("redirect 302 Found", "redirect 307 Temporary", "redirect with an order", "gzip"),
    *("HTTP 500 with an order", "HTTP 500 with a refusal", "a web page", "order and error"),
    *("id true", "id with a fraction", "id padded", "a field twice", "id in Arabic digits"),
    *("an error nobody has reviewed", "a reviewed refusal and another"),
)


def careless(there: Provider) -> Call:
    """`add` by types of exceptions, with redirects, and numbers as Python reads them."""

    def add(client: PanelClient, mode: Mode) -> object:
        fields = {"key": KEY, "action": "add", **mode.payload.wire()}
        with requests.Session() as session:
            session.trust_env = False
            try:
                answer = session.post(
                    client.credentials.url, data=fields, timeout=DEADLINE, verify=there.bundle
                )
                body: Any = answer.json()
                if isinstance(body, dict) and "order" in body:
                    return Placed(str(int(body["order"])))
                raise Rejected(str(body), RefusalCode.UNLISTED)
            except ValueError as error:
                raise OutcomeUnknown(str(error)) from None
            except requests.RequestException as error:
                raise NotSent(str(error)) from None

    return add
