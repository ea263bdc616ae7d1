"""Accounts: how they do, two rows of one, what is learned of them."""

from __future__ import annotations

from tests.guards.guard import Guard

RULES = "orders/tests/recovery/test_rules_of_one_account.py"

ACCOUNT_IDENTITY = "providers/tests/test_account_identity.py"
ACCOUNT_OUTAGE = "orders/tests/sending/test_account_outage.py"
BALANCES = "providers/tests/test_balances.py"
TWO_TABS = "providers/tests/test_two_tabs.py"
LEDGER_TABS = "orders/tests/reconciliation/test_two_tabs.py"
LIMITS_PAGE = "orders/tests/limits/test_limits_page.py"
KEPT = "orders/tests/pages/test_kept_on_changes.py"
RULE_TABS = "orders/tests/limits/test_two_tabs.py"
PROVIDER_PAGE = "providers/tests/test_provider_page.py"
SAME_ACCOUNT = "orders/tests/recovery/test_rows_of_one_account.py"
TOKEN_BUCKET = "providers/tests/test_token_bucket.py"


GUARDS = (
    Guard(
        "accounts: a second row is refused, B9",
        "    if key and (row := row_of(url, fingerprint(key), besides=besides)):",
        "    if not key and (row := row_of(url, fingerprint(key), besides=besides)):",
        (
            "orders/tests/recovery/test_rows_of_one_account.py"
            "::test_a_row_beside_one_that_is_kept_twice_from_before_is_refused",
        ),
        "providers/actions/accounts.py",
        items=(9,),
    ),
    Guard(
        "accounts: a second row is refused by the database, B9",
        '"upstream": upstream_digest(url, told_by)',
        '"upstream": ""',
        (
            "providers/tests/test_duplicate_accounts.py"
            "::test_two_rows_of_one_account_made_at_the_same_moment_are_one",
        ),
        "providers/actions/accounts.py",
        items=(9,),
    ),
    Guard(
        "settings: what a person has not changed is not written",
        "if word_of(value) != shown.get(name)}",
        "}",
        (f"{TWO_TABS}::test_a_name_saved_in_an_old_tab_moves_no_address_back",),
        "core/shown_fields.py",
    ),
    Guard(
        "settings: what somebody else wrote meanwhile is asked about",
        "        if word_of(now[name]) not in (shown.get(name), word_of(value))",
        "        if False",
        (
            f"{TWO_TABS}::test_what_two_have_changed_is_asked_about_with_all_that_was_typed",
            f"{TWO_TABS}::test_a_page_from_before_says_nothing_of_what_it_showed",
        ),
        "core/shown_fields.py",
    ),
    Guard(
        "accounts: a key is given to the address that was shown",
        'if shown.get("account") != word_of(which_account(row)):',
        "if False:",
        (f"{TWO_TABS}::test_a_key_is_given_to_the_address_that_was_shown",),
        "providers/actions/as_shown.py",
    ),
    Guard(
        "accounts: resumed is what was shown as paused",
        "if not row.is_active and shown != why_paused(row):",
        "if False:",
        (f"{TWO_TABS}::test_an_old_button_resumes_nothing_that_is_paused_for_something_else",),
        "providers/actions/as_shown.py",
    ),
    Guard(
        "shown: replays are safe of the parameter beside them",
        "if PARAMETER not in own and word_of(parameter) != shown.get(PARAMETER):",
        "if False:",
        (f"{RULE_TABS}::test_replays_are_called_safe_of_the_parameter_that_was_shown",),
        "orders/recovery/search/rules.py",
    ),
    Guard(
        "shown: a search goes on that is off for the same reason",
        "if row and shown is not None and shown != word_of(why_off(row)):",
        "if False:",
        (f"{RULE_TABS}::test_a_search_that_is_off_for_something_else_stays_off",),
        "orders/recovery/search/rules.py",
    ),
    Guard(
        "shown: a limit that nobody saw is not taken away",
        "if shown is not None and shown.get(name, word_of(None)) != word_of(so):",
        "if False:",
        (f"{RULE_TABS}::test_a_limit_that_was_not_shown_is_not_taken_away",),
        "orders/limits/change_rules.py",
    ),
    Guard(
        "shown: an amount that is left empty is taken away only with a tick that names it",
        "if lost and lost.amounts and lost.word != agreed:",
        "if False:",
        (
            f"{LIMITS_PAGE}"
            "::test_one_amount_that_is_left_empty_takes_the_other_limit_away_only_with_a_tick",
            f"{LIMITS_PAGE}::test_a_limit_is_taken_away_as_a_whole_only_with_a_tick_that_names_it",
        ),
        "orders/limits/change_rules.py",
    ),
    Guard(
        "shown: a reason for what was stopped already is given back",
        "        messages.info(request, otherwise)\n        give_back(request, written)\n",
        "        messages.info(request, otherwise)\n",
        (f"{KEPT}::test_a_reason_for_what_was_stopped_already_is_given_back",),
        "core/web/messages.py",
    ),
    Guard(
        "shown: a name that is saved lets nobody in again",
        "wanted = wanted if shown is None else so | own_changes(wanted, shown=shown, now=so)",
        "",
        (
            "dashboard/tests/test_people_in_two_tabs.py"
            "::test_a_name_saved_in_an_old_tab_lets_nobody_in_again",
        ),
        "dashboard/people/changing.py",
    ),
    Guard(
        "seen: an invoice that somebody else wrote down is not counted twice",
        'if shown is not None and shown.get("told") != word_of(put_in(statement)):',
        "if False:",
        (f"{LEDGER_TABS}::test_an_invoice_that_somebody_else_wrote_down_is_not_counted_twice",),
        "orders/reconciliation/reconcile.py",
    ),
    Guard(
        "seen: a difference is closed about the amount that was shown",
        'if row and shown is not None and shown.get("told") != word_of(about_what(row)):',
        "if False:",
        (f"{LEDGER_TABS}::test_a_difference_is_closed_about_the_amount_that_was_shown",),
        "orders/reconciliation/discrepancies.py",
    ),
    Guard(
        "halts: what all rows of an account have lost counts",
        "lost = Attempt.objects.filter(provider__in=rows, unknown_at__gt=acknowledged or since)",
        "lost = Attempt.objects.filter(provider=provider, unknown_at__gt=acknowledged or since)",
        (f"{SAME_ACCOUNT}::test_what_both_rows_have_lost_is_counted_together",),
        "orders/sending/halts.py",
        items=(9,),
    ),
    Guard(
        "people: the limit of any row of the account takes two",
        "rules = Recovery.objects.filter(provider__in=rows_of(provider_id))",
        "rules = Recovery.objects.filter(provider=provider_id)",
        (f"{SAME_ACCOUNT}::test_the_narrowest_of_their_limits_asks_for_a_second_person",),
        "orders/recovery/not_placed.py",
        items=(9,),
    ),
    Guard(
        "provider deleted: the limits of its account stay",
        "_keep_limits(others[0], limits)",
        "pass",
        (
            "providers/tests/test_deleted_accounts.py"
            "::test_a_row_that_is_deleted_leaves_the_limits_of_its_account_to_the_other",
        ),
        "providers/actions/deleting.py",
        items=(9,),
    ),
    Guard(
        "provider deleted: the other row stands for the account",
        "        end_duplicate_of(provider)\n",
        "",
        (
            "providers/tests/test_deleted_accounts.py"
            "::test_a_row_that_is_deleted_leaves_its_place_to_the_other",
        ),
        "providers/actions/deleting.py",
        items=(9,),
    ),
    Guard(
        "provider deleted: a stop that holds for the other row",
        'if duplicates_of(provider) and _has(model("orders", "Halt"), ',
        'if False and _has(model("orders", "Halt"), ',
        (
            "providers/tests/test_deleted_accounts.py::test_a_row_whose_stop_holds_for_another_stays",
        ),
        "providers/actions/deleting.py",
        items=(9,),
    ),
    Guard(
        "provider deleted: one that was used",
        "        if words := why_kept(provider):\n            return words\n",
        "",
        (
            "providers/tests/test_deleted_accounts.py"
            "::test_one_that_was_used_stays_and_its_page_says_why",
        ),
        "providers/actions/deleting.py",
        items=(9,),
    ),
    Guard(
        "health: a balance that alone fails stops no order",
        "    if type(error) is Unavailable and left and not was_down:",
        "    if False:",
        (f"{BALANCES}::test_a_balance_that_alone_fails_does_not_stop_orders",),
        "providers/actions/note_calls.py",
        items=(17,),
    ),
    Guard(
        "health: a host that cannot be reached is about all of it",
        "type(error) is Unavailable and left and not was_down",
        "type(error) is Unavailable and not was_down",
        (f"{BALANCES}::test_a_host_that_cannot_be_reached_closes_the_breaker",),
        "providers/actions/note_calls.py",
        items=(17,),
    ),
    Guard(
        "health: what was down is not well because its balance fails",
        "type(error) is Unavailable and left and not was_down",
        "type(error) is Unavailable and left",
        (
            f"{BALANCES}::test_an_account_that_was_down_is_not_well_because_its_balance_fails_otherwise",
        ),
        "providers/actions/note_calls.py",
        items=(17,),
    ),
    Guard(
        "health: another key was refused, not this one",
        'row = with_same_key(provider) if "key_refused_at" in change else health_row(provider)',
        "row = health_row(provider)",
        (f"{BALANCES}::test_that_another_key_is_refused_says_nothing_of_the_new_one",),
        "providers/actions/note_calls.py",
        items=(15,),
    ),
    Guard(
        "health: a rest is counted by the clock that all share",
        ", now=clocks.common_now)",
        ")",
        (f"{TOKEN_BUCKET}::test_a_rest_is_counted_by_the_clock_that_all_share",),
        "providers/connect.py",
        items=(12, 26),
    ),
    Guard(
        "health: an endless wait is capped",
        "until = min(asked, now + timedelta(seconds=clocks.RETRY_AFTER_CAP_SECONDS))",
        "until = asked",
        (f"{TOKEN_BUCKET}::test_an_endless_retry_after_is_capped",),
        "providers/actions/note_calls.py",
        items=(12,),
    ),
    Guard(
        "health: a key that is refused",
        "    if health.key_refused_at is not None:",
        "    if False:",
        (
            f"{PROVIDER_PAGE}::test_the_pages_say_how_a_provider_is",
            f"{ACCOUNT_OUTAGE}::test_an_order_waits_for_its_account_where_the_account_health_says_so",
        ),
        "providers/account_health.py",
        items=(15,),
    ),
    Guard(
        "identity: an address however its host is spelled",
        'host = found.host.rstrip(".")',
        "host = found.host",
        (f"{ACCOUNT_IDENTITY}::test_a_closing_dot_makes_no_other_server",),
        "providers/identity.py",
        items=(9,),
    ),
    Guard(
        "identity: http and https are one server",
        "return host, 443 if found.port == 80 else found.port",
        "return host, found.port",
        (f"{SAME_ACCOUNT}::test_a_server_is_the_same_however_it_is_written",),
        "providers/identity.py",
        items=(9,),
    ),
    Guard(
        "identity: loopback has one name",
        "            host = _LOCAL\n",
        "            pass\n",
        (f"{ACCOUNT_IDENTITY}::test_this_machine_has_one_name",),
        "providers/identity.py",
        items=(9,),
    ),
    Guard(
        "identity: the rows of an account are one",
        "for pk, server in servers.items() if server == servers.get(provider_id)",
        "for pk, server in servers.items() if pk == provider_id",
        (f"{ACCOUNT_IDENTITY}::test_the_rows_of_an_account_are_one_whichever_is_asked_about",),
        "providers/identity.py",
        items=(9,),
    ),
    Guard(
        "identity: the same key at another server is another account",
        'return [row for row in rows.only("pk", "name", "url") if server_of(row.url) == server]',
        'return list(rows.only("pk", "name", "url"))',
        (f"{ACCOUNT_IDENTITY}::test_one_key_at_two_servers_is_two_accounts",),
        "providers/identity.py",
        items=(9,),
    ),
    Guard(
        "identity: rows without a key are like no other",
        "        return (provider.pk,)\n",
        "        pass\n",
        (f"{ACCOUNT_IDENTITY}::test_rows_without_a_key_are_like_no_other",),
        "providers/identity.py",
        items=(9,),
    ),
    Guard(
        "two rows of one account: the same service at the other one",
        'In(F("service_id") + 0, same_service(service).values("pk"))',
        'Exact(F("service_id") + 0, service.pk)',
        ("orders/tests/placing/test_two_rows.py::test_the_same_at_the_other_row_is_asked_about",),
        "orders/models/order_queries.py",
        items=(9,),
    ),
    Guard(
        "wait: as long as was said of any row of the account",
        "    return max(({provider_id: clocks.NOT_PLACED_GRACE_SECONDS} | told).values())",
        "    return told.get(provider_id, clocks.NOT_PLACED_GRACE_SECONDS)",
        (
            f"{RULES}::test_an_order_may_appear_as_long_as_was_said_of_either_row",
            f"{RULES}::test_the_wait_is_counted_on_until_the_longest_is_over",
        ),
        "orders/recovery/search/wait_clock.py",
        items=(7, 9),
    ),
    Guard(
        "search: off at every row of the account",
        '    on = Recovery.objects.filter(provider__in=rows, stopped_because="")',
        '    on = Recovery.objects.filter(provider=provider, stopped_because="")',
        (f"{RULES}::test_a_search_that_is_switched_off_at_one_row_is_off_at_the_other",),
        "orders/recovery/resolve.py",
        items=(7, 9),
    ),
    Guard(
        "search: with the rules of every row of the account",
        '        self.rules.stopped_because = next(why_off, "")\n',
        "",
        (
            f"{RULES}::test_one_that_a_release_before_had_switched_off_at_one_row_is_off_at_the_other",
        ),
        "orders/recovery/search/recovery_run.py",
        items=(7, 9),
    ),
)
