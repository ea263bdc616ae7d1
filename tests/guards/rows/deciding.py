"""What the machine and people decide of a doubt."""

from __future__ import annotations

from tests.guards.guard import Guard

EACH = "orders/tests/sending/test_each_guard.py"
WRITTEN = "orders/tests/pages/test_shown_when_written.py"
KEPT = "orders/tests/pages/test_kept_on_changes.py"
SEARCH = "orders/tests/recovery/test_recovery_over_http.py"
PHRASES = "orders/tests/recovery/test_refusal_phrases.py"
SETTLING = "orders/tests/recovery/test_decisions.py"
SHARED = "orders/tests/recovery/test_shared_ids.py"
SPELLED = "orders/tests/recovery/test_spelled_ids.py"

GUARDS = (
    Guard(
        "people: the doubt that was read",
        "same = only(attempt).filter(recorded_at=attempt.recorded_at, **waited)",
        "same = only(attempt).filter(**waited)",
        ("orders/tests/pages/test_stale_tabs.py::test_a_doubt_that_was_reopened_is_another_one",),
        "orders/recovery/not_placed.py",
        items=(11,),
    ),
    Guard(
        "people: which order a page showed, and what it was flagged for",
        "    where = [of_flag(order), order.status, order.hold_reason, told]",
        "    where = [order.status, order.hold_reason, told]",
        (
            "orders/tests/pages/test_other_orders.py::test_a_decision_is_about_no_order_that_was_given_its_number_since",
            "orders/tests/pages/test_stale_tabs.py::test_an_order_is_not_sent_again_from_a_page_of_before_it_was_flagged",
        ),
        "orders/shown.py",
        items=(11,),
    ),
    Guard(
        "people: the flag of which a page has told, when it is written",
        "        refuse_unless_flag_shown(order, seen)\n",
        "",
        (
            f"{WRITTEN}::test_a_flag_that_is_raised_once_more_since_the_click_stays",
            "orders/tests/pages/test_stale_tabs.py::test_a_flag_of_which_the_page_has_told_nothing_is_not_cleared",
        ),
        "orders/flags.py",
        items=(11,),
    ),
    Guard(
        "people: what a page showed, when it is written",
        "    if of_order(_locked(order)) != word:",
        "    if False:",
        (
            f"{WRITTEN}::test_what_is_found_between_the_click_and_the_write_is_looked_at_first",
            f"{WRITTEN}::test_an_order_is_not_sent_again_after_a_flag_that_came_and_went_since_the_click",
        ),
        "orders/shown.py",
        items=(5, 11),
    ),
    Guard(
        "people: words resolve nothing along that was found, when it is written",
        "            if known is None or known.ever_seen != attempt.ever_seen:",
        "            if known is None:",
        (f"{WRITTEN}::test_words_resolve_none_along_of_which_something_was_found_this_moment",),
        "orders/recovery/not_placed.py",
        items=(5, 11),
    ),
    Guard(
        "people: the order that a page links",
        "    if _is_from_before(request, order, form) or not form.is_valid():\n"
        "        return _draw(request, order, link_form=form)",
        "    if not form.is_valid():\n        return _draw(request, order, link_form=form)",
        (
            "orders/tests/pages/test_other_orders.py::test_a_decision_is_about_no_order_that_was_given_its_number_since",
        ),
        "orders/recovery/resolve_views.py",
        items=(11,),
    ),
    Guard(
        "people: the first of two has said so before a replay",
        "update(evidence=lost.evidence, **anew, **UNSAID)",
        "update(evidence=lost.evidence, **anew)",
        (f"{SETTLING}::test_what_the_first_of_two_has_said_does_not_count_for_what_came_after",),
        "orders/sending/replays.py",
        items=(11,),
    ),
    Guard(
        "people: the first of two has said so before something was found",
        "seen_ids=ever, **({} if {*ids} <= {*known} else UNSAID)",
        "seen_ids=ever",
        (f"{SETTLING}::test_what_the_first_of_two_has_said_does_not_count_for_what_came_after",),
        "orders/recovery/resolve.py",
        items=(11,),
    ),
    Guard(
        "people: the first of two has said so before the first answer was heard",
        "        seen |= UNSAID",
        "        seen |= {}",
        (f"{SETTLING}::test_what_the_first_of_two_has_said_does_not_count_for_what_came_after",),
        "orders/sending/replays.py",
        items=(11,),
    ),
    Guard(
        "people: an id that the newest search did not find",
        "        return [one for one in self.ever_seen if one not in now]",
        "        return []",
        (
            "orders/tests/pages/test_stale_tabs.py"
            "::test_an_id_that_the_newest_search_did_not_find_stands_on_the_page",
        ),
        "orders/models/attempt.py",
        items=(11,),
    ),
    Guard(
        "people: what was found since the page was drawn",
        "*(getattr(row, name) for name in _TOLD), sorted(row.ever_seen)]",
        "*(getattr(row, name) for name in _TOLD)]",
        (
            "orders/tests/pages/test_stale_tabs.py"
            "::test_ids_that_a_search_found_meanwhile_are_looked_at_first",
        ),
        "orders/shown.py",
        items=(11,),
    ),
    Guard(
        "people: the order whose changed terms a page showed",
        "    return order if order is not None and order.form_key.hex == key else None",
        "    return order",
        (
            "orders/tests/pages/test_other_orders.py::test_changed_terms_are_agreed_to_for_no_order_that_was_given_its_number_since",
        ),
        "orders/placing/terms_views.py",
        items=(11,),
    ),
    Guard(
        "people: the stop that a page showed",
        '    if request.POST.get("shown") != halt.shown:\n        form.look_again(CHANGED)',
        "    if False:\n        form.look_again(CHANGED)",
        (
            "orders/tests/sending/test_sending_control_page.py::test_a_button_acts_on_no_stop_that_was_given_its_number_since",
        ),
        "orders/sending/views.py",
        items=(11,),
    ),
    Guard(
        "linked by hand: at the charge that was shown, and as the id that was",
        '    if meant == (consent := f"{external_id}:{said.charge.normalize():f}"):',
        '    consent = ""\n    if meant:',
        ("orders/tests/recovery/test_resolve_pages.py::test_a_tick_for_one_id_links_no_other",),
        "orders/recovery/link_orders.py",
        items=(8,),
    ),
    Guard(
        "people: words alone end no doubt that takes two people",
        "    if order.status != Status.UNCONFIRMED or takes_two(order):",
        "    if order.status != Status.UNCONFIRMED:",
        (f"{PHRASES}::test_one_person_alone_resolves_no_order_by_words_that_takes_two",),
        "orders/recovery/not_placed.py",
        items=(11,),
    ),
    Guard(
        "people: words on a page from before something was found",
        "    if _is_from_before(request, order, form) or not form.is_valid():\n"
        "        return _draw(request, order, refusal_form=form)",
        "    if not form.is_valid():\n        return _draw(request, order, refusal_form=form)",
        (f"{PHRASES}::test_words_on_an_old_page_end_no_doubt_that_more_is_known_of",),
        "orders/recovery/resolve_views.py",
        items=(11,),
    ),
    Guard(
        "people: a tick is about what was shown when it was set",
        "        for name in (*ticks, *stale):",
        "        for name in stale:",
        (f"{KEPT}::test_a_decision_from_an_old_page_comes_back_as_it_was_written",),
        "core/forms.py",
        items=(11,),
    ),
    Guard(
        "people: words resolve nothing along that something can be",
        "    unseen = (one for one in others if not one.ever_seen)",
        "    unseen = (one for one in others)",
        (f"{PHRASES}::test_another_order_is_not_resolved_along_where_something_can_be_it",),
        "orders/recovery/refusal_phrase.py",
        items=(11,),
    ),
    Guard(
        "found after all: it was sent again since",
        "    if as_read is None or not reopen.reopen(",
        "    if not reopen.reopen(",
        (
            "orders/tests/recovery/test_found_after_all.py::test_one_that_was_sent_again_since_is_left_alone",
        ),
        "orders/recovery/link_orders.py",
        items=(11,),
    ),
    Guard(
        "linked by hand: an id that is older than the try",
        'return str(known[-1]) if rises and number <= known[-1] else ""',
        'return ""',
        (
            "orders/tests/recovery/test_older_ids.py::test_the_id_of_an_earlier_try_is_not_linked_to_a_later_one_without_a_word",
        ),
        "orders/recovery/older_ids.py",
        items=(8,),
    ),
    Guard(
        "linked by hand: an earlier try's id is not the later one's",
        "            attempt, beside = earlier, attempt\n",
        "            pass\n",
        (
            "orders/tests/recovery/test_older_ids.py"
            "::test_the_earlier_try_owns_the_id_and_the_later_one_stays_in_doubt",
        ),
        "orders/recovery/link_orders.py",
        items=(8,),
    ),
    Guard(
        "people: what was waited counts, not a clock that was set forward",
        "    return until if attempt.waited_at is None else max(until, counted)",
        "    return until",
        (
            "orders/tests/recovery/test_clock_steps.py"
            "::test_a_clock_that_jumps_ahead_lets_no_person_say_too_early_that_it_is_not_there",
        ),
        "orders/recovery/not_placed.py",
        items=(12,),
    ),
    Guard(
        "people: not before the order can no longer appear",
        "    if now < until:\n        raise TooEarly(until)",
        "    if now > until + clocks.LOG_IN_COOL_OFF * 1000:\n        raise TooEarly(until)",
        (f"{SETTLING}::test_not_placed_is_confirmed_only_after_the_grace_period",),
        "orders/recovery/not_placed.py",
        items=(7, 12),
    ),
    Guard(
        "deciding: once",
        "unresolved = attempt.filter(outcome=Outcome.UNKNOWN)",
        "unresolved = attempt",
        (f"{EACH}::test_what_an_answer_has_closed_is_not_decided_again",),
        "orders/recovery/doubted_attempt.py",
        items=(1,),
    ),
    Guard(
        "matching: an order counted as not there may own an id",
        '    return [*rows.filter(OPEN_STILL).order_by("pk"), *twice.order_by("pk"), *decided]',
        '    return [*rows.filter(OPEN_STILL).order_by("pk"), *twice.order_by("pk")]',
        (
            f"{SHARED}::test_an_id_that_may_be_an_order_not_there_goes_to_no_other_lost_one",
            f"{SHARED}::test_a_row_of_the_list_that_may_be_an_order_not_there_goes_to_no_other"
            "_lost_one",
        ),
        "orders/recovery/search/id_owners.py",
        items=(8,),
    ),
    Guard(
        "matching: an order bought twice may own a second id",
        "twice = rows.filter(outcome=Outcome.ACCEPTED, order__flag=Flag.BOUGHT_TWICE)",
        "twice = rows.none()",
        (f"{SHARED}::test_what_may_be_the_second_of_an_order_bought_twice_is_given_to_no_other",),
        "orders/recovery/search/id_owners.py",
        items=(8,),
    ),
    Guard(
        "matching: what left while the provider was asked may own an id",
        "OPEN_STILL = Q(outcome__in=(Outcome.IN_FLIGHT, Outcome.UNKNOWN))",
        "OPEN_STILL = Q(outcome__in=(Outcome.UNKNOWN,))",
        (f"{SHARED}::test_an_order_that_left_while_the_provider_was_asked_may_own_an_id_too",),
        "orders/recovery/search/id_owners.py",
        items=(8,),
    ),
    Guard(
        "matching: an id that an answer has named is that orders too",
        "return is_named or self.fits(external_id, said)",
        "return self.fits(external_id, said)",
        (f"{SHARED}::test_an_id_that_another_orders_own_answer_has_named_is_not_given_away",),
        "orders/recovery/search/id_owners.py",
        items=(8,),
    ),
    Guard(
        "doubting a decision: what is seen counts when the later try has ended",
        "        note_seen(attempt, external_id)\n",
        "",
        (f"{SHARED}::test_what_was_seen_counts_once_the_later_try_has_bought_nothing",),
        "orders/recovery/search/contradictions.py",
        items=(11,),
    ),
    Guard(
        "doubting a decision: one that is under way stops no other",
        '        raise_unless_broken(error, "one_live_attempt_per_order")\n',
        "        raise\n",
        (
            f"{SHARED}::test_a_try_that_begins_this_moment_keeps_no_other_decision_from_being"
            "_doubted",
        ),
        "orders/recovery/search/contradictions.py",
        items=(11,),
    ),
    Guard(
        "matching: only what is forced",
        "    return len(_matching({**owners, candidate: others})) < len(owners)",
        "    return len(others) < len(owners[candidate])",
        ("orders/tests/recovery/test_matching.py::test_what_is_proven",),
        "orders/recovery/search/match_ids.py",
        items=(8,),
    ),
    Guard(
        "matching: the price has to fit",
        "            and fits(self.attempt.order, said) is not False\n",
        "",
        (f"{SEARCH}::test_the_price_tells_two_lost_orders_apart",),
        "orders/recovery/search/id_owners.py",
        items=(8,),
    ),
    Guard(
        "ids: a number that got an owner meanwhile decides nothing",
        "for one, said in candidates.items() if one not in taken}",
        "for one, said in candidates.items()}",
        (
            "orders/tests/recovery/test_linked_meanwhile.py"
            "::test_a_number_that_is_linked_while_the_catalog_is_read_is_nobodys_any_more",
        ),
        "orders/recovery/search/decide_owners.py",
        items=(1,),
    ),
    Guard(
        "ids: one number however it is spelled",
        "provider__in=rows, external_id__in=spellings(ids))",
        "provider__in=rows, external_id__in=ids)",
        (f"{SPELLED}::test_an_id_is_taken_however_it_was_stored",),
        "orders/recovery/search/id_range.py",
        items=(9,),
    ),
    Guard(
        "ids: a person links a number as the provider writes it",
        "external_id, said = _as_known(client, external_id)",
        "said = _ask(client, external_id)",
        (f"{SPELLED}::test_two_orders_are_not_linked_to_one_that_is_typed_in_two_ways",),
        "orders/recovery/link_orders.py",
        items=(9,),
    ),
    Guard(
        "ids: nor does an answer give away another spelling of one",
        "elsewhere = Q(provider__in=others) | other_spelling",
        "elsewhere = Q(provider__in=others)",
        (
            f"{SPELLED}::test_a_send_that_is_answered_with_the_id_of_another_order_is_shown_to_a_person",
        ),
        "orders/sending/reused_id.py",
        items=(9,),
    ),
    Guard(
        "link: what was told apart together is linked together",
        "together = [links] if resolution is Resolution.MATCH else [[link] for link in links]",
        "together = [[link] for link in links]",
        (
            "orders/tests/recovery/test_contradictions.py"
            "::test_none_is_linked_where_the_last_of_those_told_apart_together_is_decided_otherwise",
        ),
        "orders/recovery/resolve.py",
        items=(11,),
    ),
    Guard(
        "recovery: nothing is searched at another address before its catalog is read",
        "    if Provider.objects.filter(pk__in=run.rows).exclude(moved_at=None).exists():\n",
        "    if not steps:\n",
        (
            "orders/tests/recovery/test_recovery_over_http.py"
            "::test_nothing_is_searched_at_another_address_before_its_catalog_is_read",
        ),
        "orders/recovery/run.py",
        items=(12, 20),
    ),
    Guard(
        "recovery: the balance of another address or key is not set beside a loss",
        "    if any(changed_at is not None and changed_at > before for changed_at in changes):\n",
        "    if not before:\n",
        (
            "orders/tests/recovery/test_calibration.py"
            "::test_the_balance_of_another_address_or_key_is_not_set_beside_a_loss",
        ),
        "orders/recovery/run.py",
        items=(12,),
    ),
)
