"""What may be asked of a provider: the one table of order types.

The order form, its checks, the cost, the wire parameters, the preview, the reference page and
the tests are all drawn from the classes named here and the `Ask` kept with each of their fields.
"""

from __future__ import annotations

from typing import Final

from .fields import Ask, CostRange, Kind, OrderPayload, WrittenPayload, count_lines, split_lines
from .subscriptions import OldPostsPayload, SubscriptionPayload
from .types import (
    CommentLikesPayload,
    CommentRepliesPayload,
    CustomCommentsPackagePayload,
    CustomCommentsPayload,
    DefaultPayload,
    InvitesFromGroupsPayload,
    MentionsCustomListPayload,
    MentionsHashtagPayload,
    MentionsMediaLikersPayload,
    MentionsPayload,
    MentionsUserFollowersPayload,
    MentionsWithHashtagsPayload,
    PackagePayload,
    PollPayload,
    SeoPayload,
    WebTrafficPayload,
)

__all__ = [
    "PAYLOADS",
    "SUBSCRIPTIONS",
    "Ask",
    "CostRange",
    "CustomCommentsPayload",
    "DefaultPayload",
    "Kind",
    "OldPostsPayload",
    "OrderPayload",
    "PackagePayload",
    "SubscriptionPayload",
    "WebTrafficPayload",
    "WrittenPayload",
    "count_lines",
    "split_lines",
    "type_name",
]

_TYPES: tuple[type[OrderPayload], ...] = (
    DefaultPayload,
    PackagePayload,
    SeoPayload,
    CustomCommentsPayload,
    CustomCommentsPackagePayload,
    MentionsPayload,
    MentionsWithHashtagsPayload,
    MentionsCustomListPayload,
    MentionsHashtagPayload,
    MentionsUserFollowersPayload,
    MentionsMediaLikersPayload,
    CommentLikesPayload,
    CommentRepliesPayload,
    PollPayload,
    InvitesFromGroupsPayload,
    SubscriptionPayload,
    OldPostsPayload,
    WebTrafficPayload,
)
PAYLOADS: dict[str, type[OrderPayload]] = {payload.type_name: payload for payload in _TYPES}
SUBSCRIPTIONS: Final = frozenset(payload.type_name for payload in _TYPES if payload.is_subscription)


def _letters(text: str) -> str:
    return "".join(char for char in text.lower() if char.isalpha())


_BY_LETTERS = {
    _letters(published): payload.type_name
    for payload in _TYPES
    for published in (payload.type_name, *payload.fits_on)
}


def type_name(published: str) -> str:
    """Our name for a provider's spelling of a type; empty when it is not one we know."""
    return _BY_LETTERS.get(_letters(published), "")
