"""What may be asked of a provider: the one table of order types.

The order form, its checks, the cost, the wire parameters, the preview, the reference page and
the tests are all drawn from the classes named here and the `Ask` kept with each of their fields.
"""

from __future__ import annotations

from typing import Final

from .fields import Ask, CostRange, Kind, Wish, WrittenWish, count_lines, split_lines
from .types import (
    CommentLikesWish,
    CommentRepliesWish,
    CustomCommentsPackageWish,
    CustomCommentsWish,
    DefaultWish,
    InvitesFromGroupsWish,
    MentionsCustomListWish,
    MentionsHashtagWish,
    MentionsMediaLikersWish,
    MentionsUserFollowersWish,
    MentionsWish,
    MentionsWithHashtagsWish,
    OldPostsWish,
    PackageWish,
    PollWish,
    SeoWish,
    SubscriptionWish,
    WebTrafficWish,
)

__all__ = [
    "SUBSCRIPTIONS",
    "WISHES",
    "Ask",
    "CostRange",
    "CustomCommentsWish",
    "DefaultWish",
    "Kind",
    "OldPostsWish",
    "PackageWish",
    "SubscriptionWish",
    "WebTrafficWish",
    "Wish",
    "WrittenWish",
    "count_lines",
    "split_lines",
    "type_name",
]

_TYPES: tuple[type[Wish], ...] = (
    DefaultWish,
    PackageWish,
    SeoWish,
    CustomCommentsWish,
    CustomCommentsPackageWish,
    MentionsWish,
    MentionsWithHashtagsWish,
    MentionsCustomListWish,
    MentionsHashtagWish,
    MentionsUserFollowersWish,
    MentionsMediaLikersWish,
    CommentLikesWish,
    CommentRepliesWish,
    PollWish,
    InvitesFromGroupsWish,
    SubscriptionWish,
    OldPostsWish,
    WebTrafficWish,
)
WISHES: dict[str, type[Wish]] = {wish.type_name: wish for wish in _TYPES}
SUBSCRIPTIONS: Final = frozenset(wish.type_name for wish in _TYPES if wish.is_subscription)


def _letters(text: str) -> str:
    return "".join(char for char in text.lower() if char.isalpha())


_BY_LETTERS = {
    _letters(published): wish.type_name
    for wish in _TYPES
    for published in (wish.type_name, *wish.fits_on)
}


def type_name(published: str) -> str:
    """Our name for a provider's spelling of a type; empty when it is not one we know."""
    return _BY_LETTERS.get(_letters(published), "")
