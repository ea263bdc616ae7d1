"""The types of order a provider may offer: one frozen dataclass for each, and nothing else.

A type is its fields and the `Ask` of each. To add one, write its class and name it in `payloads`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from .fields import CostRange, Kind, OrderPayload, asked

SUBSCRIPTION_DELAYS = (
    *(0, 5, 10, 15, 20, 30, 40, 50, 60, 90, 120, 150, 180, 210, 240, 270, 300),
    *(360, 420, 480, 540, 600),
)
MOST_MINUTES = 525_600  # a year
MOST_POSTS = 1_000_000
VISITORS_FROM_GOOGLE, VISITORS_FROM_AN_ADDRESS, VISITORS_FROM_NOWHERE = 1, 2, 3


def minutes_in_words(minutes: int) -> str:
    return "at once" if minutes == 0 else f"{minutes} min"


def _link() -> Any:
    return asked(
        "link", Kind.LINK, "Link", "https://shop.example/new", help="The address the order is for."
    )


def _quantity() -> Any:
    return asked("quantity", Kind.QUANTITY, "Quantity", 1000, weighs=True)


def _names(*, counts: bool = False) -> Any:
    return asked(
        "usernames",
        Kind.LINES,
        "Usernames",
        ("lumen", "harbor"),
        counts=counts,
        weighs=counts,
        help="One a line; each line is one unit." if counts else "One a line.",
    )


def _comments(label: str = "Comments", *, counts: bool = True) -> Any:
    return asked(
        "comments",
        Kind.LINES,
        label,
        ("Well made", "Good to know"),
        counts=counts,
        weighs=counts,
        help="One a line; each line is one unit." if counts else "One a line.",
    )


def _owner() -> Any:
    return asked("username", Kind.TEXT, "Username", "lumen", help="The owner of the comment.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPayload(OrderPayload):
    link: str = _link()


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantityPayload(LinkPayload):
    quantity: int = _quantity()


@dataclass(frozen=True, slots=True, kw_only=True)
class DripFedPayload(QuantityPayload):
    """May be delivered in runs: `quantity` is that of one run, and every run is paid."""

    runs: int | None = asked(
        "runs",
        Kind.NUMBER,
        "Runs",
        5,
        optional=True,
        weighs=True,
        minimum=2,
        maximum=10_000,
        help="Drip-feed: the quantity is delivered this many times.",
    )
    interval: int | None = asked(
        "interval",
        Kind.NUMBER,
        "Interval, minutes",
        60,
        optional=True,
        weighs=True,
        minimum=1,
        maximum=MOST_MINUTES,
        own_set="intervals",
        help="Drip-feed: minutes between two runs.",
    )

    @property
    def is_drip_feed(self) -> bool:
        return self.runs is not None and self.interval is not None

    @property
    def units(self) -> int | None:
        return self.quantity * (self.runs or 1)


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

    comments: tuple[str, ...] = _comments()


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomCommentsPackagePayload(LinkPayload):
    type_name = "Custom Comments Package"
    about = "A bundle at a fixed price, with your own texts."
    priced_per_package = True

    comments: tuple[str, ...] = _comments(counts=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionsPayload(QuantityPayload):
    type_name = "Mentions"
    about = "Mentions of accounts you name; the quantity is said beside them."

    usernames: tuple[str, ...] = _names()


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionsWithHashtagsPayload(QuantityPayload):
    type_name = "Mentions with Hashtags"
    about = "Mentions of accounts you name, under tags you name."

    usernames: tuple[str, ...] = _names()
    hashtags: tuple[str, ...] = asked(
        "hashtags", Kind.LINES, "Hashtags", ("#garden", "#oak"), help="One a line."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionsCustomListPayload(LinkPayload):
    type_name = "Mentions Custom List"
    about = "Mentions of exactly the accounts of a list."

    usernames: tuple[str, ...] = _names(counts=True)


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

    username: str = _owner()


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentRepliesPayload(LinkPayload):
    type_name = "Comment Replies"
    about = "Your own replies to a comment, each of them one unit."

    username: str = _owner()
    comments: tuple[str, ...] = _comments("Replies")


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
class PostsPayload(OrderPayload):
    """What is delivered to each post of an account: `min` to `max` units, drawn for each."""

    is_subscription = True

    username: str = asked("username", Kind.TEXT, "Username", "lumen", help="The account to watch.")
    min: int = asked("min", Kind.QUANTITY, "Minimum per post", 100, weighs=True)
    max: int = asked("max", Kind.QUANTITY, "Maximum per post", 200, weighs=True)

    def cost_of_posts(self, rate: Decimal, posts: int) -> CostRange:
        return CostRange(rate * self.min * posts / 1000, rate * self.max * posts / 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionPayload(PostsPayload):
    type_name = "Subscriptions"
    about = "Every new post of an account gets units, until it ends."

    delay: int = asked(
        "delay",
        Kind.CHOICE,
        "Delay, minutes",
        30,
        own_set="delays",
        choices=tuple((str(d), minutes_in_words(d)) for d in SUBSCRIPTION_DELAYS),
    )
    posts: int | None = asked(
        "posts",
        Kind.NUMBER,
        "New posts",
        10,
        optional=True,
        weighs=True,
        minimum=1,
        maximum=MOST_POSTS,
        help="How many future posts are served; empty means no limit.",
    )
    old_posts: int | None = asked(
        "old_posts",
        Kind.NUMBER,
        "Existing posts",
        2,
        optional=True,
        weighs=True,
        minimum=0,
        maximum=MOST_POSTS,
        help="Only where the service allows it.",
    )
    expiry: date | None = asked("expiry", Kind.DATE, "Ends on", date(2030, 12, 31), optional=True)

    def cost(self, rate: Decimal) -> Decimal | CostRange | None:
        if self.posts is None:
            return CostRange(rate * self.min / 1000, None)
        return self.cost_of_posts(rate, self.posts + (self.old_posts or 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class OldPostsPayload(PostsPayload):
    type_name = "Subscriptions, old posts only"
    about = "The posts an account has already get units; new ones do not."
    fits_on = ("Likes spread",)

    old_posts: int = asked(
        "old_posts",
        Kind.NUMBER,
        "Existing posts",
        5,
        weighs=True,
        minimum=1,
        maximum=MOST_POSTS,
        help="How many of them are served, the newest first.",
    )

    def cost(self, rate: Decimal) -> Decimal | CostRange | None:
        return self.cost_of_posts(rate, self.old_posts)


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
