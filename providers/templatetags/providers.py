"""How what is fetched from a provider looks on every page."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from core.templatetags.components import state_badge

from ..models.catalog import RunState

register = template.Library()

RUN_COLORS: dict[str, str] = {
    RunState.RUNNING: "blue",
    RunState.APPLIED: "green",
    RunState.HELD: "orange",
    RunState.FAILED: "red",
    RunState.REFUSED: "secondary",
    RunState.SUPERSEDED: "secondary",
}
RUN_WORDS = {RunState.SUPERSEDED: _("Replaced"), RunState.REFUSED: _("Rejected")}


@register.simple_tag
def run_badge(state: str) -> SafeString:
    """The state of a catalog run, in the few words a table has room for."""
    run = RunState(state)
    return state_badge(RUN_COLORS[run], str(RUN_WORDS.get(run) or run.label))
