# Everything a newcomer types: `make run`, `make test`. Another interpreter: make run PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP = $(PY) -m pip --quiet --disable-pip-version-check --no-input install --require-hashes --no-deps

LOCKER = $(PY) -m uv pip compile -q --universal --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links --python-version 3.11

# A virtual environment whose Python has gone is made anew.
ifneq ($(shell test -x $(PY) && echo yes),yes)
$(shell rm -f $(VENV)/made.stamp)
endif

SEED := $(shell date +%s)

.DEFAULT_GOAL := help
.PHONY: help run test long unit coverage lint types e2e bench matrix failpoints machine guards hammer chaos screenshots lock format clean

help:
	@echo "make run     start the desk: http://localhost:8000 (PORT=8001 make run for another port)"
	@echo "make test    everything that must hold before a change is taken"
	@echo "make unit    the fast tests on SQLite, in another order each time (SEED=… for the same again)"
	@echo "make long    tests of a minute or more (LONG='-k busy', DATABASE=postgres or sqlite for one only)"
	@echo "make coverage  what the suite reaches: nine lines in ten, and no new line about money left out"
	@echo "make lint    ruff, layout and the directions of imports"
	@echo "make types   mypy"
	@echo "make e2e     journeys in a real browser"
	@echo "make screenshots  the pictures of the README, of a fresh desk"
	@echo "make bench   speed and memory as ratios, walks as counts"
	@echo "make matrix  call providers that fail in every way there is; what the client claims must be so"
	@echo "make failpoints  kill a worker everywhere, before every provider; the whole table"
	@echo "make machine     anything in any order, thousands of times; every promise has to hold"
	@echo "make guards      take each guard out; a named test has to notice"
	@echo "make hammer      race 2,000 answers against the reaper, with real threads (HAMMER='--orders 200')"
	@echo "make chaos   orders under fire, then the ledger against the desk (CHAOS='--orders 1000 --seeds 1 2')"
	@echo "make lock    rewrite the requirements*.lock files from pyproject.toml"
	@echo "make format  let ruff and djade lay out code and templates"
	@echo "make clean   remove what can be made again; the data directory is kept"

run: $(VENV)/run.stamp
	@exec $(PY) manage.py up

test: $(VENV)/dev.stamp
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" sh tests/run_all.sh

# A busy desk that nobody may restart, the paper's proxy and commands for Compose, malformed requests
# by the thousand, second sends whose workers are killed, what the former admin pages wrote down.
long: $(VENV)/dev.stamp
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" DATABASE="$(DATABASE)" sh tests/run_long.sh $(LONG)

# Rows, rules and pages: what starts processes, threads that race or a provider over HTTP is for
# `make test`.
unit: $(VENV)/dev.stamp
	@$(PY) -m pytest --numprocesses auto --dist loadfile --random-order-bucket=module --random-order-seed=$(SEED) \
		-m "not browser and not long" --ignore-glob='*_over_*http.py' --ignore-glob='*races*' \
		--ignore=dashboard/tests/test_supervisor.py --ignore=sandbox/tests \
		--ignore=providers/panel_api/tests --ignore=orders/tests/recovery \
		core providers orders dashboard

coverage: $(VENV)/dev.stamp
	@rm -rf .coverage && mkdir .coverage
	@$(PY) -m coverage run -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder -m "not browser"
	@$(PY) -m coverage combine --quiet
	@$(PY) -m coverage json --quiet
	@$(PY) -m tests.coverage_floor .coverage/report.json

lint: $(VENV)/dev.stamp
	@$(PY) -m ruff check --quiet . && $(PY) -m ruff format --check --quiet .
	@$(VENV)/bin/lint-imports --no-logo

types: $(VENV)/dev.stamp
	@$(PY) -m mypy .

e2e: $(VENV)/e2e.stamp
	@sh tests/browser/find_chromium.sh
	@$(PY) -m pytest -m browser --numprocesses auto --maxprocesses 2 --dist loadfile tests/browser

screenshots: $(VENV)/e2e.stamp
	@sh tests/browser/find_chromium.sh
	@$(PY) -m tests.screenshots

bench: $(VENV)/dev.stamp
	@$(PY) -m benchmarks

matrix: $(VENV)/dev.stamp
	@$(PY) -m tests.transport_matrix

failpoints: $(VENV)/dev.stamp
	@$(PY) -m tests.failpoints --all

machine: $(VENV)/dev.stamp
	@$(PY) -m tests.machine

guards: $(VENV)/dev.stamp
	@$(PY) -m tests.guards $(GUARDS)
	@$(PY) -m tests.running_services $(PY) -m tests.guards $(GUARDS)

hammer: $(VENV)/dev.stamp
	@$(PY) -m tests.hammer $(HAMMER)
	@$(PY) -m tests.running_services $(PY) -m tests.hammer $(HAMMER)

chaos: $(VENV)/dev.stamp
	@$(PY) -m tests.chaos $(CHAOS)

lock: $(VENV)/dev.stamp
	$(LOCKER) -o requirements.lock pyproject.toml
	$(LOCKER) --group dev -c requirements.lock -o requirements-dev.lock pyproject.toml
	$(LOCKER) --group dev --group e2e -c requirements-dev.lock -o requirements-e2e.lock pyproject.toml

format: $(VENV)/dev.stamp
	@$(PY) -m ruff check --fix --quiet . && $(PY) -m ruff format --quiet .
	@for again in 1 2; do \
		find templates -name '*.html' -exec $(VENV)/bin/djade --target-version 5.2 {} + && exit 0; done; exit 1

clean:
	rm -rf $(VENV) staticfiles .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/made.stamp:
	@command -v "$(PYTHON)" >/dev/null || { \
		echo "There is no '$(PYTHON)' here. Install Python 3.11 or newer, or name one: make run PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed and '$(PYTHON)' is $$("$(PYTHON)" -V 2>&1). Name a newer one: make run PYTHON=python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "This Python cannot make virtual environments. On Debian or Ubuntu run: sudo apt install python3-venv" >&2; exit 1; }
	@echo "Making a virtual environment in $(VENV) …"
	@"$(PYTHON)" -m venv --clear $(VENV)
	@touch $@

$(VENV)/run.stamp: $(VENV)/made.stamp requirements.lock
	@echo "Installing the packages of requirements.lock …"
	@$(PIP) -r requirements.lock
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements-dev.lock
	@echo "Installing the packages of requirements-dev.lock …"
	@$(PIP) -r requirements-dev.lock
	@touch $@

$(VENV)/e2e.stamp: $(VENV)/dev.stamp requirements-e2e.lock
	@echo "Installing the packages of requirements-e2e.lock …"
	@$(PIP) -r requirements-e2e.lock
	@touch $@
