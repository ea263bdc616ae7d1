"""How an account is: what each call says of it, and what its pages say then."""

from __future__ import annotations

from tests.guards.guard import Guard

ACCOUNT_OUTAGE = "orders/tests/sending/test_account_outage.py"
PROBING = "orders/tests/sending/test_probing.py"
PROVIDER_PAGE = "providers/tests/test_provider_page.py"
TOKEN_BUCKET = "providers/tests/test_token_bucket.py"


GUARDS = (
    Guard(
        "health: where the balance fails a status is asked for",
        "bool(error and _newest_id(pk))",
        "False",
        (f"{PROBING}::test_where_the_balance_fails_the_status_of_an_order_is_asked_for",),
        "orders/polling/probe_account.py",
        items=(17,),
    ),
    Guard(
        "health: who is asked for fewer calls makes fewer",
        'return {"pace": slower, "slow_until": until, "probe_until": None}',
        'return {"slow_until": until, "probe_until": None}',
        (f"{TOKEN_BUCKET}::test_a_provider_that_asks_for_fewer_calls_gets_half_and_a_rest",),
        "providers/actions/note_calls.py",
        items=(26,),
    ),
    Guard(
        "health: an unknown answer about the pace slows down",
        "        case SlowDown() | OutcomeUnknown(account_trouble=RefusalCode.RATE_LIMIT):",
        "        case SlowDown():",
        (
            f"{TOKEN_BUCKET}::test_an_unknown_outcome_slows_the_account_down_where_it_is_about_the_account",
        ),
        "providers/actions/note_calls.py",
        items=(37,),
    ),
    Guard(
        "health: an unknown answer about the key holds the account",
        "        case AccountRefused() | OutcomeUnknown(account_trouble=RefusalCode.KEY):",
        "        case AccountRefused():",
        (
            f"{TOKEN_BUCKET}::test_an_unknown_outcome_slows_the_account_down_where_it_is_about_the_account",
        ),
        "providers/actions/note_calls.py",
        items=(37,),
    ),
    Guard(
        "health: a request that fails on its way is noted",
        "        case Unavailable() | NotSent():",
        "        case Unavailable():",
        (
            "orders/tests/aftersales/test_send_requests.py::test_a_request_that_finds_nobody_there_keeps_what_else_its_account_has_to_send",
            f"{TOKEN_BUCKET}::test_an_order_is_never_the_probe",
        ),
        "providers/actions/note_calls.py",
        items=(15,),
    ),
    Guard(
        "health: a read that fails is noted",
        "        case Unavailable() | NotSent():",
        "        case NotSent():",
        (f"{TOKEN_BUCKET}::test_each_failure_in_a_row_closes_the_breaker_for_longer",),
        "providers/actions/note_calls.py",
        items=(15,),
    ),
    Guard(
        "health: calls that were under way together fail as one",
        '        When(_is_open(now), then=F("open_until")),\n',
        "",
        (f"{TOKEN_BUCKET}::test_calls_that_were_under_way_together_fail_as_one",),
        "providers/actions/note_calls.py",
        items=(15,),
    ),
    Guard(
        "health: an answer lets calls through again",
        "            open_until=None,\n",
        "",
        (f"{PROBING}::test_orders_go_out_at_once_when_a_probe_has_answered",),
        "providers/actions/note_calls.py",
        items=(15,),
    ),
    Guard(
        "health: a key that is read again is well",
        "            key_unreadable_at=None,\n",
        "",
        (
            "providers/tests/test_balances.py::test_a_balance_that_is_read_shows_that_its_stored_key_can_be",
        ),
        "providers/actions/note_calls.py",
        items=(14,),
    ),
    Guard(
        "health: a key that cannot be read",
        "    if health.key_unreadable_at is not None:",
        "    if False:",
        (
            f"{PROVIDER_PAGE}::test_the_pages_say_how_a_provider_is",
            f"{ACCOUNT_OUTAGE}::test_an_order_waits_for_its_account_where_the_account_health_says_so",
        ),
        "providers/account_health.py",
        items=(14, 15),
    ),
    Guard(
        "health: not answering",
        "    if health.open_until is not None:",
        "    if False:",
        (
            f"{PROVIDER_PAGE}::test_the_pages_say_how_a_provider_is",
            f"{ACCOUNT_OUTAGE}::test_an_order_waits_for_its_account_where_the_account_health_says_so",
        ),
        "providers/account_health.py",
        items=(15,),
    ),
    Guard(
        "health: out of funds",
        "    if health.funds_refused_at is not None:",
        "    if False:",
        (
            f"{PROVIDER_PAGE}::test_the_pages_say_how_a_provider_is",
            f"{ACCOUNT_OUTAGE}::test_an_order_waits_for_its_account_where_the_account_health_says_so",
        ),
        "providers/account_health.py",
        items=(15,),
    ),
    Guard(
        "health: rate-limited",
        "    if until := still_ahead(health.slow_until, now, clocks.RETRY_AFTER_CAP_SECONDS):",
        "    if until := None:",
        (
            f"{PROVIDER_PAGE}::test_the_pages_say_how_a_provider_is",
            f"{ACCOUNT_OUTAGE}::test_an_order_waits_for_its_account_where_the_account_health_says_so",
        ),
        "providers/account_health.py",
        items=(15,),
    ),
    Guard(
        "health: slow",
        "    if health.latency_ms is not None and health.latency_ms > SLOW_MS:",
        "    if False:",
        (f"{PROVIDER_PAGE}::test_the_pages_say_how_a_provider_is",),
        "providers/account_health.py",
        items=(15,),
    ),
    Guard(
        "health: a balance that cannot be read",
        "    if provider.balance_error:",
        "    if False:",
        ("providers/tests/test_balances.py::test_a_balance_that_alone_fails_does_not_stop_orders",),
        "providers/account_health.py",
        items=(15, 17),
    ),
    Guard(
        "clock ahead: a moment beyond its own cap is over",
        "now < moment <= furthest(now, most_seconds) else None",
        "now < moment else None",
        (f"{TOKEN_BUCKET}::test_a_moment_beyond_its_own_cap_counts_as_due",),
        "core/clocks.py",
        items=(12,),
    ),
    Guard(
        "clock ahead: what is asked for has its own cap",
        "        (health.slow_until, clocks.RETRY_AFTER_CAP_SECONDS),\n",
        "        (health.slow_until, 10**8),\n",
        (f"{TOKEN_BUCKET}::test_a_moment_beyond_its_own_cap_counts_as_due",),
        "providers/actions/token_bucket.py",
        items=(12,),
    ),
    Guard(
        "clock ahead: the pause after an order has its own cap",
        "(health.next_add_at, longest_add_pause(health.provider))",
        "(health.next_add_at, 3600)",
        (
            f"{TOKEN_BUCKET}"
            "::test_a_clock_that_was_ahead_puts_orders_off_no_longer_than_a_pause_may_be",
        ),
        "providers/actions/token_bucket.py",
        items=(12,),
    ),
    Guard(
        "clock ahead: a lease beyond all leases is free",
        " | Q(held_until__lte=now) | Q(held_until__gt=beyond)",
        " | Q(held_until__lte=now)",
        (
            "core/tests/test_leases.py"
            "::test_a_lease_longer_than_any_was_written_by_a_clock_ahead_and_is_free",
        ),
        "core/rows/leases.py",
        items=(12,),
    ),
    Guard(
        "clock ahead: a sign of life that is still to come is none",
        "        return max(-seconds, HEARTBEAT_STALE_SECONDS + 1.0)\n",
        "        return 0.0\n",
        (
            "dashboard/tests/test_health.py"
            "::test_a_sign_of_life_from_the_future_is_stale_and_not_fresh",
        ),
        "dashboard/models.py",
        items=(12,),
    ),
)
