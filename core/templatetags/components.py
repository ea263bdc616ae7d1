"""Parts that many pages share, each with its markup in one place; no page has to load them."""

from __future__ import annotations

from django import template
from django.forms import BoundField
from django.template.context import Context
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from ..models import User
from ..regional.numbers import STYLES
from ..roles import May, Role, refusal
from ..web.policy import policy_of
from .desk import icon, query

register = template.Library()

LEVEL_COLORS = {"success": "green", "warning": "orange", "error": "red"}
ROLE_COLORS = {Role.ADMIN: "indigo", Role.MANAGER: "blue", Role.OPERATOR: "green"}


@register.simple_block_tag
def fact(content: str, title: str, css: str = "") -> SafeString:
    """A title with its value, inside `<div class="datagrid">`."""
    return format_html(
        '<div class="datagrid-item"><div class="datagrid-title">{}</div>'
        '<div class="datagrid-content{}">{}</div></div>',
        title,
        _more(css),
        _inside(content),
    )


@register.simple_block_tag
def alert(
    content: str, level: str, icon_name: str, role: str = "alert", css: str = "", account: str = ""
) -> SafeString:
    """What people should know before they go on; `role="status"` is not read out at once.
    `account` is the state of an account, for who looks for it."""
    return format_html(
        '<div class="alert alert-{}{}" role="{}"{}><div class="d-flex gap-2">{}'
        '<div class="text-body">{}</div></div></div>',
        level,
        _more(css),
        role,
        format_html(' data-account="{}"', account) if account else "",
        icon(icon_name, "flex-shrink-0"),
        _inside(content),
    )


@register.filter
def alert_level(color: str) -> str:
    """Of a state that is trouble."""
    return "danger" if color == "red" else "warning"


@register.simple_block_tag
def table(content: str, css: str = "") -> SafeString:
    """Head and body of a list; on a phone each row is a card with `data-label`s."""
    return format_html(
        '<div class="table-responsive{}">'
        '<table class="table table-vcenter table-cards card-table">{}</table></div>',
        _more(css),
        _inside(content),
    )


@register.simple_tag
def tick_all(box: str, label: str, css: str = "w-1") -> SafeString:
    """The head of a column of boxes: one that ticks all of them, those with `data-{box}`."""
    return format_html(
        '<th class="{}"><input class="form-check-input m-0 align-middle needs-js" type="checkbox"'
        ' data-check-all="[data-{}]" aria-label="{}"></th>',
        css,
        box,
        label,
    )


@register.simple_block_tag
def kpi(content: str, icon_name: str, color: str, label: str, about: str = "") -> SafeString:
    """The body of a card with one figure; `content` begins with `<div class="kpi-figure">`. `about`
    tells whoever points at the label what the figure is."""
    return format_html(
        '<div class="card-body kpi"><span class="kpi-mark bg-{}-lt">{}</span>'
        '<div><div class="kpi-label"{}>{}</div>{}</div></div>',
        color,
        icon(icon_name),
        format_html(' title="{}"', about) if about else "",
        label,
        _inside(content),
    )


@register.simple_block_tag
def filter_form(
    content: str,
    view: str,
    label: str,
    of: str = "",
    typed: str = "",
    css: str = "card-body border-bottom py-3",
) -> SafeString:
    """The form above a list. With `of` it refreshes `<div id="{of}-list">` by itself when a choice
    changes, and while somebody types into a field of `typed`: `"id_q:300"`, its id and how many
    milliseconds are waited."""
    address = reverse(view)
    return format_html(
        '<form class="{}" method="get" action="{}" role="search" aria-label="{}"{}>{}</form>',
        css,
        address,
        label,
        _refreshing(address, of, typed) if of else "",
        _inside(content),
    )


@register.simple_block_tag(takes_context=True)
def form_card(
    context: Context,
    content: str,
    action: str,
    back: str,
    icon_name: str = "",
    address: str = "",
    autocomplete: str = "",
) -> SafeString:
    """A card that is a form: the mistakes and fields of the page's `form`, and a foot with the way
    back and the button `action`. Sent to `address`, else to the page itself."""
    told = {"form": context.get("form"), "csrf_token": context.get("csrf_token")}
    told |= {"fields": _inside(content), "action": action, "back": back, "icon": icon_name}
    told |= {"address": address, "autocomplete": autocomplete}
    return render_to_string("_form_card.html", told)


def _refreshing(address: str, of: str, typed: str) -> SafeString:
    waits = [field.split(":") for field in typed.split()]
    fields = [f"input changed delay:{pause}ms from:#{field}" for field, pause in waits]
    return format_html(
        ' id="{}-filter" hx-get="{}" hx-trigger="{}" hx-target="#{}-list"'
        ' hx-swap="morph:outerHTML" hx-push-url="true" hx-sync="this:replace"',
        of,
        address,
        ", ".join([*fields, "change", "submit"]),
        of,
    )


@register.simple_block_tag(takes_context=True)
def empty_state(
    context: Context,
    content: str,
    icon_name: str,
    title: str,
    address: str = "",
    action: str = "",
    needs: May | None = None,
    *,
    is_way_back: bool = False,
) -> SafeString:
    """What stands where a list has no rows: why, and what to do about it. Somebody who may not
    open `address`, or not do what it `needs`, reads who may. `is_way_back`: it only leads back to
    the whole list."""
    told = {"icon": icon_name, "title": title, "text": _inside(content), "is_quiet": is_way_back}
    told |= {"address": address, "action": action}
    told["refusal"] = refusal_of(context, needs or policy_of(address)) if address else ""
    return render_to_string("_empty.html", told)


@register.simple_block_tag(takes_context=True)
def nothing_yet(
    context: Context, content: str, icon_name: str, title: str, address: str = "", action: str = ""
) -> SafeString:
    """`empty_state` of what comes after the first order; before that can be placed it leads to what
    is missing for it, by the page's `first_run`."""
    step = getattr(context.get("first_run"), "missing", None)
    if step is None:
        return empty_state(context, content, icon_name, title, address, action)
    why = escape(step.why)
    return empty_state(context, why, icon_name, title, step.address, step.action, step.needs)


@register.simple_tag(takes_context=True)
def refusal_of(context: Context, needs: May | None) -> str:
    """Who may do it, for a person who may not; empty for one who may."""
    person = getattr(context.get("request"), "user", None)
    is_refused = needs is not None and isinstance(person, User) and not person.may(needs)
    return refusal(needs) if needs is not None and is_refused else ""


@register.simple_block_tag
def tabs(content: str, label: str) -> SafeString:
    """The row of `tab`s above the list they choose from."""
    return format_html(
        '<div class="d-flex border-bottom order-tabs">'
        '<ul class="nav nav-bordered flex-nowrap" aria-label="{}">{}</ul></div>',
        label,
        _inside(content),
    )


@register.simple_block_tag(takes_context=True)
def tab(context: Context, content: str, name: str, value: str, chosen: str | None) -> SafeString:
    """A tab that sets `name` of the page's query string to `value`."""
    is_here = (chosen or "") == value
    return format_html(
        '<li class="nav-item"><a class="nav-link nowrap{}" href="{}"{}>{}</a></li>',
        _more("active" if is_here else ""),
        query(context, **{name: value}),
        SafeString(' aria-current="true"' if is_here else ""),
        _inside(content),
    )


@register.simple_tag
def state_badge(color: str, label: str) -> SafeString:
    """A state in its colour."""
    return format_html(
        '<span class="badge bg-{}-lt"><span class="badge-dot"></span>{}</span>', color, label
    )


@register.filter
def level_color(level: str) -> str:
    """Of a message; static/js/toasts.js has the same."""
    return LEVEL_COLORS.get(level, "blue")


@register.filter
def role_color(role: Role | None) -> str:
    return ROLE_COLORS.get(role, "secondary") if role else "secondary"


@register.simple_tag
def person(user: User | None) -> SafeString:
    """Who did it; nobody is the desk itself."""
    return format_html("<bdi>{}</bdi>", user.display_name) if user else SafeString("System")


@register.simple_tag(takes_context=True)
def person_attributes(context: Context) -> SafeString:
    """What the person has chosen, on `<html>`, so that the first paint has it already. With a theme
    that follows the system, static/js/theme.js asks the system before that."""
    user = getattr(context.get("request"), "user", None)
    if not isinstance(user, User):
        return SafeString("")
    chosen = user.chosen
    drawn = format_html(
        ' data-density="{}" data-numbers="{}"', chosen.density, STYLES[chosen.numbers].locale
    )
    if chosen.theme:
        drawn += format_html(' data-theme-choice="{}"', chosen.theme)
    if chosen.theme in ("light", "dark"):
        drawn += format_html(' data-bs-theme="{}"', chosen.theme)
    return drawn


@register.simple_tag
def filter_field(field: BoundField, label: str, css: str, *, has_label: bool = False) -> SafeString:
    """A field of a filter form; its label is for the ear alone unless `has_label`."""
    return format_html(
        '<div class="{}"><label class="{}" for="{}">{}</label>{}</div>',
        css,
        "form-label mb-1" if has_label else "visually-hidden",
        field.id_for_label,
        label,
        field,
    )


def _more(css: str) -> str:
    return f" {css}" if css else ""


def _inside(content: str) -> SafeString:
    # Strip and mark: the parts were escaped when they were drawn.
    return SafeString(content.strip())
