#!/bin/sh
# What `make test` means. Stops at the first thing that does not hold.
set -eu

unset PYTHONDONTWRITEBYTECODE # dozens of processes start below: each module is compiled once
suite="python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder"

step() { printf '\n\033[1m%s\033[0m\n' "$1"; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

step "Lint, layout, types, imports"
ruff check --quiet .
ruff format --check --quiet .
python -m mypy . > "$scratch/types" 2>&1 & # beside what follows: it uses one core
types=$!
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
wait "$types" || { cat "$scratch/types"; exit 1; }
cat "$scratch/types"

step "The whole suite, on SQLite"
$suite -m "not browser"

step "Rows and queues again, on real PostgreSQL and Valkey"
python -m tests.running_services \
    $suite -m "services and not browser"
