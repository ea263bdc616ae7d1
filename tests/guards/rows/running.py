"""What keeps the desk going: bells, signs of life, the database, and how it is run."""

from __future__ import annotations

from tests.guards.guard import Guard

COMPOSE = "tests/test_compose.py"
DOORBELL = "core/tests/test_doorbell.py"
POSTGRESQL = "dashboard/tests/test_postgresql.py"
PULSE = "dashboard/tests/test_pulse.py"


GUARDS = (
    Guard(
        "bell: what waits is bounded",
        "            if len(self._waiting) >= MOST_WAITING and bell not in self._waiting:\n"
        "                return\n",
        "",
        (f"{DOORBELL}::test_what_waits_is_bounded",),
        "core/doorbell.py",
        items=(29,),
    ),
    Guard(
        "bell: dropped once the sweep has rung",
        "            if time.monotonic() - rung_at <= BELL_WAITS_SECONDS:\n",
        "            if True:\n",
        (f"{DOORBELL}::test_bells_the_sweep_has_rung_meanwhile_are_dropped",),
        "core/doorbell.py",
        items=(29,),
    ),
    Guard(
        "bell: it expires",
        ", expires=BELL_EXPIRES_SECONDS",
        "",
        (f"{DOORBELL}::test_a_bell_that_nobody_hears_is_thrown_away",),
        "core/doorbell.py",
        items=(16, 29),
    ),
    Guard(
        "bell: one that fails ends no other",
        "        except Exception as error:  #",
        "        except KeyError as error:  #",
        (f"{DOORBELL}::test_a_bell_that_fails_is_told_once_and_the_next_one_is_rung",),
        "core/doorbell.py",
        items=(29,),
    ),
    Guard(
        "pulse: a worker whose threads are all busy works",
        "        return is_full and moment - newest <= LONGEST_TASK_SECONDS",
        "        return False",
        (f"{PULSE}::test_a_worker_whose_threads_are_all_busy_works_although_it_hears_nothing",),
        "dashboard/health/pulse.py",
        items=(16,),
    ),
    Guard(
        "pulse: no task takes for ever",
        "        return is_full and moment - newest <= LONGEST_TASK_SECONDS",
        "        return is_full",
        (f"{PULSE}::test_a_worker_whose_threads_are_all_busy_works_although_it_hears_nothing",),
        "dashboard/health/pulse.py",
        items=(16,),
    ),
    Guard(
        "pulse: a worker that is idle hears",
        "        return is_full and moment - newest <= LONGEST_TASK_SECONDS",
        "        return moment - newest <= LONGEST_TASK_SECONDS",
        (f"{PULSE}::test_a_worker_whose_threads_are_all_busy_works_although_it_hears_nothing",),
        "dashboard/health/pulse.py",
        items=(16,),
    ),
    Guard(
        "pulse: a file from the future is none",
        "abs(time.time() - self.pulse.stat().st_mtime)",
        "(time.time() - self.pulse.stat().st_mtime)",
        (
            "dashboard/tests/test_supervisor.py::test_a_worker_that_says_itself_that_it_works_is_not_killed",
        ),
        "dashboard/supervisor/child.py",
        items=(16,),
    ),
    Guard(
        "postgresql: a connection is waited for so long",
        '        "connect_timeout": connect,\n',
        "",
        (f"{POSTGRESQL}::test_a_vanished_server_is_noticed_within_the_silence_we_allow",),
        "dashboard/databases/postgresql.py",
        items=(19,),
    ),
    Guard(
        "postgresql: a quiet connection is asked",
        "silent // (KEEPALIVES + 1)",
        "silent",
        (f"{POSTGRESQL}::test_a_vanished_server_is_noticed_within_the_silence_we_allow",),
        "dashboard/databases/postgresql.py",
        items=(19,),
    ),
    Guard(
        "postgresql: what is unacknowledged counts",
        '        "tcp_user_timeout": silent * 1000,',
        '        "tcp_user_timeout": 0,',
        (f"{POSTGRESQL}::test_a_vanished_server_is_noticed_within_the_silence_we_allow",),
        "dashboard/databases/postgresql.py",
        items=(19,),
    ),
    Guard(
        "compose: one service builds",
        "  image: reseller-desk # made by",
        "  build: .\n  image: reseller-desk # made by",
        (f"{COMPOSE}::test_one_service_builds_the_image_that_all_of_ours_run",),
        "docker-compose.yml",
        items=(40,),
    ),
    Guard(
        "compose: what was sent outlives its container",
        '    volumes: ["sent:/data"]\n',
        "",
        (f"{COMPOSE}::test_what_was_sent_outlives_the_container_that_sent_it",),
        "docker-compose.yml",
        items=(40,),
    ),
    Guard(
        "locks: a package with wheels for an Intel Mac",
        "cryptography==48.0.1 ; platform_machine",
        "cryptography==50.0.2 ; platform_machine",
        (
            "tests/test_locks.py::test_an_intel_mac_gets_the_last_cryptography_that_has_wheels_for_it",
        ),
        "requirements.lock",
        items=(41,),
    ),
    Guard(
        "bell: a thread that died is followed by another",
        "if self._thread is not None and self._thread.is_alive():",
        "if self._thread is not None:",
        (f"{DOORBELL}::test_a_thread_that_died_is_followed_by_another",),
        "core/doorbell.py",
        items=(29,),
    ),
    Guard(
        "bell: no thread can be started",
        "        except RuntimeError:  #",
        "        except KeyError:  #",
        (f"{DOORBELL}::test_a_thread_that_cannot_be_started_holds_nobody_and_is_tried_again",),
        "core/doorbell.py",
        items=(29,),
    ),
    Guard(
        "bell: only for accounts whose lease is free",
        ".exclude(Exists(busy))",
        "",
        (
            "orders/tests/polling/test_poll_batch.py::test_only_accounts_whose_lease_is_free_are_rung",
        ),
        "orders/sending/sweep_due.py",
        items=(16,),
    ),
    Guard(
        "pulse: who does nothing has none",
        "        if not self._work.goes_on():",
        "        if False:",
        (f"{PULSE}::test_a_worker_that_does_nothing_has_no_pulse",),
        "dashboard/health/pulse.py",
        items=(16,),
    ),
    Guard(
        "pulse: the file before the database",
        "            if self._file is not None:\n"
        "                self._file.touch()\n"
        "            close_old_connections()\n",
        "            close_old_connections()\n",
        (f"{PULSE}::test_a_busy_database_takes_no_pulse_away",),
        "dashboard/health/pulse.py",
        items=(16,),
    ),
    Guard(
        "pulse: each queue",
        "            for queue in self._queues:",
        "            for queue in self._queues[:1]:",
        (f"{PULSE}::test_a_pulse_tells_of_every_queue_and_touches_its_file",),
        "dashboard/health/pulse.py",
        items=(16,),
    ),
    Guard(
        "postgresql: a statement ends",
        'f"-c statement_timeout={statement * 1000}"',
        '"-c application_name=desk"',
        (
            f"{POSTGRESQL}::test_the_server_is_told_too_what_a_statement_may_take_and_when_we_are_gone",
        ),
        "dashboard/databases/postgresql.py",
        items=(19,),
    ),
    Guard(
        "compose: the broker is not root",
        '    user: "999:1000" # valkey',
        '    #user: "999:1000" # valkey',
        (f"{COMPOSE}::test_the_broker_is_not_root_and_shows_its_password_to_no_other_process",),
        "docker-compose.yml",
        items=(40,),
    ),
)
