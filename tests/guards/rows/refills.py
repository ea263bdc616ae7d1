"""Refills that nobody knows of whether they were begun."""

from __future__ import annotations

from tests.guards.guard import Guard

BESIDE = "providers/panel_api/tests/test_refusals_beside_ids.py"
BUTTONS = "orders/tests/aftersales/test_old_buttons.py"
CLOCKS = "orders/tests/restores/test_gaps_and_clocks.py"
LATE_CANCELS = "orders/tests/aftersales/test_late_cancels.py"
LOST_REFILLS = "orders/tests/aftersales/test_lost_refills.py"
MEANWHILE = "orders/tests/restores/test_asked_meanwhile.py"
NUMBERS = "orders/tests/aftersales/test_refill_numbers.py"
SENTENCES = "orders/tests/aftersales/test_several_sentences.py"
TWICE = "orders/tests/aftersales/test_answers_read_twice.py"

UPGRADED = "test_after_the_upgrade_one_that_was_lost_before_it_waited_is_not_sent_by_itself"

GUARDS = (
    Guard(
        "refill: a sentence nobody knows explains nothing away",
        "_taken_apart(one) if not adds_nothing(part)]",
        "_taken_apart(one) if refusal_code(part) is not Code.UNLISTED]",
        (
            "orders/tests/aftersales/test_several_sentences.py"
            "::test_a_sentence_nobody_knows_explains_nothing_away",
        ),
        "providers/panel_api/refusals/request_refusals.py",
    ),
    Guard(
        "refill: one of before the upgrade that waits in doubt is not sent by itself",
        'mine.update(status="unconfirmed", code="",',
        'mine.update(code="",',
        (f"orders/tests/aftersales/test_doubt_in_sight.py::{UPGRADED}",),
        "orders/migrations/0060_refills_that_wait_in_doubt.py",
    ),
    Guard(
        "refill: one whose lost answer said that it has to wait waits on after the upgrade",
        ", requests__gt=1",
        "",
        (f"orders/tests/aftersales/test_doubt_in_sight.py::{UPGRADED}",),
        "orders/migrations/0060_refills_that_wait_in_doubt.py",
    ),
    Guard(
        "refill: a number that another order's refill has is not followed",
        "    return {one: number for one, number in named.items() if len(holders[number]) > 1}",
        "    return {}",
        (
            f"{NUMBERS}::test_neither_of_two_orders_refills_is_followed_by_the_number_of_both",
            f"{NUMBERS}::test_a_number_that_one_answer_gives_twice_is_neithers",
        ),
        "orders/aftersales/refill_numbers.py",
        items=(9, 13),
    ),
    Guard(
        "refill: a number is one at every row of its account",
        "    holders = _holders(set(named.values()), rows_of(provider.pk))\n"
        "    for one, number in named.items():\n",
        "    holders = _holders(set(named.values()), [provider.pk])\n"
        "    for one, number in named.items():\n",
        (f"{NUMBERS}::test_a_number_of_another_row_of_the_account_is_seen",),
        "orders/aftersales/refill_numbers.py",
        items=(9,),
    ),
    Guard(
        "refill: the one that had the number first is not followed by it any more",
        "        lose_sight(provider, again, now=now)\n",
        "",
        (f"{NUMBERS}::test_what_was_said_while_the_number_was_given_again_is_not_believed",),
        "orders/aftersales/refill_sends.py",
        items=(9, 13),
    ),
    Guard(
        "refill: those that were followed by one number before are asked about no more",
        "    batch = without_given_twice(provider, due, now=clock())",
        "    batch = due",
        (f"{NUMBERS}::test_two_that_were_followed_by_one_number_before_are_asked_about_no_more",),
        "orders/aftersales/poll_refills.py",
        items=(9, 13),
    ),
    Guard(
        "refill: another one only after what the page has shown of them",
        '        if request.POST.get("shown") != shown.of_newest_refill(order):',
        "        if False:",
        (
            f"{BUTTONS}::test_nor_one_that_was_closed_in_doubt_and_whose_answer_came_since",
            f"{BUTTONS}"
            "::test_a_page_of_the_release_before_asks_to_look_once_more_before_another_refill",
        ),
        "orders/aftersales/views.py",
        items=(6, 10),
    ),
    Guard(
        "refill: the page says what the history alone tells of them",
        '    return f"{line or 0}.{row}{restored}"',
        '    return f"0.{row}{restored}"',
        (f"{BUTTONS}::test_nor_one_that_was_closed_in_doubt_and_whose_answer_came_since",),
        "orders/shown.py",
        items=(6, 10),
    ),
    Guard(
        "refill: the page says which row it has shown, with a line or without",
        '    return f"{line or 0}.{row}{restored}"',
        '    return f"{line or 0}{restored}"',
        (
            f"{BUTTONS}"
            "::test_a_refill_of_which_a_machine_told_since_that_it_was_sent_is_not_asked_for_again",
        ),
        "orders/shown.py",
        items=(6,),
    ),
    Guard(
        "refill: a click waits for a late answer that is being taken in",
        "        one_at_a_time(order.provider)  # a late answer is taken in, or waits",
        "        pass",
        (f"{MEANWHILE}::test_a_click_for_a_refill_meanwhile_is_told_of_the_late_answer",),
        "orders/aftersales/views.py",
        items=(6, 10),
        on_postgresql=True,
    ),
    Guard(
        "refill: of many, each waits for a late answer that is being taken in",
        "    _hold_account(item)\n    if not _is_refill_as_shown(item):",
        "    if not _is_refill_as_shown(item):",
        (f"{MEANWHILE}::test_refills_of_many_meanwhile_leave_it_out",),
        "orders/bulk/apply_step.py",
        items=(6, 10),
        on_postgresql=True,
    ),
    Guard(
        "refill: requested not long ago, the one whose answer was lost may be under way",
        "    is_there = _says_it_is_there(refill, said, now)",
        "    is_there = False",
        (f"{LOST_REFILLS}::test_a_lost_one_that_was_requested_not_long_ago_stays_in_doubt",),
        "orders/aftersales/refill_sends.py",
        items=(10,),
    ),
    Guard(
        "refill: too many calls, and the one whose answer was lost may be under way",
        " and not (is_there and said.says & Says.USED_UP):",
        ":",
        (
            "orders/tests/aftersales/test_several_sentences.py"
            "::test_a_lost_refill_of_which_a_later_sentence_tells_stays_in_doubt",
        ),
        "orders/aftersales/refill_sends.py",
        items=(10,),
    ),
    Guard(
        "refill: no more are left, the one whose answer was lost may be under way",
        "    if says & Says.USED_UP:",
        "    if False:",
        (f"{LOST_REFILLS}::test_so_does_another_one_that_was_asked_for_since_it_was_closed",),
        "orders/aftersales/refill_sends.py",
        items=(10,),
    ),
    Guard(
        "refill: refused, for which the one whose answer was lost may be the reason",
        "    return was_lost and bool(says & Says.REFILL_MAY_BE_WHY)\n",
        "    return False\n",
        (
            f"{LOST_REFILLS}::test_a_lost_one_that_may_be_why_another_is_refused_stays_in_doubt",
            f"{LOST_REFILLS}::test_of_several_sentences_each_has_to_say_so",
        ),
        "orders/aftersales/refill_sends.py",
        items=(10,),
    ),
    Guard(
        "refill: the longest wait that any sentence names",
        "    waits = wait_seconds(text), spacing_seconds(text)\n",
        "    waits = wait_seconds(said[0]), spacing_seconds(said[0])\n",
        (f"{SENTENCES}::test_the_wait_that_a_later_sentence_names_is_kept",),
        "providers/panel_api/answers/decode_orders.py",
        items=(10, 24),
    ),
    Guard(
        "refill: a later sentence tells that it is under way",
        "_says(said, codes) if codes",
        "_says(said[:1], codes[:1]) if codes",
        (
            f"{SENTENCES}"
            "::test_a_refill_that_a_later_sentence_tells_of_is_followed_and_not_sent_again",
            f"{SENTENCES}::test_so_is_one_that_was_lost_and_one_asked_for_after_it_was_closed",
            f"{SENTENCES}::test_nor_is_it_known_as_not_begun_where_a_journal_tells_of_it",
            f"{SENTENCES}"
            "::test_a_cancel_is_not_refused_where_a_later_sentence_says_that_it_was_requested",
        ),
        "providers/panel_api/refusals/request_refusals.py",
        items=(10, 24),
    ),
    Guard(
        "refill: told that a cancel is under way, which proves nothing",
        "        (Says.CANCEL_OPEN, Meaning.UNCLEAR),\n",
        "        (Says.CANCEL_OPEN, Meaning.OPEN),\n",
        (f"{SENTENCES}::test_a_refill_is_not_followed_where_a_cancel_is_said_to_be_under_way",),
        "providers/panel_api/refusals/request_refusals.py",
        items=(10, 24),
    ),
    Guard(
        "cancel: words beside its number or state refuse nothing",
        "    if may_be_made(row, what) or _reads_as_taken(row, what):",
        "    if may_be_made(row, what):",
        (
            f"{BESIDE}::test_a_cancel_that_reads_as_taken_beside_words_is_not_refused",
            f"{BESIDE}::test_so_is_a_refill",
            f"{BESIDE}::test_a_code_beside_the_error_changes_nothing_of_it",
            f"{SENTENCES}::test_a_cancel_is_not_refused_by_words_beside_its_number_or_state",
            f"{SENTENCES}::test_nor_is_a_refill_by_words_beside_its_success",
        ),
        "providers/panel_api/answers/decode_requests.py",
        items=(10, 24),
    ),
    Guard(
        "refill: a late answer that proves nothing is told",
        "    elif row_outcome.is_heard:\n",
        "    elif False:\n",
        (
            f"{LOST_REFILLS}::test_a_late_refusal_that_proves_nothing_is_told_once",
            f"{LOST_REFILLS}::test_after_it_was_closed_it_is_told_and_changes_nothing",
        ),
        "orders/aftersales/refill_sends.py",
        items=(10,),
    ),
    Guard(
        "cancel: a late answer that proves nothing is told",
        "        if row_outcome.is_heard and not row_outcome.proven:\n",
        "        if False:\n",
        (
            f"{LATE_CANCELS}"
            "::test_a_refusal_that_proves_nothing_is_told_once_of_one_that_was_given_up",
            f"{LATE_CANCELS}::test_so_it_is_of_one_that_goes_out_again",
        ),
        "orders/aftersales/cancel_sends.py",
        items=(24,),
    ),
    Guard(
        "refill: no more are left, told late of the only call that was made",
        "    return not is_first or refill.sent_at is None or refill.doubted_at < refill.sent_at",
        "    return True",
        (f"{LOST_REFILLS}::test_a_late_answer_to_the_only_call_is_a_refusal",),
        "orders/aftersales/refill_sends.py",
        items=(10,),
    ),
    Guard(
        "cancel: nothing is left to cancel, which is no refusal",
        "        (Says.CANCELED, Meaning.CANCELED),\n",
        "",
        (
            f"{LATE_CANCELS}"
            "::test_one_that_is_told_that_it_is_canceled_there_is_followed_by_the_status",
            f"{LATE_CANCELS}::test_so_is_one_that_is_sent_again_and_told_so",
        ),
        "providers/panel_api/refusals/request_refusals.py",
        items=(24,),
    ),
    Guard(
        "cancel: nothing is left to cancel, told as a code",
        "    if last_part(part) in CANCELED_THERE_CODES:",
        "    if False:",
        (
            f"{LATE_CANCELS}"
            "::test_one_that_is_told_that_it_is_canceled_there_is_followed_by_the_status",
            f"{LATE_CANCELS}::test_so_is_one_that_is_sent_again_and_told_so",
        ),
        "providers/panel_api/refusals/request_refusals.py",
        items=(24,),
    ),
    Guard(
        "refill: one in doubt is remembered where it has ended and another is asked for",
        " or others.filter(doubted_at__gt=since).exists()",
        "",
        (
            f"{LOST_REFILLS}::test_one_that_was_lost_and_then_refused_is_remembered",
            f"{LOST_REFILLS}::test_one_that_had_waited_is_remembered_when_it_was_lost_and_closed",
        ),
        "orders/aftersales/refill_sends.py",
        items=(10,),
    ),
    Guard(
        "refill: one in doubt over a gap of the journal is remembered",
        '        "doubted_at": now,\n',
        "",
        (f"{LOST_REFILLS}::test_one_in_doubt_over_a_gap_of_the_journal_is_remembered",),
        "orders/limits/doubtful_rows.py",
        items=(10, 23),
    ),
    Guard(
        "refill: one taken without a number is remembered where it is closed",
        '        text = "The refill was closed: the desk no longer looks for it."\n'
        '        changes["doubted_at"] = _in_doubt_since(refill, now)\n',
        '        text = "The refill was closed: the desk no longer looks for it."\n',
        (f"{LOST_REFILLS}::test_one_taken_without_a_number_is_remembered_when_it_is_closed",),
        "orders/aftersales/request_refills.py",
        items=(3, 10),
    ),
    Guard(
        "refill: one that a release without the mark has lost is marked when it is sent again",
        '        changes["doubted_at"] = now\n',
        "",
        (
            f"{LOST_REFILLS}::test_one_that_a_worker_of_the_release_before_lost_is_remembered"
            "_when_it_is_sent_again",
        ),
        "orders/aftersales/request_refills.py",
        items=(3, 10),
    ),
    Guard(
        "refill: one that was let go is in doubt over a newer gap of the journal",
        'Q(let_go, doubted_at__isnull=False, doubted_at__gte=through["found_at"])',
        "Q(let_go, doubted_at__isnull=False)",
        (f"{LOST_REFILLS}::test_one_that_a_person_let_go_is_in_doubt_over_a_newer_gap",),
        "orders/limits/doubtful_rows.py",
        items=(23,),
    ),
    Guard(
        "refill: one in doubt over a gap of the journal is let go by a person alone",
        "~Q(let_go, doubted_at",
        "~Q(doubted_at",
        (
            f"{LOST_REFILLS}::test_one_in_doubt_over_a_gap_is_not_let_go_by_an_answer_to_a_call_of"
            "_before",
        ),
        "orders/limits/doubtful_rows.py",
        items=(23,),
    ),
    Guard(
        "refill: one that was lost before the gap is let go by the first word of a person",
        'changes["doubted_at"] = now\n',
        'changes["doubted_at"] = _in_doubt_since(refill, now)\n',
        (f"{LOST_REFILLS}::test_one_that_was_lost_before_a_gap_is_sent_when_a_person_says_so",),
        "orders/aftersales/request_refills.py",
        items=(10, 23),
    ),
    Guard(
        "refill: a gap is told from a word of a person by its row, whatever the clocks said",
        'Q(known_gap__lt=through["newest"]) | by_time,',
        "by_time,",
        (
            f"{CLOCKS}::test_a_refill_that_was_let_go_before_a_gap_is_in_doubt_over_it",
            f"{CLOCKS}::test_refills_of_many_asked_for_in_the_moment_of_the_gap_are_in_doubt",
        ),
        "orders/limits/doubtful_rows.py",
        items=(12, 23),
    ),
    Guard(
        "refill: who lets one go does so over each gap that was found until then",
        '        changes["known_gap"] = known  # with each',
        '        changes["known_gap"] = 0  # with each',
        (f"{CLOCKS}::test_a_refill_that_is_let_go_after_a_gap_is_sent",),
        "orders/aftersales/request_refills.py",
        items=(12, 23),
    ),
    Guard(
        "refill: one of a bulk action knows the gaps of when that was begun",
        "now=now, known_gap=known_gap(item.job)",
        "now=now, known_gap=known_gap()",
        (f"{CLOCKS}::test_refills_of_many_asked_for_in_the_moment_of_the_gap_are_in_doubt",),
        "orders/bulk/apply_step.py",
        items=(12, 23),
    ),
    Guard(
        "refill: an answer that was recorded is taken in from the disk no second time",
        "        if not call.note_recorded(now=now):\n",
        "        if False:\n",
        (
            f"{TWICE}::test_it_stands_for_no_refill_asked_for_since",
            f"{TWICE}::test_the_history_tells_of_no_late_answer_to_a_refill_that_was_answered_in_time",
            f"{TWICE}::test_a_cancel_that_was_told_to_wait_waits_no_longer_for_it",
        ),
        "orders/sending/restore_check/recalled_requests.py",
        items=(23,),
    ),
    Guard(
        "refill: an answer that its worker recorded is known as recorded",
        "        if not claimed.call.note_recorded(now=now):\n",
        "        if False:\n",
        (f"{TWICE}::test_it_stands_for_no_refill_asked_for_since",),
        "orders/aftersales/send_requests.py",
        items=(23,),
    ),
    Guard(
        "refill: one in doubt that was completed since is not taken for lost",
        ".exclude(status=RefillStatus.COMPLETED)\n",
        "\n",
        (f"{LOST_REFILLS}::test_one_that_was_in_doubt_and_has_been_completed_since_is_not_lost",),
        "orders/aftersales/refill_sends.py",
        items=(23, 37),
    ),
    Guard(
        "request: what could not be put in doubt over a gap is not sent",
        "    return [one for one in due if one.pk not in doubtful]\n",
        "    return list(type(due[0]).objects.filter(pk__in=[one.pk for one in due]))\n",
        (f"{LOST_REFILLS}::test_one_over_a_gap_that_cannot_be_put_in_doubt_is_not_sent",),
        "orders/limits/doubtful_rows.py",
        items=(18, 23),
    ),
    Guard(
        "cancel: a lost one may be why the next is refused",
        "        if self.code == UNCLEAR and self.requests > 1:\n",
        "        if False:\n",
        (
            "orders/tests/aftersales/test_late_cancels.py"
            "::test_a_lost_one_may_be_why_the_next_is_refused",
        ),
        "orders/models/cancel.py",
        items=(24, 39),
    ),
    Guard(
        "cancel: one that was given up may be why another is refused",
        "        return others.filter(status=CancelStatus.REFUSED, code=UNCLEAR).exists()\n",
        "        return False\n",
        (f"{LATE_CANCELS}::test_one_that_was_given_up_may_be_why_another_is_refused",),
        "orders/models/cancel.py",
        items=(24,),
    ),
    Guard(
        "refill: told to wait, for which one that was closed as unknown may be the reason",
        "        return _another_may_be_why(others, said, now)\n",
        "        return False\n",
        (f"{LOST_REFILLS}::test_another_one_that_is_told_to_wait_is_not_sent_by_itself",),
        "orders/aftersales/refill_sends.py",
        items=(10,),
    ),
    Guard(
        "refill: told to wait, for which one that is closed just now may be the reason",
        " | Q(ended_at__gt=since))",
        ")",
        (f"{LOST_REFILLS}::test_one_that_was_in_doubt_for_long_and_is_closed_just_now_may_be_why",),
        "orders/aftersales/refill_sends.py",
        items=(10,),
    ),
    Guard(
        "refill: told to wait, and one that is known was sent before by a clock that was ahead",
        ', pk__gt=newest["row"]',
        "",
        (
            f"{LOST_REFILLS}"
            "::test_one_that_is_known_and_was_sent_before_by_a_clock_that_was_ahead_is_not_why",
        ),
        "orders/aftersales/refill_sends.py",
        items=(10, 12),
    ),
    Guard(
        "refill: told to wait, and one that is known was sent before the one in doubt",
        'sent_at__gt=max(since, newest["sent"])',
        "sent_at__gt=since",
        (
            f"{LOST_REFILLS}"
            "::test_one_that_is_known_and_was_sent_before_the_one_in_doubt_is_not_why",
        ),
        "orders/aftersales/refill_sends.py",
        items=(10,),
    ),
)
