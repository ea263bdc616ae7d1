#!/bin/sh
# What `make long` means, with more words for pytest, as `-k NAME`. What touches rows runs on SQLite
# and again on real PostgreSQL and Valkey; DATABASE=sqlite or DATABASE=postgres: on that one only.
set -eu

timed="tests/test_busy_desk.py tests/test_proxy.py"
others="--numprocesses auto --dist loadfile --ignore tests/test_busy_desk.py --ignore tests/test_proxy.py tests dashboard/tests"
ran=no

some() {
    code=0
    "$@" || code=$?
    case $code in
        0) ran=yes ;;
        5) ;; # none of the tests that were asked for is among these
        *) exit "$code" ;;
    esac
}

# Who measures has the machine to himself: no worker is killed beside him.
some python -m pytest -m long "$@" $timed
case ${DATABASE:-both} in
    postgres) some python -m pytest -m "long and not services" "$@" $others ;;
    *) some python -m pytest -m long "$@" $others ;;
esac
[ "${DATABASE:-both}" = sqlite ] ||
    some python -m tests.running_services python -m pytest -m "long and services" "$@" $others
[ $ran = yes ] || { echo "No long test has such a name: $*" >&2; exit 5; }
