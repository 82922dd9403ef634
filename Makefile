# Everything needs only make and Python 3.11 or newer. `make` alone lists the targets.

PYTHON ?= python3
VENV ?= .venv
WORKERS ?= auto
BIN := $(VENV)/bin
PACKAGES := agent discovery failure_detect simulations

PINS := --generate-hashes --universal --python-version 3.11 --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links --quiet $(UPGRADE)

# Installs exactly what the lock that follows has, by its hashes, as wheels.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
	--require-hashes --only-binary :all: -r

# $(call stage,name,command) runs one command and says what it was and how long it took.
define stage
	@printf '\n==> %s\n' '$(1)'; start=$$(date +%s); \
	if { $(2); }; then outcome=passed; else outcome=FAILED; fi; \
	printf '<== %s: %s, %s s\n' '$(1)' "$$outcome" "$$(($$(date +%s) - start))"; \
	test "$$outcome" = passed
endef

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help setup test check format lint types layers dependencies house tests coverage demo bench nightly lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

test: check tests coverage ## Run everything: the static checks, the tests, the coverage per package
	@printf '\nEverything passed.\n'

check: format lint types layers dependencies house ## Run the static checks alone, in well under a minute

setup: $(VENV)/.tools ## Make the virtual environment from the locks

# Made anew whenever a lock changes, so that nothing of an older one stays behind. What the program
# needs comes first and alone: nobody who wants to see it run waits for the tools of those who build it.
$(VENV)/.runtime: requirements.lock requirements-build.lock requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Isthmus needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 ...' >&2; exit 1; }
	$(call stage,environment,$(PYTHON) -m venv --clear $(VENV) && $(INSTALL) requirements.lock \
		&& $(INSTALL) requirements-build.lock)
	@touch $@

$(VENV)/.project: $(VENV)/.runtime pyproject.toml
	$(call stage,the project itself,$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-deps --no-build-isolation --editable . && $(BIN)/python -m pip check)
	@touch $@

$(VENV)/.tools: $(VENV)/.project
	$(call stage,tools,$(INSTALL) requirements-dev.lock && $(BIN)/python -m pip check)
	@touch $@

format: setup
	$(call stage,format,$(BIN)/ruff format --check .)

lint: setup
	$(call stage,lint,$(BIN)/ruff check .)

types: setup
	$(call stage,types,$(BIN)/mypy)

layers: setup
	$(call stage,import contracts,$(BIN)/lint-imports --no-logo)

dependencies: setup
	$(call stage,declared dependencies,$(BIN)/deptry . --no-ansi)

house: setup
	$(call stage,house rules,$(BIN)/pytest -q --no-header tests/test_house.py)

tests: setup
	@$(BIN)/coverage erase
	$(call stage,tests,$(BIN)/pytest -q -n $(WORKERS) --durations 10 --cov --cov-report=)
	$(call stage,tests that want the machine for themselves,\
		$(BIN)/pytest -q -m 'alone and not nightly' --durations 5 --cov --cov-append --cov-report=)

# One floor for each package, so that none hides behind another.
coverage: tests
	@$(BIN)/coverage report
	@$(BIN)/coverage json -q -o $(VENV)/coverage.json
	$(call stage,coverage of each package,$(BIN)/python -m tests.coverage_floor $(VENV)/coverage.json)

demo: $(VENV)/.project ## See three clusters on this machine, real processes, and what breaks them
	@$(BIN)/isthmus demo

bench: setup ## Measure what simulations/RESULTS.md, discovery/ and agent/RESULTS.md lack (ANEW=1: all)
	$(BIN)/isthmus simulate swim all $(if $(ANEW),,--missing) --write simulations/RESULTS.md
	$(BIN)/isthmus simulate sets all $(if $(ANEW),,--missing) --write discovery/RESULTS.md
	$(BIN)/isthmus simulate agents all $(if $(ANEW),,--missing) --write agent/RESULTS.md

nightly: setup ## Run what takes hours: the nightly tests, and 5,000 examples of each property
	$(call stage,nightly tests,HYPOTHESIS_PROFILE=nightly \
		$(BIN)/pytest -q -n $(WORKERS) -m 'nightly or not nightly or alone' --timeout 14400 --durations 20)

# The locks do not need the project itself: its new dependency is not in the environment yet.
lock: $(VENV)/.runtime ## Pin the dependencies again (UPGRADE=--upgrade takes the newest)
	@$(BIN)/uv --version >/dev/null 2>&1 || $(INSTALL) requirements-dev.lock
	$(BIN)/uv pip compile pyproject.toml $(PINS) --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra plot --group build --group dev $(PINS) \
		--constraints requirements.lock --output-file requirements-dev.lock
	$(BIN)/uv pip compile --group build $(PINS) \
		--constraints requirements-dev.lock --output-file requirements-build.lock

clean: ## Remove all that make has made
	rm -rf $(VENV) build dist .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find $(PACKAGES) tests -name __pycache__ -type d -prune -exec rm -rf {} +
