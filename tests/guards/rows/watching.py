"""What tells that something stands still."""

from __future__ import annotations

from tests.guards.guard import Guard

WATCHDOG = "dashboard/tests/test_watchdog.py"

GUARDS = (
    Guard(
        "a desk older than its database says so",
        "found = [*_older_code(), ",
        "found = [",
        ("dashboard/tests/test_watchdog.py::test_a_desk_older_than_its_database_says_so",),
        "dashboard/health/watchdog.py",
        items=(14,),
    ),
    Guard(
        "watchdog: held orders of which what they wait for has come",
        "        *_held({account.pk: account.name for account in accounts}, now),\n",
        "",
        (
            f"{WATCHDOG}::test_an_order_is_told_that_is_held_for_what_has_come",
            f"{WATCHDOG}::test_each_kind_of_work_that_stands_still_is_told",
        ),
        "orders/watchdog/overdue.py",
        items=(14,),
    ),
    Guard(
        "watchdog: a search that does not end",
        "    yield from _searched_too_long(account, halts, now)\n",
        "",
        (
            f"{WATCHDOG}::test_a_search_is_told_that_keeps_its_account_halted_for_longer_than_it_takes",
        ),
        "orders/watchdog/overdue.py",
        items=(14,),
    ),
    Guard(
        "what was sent to a database host that has vanished is given up",
        '        "tcp_user_timeout": silent * 1000,\n',
        "",
        (
            "tests/test_vanished_host.py::test_a_host_that_vanishes_is_given_up_in_time_and_without_our_settings_it_is_not",
        ),
        "dashboard/databases/postgresql.py",
        items=(19,),
    ),
)
