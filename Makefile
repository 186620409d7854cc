# radstream: `make run` shows it, `make test` proves it, `make setup` is part of both.
SHELL := bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
UV := VIRTUAL_ENV=$(VENV) $(BIN)/uv
DIRS := schemas producers processors sinks dashboards runtime benchmarks tests

.DEFAULT_GOAL := help
.PHONY: help setup lock run test check lint types contracts e2e chaos fuzz-hl7 fuzz-dicom bench clean

help: ## this list
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): requirements-uv.lock requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] < (3, 14) else "radstream needs Python 3.11 to 3.13: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	$(UV) pip sync --quiet --compile-bytecode --require-hashes requirements-dev.lock
	$(UV) pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

setup: $(STAMP) ## virtual environment with the locked dependencies, and Kafka's jars
	@$(BIN)/radstream kafka fetch

COMPILE := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
lock: $(STAMP) ## resolve the dependencies anew
	$(UV) $(COMPILE) pyproject.toml -o requirements.lock
	$(UV) $(COMPILE) --group dev --constraints requirements.lock pyproject.toml -o requirements-dev.lock
	$(UV) $(COMPILE) benchmarks/quixstreams.in -o benchmarks/quixstreams.lock
	echo uv | $(UV) $(COMPILE) --constraints requirements-dev.lock - -o requirements-uv.lock

# Many tests wait for a process or a timeout: more of them than cores run at a time, as far as memory goes.
TEST_WORKERS ?= $(shell $(PYTHON) -c 'import os; print(max(1, min((os.cpu_count() or 1) * 2, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1_500_000_000)))')

run: setup ## the local stack, the pipeline and a simulated department
	@exec $(BIN)/radstream up --simulate

# The checks keep one core busy for a minute: they run beside the tests. They are told at the end, and at length
# only where one failed: what the tests say stays the last of a log. Exit code 1 of pytest means that tests failed.
test: setup ## every check and every test
	@said=$$(mktemp); trap 'rm -f $$said' EXIT; \
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target check >$$said 2>&1 & checked=$$!; \
	$(BIN)/pytest -n $(TEST_WORKERS) --dist loadfile --cache-clear tests; tested=$$?; \
	wait $$checked; passed=$$?; \
	if [ $$passed = 0 ]; then echo "make check: passed"; else cat $$said; echo "make check: failed, see above" >&2; fi; \
	if [ $$tested = 1 ]; then $(BIN)/python -m tests.again; tested=$$?; fi; \
	exit $$((tested || passed))

check: lint types contracts ## style, types, the direction of imports, and that contracts only evolve

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(STAMP)
	$(BIN)/mypy

contracts: $(STAMP)
	$(BIN)/python -m schemas.generate --check
	$(BIN)/python -m schemas.evolution --check
	$(BIN)/python -m schemas.documents --check

e2e: setup ## the whole pipeline in a browser
	$(BIN)/pytest tests/e2e

chaos: setup ## 50 kills of the fold's workers and of Kafka during a simulated day (SEED=n for the same ones)
	$(BIN)/python -m tests.chaos --kills 50 $(if $(SEED),--seed $(SEED))

fuzz-hl7: setup ## 100,000 mutated HL7 messages against a listener (SEED=n for other ones)
	$(BIN)/python -m tests.fuzz_hl7 --messages 100000 --seed $(or $(SEED),1)

fuzz-dicom: setup ## 20,000 mutated DICOM data sets and PDUs against a listener (SEED=n for other ones)
	$(BIN)/python -m tests.fuzz_dicom --mutants 20000 --seed $(or $(SEED),1)

bench: setup ## every benchmark, short
	@set -e; for script in benchmarks/*.py; do [ "$$script" = benchmarks/__init__.py ] || $(BIN)/python $$script --quick; done

clean: ## everything that setup and tests made in this directory (never the data)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find $(DIRS) -name __pycache__ -prune -exec rm -rf {} +
