# The two commands are `make demo` and `make test`; both do all their own set-up. `make help` lists the rest.

SHELL := /bin/sh
PYTHON ?= python3
IN := .venv/bin/

# The tests start a thousand Pythons, which need not all compile the same modules.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test check run year bench fuzz chaos mutants differential lint size clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' Makefile

setup: ## only the set-up: packages, virtual environment, Asterisk, PostgreSQL
	@$(PYTHON) .ci/setup.py

demo: setup ## real calls through the menu into four queues, called back where owed
	@$(IN)python -m tests.lab.demo $(if $(BREAK),--break $(BREAK))

test: setup lint ## everything that is tested, on a real Asterisk and a real PostgreSQL
	@$(PYTHON) .ci/setup.py report
	@$(IN)pytest -n 6 --maxschedchunk 1 -q

check: setup lint ## before a commit, in a minute: lint, and the unit tests but for those marked slow
	@$(IN)pytest -n 2 -q -m "not slow" tests/unit

run: setup ## the hotline as a service on a lab Asterisk, until Ctrl-C; CONFIG: another folder than config
	@$(IN)python -m tests.lab.serve .lab $(or $(CONFIG),config)

year: setup ## the ministry's report of 2024 from made records, its 173 numbers compared in JSON and PDF
	@$(PYTHON) .ci/setup.py report
	@$(IN)python -m tests.year

bench: ## a call's CPU beside hand-written menus; a year of queue_log beside a bare insert
	@$(PYTHON) .ci/setup.py bench
	@$(IN)python -m tests.lab.bench
	@$(IN)python -m tests.year.bench

fuzz: setup ## hours: a million inputs for each pure layer (the suite: ten thousand), every hole in what is heard
	@HOTLINE_FUZZ=fuzz $(IN)pytest -n 2 -q tests/fuzz tests/replayed/test_exchanged_channels.py

chaos: setup ## calls for 5 minutes (CHAOS_MINUTES, CHAOS_SEED, CHAOS_STORE) while everything is killed and cut off
	@$(IN)python -m tests.lab.chaos

mutants: setup ## changes the pure core in every small way (30 minutes, MUTANTS_MINUTES): does a test notice?
	@$(IN)pip install -qq --no-deps --require-hashes -r requirements-mutants.lock
	@$(IN)python -m tests.mutants

differential: setup ## thousands of walks (WALKS) through made menus, in Python and on Asterisk, compared
	@$(IN)python -m tests.lab.differential $(if $(WALKS),--walks $(WALKS)) $(if $(SEED),--seed $(SEED))

lint: setup ## ruff, mypy, and the direction of imports between rooms
	@$(IN)ruff check -q . && $(IN)ruff format -q --check . && $(IN)mypy --no-error-summary
	@said=$$($(IN)lint-imports --no-cache --no-logo 2>&1) || { echo "$$said"; exit 1; }

size: ## lines of product code, by folder
	@$(PYTHON) .ci/size.py

clean: ## remove all that was made here
	@rm -rf .venv .lab .pytest_cache .mypy_cache .ruff_cache .hypothesis dist mutants
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
