"""Logging in and out, and one's own password."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render, resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from core.forms import TablerForm
from core.web.kept_forms import KeptForm
from core.web.policy import StaffRequest, public, signed_in

from .kept_orders import order_in
from .people.forms import PasswordAlone

PERSON_HEADER = "Desk-Person"  # for whom the page was drawn that asks: templates/base.html
SESSION_ENDED = "Your session has ended. Log in, then send it again: what you typed is kept."


class LogInForm(TablerForm, AuthenticationForm):
    """The same words for an unknown name, a wrong password and somebody who was let go."""

    error_messages = {
        "invalid_login": "Wrong username or password.",
        "inactive": "Wrong username or password.",
    }


class OwnPasswordForm(TablerForm, PasswordAlone, PasswordChangeForm):
    pass


class LogInFirst(LoginRequiredMiddleware):
    """Nobody passes without logging in, and nobody types a form twice for it: a form sent from a
    page of ours goes along through the log-in, and a live part leaves the page as it is."""

    def process_view(
        self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        to_log_in = super().process_view(request, view_func, view_args, view_kwargs)
        if to_log_in is None and getattr(view_func, "login_required", True):
            return ended_here(request) if is_of_another_person(request) else None
        if to_log_in is None or request.method != "POST":
            return to_log_in
        if request.headers.get("HX-Request"):
            return ended_here(request)
        if kept := KeptForm.of(request):
            form = LogInForm(request)
            context = {"form": form, "kept": kept.sealed(), "next": resolve_url("overview")}
            context["not_done"] = kept.form_key
            return render(request, _LogIn.template_name, context, status=403)
        return to_log_in


def is_of_another_person(request: HttpRequest) -> bool:
    """The page was drawn for somebody whose session has ended; in this browser somebody else is
    logged in now, from another tab."""
    drawn_for = request.headers.get(PERSON_HEADER, "")
    return bool(drawn_for) and request.user.is_authenticated and drawn_for != str(request.user.pk)


def ended_here(request: HttpRequest) -> HttpResponse:
    """A part of a page whose session has ended: the page stays, and asks to log in over it."""
    if request.method == "POST":
        return htmx_event(SESSION_ENDED, status=401, address=resolve_url(settings.LOGIN_URL))
    return _whole_page_log_in(request)


def htmx_event(text: str, *, status: int, **detail: str) -> HttpResponse:
    """Words for a live part that was not let through; the page keeps what was typed."""
    answer = HttpResponse(text, status=status, content_type="text/plain")
    answer.headers["HX-Trigger"] = json.dumps({"desk:refused": {"text": text, **detail}})
    return answer


class _LogIn(LoginView):
    template_name = "dashboard/log_in.html"
    authentication_form = LogInForm
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if request.headers.get("HX-Request"):
            return _whole_page_log_in(request)
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        answer = super().form_valid(form)
        kept = KeptForm.opened(self.request.POST.get("kept", ""))
        if kept is None:
            return answer
        context = {"kept": kept, "kept_order": order_in(kept, self.request.user)}
        return render(self.request, "dashboard/typed_before.html", context)

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        return super().get_context_data(kept=self.request.POST.get("kept", ""), **more)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_invalid(form)
        response.status_code = 422
        return response


def _whole_page_log_in(request: HttpRequest) -> HttpResponse:
    """A live part whose session has ended must not be replaced by a log-in form."""
    page = request.htmx.current_url_abs_path  # type: ignore[attr-defined]  # set by HtmxMiddleware
    address = resolve_url(settings.LOGIN_URL)
    return HttpResponseClientRedirect(f"{address}?{urlencode({'next': page or '/'})}")


log_in = public(_LogIn.as_view())


@public
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def log_in_again(request: HttpRequest) -> HttpResponse:
    """The dialog over a page whose session has ended. The page stays as it is, so the answer tells
    it who is logged in now and the token that its forms need from here on."""
    named = {"username": request.GET.get("username", "")}
    form = LogInForm(request, request.POST or None, auto_id="again_%s", initial=named)
    if not form.is_valid():
        if form.is_bound or named["username"]:
            form.fields["username"].widget.attrs["autofocus"] = False
            form.fields["password"].widget.attrs["autofocus"] = True
        status = 422 if form.is_bound else 200
        other = request.user if is_of_another_person(request) else None
        context = {"again": form, "other": other}
        return render(request, "_log_in_again.html", context, status=status)
    person = form.get_user()
    login(request, person)
    answer = HttpResponse(status=204)
    told = {"person": str(person.pk), "token": get_token(request)}
    answer.headers["HX-Trigger"] = json.dumps({"desk:logged-in": told})
    return answer


log_out = signed_in(require_POST(LogoutView.as_view()))


@signed_in
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: StaffRequest) -> HttpResponse:
    """One's own password. Every other session of the person ends with the old one."""
    form = OwnPasswordForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        update_session_auth_hash(request, form.save())
        messages.success(request, "Your password is changed. Other devices are logged out.")
        return redirect("password")
    status = 422 if form.is_bound else 200
    return render(request, "dashboard/password.html", {"form": form}, status=status)
