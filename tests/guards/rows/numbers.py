"""Whose a number at the provider is: what a list, an answer and a price prove."""

from __future__ import annotations

from tests.guards.guard import Guard

KNOWN = "orders/tests/recovery/test_known_prices.py"
LISTS = "orders/tests/recovery/test_lists_over_http.py"
MISLEADING = "orders/tests/recovery/test_misleading_charges.py"
MOVING = "orders/tests/recovery/test_moving_prices.py"
NAMED = "orders/tests/recovery/test_ids_in_answers.py"
UNKNOWN_PRICE = "test_where_the_price_is_not_known_a_person_gets_it_with_the_reason"

GUARDS = (
    Guard(
        "list: a row that nobody explains may be the lost order",
        "return all(row.order_id in listed.taken | explained for row in rows)",
        "return True",
        (
            f"{LISTS}::test_a_row_that_may_be_another_lost_order_explains_nothing_and_proves"
            "_nobody_absent",
        ),
        "orders/recovery/search/provider_list.py",
        items=(7,),
    ),
    Guard(
        "list: it has to show an order from afterwards",
        "if listed.doubt or rows is None or not listed.is_fresh(attempt, rules):",
        "if listed.doubt or rows is None:",
        (f"{LISTS}::test_a_list_that_lacks_the_newest_rows_proves_nothing",),
        "orders/recovery/search/provider_list.py",
        items=(7,),
    ),
    Guard(
        "list: nothing from before the send",
        "return self._rows_up_to(min(before), attempt, rules) if before else None",
        "return self._rows_up_to(len(self.rows), attempt, rules)",
        (f"{LISTS}::test_an_order_from_before_the_send_is_not_linked",),
        "orders/recovery/search/list_trust.py",
        items=(8,),
    ),
    Guard(
        "id in the answer: nothing in it speaks against it",
        "    if named_without_a_word_against_it(attempt.evidence) != named:",
        "    if not named:",
        (f"{NAMED}::test_an_id_beside_an_error_is_shown_and_not_linked",),
        "orders/recovery/search/answer_ids.py",
        items=(30,),
    ),
    Guard(
        "id in the answer: no other answer names it",
        "    if any(plain in names_of(one) for one in others):",
        "    if not others:",
        (f"{NAMED}::test_an_id_that_two_answers_have_named_is_linked_to_neither",),
        "orders/recovery/search/answer_ids.py",
        items=(30,),
    ),
    Guard(
        "id in the answer: no older one",
        "    return _is_newer(run, attempt, named)\n",
        "    return True\n",
        (f"{NAMED}::test_an_older_id_than_our_last_one_is_not_linked",),
        "orders/recovery/search/answer_ids.py",
        items=(30,),
    ),
    Guard(
        "id in the answer: it costs what was ordered",
        "    if id_range.fits(attempt.order, said) is False or not",
        "    if not",
        (f"{NAMED}::test_an_order_that_cost_something_else_is_shown_and_not_linked",),
        "orders/recovery/search/answer_ids.py",
        items=(30,),
    ),
    Guard(
        "ids: a price that moved unread gives no order another's id",
        "    if matched.foreign or not any(moves.values()):\n        return matched\n",
        "    if moves is not None:\n        return matched\n",
        (f"{MOVING}::test_a_price_that_moved_unread_makes_no_lost_order_look_like_another",),
        "orders/recovery/search/prices/moved_prices.py",
        items=(8,),
    ),
    Guard(
        "ids: a catalog proves nothing of a number that it may be older than",
        'id_range.attempt.waited_seconds - float(row["seen_after"]) >= LAG',
        'float(row["seen_after"]) >= 0',
        (f"{KNOWN}::test_a_catalog_that_may_be_older_than_the_number_tells_nothing",),
        "orders/recovery/search/prices/price_wait.py",
        items=(8,),
    ),
    Guard(
        "ids: what is not charged as listed tells no price",
        "if not all(one.is_as_listed for one in before):",
        "if not before:",
        (f"{KNOWN}::{UNKNOWN_PRICE}[cheaper_than_listed]",),
        "orders/recovery/search/prices/price_proof.py",
        items=(8,),
    ),
    Guard(
        "ids: two sights of a price are near each other",
        "if not timedelta(0) <= until - since <= timedelta(seconds=clocks.STEADY_WITHIN_SECONDS):",
        "if until < since:",
        (f"{KNOWN}::{UNKNOWN_PRICE}[long_before]",),
        "orders/recovery/search/prices/price_proof.py",
        items=(8,),
    ),
    Guard(
        "ids: what may have been given back tells no cost",
        "return starts_others(order) or said.status is None or said.status in REDUCED",
        "return said.status in REDUCED",
        (
            f"{MISLEADING}::test_a_charge_may_have_been_lowered_where_the_word_beside_it_is_unknown",
            f"{MISLEADING}::test_what_is_paid_run_by_run_has_no_charge_yet",
        ),
        "orders/recovery/search/id_range.py",
        items=(8,),
    ),
    Guard(
        "ids: how an account was charged under another key tells nothing",
        "        provider_version=attempt.provider_version,\n",
        "",
        (f"{KNOWN}::{UNKNOWN_PRICE}[charged_under_another_key]",),
        "orders/recovery/search/prices/price_proof.py",
        items=(8,),
    ),
    Guard(
        "ids: prices that a catalog told since then count too",
        "[order.rate, *_news(order, since, now)]",
        "[order.rate]",
        (f"{KNOWN}::{UNKNOWN_PRICE}[held]",),
        "orders/recovery/search/prices/price_proof.py",
        items=(8,),
    ),
    Guard(
        "ids: what may be charged less than it costs tells no price",
        "return self.attempt.resolution == Resolution.NONE and is_whole",
        "return self.attempt.resolution == Resolution.NONE",
        (
            f"{MISLEADING}"
            "::test_a_later_order_that_may_be_charged_less_than_it_costs_tells_no_price",
        ),
        "orders/recovery/search/prices/price_proof.py",
        items=(8,),
    ),
    Guard(
        "ids: a price may have moved of those that are not searched for too",
        "        or not (is_closed or has_more_left(order, said))\n",
        "",
        (
            f"{MOVING}"
            "::test_what_may_be_one_that_is_not_searched_for_had_its_price_moved_is_no_others",
        ),
        "orders/recovery/search/id_owners.py",
        items=(8,),
    ),
    Guard(
        "ids: a price that was told puts what counts as not there in doubt",
        "contradictions.offered(sends, able, matched)",
        "contradictions.offered(sends, edges, matched)",
        (f"{KNOWN}::test_who_may_have_it_at_a_price_that_was_told_and_is_over_is_named",),
        "orders/recovery/search/find_lost.py",
        items=(8,),
    ),
    Guard(
        "list: no row shows what an answer has named elsewhere",
        "    if names_of(attempt):\n        return False",
        "    if attempt is None:\n        return False",
        (f"{LISTS}::test_an_order_whose_answer_has_named_a_number_is_not_shown_not_to_be_there",),
        "orders/recovery/search/provider_list.py",
        items=(7,),
    ),
    Guard(
        "list: another charge for our link is only doubtful",
        "return Likeness.MAY_BE if may_have_moved else Likeness.IS_NOT",
        "return Likeness.IS_NOT",
        (f"{MOVING}::test_a_row_of_a_list_for_our_link_at_another_price_may_be_ours",),
        "orders/recovery/search/list_rows.py",
        items=(7,),
    ),
    Guard(
        "list: our link however it is spelled",
        "return link_key(ours) == link_key(theirs) or _same_name(ours, theirs)",
        "return ours == theirs or _same_name(ours, theirs)",
        (f"{LISTS}::test_a_link_that_is_spelled_differently_is_still_ours",),
        "orders/recovery/search/list_rows.py",
        items=(7,),
    ),
    Guard(
        "list: a user name is the address of its profile",
        "return link_key(ours) == link_key(theirs) or _same_name(ours, theirs)",
        "return link_key(ours) == link_key(theirs)",
        (f"{LISTS}::test_a_link_that_is_spelled_differently_is_still_ours",),
        "orders/recovery/search/list_rows.py",
        items=(7,),
    ),
    Guard(
        "list: units in all",
        "for count in (order.units, of_one_run) if",
        "for count in (of_one_run,) if",
        (f"{LISTS}::test_how_like_a_row_is",),
        "orders/recovery/search/list_rows.py",
        items=(7,),
    ),
    Guard(
        "list: units of one run",
        "for count in (order.units, of_one_run) if",
        "for count in (order.units,) if",
        (f"{LISTS}::test_how_like_a_row_is",),
        "orders/recovery/search/list_rows.py",
        items=(7,),
    ),
)
