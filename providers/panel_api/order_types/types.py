"""The types of order a provider may offer: one frozen dataclass for each, and nothing else.

A type is its fields and the `Ask` of each. To add one, write its class and name it in `table.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from .common import (
    DripFedPayload,
    LinkPayload,
    QuantityPayload,
    comments_field,
    names_field,
    owner_field,
)
from .fields import Kind, asked

VISITORS_FROM_GOOGLE, VISITORS_FROM_AN_ADDRESS, VISITORS_FROM_NOWHERE = 1, 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultPayload(DripFedPayload):
    type_name = "Default"
    about = "A number of units for an address."


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagePayload(LinkPayload):
    type_name = "Package"
    about = "A bundle of a fixed size at a fixed price."
    priced_per_package = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SeoPayload(QuantityPayload):
    type_name = "SEO"
    about = "Units that come by way of search phrases."

    keywords: tuple[str, ...] = asked(
        "keywords",
        Kind.LINES,
        "Keywords",
        ("garden chairs", "oak table"),
        help="Search phrases, one a line.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomCommentsPayload(LinkPayload):
    type_name = "Custom Comments"
    about = "Your own texts, each of them one unit."
    fits_on = ("custom_data",)

    comments: tuple[str, ...] = comments_field()


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomCommentsPackagePayload(LinkPayload):
    type_name = "Custom Comments Package"
    about = "A bundle at a fixed price, with your own texts."
    priced_per_package = True

    comments: tuple[str, ...] = comments_field(counts=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionsPayload(QuantityPayload):
    type_name = "Mentions"
    about = "Mentions of accounts you name; the quantity is said beside them."

    usernames: tuple[str, ...] = names_field()


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionsWithHashtagsPayload(QuantityPayload):
    type_name = "Mentions with Hashtags"
    about = "Mentions of accounts you name, under tags you name."

    usernames: tuple[str, ...] = names_field()
    hashtags: tuple[str, ...] = asked(
        "hashtags", Kind.LINES, "Hashtags", ("#garden", "#oak"), help="One a line."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionsCustomListPayload(LinkPayload):
    type_name = "Mentions Custom List"
    about = "Mentions of exactly the accounts of a list."

    usernames: tuple[str, ...] = names_field(counts=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionsHashtagPayload(QuantityPayload):
    type_name = "Mentions Hashtag"
    about = "Mentions of accounts that use a tag."

    hashtag: str = asked("hashtag", Kind.WORD, "Hashtag", "#garden", help="A single one.")


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionsUserFollowersPayload(QuantityPayload):
    type_name = "Mentions User Followers"
    about = "Mentions of the followers of an account."

    username: str = asked(
        "username", Kind.TEXT, "Username", "lumen", help="Whose followers: a name or an address."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionsMediaLikersPayload(QuantityPayload):
    type_name = "Mentions Media Likers"
    about = "Mentions of those who liked a post."

    media: str = asked(
        "media", Kind.LINK, "Post", "https://posts.example/81", help="The address of the post."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentLikesPayload(QuantityPayload):
    type_name = "Comment Likes"
    about = "Votes for a comment somebody wrote."

    username: str = owner_field()


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentRepliesPayload(LinkPayload):
    type_name = "Comment Replies"
    about = "Your own replies to a comment, each of them one unit."

    username: str = owner_field()
    comments: tuple[str, ...] = comments_field("Replies")


@dataclass(frozen=True, slots=True, kw_only=True)
class PollPayload(QuantityPayload):
    type_name = "Poll"
    about = "Answers for one option of a poll."

    answer_number: int = asked(
        "answer_number",
        Kind.NUMBER,
        "Option",
        2,
        minimum=0,
        maximum=10_000,
        help="Its place among the options; most providers count from 1.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitesFromGroupsPayload(QuantityPayload):
    type_name = "Invites from Groups"
    about = "Invitations of members of other groups."

    groups: tuple[str, ...] = asked(
        "groups",
        Kind.LINES,
        "Groups",
        ("https://groups.example/oak",),
        help="Whose members are invited, one group a line.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WebTrafficPayload(DripFedPayload):
    type_name = "Web Traffic"
    about = "Visits to a site, from a country and a kind of device."

    country: str = asked(
        "country", Kind.TEXT, "Country", "DE", help="Its code or its English name."
    )
    device: int = asked(
        "device",
        Kind.CHOICE,
        "Device",
        5,
        choices=(
            ("1", "Desktop"),
            ("2", "Mobile, Android"),
            ("3", "Mobile, iOS"),
            ("4", "Mobile, mixed"),
            ("5", "Mixed"),
        ),
    )
    type_of_traffic: int = asked(
        "type_of_traffic",
        Kind.CHOICE,
        "Visitors come from",
        VISITORS_FROM_GOOGLE,
        choices=(
            (str(VISITORS_FROM_GOOGLE), "A Google keyword"),
            (str(VISITORS_FROM_AN_ADDRESS), "A referring address"),
            (str(VISITORS_FROM_NOWHERE), "Nowhere: no referrer is sent"),
        ),
    )
    google_keyword: str | None = asked(
        "google_keyword",
        Kind.TEXT,
        "Google keyword",
        "garden chairs",
        optional=True,
        needed_when=("type_of_traffic", VISITORS_FROM_GOOGLE),
        help="Needed, and sent, only when visitors come from a Google keyword.",
    )
    referring_url: str | None = asked(
        "referring_url",
        Kind.LINK,
        "Referring address",
        "https://news.example",
        optional=True,
        needed_when=("type_of_traffic", VISITORS_FROM_AN_ADDRESS),
        help="Needed, and sent, only when visitors come from a referring address.",
    )
