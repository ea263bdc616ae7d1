"""What says on a page that it spends no real money."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context
from django.utils.safestring import SafeString

from ..models import Provider
from ..sandbox_address import SandboxScope

register = template.Library()


@register.inclusion_tag("_sandbox_strip.html", takes_context=True)
def sandbox_strip(
    context: Context, provider: Provider | None = None, *, may_choose: bool = False
) -> dict[str, Any]:
    """The line and the frame of a page about `provider`, else about all of them. `may_choose`: a
    provider is chosen on this page, perhaps one that costs money."""
    if provider is not None:
        scope = SandboxScope.ALL if provider.is_sandbox else SandboxScope.NONE
        return {"scope": scope, "provider": provider}
    scope = _scope_once(context)
    is_told = scope == SandboxScope.ALL or (may_choose and scope == SandboxScope.SOME)
    return {"scope": scope if is_told else SandboxScope.NONE}


@register.simple_tag(takes_context=True)
def sandbox_mark(context: Context, provider: Provider) -> SafeString:
    """Tells the sandbox from the accounts that cost money, where there are both."""
    is_told = provider.is_sandbox and _scope_once(context) == SandboxScope.SOME
    return SafeString('<span class="badge sandbox-mark">Sandbox</span>' if is_told else "")


def _scope_once(context: Context) -> SandboxScope:
    """Asked of the database once for a page, and not where its view knows."""
    if "sandbox_scope" in context:
        return SandboxScope(context["sandbox_scope"])
    memo = vars(context["request"]) if "request" in context else {}
    if "_sandbox_scope" not in memo:
        memo["_sandbox_scope"] = Provider.objects.sandbox_scope()
    return SandboxScope(memo["_sandbox_scope"])
