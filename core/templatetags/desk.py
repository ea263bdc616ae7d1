"""Tags every page uses; no page has to load them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django import template
from django.http import QueryDict
from django.template.base import NodeList, Parser, Token
from django.template.context import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.money import plain
from core.regional.numbers import grouped, spelled, with_point

register = template.Library()

NOTHING = "—"
SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}
NOW_SECONDS = 10  # nearer than this a moment is now
PRICE_PLACES = 5  # that a column of prices has room for
LINK_SHOWN = 48  # characters of a link that a row has room for


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """A Tabler icon of the sprite, for the eye only; give the link or button a name in words."""
    return format_html(
        '<svg class="icon{}" width="24" height="24" aria-hidden="true" focusable="false">'
        '<use href="{}#{}"></use></svg>',
        f" {css}" if css else "",
        static("icons.svg"),
        name,
    )


@register.simple_tag
def money(
    amount: Decimal | None, currency: str = "", places: int | None = None
) -> SafeString | str:
    """`$1,234.5883`: all digits that carry something, at least two places. `places` rounds, for
    sums on cards."""
    if amount is None:
        return NOTHING
    if places is not None:
        amount = round(amount, places)
    return format_html('<bdi class="money">{}</bdi>', spell_money(amount, currency))


@register.simple_tag
def price(amount: Decimal | None, currency: str = "") -> SafeString | str:
    """`money` in a column of prices: unseen digits fill it up to PRICE_PLACES places, so that the
    points stand under each other."""
    if amount is None:
        return NOTHING
    places = max(2, len(plain(abs(amount)).partition(".")[2]))
    return format_html(
        '{}<span class="price-fill" aria-hidden="true">{}</span>',
        money(amount, currency),
        "0" * (PRICE_PLACES - places),
    )


def spell_money(amount: Decimal, currency: str) -> str:
    """The amount in words of a page: −$0.50, 12.00 JPY."""
    digits = spelled(amount)
    minus = "−" if amount < 0 else ""
    if sign := SIGNS.get(currency):
        return f"{minus}{sign}{digits}"
    return f"{minus}{digits} {currency}".strip()


@register.filter
def amount(count: int | None) -> str:
    """Whole units with thousands apart."""
    return NOTHING if count is None else grouped(count)


@register.filter
def pointed(number: Decimal | str) -> str:
    """A number, also one that is kept as text, 0.275, with the point of the reader."""
    return with_point(plain(number) if isinstance(number, Decimal) else number)


@register.filter
def rounded(number: Decimal | float | None, places: int = 0) -> str:
    """With so many decimals."""
    return NOTHING if number is None else with_point(f"{number:.{places}f}")


@register.simple_tag
def when(moment: datetime | None) -> SafeString | str:
    """How long ago, with the exact time behind it; static/js/relative_times.js keeps it fresh."""
    return NOTHING if moment is None else _moment(moment, "", ago)


@register.simple_tag
def due(moment: datetime | None) -> SafeString | str:
    """`when` of something that is still to be done, also where its time has just come."""
    return NOTHING if moment is None else _moment(moment, "due", until)


def _moment(moment: datetime, kind: str, words: Callable[[datetime, datetime], str]) -> SafeString:
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}" data-when="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        local.strftime("%a %d %b %Y, %H:%M:%S %Z"),
        kind,
        words(local, timezone.localtime()),
    )


def until(moment: datetime, now: datetime) -> str:
    """`in 2 h`, and `in a few seconds` from ten seconds before it on."""
    soon = (moment - now).total_seconds() < NOW_SECONDS
    return "in a few seconds" if soon else ago(moment, now)


def ago(moment: datetime, now: datetime) -> str:
    """`3 min ago`, `in 2 h`; a date when it is more than a day away."""
    seconds = int((now - moment).total_seconds())
    distance = abs(seconds)
    if distance < NOW_SECONDS:
        return "just now"
    if distance >= 86_400:
        return moment.strftime("%b %d, %H:%M" if moment.year == now.year else "%b %d, %Y")
    steps = ((3600, "h"), (60, "min"), (1, "s"))
    size, unit = next(step for step in steps if distance >= step[0])
    words = f"{distance // size} {unit}"
    return f"in {words}" if seconds < 0 else f"{words} ago"


@register.filter
def link_host(link: str) -> str:
    """A link as a row shows it: no scheme, no www, cut when long."""
    shown = link.partition("://")[2] or link
    shown = shown.removeprefix("www.").rstrip("/")
    return shown if len(shown) <= LINK_SHOWN else f"{shown[: LINK_SHOWN - 1]}…"


@register.simple_tag
def link_out(link: str) -> SafeString | str:
    """A link that may be followed when it is plain http or https, and its text when not."""
    if scheme_of(link) not in ("http", "https"):
        return format_html("<bdi>{}</bdi>", link)
    return format_html(
        '<a href="{}" target="_blank" rel="noopener noreferrer" title="{}"><bdi>{}</bdi></a>',
        link,
        link,
        link_host(link),
    )


def scheme_of(link: str) -> str | None:
    """The scheme, or None for what is no address at all."""
    try:
        return urlsplit(link).scheme
    except ValueError:
        return None


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: Any) -> str:
    """The page's query string with changes; None or "" removes. A change starts at page one.
    What a list adds when it asks again by itself, `top`, is handed on only by name."""
    request = context.get("request")
    asked: QueryDict = request.GET.copy() if request else QueryDict(mutable=True)
    for passing in ("cursor", "top"):
        if passing not in changes:
            asked.pop(passing, None)
    for name, value in changes.items():
        if value in (None, ""):
            asked.pop(name, None)
        else:
            asked[name] = str(value)
    return f"?{asked.urlencode()}" if asked else "?"


@register.simple_tag(takes_context=True)
def query_without(context: Context, name: str) -> str:
    """The page's query string without the field `name`, at page one."""
    return query(context, **{name: None})


@register.tag
def capture(parser: Parser, token: Token) -> CaptureNode:
    """`{% capture name %}…{% endcapture %}`: what stands between, for use twice."""
    _, name = token.split_contents()
    nodelist = parser.parse(("endcapture",))
    parser.delete_first_token()
    return CaptureNode(nodelist, name)


class CaptureNode(template.Node):
    def __init__(self, nodelist: NodeList, name: str) -> None:
        self.nodelist = nodelist
        self.name = name

    def render(self, context: Context) -> SafeString:
        # Strip and mark: the parts were escaped when they were drawn.
        context[self.name] = SafeString(self.nodelist.render(context).strip())
        return SafeString("")
