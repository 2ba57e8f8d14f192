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
	@echo "Variables: ARGS (for demo, test, bench), PYTHON (default python3), VENV (default .venv)"

.PHONY: venv
venv: $(STAMP) ## Make the virtual environment from the lock, if it is not up to date

$(STAMP): requirements/lock.txt pyproject.toml hatch_build.py package-lock.json
	@tools/system-packages venv "$(PYTHON)"
	@echo "Making $(VENV) from requirements/lock.txt (some minutes the first time) ..."
	@[ -x $(BIN)/python ] || "$(PYTHON)" -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/lock.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@
