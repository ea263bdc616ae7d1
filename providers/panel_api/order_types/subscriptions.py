"""The types of order that go on by themselves: for new posts, or for those already there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .fields import CostRange, Kind, OrderPayload, asked

SUBSCRIPTION_DELAYS = (
    *(0, 5, 10, 15, 20, 30, 40, 50, 60, 90, 120, 150, 180, 210, 240, 270, 300),
    *(360, 420, 480, 540, 600),
)

MOST_POSTS = 1_000_000


def minutes_in_words(minutes: int) -> str:
    return "at once" if minutes == 0 else f"{minutes} min"


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
