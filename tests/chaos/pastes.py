"""The page of a mass order as people read it, and for how long it may honestly stand."""

from __future__ import annotations

import re
from html import unescape

from core import clocks

from . import entry
from .browser import Page

LOST_ROUNDS = 8  # of the timetable, in a row: one bell in four is lost, and two have to be heard
_FIGURE = r'{}</div><div class="[^"]*">([0-9,.\s]+)<'
_TO_FIX = re.compile(_FIGURE.format("Errors"))
_SHOWN = re.compile(_FIGURE.format("(Can be placed|Errors|Placed)"))
_PROBLEM = re.compile(r'class="(?:text-danger mb-2"|invalid-feedback)[^>]*>(.*?)</div>', re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


class Unfinished(Exception):
    """A mass order that was not at its end when somebody's patience was; says what it showed."""

    def __init__(self, number: int, words: str) -> None:
        super().__init__(words)
        self.number = number


def stands_at_most() -> float:
    """Seconds for which nothing may happen to a mass order whose worker was killed, on a desk with
    living workers: its lease, what a clock set back adds to one, rounds in vain, and a run."""
    short = entry.SHORT_CLOCKS
    lease = float(short["JOB_LEASE_SECONDS"]) + clocks.READINGS_APART_SECONDS
    return lease + LOST_ROUNDS * float(short["REAP_EVERY_SECONDS"]) + float(short["TASK_SECONDS"])


def next_step(page: Page, batch: str) -> str:
    """Where to press, its own address to wait; empty when every line of it is an order."""
    if is_being_placed(page, batch):
        return batch
    to_fix = _TO_FIX.search(page.text)
    if to_fix and to_fix[1].strip() != "0":
        return f"{batch}check/"
    return f"{batch}place/" if f"{batch}place/" in page.text else ""


def is_being_placed(page: Page, batch: str) -> bool:
    return f"{batch}withdraw/" in page.text and "This continues in the background" in page.text


def told_by(page: Page, batch: str) -> str:
    """How far it is and what is wrong, in the words of its page: for the history."""
    state = "being placed" if is_being_placed(page, batch) else "not being placed"
    figures = [f"{name} {figure.strip()}" for name, figure in _SHOWN.findall(page.text)]
    problems = [unescape(_TAG.sub(" ", words)) for words in _PROBLEM.findall(page.text)]
    return " · ".join([state, *figures, *(" ".join(words.split()) for words in problems[:2])])
