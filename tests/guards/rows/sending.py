"""The claim and the check before the first byte, of orders, refills and cancels."""

from __future__ import annotations

from tests.guards.guard import Guard

CLAIMING = "orders/tests/sending/test_claiming.py"
EACH = "orders/tests/sending/test_each_guard.py"
HALTS = "orders/tests/sending/test_halts.py"
SENDING = "orders/tests/sending/test_send_orders.py"
WRITES = "orders/tests/sending/test_every_write.py"


GUARDS = (
    Guard(
        "claim: the halt",
        "if not unchanged or halts.sending_is_halted(provider.pk):",
        "if not unchanged:",
        (f"{HALTS}::test_behind_a_closed_halt_nothing_is_claimed_or_rung_for",),
        "orders/sending/claims.py",
        items=(23,),
    ),
    Guard(
        "claim: the account as it was read",
        "        unchanged = is_unchanged(provider.pk, provider.version)\n",
        "        unchanged = True\n",
        (f"{SENDING}::test_nothing_is_sent_with_a_key_that_was_changed_since",),
        "orders/sending/claims.py",
        items=(1,),
    ),
    Guard(
        "pre-send: the age of the claim",
        "if ours > clocks.SEND_WINDOW_SECONDS:",
        "if ours < 0:",
        (f"{SENDING}::test_the_pre_send_check_stops_a_claim_that_has_grown_old",),
        "orders/sending/writes/send_clock.py",
        items=(3, 12),
    ),
    Guard(
        "send: no worker older than the database",
        "        if newer_migrations():\n            return OLDER_CODE\n",
        "",
        (f"{WRITES}::test_what_comes_up_before_the_first_byte_stops_it",),
        "orders/sending/writes/pre_send.py",
        items=(23,),
    ),
    Guard(
        "pre-send: the database's clock agrees with ours",
        "if abs(theirs - ours) > clocks.CLOCKS_AGREE_SECONDS:",
        "if ours < 0:",
        (f"{WRITES}::test_what_comes_up_before_the_first_byte_stops_it",),
        "orders/sending/writes/send_clock.py",
        items=(12,),
    ),
    Guard(
        "pre-send: the age counts from before the claim of an order",
        "    send_outcome = _speak(order, attempt, client, now)",
        "    send_outcome = _speak(order, attempt, client, SendClock(clock))",
        (f"{EACH}::test_a_worker_that_stood_still_right_after_its_claim_sends_nothing",),
        "orders/sending/send_orders.py",
        items=(3,),
    ),
    Guard(
        "pre-send: the age counts from before the claim of a request",
        "    heard = _speak(kind, claimed, provider, speak, check.journal, now)",
        "    heard = _speak(kind, claimed, provider, speak, check.journal, SendClock(clock))",
        (f"{WRITES}::test_a_worker_that_stood_still_right_after_its_claim_sends_nothing",),
        "orders/aftersales/send_requests.py",
        items=(3,),
    ),
    Guard(
        "journal: the age of the claim",
        "    if age > clocks.SEND_WINDOW_SECONDS:",
        "    if age < 0:",
        (f"{EACH}::test_a_claim_that_has_grown_old_is_not_even_journaled",),
        "orders/sending/restore_check/guard.py",
        items=(3, 12),
    ),
    Guard(
        "pre-send: the claim is still ours",
        "        if not self.is_ours():",
        "        if not self.is_ours:",
        (f"{EACH}::test_the_pre_send_check_stops_a_claim_that_was_taken_for_lost",),
        "orders/sending/writes/pre_send.py",
        items=(3,),
    ),
    Guard(
        "pre-send: the requests are still ours",
        "lambda: kind.count_ours(call) == size",
        "lambda: size > 0",
        (f"{WRITES}::test_a_claim_that_was_taken_for_lost_is_not_sent",),
        "orders/aftersales/send_requests.py",
        items=(3,),
    ),
    Guard(
        "pre-send: the account as it was read",
        "if not is_unchanged(self.provider_id, self.version):",
        "if not self.version:",
        (f"{EACH}::test_the_pre_send_check_stops_a_send_whose_key_was_changed_after_the_claim",),
        "orders/sending/writes/pre_send.py",
        items=(3,),
    ),
    Guard(
        "pre-send: the stops",
        "        if halts.is_halted(self.provider_id, self.write):",
        "        if not self.provider_id:",
        (f"{HALTS}::test_a_halt_that_closes_after_the_claim_stops_the_first_byte",),
        "orders/sending/writes/pre_send.py",
        items=(23,),
    ),
    Guard(
        "claim of a request: the stops",
        "if not unchanged or halts.is_halted(provider.pk, kind.write):",
        "if not unchanged:",
        (f"{WRITES}::test_a_stop_between_the_look_and_the_claim_leaves_no_claim",),
        "orders/aftersales/send_requests.py",
        items=(23,),
    ),
    Guard(
        "answer to a request: on disk first",
        "        file = write_whole(path, text)",
        '        write_whole(path.with_suffix(".gone"), text)',
        (f"{WRITES}::test_an_answer_that_was_heard_outlives_its_worker",),
        "orders/sending/writes/spool_files.py",
        items=(24,),
    ),
    Guard(
        "answer to a request: kept until the database has it",
        "                file.is_recorded()\n",
        "            file.is_recorded()\n",
        (f"{WRITES}::test_an_answer_that_was_heard_outlives_a_database_that_stays_away",),
        "orders/aftersales/send_requests.py",
        items=(24,),
    ),
    Guard(
        "recording: on a connection that works",
        "        drop_broken_connection()\n        yield tried",
        "        yield tried",
        (f"{WRITES}::test_a_broken_connection_is_let_go_before_the_next_try",),
        "orders/sending/writes/recording.py",
        items=(24,),
    ),
    Guard(
        "pre-send: asked directly before the first byte",
        "            reason = self._objection()",
        '            reason = ""',
        (f"{WRITES}::test_what_comes_up_before_the_first_byte_stops_it",),
        "orders/sending/writes/pre_send.py",
        items=(23,),
    ),
    Guard(
        "request: the journal outside the database",
        "        journal(call, claimed.named, now=now)",
        "        assert journal",
        (f"{WRITES}::test_a_restored_database_never_sends_it_again",),
        "orders/aftersales/send_requests.py",
        items=(23,),
    ),
    Guard(
        "funds: an order that the balance does not pay for keeps no other one",
        "    _IS_NO_MORE_REFUSED & _IS_PAID,",
        "    _IS_NO_MORE_REFUSED,",
        (f"{SENDING}::test_one_order_that_the_balance_does_not_pay_for_keeps_no_other_one",),
        "orders/oldest_work.py",
        items=(39,),
    ),
    Guard(
        "funds: a balance in another currency tells nothing",
        "    | CURRENCY_DIFFERS\n",
        "",
        (f"{SENDING}::test_where_nobody_knows_whether_it_is_paid_it_is_tried",),
        "orders/oldest_work.py",
        items=(39,),
    ),
    Guard(
        "funds: nor does one that is used up",
        "    | Q(provider__balance__lte=0)\n",
        "",
        (f"{SENDING}::test_where_nobody_knows_whether_it_is_paid_it_is_tried",),
        "orders/oldest_work.py",
        items=(39,),
    ),
    Guard(
        "sending: nothing newer is tried without funds, G39",
        "provider__moved_at=None, provider__health__funds_refused_at=None",
        "provider__moved_at=None",
        (f"{SENDING}::test_no_newer_order_is_tried_while_the_account_is_out_of_funds",),
        "orders/sending/send_orders.py",
        items=(39,),
    ),
    Guard(
        "our own errors are unknown",
        "    except Exception as error:\n        log.exception",
        "    except ZeroDivisionError as error:\n        log.exception",
        (f"{SENDING}::test_an_error_of_our_own_while_sending_is_unconfirmed",),
        "orders/sending/send_orders.py",
        items=(18,),
    ),
    Guard(
        "journal: a line is on disk as a whole",
        "if os.write(descriptor, text) < len(text):",
        "if not os.write(descriptor, text):",
        (
            "orders/tests/sending/test_high_water_mark.py"
            "::test_nothing_is_sent_whose_line_the_disk_has_taken_in_part",
        ),
        "core/durable_files.py",
        items=(23,),
    ),
    Guard(
        "leases: two readings of one clock",
        "    return now + timedelta(seconds=most_seconds + READINGS_APART_SECONDS)",
        "    return now + timedelta(seconds=most_seconds)",
        ("core/tests/test_leases.py::test_a_lease_is_not_taken_by_who_read_the_clock_before",),
        "core/clocks.py",
        items=(12,),
    ),
    Guard(
        "claim: a hole in the numbers",
        'order.attempts.aggregate(newest=Max("number"))["newest"] or 0',
        "order.attempts.count()",
        (f"{CLAIMING}::test_the_number_of_an_attempt_does_not_end_at_that_of_a_small_integer",),
        "orders/sending/claims.py",
        items=(13,),
    ),
    Guard(
        "claim: an order that breaks us is put back",
        "        if not _made_way(order, clock, left):\n",
        "        if order:\n",
        (
            f"{CLAIMING}::test_an_order_that_breaks_us_before_its_claim_waits_flagged_and_the_next_is_sent",
        ),
        "orders/sending/send_run.py",
        items=(13,),
    ),
    Guard(
        "watchdog: an order that was overtaken is told although others are sent",
        "    return not account.order_since < account.newest_due <= newest\n",
        "    return True\n",
        (
            "orders/tests/sending/test_unclaimable_orders.py"
            "::test_the_watchdog_tells_of_it_also_while_others_are_sent",
        ),
        "orders/watchdog/overdue.py",
    ),
    Guard(
        "claim: an order of which nothing can be written makes way",
        "        left.add(order.pk)\n",
        "",
        (
            "orders/tests/sending/test_unclaimable_orders.py"
            "::test_one_of_which_nothing_can_be_written_makes_way",
        ),
        "orders/sending/send_run.py",
        items=(13,),
    ),
)
