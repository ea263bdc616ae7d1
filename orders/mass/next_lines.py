"""Which line waits for another of its paste, told at the one that goes first."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence

from django.utils.translation import gettext as _

from core.regional.numbers import grouped

from ..models import BatchLine, OrderBatch


def words_of_next(batch: OrderBatch, lines: Sequence[BatchLine]) -> dict[int, str]:
    """Which good line is the next one with the link of each of these at its provider, in words, by
    their numbers. Read as a page is drawn and not kept: it changes with other lines, and nothing
    that these buy does."""
    good = [one for one in lines if one.is_good and one.order_id is None and one.link_key]
    if not good:
        return {}
    waiting = batch.lines.filter(is_good=True, order=None, link_key__in={o.link_key for o in good})
    places = defaultdict[tuple[int, str], list[int]](list)
    rows = waiting.order_by("number").values_list("service__provider", "link_key", "number")
    for provider, key, number in rows:
        places[provider, key].append(number)
    words = dict[int, str]()
    for line in good:
        if line.service is None:
            continue
        numbers = places[line.service.provider_id, line.link_key]
        if later := numbers[bisect_right(numbers, line.number) :][:1]:
            told = {"number": grouped(later[0]), "account": line.service.provider}
            words[line.number] = (
                _("Line %(number)s will wait for this one: it has the same link at %(account)s.")
                % told
            )
    return words
