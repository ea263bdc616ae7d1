"""What axe finds wrong with a page for people who use it by keyboard, by ear or with weak eyes.

The library comes over the browser's own protocol and not as a part of the page, so the page's
Content-Security-Policy stays as it is: https://github.com/dequelabs/axe-core.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

_LIBRARY = next(Path(__file__).parent.glob("vendor/axe-core-*/axe.min.js")).read_text("utf-8")
_OF_COLORS = ["color-contrast", "link-in-text-block"]
_FINDINGS = """async (only) => {
  const {violations} = await axe.run(document, {resultTypes: ["violations"], ...only});
  return violations.flatMap(({id, help, nodes}) => nodes.map(
    ({target, any}) => `${id}: ${help}: ${target.join(" ")}: ${any.map((it) => it.message)}`));
}"""


def findings(page: Page, *, of_colors: bool = False) -> list[str]:
    """Each as rule, what it asks for, the element, and what is wrong with it; empty for none.
    `of_colors` alone, where the same page has been looked at in other colors already."""
    page.evaluate(_LIBRARY)
    return list(page.evaluate(_FINDINGS, {"runOnly": _OF_COLORS} if of_colors else {}))
