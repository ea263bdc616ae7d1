"""Every page as people meet it: light and dark, wide and on a phone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGES = {
    "overview": "/",
    "orders": "/orders/",
    "order-new": "/orders/new/?q=visits",
    "order-form": "/orders/new/?service=1",
    "order": "/orders/1/",
    "unconfirmed": "/orders/unconfirmed/",
    "cases": "/orders/cases/",
    "statements": "/orders/statements/1/",
    "jobs": "/orders/jobs/",
    "bulk": "/orders/bulk/?kind=note&scope=all",
    "services": "/services/",
    "service": "/services/1/",
    "order-types": "/order-types/",
    "changes": "/services/changes/",
    "providers": "/providers/",
    "provider": "/providers/1/",
    "provider-new": "/providers/new/",
    "provider-key": "/providers/1/key/",
    "catalog-run": "/catalog-runs/1/",
    "people": "/people/",
    "password": "/password/",
}
LOOKS = {
    "light": ({"width": 1280, "height": 900}, "light"),
    "dark": ({"width": 1280, "height": 900}, "dark"),
    "phone": ({"width": 375, "height": 812}, "light"),
}
SCREENSHOTS = os.environ.get("DESK_SCREENSHOTS", "")  # a directory to keep what was seen in


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_fits_and_is_titled(admin_page: Page, look: str) -> None:
    size, scheme = LOOKS[look]
    admin_page.set_viewport_size(size)
    admin_page.emulate_media(color_scheme=scheme)
    admin_page.goto("/orders/new/?service=1")
    if not admin_page.request.get("/orders/1/").ok:
        admin_page.get_by_label("Link").fill("https://lumen.example/first")
        admin_page.get_by_label("Quantity").fill("100")
        admin_page.get_by_role("button", name="Place order").click()
        admin_page.wait_for_url("**/orders/1/")
    for name, address in PAGES.items():
        answer = admin_page.goto(address)
        assert answer is not None
        assert answer.status == 200, f"{name}: HTTP {answer.status}"
        assert admin_page.locator("h1").count() == 1, f"{name} has no title of its own"
        wide = admin_page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{name} is {wide} px wider than a {look} screen"
        if SCREENSHOTS:
            kept = Path(SCREENSHOTS) / f"{name}-{look}.png"
            admin_page.screenshot(path=kept, full_page=True)
