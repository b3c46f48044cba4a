# One virtual environment, .venv in the tree, for everything; the system Python is only asked to make it.
PYTHON ?= python3
FUZZ_SECONDS ?= 60

BIN := .venv/bin
PIP_INSTALL := $(BIN)/python -m pip --disable-pip-version-check install -qq

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test quick exhaustive lint format notebooks pictures wheel bench dataset statistics fuzz oracle clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

# Editable everywhere: a demo and the tests must not differ in whether they see the source.
.venv/.made:
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "make: no '$(PYTHON)' found; install Python 3.11 or newer, or name it: make PYTHON=/path/to/python" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make: logparse needs Python 3.11 or newer, $(PYTHON) is older; name another: make PYTHON=python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "make: $(PYTHON) lacks venv or ensurepip; install them (on Debian or Ubuntu the package python3-venv)" >&2; exit 1; }
	@echo "Making .venv and installing into it; the first time takes a minute." >&2
	@"$(PYTHON)" -m venv .venv
	@touch $@

.venv/.runtime: .venv/.made pyproject.toml
	@$(PIP_INSTALL) -e .
	@touch $@

# The dev extra includes what the runtime needs, so that this stamp renews the other as well.
.venv/.dev: .venv/.made pyproject.toml
	@$(PIP_INSTALL) -e '.[dev]'
	@touch .venv/.runtime $@

.venv/.fuzz: .venv/.runtime
	@$(PIP_INSTALL) -e '.[fuzz]'
	@touch $@

demo: .venv/.runtime ## Install into .venv and summarize the sample logs
	@$(BIN)/logparse summarize sample_logs

test: .venv/.dev ## Run every test, with coverage
	@$(BIN)/python -m pytest --cov -n auto

quick: .venv/.dev ## Run the tests of every day, without the slow ones
	@$(BIN)/python -m pytest -m "not slow" -n auto

exhaustive: .venv/.dev ## Run what takes many minutes: every variation at two widths of the beam
	@$(BIN)/python -m pytest -m exhaustive -n auto

lint: .venv/.dev ## Check style, format, types and layers
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: .venv/.dev ## Rewrite the source in the project's format
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

notebooks: .venv/.dev ## Execute the notebooks (make test does so too)
	@$(BIN)/python -m pytest -m notebook

pictures: .venv/.dev ## Draw the pictures of the README and the docs again
	@$(BIN)/python docs/make_pictures.py

wheel: .venv/.dev ## Build the wheel and try it outside the tree
	@sh tests/wheel_smoke.sh

bench: .venv/.dev ## Run the benchmarks: each prints figures and ratios
	@set -e; for bench in tests/benchmarks/bench_*.py; do echo "$$bench"; $(BIN)/python "$$bench"; done

statistics: .venv/.dev ## Count false verdicts; those of compare and trends are written to docs/statistics.md
	@PYTHONPATH=tests/support $(BIN)/python tests/benchmarks/validate_statistics.py --write
	@$(BIN)/python tests/benchmarks/null_bots.py 200

dataset: .venv/.dev ## Make a dataset of 100,000 invocations and measure: make dataset DATASET="--invocations 5000"
	@$(BIN)/python tests/benchmarks/dataset_scale.py $(DATASET)

fuzz: .venv/.fuzz ## Run each fuzz target for FUZZ_SECONDS (60)
	@set -e; for target in tests/fuzz/fuzz_*.py; do \
	  echo "$$target"; $(BIN)/python "$$target" -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=fuzz-; done

oracle: .venv/.dev ## Compare with the state before the rebuild: make oracle ORACLE="--seed 1 --mutants 500"
	@$(BIN)/python tests/oracle/oracle_run.py $(ORACLE)

clean: ## Remove .venv and everything that was built
	@rm -rf .venv .oracle build dist htmlcov .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache \
	  .hypothesis .import_linter_cache
	@find . -name .git -prune -o -type d \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune \
	  -exec rm -rf {} +
