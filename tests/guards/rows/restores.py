"""A database that was put back: orders."""

from __future__ import annotations

from tests.guards.guard import Guard

PLACED = "orders/tests/restores/test_placed_again.py"
WAS_SENT = "orders/tests/restores/test_what_was_sent.py"

GUARDS = (
    Guard(
        "restore: taking as sent again after a lost race",
        "    for _ in range(MOST_RACES):",
        "    for _ in range(1):",
        (
            "orders/tests/restores/test_recalled_sends.py::test_one_that_staff_hold_or_release_at_that_moment_is_given_back_all_the_same",
        ),
        "orders/sending/restore_check/recalled_sends.py",
        items=(23,),
    ),
    Guard(
        "place: not what its form had sent before the database was put back",
        "    sent_before.take_over(order, sends, now=now, actor=placed_by)\n",
        "",
        (
            f"{PLACED}::test_a_form_that_was_sent_before_the_restore_is_not_bought_again",
            f"{PLACED}::test_a_bulk_confirmation_that_is_sent_again_does_not_buy_again",
        ),
        "orders/placing/place_orders.py",
        items=(23,),
    ),
    Guard(
        "restore: what a provider told of first takes the name of its send",
        "                told.filter(pk=first.pk).update(**name)\n",
        "                told.exists()\n",
        (f"{PLACED}::test_one_of_which_the_provider_told_first_is_known_by_its_form_too",),
        "orders/models/restored.py",
        items=(23,),
    ),
    Guard(
        "restore: a database is accepted only with the lists that its page has shown",
        'if shown is not None and shown != shown_lists.of_halt(halt, halt.runs.latest("pk")):',
        "if False:",
        (
            "orders/tests/restores/test_restored_pages.py"
            "::test_it_is_accepted_only_with_the_lists_that_its_page_has_shown",
        ),
        "orders/restores/compare_accounts.py",
        items=(20, 23),
    ),
    Guard(
        "place: not as an order of which its form had sent another",
        "if words := sent_before.objection(draft, sends):",
        "if words := sent_before.objection(draft, []):",
        (f"{PLACED}::test_a_form_that_was_changed_since_is_refused_with_what_it_had_sent",),
        "orders/placing/place_orders.py",
        items=(23,),
    ),
    Guard(
        "restore: no database is accepted while an order that was sent is in somebody's hands",
        "        if recalled is not None:\n            left.pop()",
        "        left.pop()",
        (
            "orders/tests/restores/test_recalled_sends.py"
            "::test_one_that_is_claimed_while_its_database_is_accepted_is_not_sent_a_second_time",
        ),
        "orders/sending/restore_check/recalled_sends.py",
        items=(23,),
    ),
    Guard(
        "restore: a send that the database has forgotten comes back before its order is queued",
        "        if journaled:\n",
        "        if False:\n",
        (
            "orders/tests/restores/test_claims_of_restored.py"
            "::test_an_order_whose_claim_finds_it_out_is_in_doubt_in_the_same_step",
        ),
        "orders/sending/record_outcome.py",
        items=(23,),
    ),
    Guard(
        "restore: nor does a refusal of an earlier try set it free",
        "    buys = outcome.outcome not in NOTHING_BOUGHT\n",
        "    buys = outcome.outcome != Outcome.NOT_SENT\n",
        (
            "orders/tests/restores/test_refusals_of_restored.py"
            "::test_the_refusal_of_the_first_try_does_not_set_its_order_free",
        ),
        "orders/sending/record_outcome.py",
        items=(23,),
    ),
    Guard(
        "restore: the claim that found it out looks once more",
        "if send_outcome.code == RESTORE_DOUBT:",
        "if False:",
        (
            "orders/tests/restores/test_recalled_sends.py"
            "::test_the_one_whose_claim_found_it_out_is_given_back_before_another_claim_of_it",
        ),
        "orders/sending/send_orders.py",
        items=(23,),
    ),
    Guard(
        "restored: listed meanwhile, the claim",
        "        if sends := sent_before.listed_since(order):",
        "        if sends := sent_before.listed_since(order)[:0]:",
        (
            "orders/tests/restores/test_listed_meanwhile.py"
            "::test_a_claim_takes_what_is_listed_for_sent",
        ),
        "orders/sending/claims.py",
        items=(23,),
    ),
    Guard(
        "restored: listed meanwhile, taken already",
        "rows = mine.exclude(sent_at=None).exclude(sent_at__in=taken).order_by",
        "rows = mine.exclude(sent_at=None).order_by",
        (
            "orders/tests/restores/test_listed_meanwhile.py"
            "::test_a_send_that_is_taken_already_does_not_throw_it_back_into_doubt",
        ),
        "orders/placing/sent_before.py",
        items=(23,),
    ),
    Guard(
        "restored: listed meanwhile, the look",
        "        if order is None and Order.objects.filter(form_key=send.form_key).exists():",
        "        if order:",
        (
            "orders/tests/restores/test_listed_meanwhile.py"
            "::test_a_form_that_is_placed_before_its_send_is_listed_is_not_bought_again",
        ),
        "orders/sending/restore_check/recalled_sends.py",
        items=(23,),
    ),
    Guard(
        "restored: what was sent, its username",
        'link=send.payload.get("link") or send.payload.get("username", ""),',
        'link=send.payload.get("link", ""),',
        (f"{WAS_SENT}::test_it_is_told_of_under_its_own_address",),
        "orders/sending/restore_check/list_unmatched.py",
        items=(23,),
    ),
    Guard(
        "restored: what was sent, the whole link",
        "[:LONGEST] for",
        "[:300] for",
        (f"{WAS_SENT}::test_a_line_for_a_long_link_that_was_bought_is_asked_about",),
        "orders/sending/send_journal.py",
        items=(23,),
    ),
    Guard(
        "restored: what was sent, its runs",
        'f"{quantity} × {runs}" if quantity and runs else quantity',
        'f"{quantity}" if quantity and runs else quantity',
        (f"{WAS_SENT}::test_as_often_as_it_was_not_sent_is_not_taken_for_it",),
        "orders/placing/sent_before.py",
        items=(23,),
    ),
    Guard(
        "restore: a send that was taken comes before one that was lost",
        "send.form_key in taken and _ended_as(send, None, Outcome.UNKNOWN)",
        "send.form_key in taken and False",
        (
            "orders/tests/restores/test_taken_since.py"
            "::test_of_two_forgotten_sends_the_one_that_was_taken_counts",
        ),
        "orders/sending/restore_check/forgotten_sends.py",
        items=(23,),
    ),
    Guard(
        "restore: a number that was given since is offered where the earlier try ends",
        "    reopen.note_taken_since(order, external_id)\n",
        "",
        (
            "orders/tests/restores/test_taken_since.py"
            "::test_a_number_that_was_given_since_counts_once_the_earlier_try_is_not_there",
        ),
        "orders/sending/restore_check/list_unmatched.py",
        items=(23,),
    ),
    Guard(
        "restore: a second send that nobody heard of keeps its order from being queued again",
        "            raise_live_attempt(order, now=now)\n",
        "            raise_flag(order, Flag.LIVE_ATTEMPT)\n",
        (
            "orders/tests/restores/test_taken_since.py"
            "::test_where_both_answers_are_lost_the_second_send_is_told_of_and_not_sent_over",
        ),
        "orders/sending/restore_check/list_unmatched.py",
        items=(23,),
    ),
    Guard(
        "restore: a search writes to no other send that was given its number",
        "            started_at__in={row.started_at for row in rows},\n",
        "",
        (
            "orders/tests/restores/test_searched_numbers.py"
            "::test_a_later_claim_of_the_same_order_is_another_send",
        ),
        "orders/models/attempt.py",
        items=(23,),
    ),
    Guard(
        "restore: what an order has by now is left no more, however it is spelled",
        'same = known.filter(provider=OuterRef("account"), external_id__in=spelled)',
        'same = known.filter(provider=OuterRef("account"), external_id=OuterRef("external_id"))',
        (
            "orders/tests/recovery/test_spelled_ids.py"
            "::test_what_an_order_has_by_now_is_left_over_no_more",
        ),
        "orders/models/restored.py",
        items=(23, 30),
    ),
    Guard(
        "restored: looked into, another row's number",
        "if wanted[row.pk] == word_of(row)]",
        "if wanted[row.pk]]",
        (
            "orders/tests/restores/test_looked_into.py"
            "::test_a_page_from_before_another_restore_says_it_of_nothing_else",
        ),
        "orders/restores/look_into.py",
    ),
    Guard(
        "restored: looked up, a link that is told later",
        'seen["link_key"] = row.link_key',
        'seen["link_key"] = ""',
        (
            "orders/tests/restores/test_looked_up_sends.py"
            "::test_a_link_that_a_later_comparison_tells_is_looked_up_too",
        ),
        "orders/restores/note_unmatched.py",
    ),
    Guard(
        "restored: what was sent, each of its fields",
        '            send.digest in ("", digest_of(wire)),\n',
        "",
        (
            f"{WAS_SENT}::test_other_comments_for_the_same_link_are_not_taken_for_those_that_were_sent",
        ),
        "orders/placing/sent_before.py",
        items=(23,),
    ),
    Guard(
        "restored: what was sent, its digest in the journal",
        'send.digest = str(line.get("digest") or "")[:32]',
        'send.digest = ""',
        (
            f"{WAS_SENT}::test_other_comments_for_the_same_link_are_not_taken_for_those_that_were_sent",
        ),
        "orders/sending/writes/sent_lines.py",
        items=(23,),
    ),
    Guard(
        "restored: accepted once every machine was started",
        "    machines = forms.BooleanField(",
        "    machines = forms.BooleanField(required=False,",
        (
            "orders/tests/restores/test_restored_pages.py"
            "::test_it_is_not_accepted_before_every_machine_that_sends_was_started",
        ),
        "orders/restores/forms.py",
        items=(23,),
    ),
    Guard(
        "restored: what waits is listed by its row, whatever the clocks said",
        "    return Q(pk__lte=through) | Q(",
        "    return Q(",
        (
            "orders/tests/restores/test_shown_waiting.py"
            "::test_all_that_stood_in_the_database_is_listed",
        ),
        "orders/restores/shown_lists.py",
        items=(12, 20),
    ),
    Guard(
        "restored: a stop without numbers is given them, so that later orders do not refuse it",
        "        halts.number_restored_stops,\n",
        "",
        (
            "orders/tests/restores/test_shown_waiting.py"
            "::test_such_a_stop_is_numbered_once_and_later_orders_ask_nobody_anew",
        ),
        "orders/restores/tasks.py",
        items=(20,),
    ),
)
