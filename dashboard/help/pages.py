"""The pages of the guide, in the order in which somebody new reads them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    slug: str
    title: str
    about: str
    icon: str
    template: str


PAGES = (
    Page(
        "start",
        "First steps",
        "From a new provider to the first order.",
        "bolt",
        "dashboard/help/start.html",
    ),
    Page(
        "new-order",
        "Place an order",
        "Find the service, check the cost, send.",
        "plus",
        "dashboard/help/new_order.html",
    ),
    Page(
        "orders",
        "Find orders",
        "Search, filters, saved views, columns.",
        "search",
        "dashboard/help/orders.html",
    ),
    Page(
        "order",
        "Read an order",
        "Status, delivery, cost and history.",
        "file-text",
        "dashboard/help/order.html",
    ),
    Page(
        "attention",
        "What needs attention",
        "Unconfirmed, not placed and flagged orders.",
        "alert-triangle",
        "dashboard/help/attention.html",
    ),
    Page(
        "after-sales",
        "Refills and cancels",
        "What you can ask of a provider later.",
        "refresh",
        "dashboard/help/after_sales.html",
    ),
    Page(
        "bulk",
        "Bulk actions",
        "One action for many orders.",
        "list-check",
        "dashboard/help/bulk.html",
    ),
    Page(
        "mass-orders",
        "Mass orders",
        "Paste thousands of lines, check them, place them.",
        "upload",
        "dashboard/help/mass_orders.html",
    ),
    Page(
        "providers",
        "Providers and balances",
        "Accounts, catalogs, money.",
        "building-store",
        "dashboard/help/providers.html",
    ),
    Page(
        "changes",
        "Prices that change",
        "Catalog changes and changed terms.",
        "arrows-exchange",
        "dashboard/help/changes.html",
    ),
    Page(
        "limits",
        "Limits and stops",
        "Spend limits, blocked links, sending control.",
        "shield-check",
        "dashboard/help/limits.html",
    ),
    Page(
        "people",
        "People and your profile",
        "Roles, passwords, time zone, numbers.",
        "users",
        "dashboard/help/people.html",
    ),
    Page(
        "shortcuts", "Shortcuts", "Every key, on one page.", "bolt", "dashboard/help/shortcuts.html"
    ),
    Page(
        "statuses",
        "Statuses",
        "What each word on an order means.",
        "tags",
        "dashboard/help/statuses.html",
    ),
)
BY_SLUG = {page.slug: page for page in PAGES}


def neighbours(page: Page) -> tuple[Page | None, Page | None]:
    """The pages before and after it."""
    here = PAGES.index(page)
    return PAGES[here - 1] if here else None, PAGES[here + 1] if page is not PAGES[-1] else None
