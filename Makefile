# Every target says in one sentence what it does: `make help`.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@echo "Variables: ARGS (for demo, test, bench, deb, fuzz), SECONDS (for fuzz), PROFILE=pi (for bench), PYTHON (default python3), VENV (default .venv)"

.PHONY: venv
venv: $(STAMP) ## Make the virtual environment from the lock, if it is not up to date

$(STAMP): $(VENV)/.locked pyproject.toml hatch_build.py package-lock.json
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/.locked: requirements/lock.txt
	@tools/system-packages venv "$(PYTHON)"
	@echo "Making $(VENV) from requirements/lock.txt (a minute or two the first time) ..." >&2
	@[ -x $(BIN)/python ] || "$(PYTHON)" -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/lock.txt
	@touch $@

.PHONY: assets
assets: $(STAMP) ## Fetch browser assets and compile catalogues that are not up to date
	@$(BIN)/python hatch_build.py

.PHONY: demo
demo: assets ## Show the whole system on this machine (ARGS="--once --json", "--course DIR", ...)
	@$(BIN)/packhorse demo $(ARGS)

.PHONY: test
test: assets ## Run the tests, all but the slow ones
	@tools/system-packages test
	@$(BIN)/python -m pytest -q -m "not (slow or sim or crash or bench)" $(ARGS)

.PHONY: check
check: assets ## Check lint, types, imports, locks, units, texts and translations
	@tools/check $(BIN)

.PHONY: sim
sim: assets ## Run the seeded simulation
	@tools/marked-tests $(BIN) sim $(ARGS)

.PHONY: crash
crash: assets ## Run the tests of kills and power cuts
	@tools/marked-tests $(BIN) crash $(ARGS)

$(VENV)/.fuzz: requirements/fuzz.txt $(STAMP)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/fuzz.txt
	@touch $@

SECONDS ?= 120
.PHONY: fuzz
fuzz: assets $(VENV)/.fuzz ## Fuzz all that reads bundles or hostile files (SECONDS=3600 for longer, ARGS="codecs apply")
	@$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(ARGS)

.PHONY: bench
bench: assets ## Measure against the budgets of docs/design.md, section 13
	@for group in test line delta arm64; do tools/system-packages $$group; done
	@tools/marked-tests $(BIN) bench $(ARGS)

.PHONY: bench-line
bench-line: assets ## Fetch over a line that is thin and cut: this node against wget, curl, aria2c and rsync
	@tools/system-packages line
	@tools/marked-tests $(BIN) bench -k test_line $(ARGS)

.PHONY: bench-poll
bench-poll: assets ## Measure what a poll costs in a province of 120 counties
	@tools/marked-tests $(BIN) bench -k test_poll $(ARGS)

.PHONY: bench-quote
bench-quote: assets ## Compare what nodes quote with what then crosses a hundred real lines
	@tools/marked-tests $(BIN) bench -k test_quote $(ARGS)

.PHONY: bench-delta
bench-delta: assets ## Compare what updates cost with what other tools send (an hour)
	@tools/system-packages delta
	@tools/marked-tests $(BIN) bench -k test_delta $(ARGS)

.PHONY: coverage
coverage: assets ## Run the tests with branch coverage and print what is not covered
	@tools/system-packages test
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -q -m "not (slow or sim or crash or bench)" $(ARGS)
	@$(BIN)/coverage combine -q
	@$(BIN)/coverage report

.PHONY: format
format: $(STAMP) ## Format the code and mend what the linter can mend
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

.PHONY: lock
lock: $(STAMP) ## Resolve the dependencies anew into requirements/ (needs the network)
	@tools/lock $(BIN)

.PHONY: changelog
changelog: $(STAMP) ## Show what the fragments of changelog.d/ will become
	@$(BIN)/towncrier build --draft --version next

.PHONY: wheel
wheel: $(STAMP) ## Build the wheel into dist/ and check what is in it
	@rm -rf dist
	@$(BIN)/hatchling build -t wheel
	@$(BIN)/python tools/check_wheel.py dist/*.whl

.PHONY: deb
deb: assets ## Build the node's Debian packages into dist/ (ARGS="--release trixie --architecture arm64")
	@$(BIN)/python -m tools.make_deb $(ARGS)

.PHONY: screenshots
screenshots: assets ## Take pictures of a portal or a terminal snapshot into docs/images/ (ARGS=URL, ...)
	@tools/system-packages test
	@$(BIN)/python tools/screenshots.py $(ARGS)

.PHONY: sheets
sheets: assets ## Draw the sheets that show each of the portal's pages in all looks (ARGS="home qr")
	@tools/system-packages test
	@$(BIN)/python -m tests.support.sheets $(ARGS)

.PHONY: clean
clean: ## Remove everything that make has made
	@rm -rf .venv .venv[0-9]* build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage* htmlcov
	@rm -rf edge_client/portal/static/vendor
	@find . -name '*.mo' -exec rm -f {} +
	@find . -name __pycache__ -prune -exec rm -rf {} +
