"""The search for a lost order: what is asked, and how long."""

from __future__ import annotations

from tests.guards.guard import Guard

BROKEN = "orders/tests/recovery/test_broken_steps.py"
CLOCKS = "orders/tests/recovery/test_clock_steps.py"
CLOSING = "orders/tests/recovery/test_closing_ranges.py"
EACH = "orders/tests/sending/test_each_guard.py"
MOVING = "orders/tests/recovery/test_moving_prices.py"
REPLAYS = "orders/tests/recovery/test_replays_are_writes.py"
SEARCH = "orders/tests/recovery/test_recovery_over_http.py"

GUARDS = (
    *(
        Guard(
            f"search: what was given back and is in doubt anew {what}",
            old,
            new,
            (f"orders/tests/recovery/{test}",),
            path,
        )
        for what, old, new, test, path in (
            (
                "stops the search by numbers",
                "attempts.given_back().filter(outcome=Outcome.UNKNOWN)",
                'attempts.filter(outcome=Outcome.UNKNOWN, code="recalled")',
                "test_closing_ranges.py::test_nothing_is_asked_while_a_send_may_stand_anywhere_among_the_ids",
                "orders/recovery/search/find_lost.py",
            ),
            (
                "stops the reading of a list",
                "any(attempt.is_given_back for attempt in lost)",
                'any(attempt.code == "recalled" for attempt in lost)',
                "test_lists_over_http.py::test_no_list_is_read_while_a_send_of_an_unknown_time_may_be_any_of_its_rows",
                "orders/recovery/search/provider_list.py",
            ),
            (
                "is not waited for",
                "lost.exclude(GIVEN_BACK,",
                'lost.exclude(code="recalled",',
                "test_clock_steps.py::test_one_that_was_given_back_and_is_in_doubt_anew_is_not_waited_for",
                "orders/recovery/search/wait_clock.py",
            ),
            (
                "is not counted for good",
                " & ~GIVEN_BACK",
                ' & ~Q(code="recalled")',
                "test_clock_steps.py::test_one_that_was_forgotten_is_not_counted_for_good_after_its_replay",
                "orders/recovery/search/wait_clock.py",
            ),
        )
    ),
    Guard(
        "waits: no row of a restored database bounds others",
        "elif attempt.surely_after is None and not attempt.is_given_back:",
        "elif attempt.surely_after is None:",
        (
            f"{REPLAYS}"
            "::test_one_that_was_forgotten_and_replayed_is_confirmed_after_a_wait_of_its_own",
        ),
        "orders/recovery/search/wait_clock.py",
        items=(12, 23),
    ),
    Guard(
        "search: what a drip-feed that has ended since may have started",
        "    silent += parents.ended\n",
        "",
        (
            "orders/tests/recovery/test_closing_ranges.py"
            "::test_what_a_drip_feed_has_started_that_has_ended_since_goes_to_a_person_too",
        ),
        "orders/recovery/search/ask_ids.py",
        items=(7,),
    ),
    Guard(
        "search: an order we know to be there answers too",
        "if isinstance(said, Unreadable) and said.code is RefusalCode.UNKNOWN_ORDER:",
        "if said is RefusalCode.UNKNOWN_ORDER:",
        (f"{SEARCH}::test_a_provider_that_knows_not_even_our_own_order_proves_nothing",),
        "orders/recovery/search/ask_ids.py",
        items=(7,),
    ),
    Guard(
        "search: an order of ours in every call",
        "        batch = [*self.own, *part, *self.rest]\n",
        "        batch = [*(() if self.seen.calls else self.own), *part, *self.rest]\n",
        (f"{SEARCH}::test_a_provider_that_forgets_us_in_the_middle_of_a_look_has_cleared_nothing",),
        "orders/recovery/search/ask_ids.py",
        items=(7,),
    ),
    Guard(
        "search: every parent has to tell what it started",
        "_check_parents([*own, *self.rest], self.parents.gone, answers)",
        "pass",
        (f"{SEARCH}::test_nothing_is_concluded_where_it_is_not_told_what_a_drip_feed_has_started",),
        "orders/recovery/search/ask_ids.py",
        items=(7,),
    ),
    Guard(
        "search: nothing is on its way meanwhile",
        "if attempts.filter(outcome=Outcome.IN_FLIGHT).exists():",
        "if not attempts:",
        (f"{EACH}::test_what_is_on_its_way_is_not_taken_for_what_was_lost",),
        "orders/recovery/search/find_lost.py",
        items=(7,),
    ),
    Guard(
        "search: only a much later order closes the range",
        "return None if wait_clock.left(attempt, rules.grace_seconds) else attempt.surely_after",
        "return attempt.pk",
        (f"{EACH}::test_a_lost_order_that_is_numbered_after_a_later_one_is_found",),
        "orders/recovery/search/id_range.py",
        items=(12,),
    ),
    Guard(
        "search: the last one is when it can no longer appear",
        "return [*(moment for moment in early if now < moment < over), over]",
        "return [moment for moment in early if now < moment]",
        (
            f"{SEARCH}::test_nothing_is_shown_not_to_be_there_before_its_time_is_over",
            f"{EACH}::test_the_account_is_held_until_the_order_can_no_longer_appear",
        ),
        "orders/recovery/search/search_schedule.py",
        items=(12,),
    ),
    Guard(
        "search: a clock that jumps ahead counts one step",
        "passed = min(LONGEST_STEP, max(0.0, (now - since).total_seconds()))",
        "passed = max(0.0, (now - since).total_seconds())",
        (f"{CLOCKS}::test_a_clock_that_jumps_ahead_after_a_loss_does_not_shorten_the_wait",),
        "orders/recovery/search/wait_clock.py",
        items=(12,),
    ),
    Guard(
        "search: rows and times agree",
        "if not below or not near.times_agree:",
        "if not below:",
        (f"{CLOCKS}::test_rows_that_were_written_again_close_no_range",),
        "orders/recovery/search/id_range.py",
        items=(12,),
    ),
    Guard(
        "search: a step that breaks keeps no account halted",
        'one_by_one(steps, lambda step: step(run), what=f"recovery of account {run.provider.pk}")',
        "[step(run) for step in steps]",
        (f"{BROKEN}::test_a_step_that_breaks_each_time_keeps_no_account_halted",),
        "orders/recovery/run.py",
        items=(18,),
    ),
    Guard(
        "search: only in a database that is ours",
        "is_ours = not halts.may_be_another_database(run.clock())",
        "is_ours = True",
        (
            f"{SEARCH}::test_nothing_is_looked_for_in_a_database_that_was_taken_back",
            f"{SEARCH}::test_nothing_is_looked_for_before_a_machine_that_sends_has_found_its_sends"
            "_in_the_database",
        ),
        "orders/recovery/run.py",
        items=(23,),
    ),
    Guard(
        "search: what nobody here placed ends it",
        "if matched.foreign:\n            resolve.stop_searching",
        "if not matched:\n            resolve.stop_searching",
        (f"{SEARCH}::test_an_order_nobody_here_placed_ends_the_search",),
        "orders/recovery/search/find_lost.py",
        items=(8,),
    ),
    Guard(
        "search: an answer that came after the wait was asked for before it",
        "            if attempt.pk not in at_last:\n                moment = self._next_moment(",
        "            if moment := self._next_moment(attempt, asked_at, attempt.calls):\n"
        "                moment = self._next_moment(",
        (f"{CLOCKS}::test_a_search_that_was_asked_before_the_wait_was_over_is_not_the_last_one",),
        "orders/recovery/search/find_lost.py",
        items=(12,),
    ),
    Guard(
        "search: no range shows what an answer has named and another order has",
        "odd = claimed(account, list(known)) if known else set()",
        "odd = set[str]()",
        (
            f"{CLOSING}"
            "::test_an_order_whose_answer_names_an_id_of_another_order_is_not_shown_not_to_be_there",
        ),
        "orders/recovery/search/id_owners.py",
        items=(8,),
    ),
    Guard(
        "search: no range shows what an answer has named elsewhere",
        "if named := named_elsewhere(attempt, id_range, self.run.rows):",
        "if named := str():",
        (
            f"{CLOSING}::test_an_order_whose_answer_names_an_id_elsewhere_is_not_shown_not_to_be_there",
        ),
        "orders/recovery/search/find_lost.py",
        items=(8,),
    ),
    Guard(
        "search: nothing is shown not to be there that was found before",
        "if gone := _seen_and_gone(attempt):",
        "if gone := list[str]():",
        (
            f"{CLOSING}::test_what_an_earlier_search_has_found_and_the_provider_denies_now_is_left"
            "_to_a_person",
        ),
        "orders/recovery/resolve.py",
        items=(8, 9),
    ),
    Guard(
        "search: what was found before and is another order is no doubt",
        "[one for one in before if one not in known]",
        "before",
        (
            f"{CLOSING}::test_what_an_earlier_search_has_found_and_is_another_order_by_now_proves"
            "_nothing",
        ),
        "orders/recovery/resolve.py",
        items=(8,),
    ),
    Guard(
        "search: what orders have started is as new as what is found",
        "        batch = [*self.own, *part, *self.rest]\n",
        "        self.rest = [] if self.seen.calls else self.rest\n"
        "        batch = [*self.own, *part, *self.rest]\n",
        (
            "orders/tests/recovery/test_asking_ids.py"
            "::test_what_a_drip_feed_starts_between_two_questions_is_no_candidate",
        ),
        "orders/recovery/search/ask_ids.py",
        items=(8,),
    ),
    Guard(
        "search: what turns up as a lost drip-feed is asked along from then on",
        "            calls.rest += [one for one in part if one in seen.candidates]",
        "            calls.rest += []",
        (
            "orders/tests/recovery/test_asking_ids.py"
            "::test_what_a_lost_drip_feed_starts_between_two_questions_is_no_candidate",
        ),
        "orders/recovery/search/ask_ids.py",
        items=(8,),
    ),
    Guard(
        "search: what a drip-feed may have started without a word is nobody's",
        "    if parents.are_named or not silent:",
        "    if silent or not silent:",
        (
            f"{CLOSING}"
            "::test_an_order_whose_provider_names_nothing_that_a_drip_feed_starts_goes_to_a_person",
        ),
        "orders/recovery/search/ask_ids.py",
        items=(8,),
    ),
    Guard(
        "search: what is lost may have started others",
        "for order in running), *sorted(may_be)]",
        "for order in running)]",
        (
            f"{CLOSING}"
            "::test_what_a_drip_feed_that_is_lost_itself_has_started_is_not_taken_for_another_lost_order",
        ),
        "orders/recovery/search/id_range.py",
        items=(8,),
    ),
    Guard(
        "search: a price that moved is no contradiction",
        "    low, high = costs_of(order)\n",
        "    low = order.estimate\n    high = low\n",
        (f"{MOVING}::test_a_lost_order_is_found_although_its_price_moved_since_it_was_placed",),
        "orders/recovery/search/id_range.py",
        items=(8,),
    ),
)
