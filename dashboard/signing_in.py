"""Logging in and out, and one's own password."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from core.forms import TablerForm
from core.policy import StaffRequest, public, signed_in


class LogInForm(TablerForm, AuthenticationForm):
    """The same words for an unknown name, a wrong password and somebody who was let go."""

    error_messages = {
        "invalid_login": "That user name and password do not belong together.",
        "inactive": "That user name and password do not belong together.",
    }


class OwnPasswordForm(TablerForm, PasswordChangeForm):
    pass


class _LogIn(LoginView):
    template_name = "dashboard/log_in.html"
    authentication_form = LogInForm
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if request.headers.get("HX-Request"):
            return _whole_page_log_in(request)
        return super().dispatch(request, *args, **kwargs)

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
