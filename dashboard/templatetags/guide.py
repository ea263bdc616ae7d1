"""Tags of the guide."""

from __future__ import annotations

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ..navigation import SECTIONS

register = template.Library()
_PLACES = {name: (title, what) for _, places in SECTIONS for title, _, name, what in places}


@register.simple_tag(takes_context=True)
def place(context: Context, name: str) -> SafeString:
    """A page by its title in the sidebar; a link for who may open it."""
    title, what = _PLACES[name]
    if context["request"].user.may(what):
        return format_html('<a href="{}">{}</a>', reverse(name), title)
    return format_html("<strong>{}</strong>", title)
