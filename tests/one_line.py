"""A page as its tests read it: the layout of a template is no fact about the page."""

from __future__ import annotations


def one_line(page: str) -> str:
    """Without the white space beside tags, and one space where there was more."""
    return " ".join(page.split()).replace("> ", ">").replace(" <", "<")
