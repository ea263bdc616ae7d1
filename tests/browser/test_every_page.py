"""Every page as people meet it: light and dark, wide and on a phone."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings

from tests.running_desk import Desk

from .axe import findings
from .test_lost_answers import keep_rules
from .test_mass_orders import check, service_number
from .test_orders import place, wait_for_status

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from sandbox import RemoteSandbox

PAGES = {
    "overview": "/",
    "start": "/start/",
    "orders": "/orders/",
    "order-new": "/orders/new/?q=visits",
    "order-form": "/orders/new/?service=1",
    "order": "/orders/{order}/",
    "unconfirmed": "/orders/unconfirmed/",
    "resolve": "/orders/{order}/resolve/",
    "evidence": "/orders/{order}/evidence/",
    "stops": "/orders/sending-control/",
    "recovery": "/orders/recovery/1/",
    "words": "/orders/phrases/1/",
    "restored": "/orders/restored/",
    "discrepancies": "/orders/discrepancies/",
    "discrepancy": "/orders/discrepancies/1/",
    "statements": "/orders/statements/1/",
    "statement": "/orders/statements/day/1/",
    "guard": "/orders/limits/",
    "changed-terms": "/orders/terms/",
    "refills": "/orders/refills/",
    "mass": "/orders/mass-orders/new/",
    "batches": "/orders/mass-orders/",
    "batch-errors": "/orders/mass-orders/{paste}/?tab=fix",
    "batch": "/orders/mass-orders/{paste}/?tab=good",
    "jobs": "/orders/bulk-actions/",
    "bulk": "/orders/bulk/?kind=note&scope=all",
    "again": "/orders/bulk/?kind=reorder&scope=all",
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
    "profile": "/profile/",
    "statuses": "/help/statuses/",
}
LOOKS = {
    "light": ({"width": 1280, "height": 900}, "light"),
    "dark": ({"width": 1280, "height": 900}, "dark"),
    "phone": ({"width": 375, "height": 812}, "light"),
}
SCREENSHOTS = os.environ.get("DESK_SCREENSHOTS", "")  # a directory to keep what was seen in


ONE_CASE = """
from decimal import Decimal
from providers.models import Provider
from orders.models import Discrepancy
from tests.builders import make_discrepancy, make_statement
if not Discrepancy.objects.exists():
    missing = {"difference": Decimal("-2.5"), "state": "differs"}
    make_discrepancy(make_statement(Provider.objects.get(pk=1), **missing))
"""
# Ids that two elements share: a part that is drawn again would be put in the wrong one's place.
SHARED_IDS = """() => {
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  return ids.filter((id, at) => ids.indexOf(id) !== at);
}"""


@pytest.fixture
def lost_order(admin_page: Page, box: RemoteSandbox) -> Iterator[str]:
    """An order whose answer was lost. Linked afterwards: one given up would leave the desk in
    doubt which of the two the next lost one is."""
    keep_rules(admin_page, search=False, lost_in_a_row=0)
    box.fault("close_after_request", "after", action="add", times=1)
    link = f"https://lumen.example/in-doubt/{uuid.uuid4().hex}"
    number = place(admin_page, link)
    wait_for_status(admin_page, "Unconfirmed")  # before that the sandbox has no order to link
    about = admin_page.locator("#about")  # a row shows these only where somebody wrote them
    about.get_by_label("Tags").fill("spring")
    about.get_by_label("Note").fill("Ask before the weekend.")
    about.get_by_role("button", name="Save").click()
    admin_page.get_by_text("is annotated").first.wait_for()
    yield number
    admin_page.goto(f"/orders/{number}/resolve/")
    (truth,) = (order for order in box.ledger() if order["link"] == link)
    admin_page.get_by_label("Order id at the provider").fill(str(truth["id"]))
    ask = admin_page.get_by_role("button", name="Check and link")
    ask.click()
    linked = admin_page.get_by_text(f"is linked to {truth['id']}")
    differs = admin_page.get_by_label("Link the order although the charge differs.")
    linked.or_(differs).first.wait_for()
    if differs.is_visible():  # the sandbox has canceled it meanwhile, or ended it early
        differs.check()
        ask.click()
        linked.wait_for()


@pytest.fixture
def paste(admin_page: Page) -> str:
    """A mass order with lines that can be placed, one with a warning, and a repeated one."""
    service, link = service_number(admin_page), f"https://lumen.example/{uuid.uuid4().hex}/long/way"
    lines = [f"{service} | {address} | 1000" for address in (link, "no-address", link)]
    check(admin_page, "\n".join(lines))
    return admin_page.url.split("/mass-orders/")[1].split("/")[0]


@pytest.fixture(scope="module")
def one_case(desk: Desk) -> None:
    """A ledger that does not add up for one day: a day takes too long to wait for."""
    command = [sys.executable, "manage.py", "shell", "-c", ONE_CASE]
    subprocess.run(command, cwd=settings.BASE_DIR, env=desk.environment(), check=True)


@pytest.mark.usefixtures("one_case")
@pytest.mark.parametrize("look", LOOKS)
def test_every_page_fits_and_is_titled(
    admin_page: Page, look: str, lost_order: str, paste: str
) -> None:
    size, scheme = LOOKS[look]
    admin_page.set_viewport_size(size)
    admin_page.emulate_media(color_scheme=scheme)
    for name, pattern in PAGES.items():
        answer = admin_page.goto(pattern.format(order=lost_order, paste=paste))
        assert answer is not None
        assert answer.status == 200, f"{name}: HTTP {answer.status}"
        assert admin_page.locator("h1").count() == 1, f"{name} has no title of its own"
        wide = admin_page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{name} is {wide} px wider than a {look} screen"
        shared = admin_page.evaluate(SHARED_IDS)
        assert not shared, f"{name}: more than one element has the id {shared}"
        wrong = findings(admin_page, of_colors=look == "dark")
        assert not wrong, f"{name}: " + "\n".join(wrong)
        if SCREENSHOTS:
            kept = Path(SCREENSHOTS) / f"{name}-{look}.png"
            admin_page.screenshot(path=kept, full_page=True)
