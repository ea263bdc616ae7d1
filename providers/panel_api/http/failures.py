"""What went wrong on the way, from the many exceptions of the libraries to one plain sentence."""

from __future__ import annotations

import http.client
import socket
import ssl
import traceback
from collections.abc import Iterator
from typing import Final

import requests
import urllib3.exceptions
from requests_hardened.ip_filter import InvalidIPAddress

from ..errors import UnsafeUrl
from .connection import DeadlinePassed, PreSendCheckFailed


class AnswerRefused(Exception):
    """An answer came in a form we do not read: compressed, or too large."""


# The first cause on the way down that is named here gives the failure its words.
_WORDS: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (UnsafeUrl, ""),
    (PreSendCheckFailed, ""),
    (AnswerRefused, ""),
    (DeadlinePassed, "No whole answer came within the time allowed."),
    (socket.gaierror, "The host name cannot be found."),
    (InvalidIPAddress, "The host name leads to an address that is not public."),
    (ssl.SSLCertVerificationError, "The provider's TLS certificate is not valid."),
    (ssl.SSLError, "The secure connection could not be made."),
    (ConnectionRefusedError, "The connection was refused."),
    (TimeoutError, "The provider did not answer in time."),
    (http.client.RemoteDisconnected, "The connection was closed without an answer."),
    (ConnectionError, "The connection was broken off."),
    (http.client.IncompleteRead, "The answer was cut short."),
    (urllib3.exceptions.IncompleteRead, "The answer was cut short."),
    (http.client.HTTPException, "The answer is not proper HTTP."),
    (OSError, "The connection failed."),
    (urllib3.exceptions.TimeoutError, "The provider did not answer in time."),  # a wrapper too
)


def in_words(error: BaseException) -> str:
    """What staff are told; empty never."""
    causes = list(_causes(error))
    for kind, words in _WORDS:
        for cause in causes:
            if isinstance(cause, kind) and not _is_wrapper(cause):
                return words or str(cause)
    return f"The call failed: {type(causes[-1]).__name__}."


def _is_wrapper(cause: BaseException) -> bool:
    """requests' own errors are OSErrors too; what they wrap says more."""
    return isinstance(cause, requests.RequestException) and not isinstance(cause, InvalidIPAddress)


def exception_chain(error: BaseException) -> tuple[str, ...]:
    """The error and its causes, named, for the evidence, which cuts them short once they are free
    of the key."""
    return tuple(f"{type(cause).__name__}: {cause}" for cause in _causes(error))


def let_go(error: BaseException) -> None:
    """Free what the frames of an error hold: the request, and with it the key.

    The libraries' frames hold the error in turn, so it would stay until the collector comes by.
    """
    for cause in _causes(error):
        traceback.clear_frames(cause.__traceback__)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what lies under it, wherever the libraries keep it; at most ten."""
    waiting, seen = [error], set[int]()
    while waiting and len(seen) < 10:
        cause = waiting.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        under = (*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__)
        waiting.extend(found for found in under if isinstance(found, BaseException))
