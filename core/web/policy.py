"""Every URL declares who may open it; a test walks them all."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import Resolver404, resolve

from ..models import User
from ..roles import May, refusal

View = Callable[..., HttpResponseBase]
SIGNED_IN = "anyone signed in"
PUBLIC = "anyone"


class StaffRequest(HttpRequest):
    """A request behind the log-in: its user is one of our people."""

    user: User
    htmx: Any


def allow(what: May) -> Callable[[View], View]:
    """Open this view to people who may do `what`; everyone else gets 403."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.may(what):
                raise PermissionDenied(refusal(what))
            return view(request, *args, **kwargs)

        guarded.policy = what  # type: ignore[attr-defined]  # read by the policy test
        return guarded

    return decorate


def policy_of(address: str) -> May | None:
    """What a person must be able to do to open this address of ours; None: no more than others."""
    try:
        declared = getattr(resolve(urlsplit(address).path).func, "policy", None)
    except Resolver404:
        return None
    return declared if isinstance(declared, May) else None


def signed_in(view: View) -> View:
    """Open to everyone who has logged in, whatever their role."""
    view.policy = SIGNED_IN  # type: ignore[attr-defined]  # read by the policy test
    return view


def public(view: View) -> View:
    """Open without logging in."""
    view.policy = PUBLIC  # type: ignore[attr-defined]  # read by the policy test
    return login_not_required(view)


__all__ = [
    "PUBLIC",
    "SIGNED_IN",
    "HttpResponse",
    "StaffRequest",
    "allow",
    "policy_of",
    "public",
    "signed_in",
]
