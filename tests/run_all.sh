#!/bin/sh
# What `make test` means. Stops at the first thing that does not hold. Real PostgreSQL and Valkey
# are up from the beginning, so that their database is migrated while mypy has the other core.
set -eu

if [ -z "${DESK_SERVERS_ARE_UP-}" ]; then
    exec env DESK_SERVERS_ARE_UP=yes python -m tests.running_services sh "$0"
fi
postgres=$DATABASE_URL
valkey=$REDIS_URL
unset DATABASE_URL REDIS_URL DESK_SERVERS_ARE_UP
unset PYTHONDONTWRITEBYTECODE # dozens of processes start below: each module is compiled once
suite="python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder"

step() { printf '\n\033[1m%s\033[0m\n' "$1"; }

scratch=$(mktemp -d "$(python -m tests.memory)/desk-suite-XXXXXX")
trap 'rm -rf "$scratch"' EXIT

on_postgres() {
    DATABASE_URL="$postgres" REDIS_URL="$valkey" DESK_DATA_DIR="$scratch/postgres" "$@"
}

step "Lint, layout, imports"
ruff check --quiet .
ruff format --check --quiet .
python -m mypy . > "$scratch/types" 2>&1 & # on one core, until the first suite is through
types=$!
(
    python -m tests.cloned_database
    on_postgres python -m tests.cloned_database
) > "$scratch/databases" 2>&1 & # for both runs of the suite
databases=$!
lint-imports --no-logo > "$scratch/imports" || { cat "$scratch/imports"; exit 1; }
tail -n 2 "$scratch/imports"

step "Missing migrations, and Django's own checks as in production"
(
    export DESK_DATA_DIR="$scratch"
    eval "$(python manage.py new_secrets | sed 's/^/export /')"
    python manage.py makemigrations --check --dry-run
    export ALLOWED_HOSTS=desk.example DESK_HTTPS=true
    python manage.py check --deploy --fail-level WARNING
)
wait "$databases" || { cat "$scratch/databases"; exit 1; }

step "The whole suite, on SQLite"
$suite -m "not browser and not long"

step "Types"
wait "$types" || { cat "$scratch/types"; exit 1; }
cat "$scratch/types"

step "Rows and queues again, on real PostgreSQL and Valkey"
on_postgres $suite -m "services and not browser and not long"
