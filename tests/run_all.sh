#!/bin/sh
# What `make test` means. Stops at the first thing that does not hold.
set -eu

step() { printf '\n\033[1m%s\033[0m\n' "$1"; }

step "Lint, layout, types, imports"
ruff check --quiet .
ruff format --check --quiet .
python -m mypy .
lint-imports --no-logo | tail -n 3

step "Missing migrations, and Django's own checks as in production"
export DESK_DATA_DIR="${TMPDIR:-/tmp}/desk-checks-$$"
trap 'rm -rf "$DESK_DATA_DIR"' EXIT
mkdir -m 700 "$DESK_DATA_DIR"
eval "$(python manage.py new_secrets | sed 's/^/export /')"
python manage.py makemigrations --check --dry-run
ALLOWED_HOSTS=desk.example DESK_HTTPS=true python manage.py check --deploy --fail-level WARNING
unset DESK_DATA_DIR SECRET_KEY FIELD_ENCRYPTION_KEYS

step "The whole suite, on SQLite"
python -m pytest -m "not browser"

step "Rows and queues again, on real PostgreSQL and Valkey"
python -m tests.running_services python -m pytest -m "services and not browser"
