# `make` lists the commands. All of them work from a clean checkout with Python 3.11, an empty HOME and no terminal.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
PORT ?= 8000

.PHONY: help setup demo test test-long check format serve bench stories pins clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv with the pinned requirements and the client (once; a second run does nothing)
	@echo "ready: $(VENV)"

# The stamp is written last, so an installation that broke off is taken up again.
$(READY): requirements.txt requirements-dev.txt client/pyproject.toml
	@if [ ! -x $(PY) ]; then \
		for python in python3.11 python3; do \
			if "$$python" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then break; fi; \
			python=; \
		done; \
		if [ -z "$$python" ]; then echo "Jali needs Python 3.11 with venv (on Debian: apt-get install python3-venv)." >&2; exit 1; fi; \
		echo "Making $(VENV) with $$("$$python" --version)"; \
		"$$python" -m venv $(VENV); \
	fi
	@echo "Installing the pinned requirements (some minutes the first time)"
	@$(PY) -m pip install --no-input --disable-pip-version-check --progress-bar off \
		-r requirements.txt -r requirements-dev.txt < /dev/null \
		| awk '/^Collecting/ {n += 1; if (n % 20 == 0) print "  " n " packages collected"; fflush()} /^Installing/ {print "  installing"; fflush()}'
	@$(PY) -m pip install --quiet --no-input --disable-pip-version-check --no-deps --no-build-isolation \
		--editable ./client < /dev/null
	@touch $@

demo: $(READY) ## Load real flights, sign an agreement, ask questions, print answers with their receipts
	@$(PY) examples/demo.py

test: $(READY) ## Run the tests (T=path, K=pattern narrow them)
	@$(PY) -m pytest $(if $(T)$(K),,--numprocesses auto --dist loadfile) $(or $(T),tests) $(if $(K),-k '$(K)')

test-long: $(READY) ## Run the tests that take minutes
ifeq ($(T)$(K),)
	@$(PY) -m pytest --numprocesses auto --dist worksteal tests -m 'long and not alone'
	@$(PY) -m pytest tests -m 'long and alone'
else
	@$(PY) -m pytest $(or $(T),tests) $(if $(K),-k '$(K)') -m long
endif

check: $(READY) ## Check format, lint, types, house rules, and the documents against the code
	@$(PY) -m pip check
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@$(PY) -m pytest -q tests/test_house.py tests/test_docs.py

format: $(READY) ## Rewrite the code in the one format
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

serve: $(READY) ## Start room and front on http://127.0.0.1:8000 (PORT=), state under JALI_HOME (default var/)
	@PORT=$(PORT) exec $(PY) serve.py

bench: $(READY) ## Measure (B=sql; PEERS=1: others, too); one JSON object a line
	@PEERS=$(PEERS) $(PY) -m benchmarks.$(or $(B),sql)

stories: $(READY) ## Run the end-to-end stories
	@$(PY) -m pytest tests/stories

pins: ## Compile requirements*.in to exact pins, in a scratch environment (slow; then run the tests)
	@scratch=$$(mktemp -d); trap 'rm -rf "$$scratch"' EXIT; \
	python3.11 -m venv "$$scratch/venv"; pip="$$scratch/venv/bin/python -m pip"; \
	pinned() { $$pip freeze --all | grep -v '^pip==' | sed 's/+[a-z0-9.]*$$//' | grep -v '^nvidia-'; }; \
	head="Exact pins of the whole set, seen to work together on Python 3.11."; \
	$$pip install -r requirements.in; \
	{ echo "# Made from requirements.in by \`make pins\`. $$head"; pinned; } > requirements.txt; \
	$$pip install -r requirements-dev.in; \
	{ echo "# Made from requirements-dev.in by \`make pins\`. $$head"; pinned | grep -vxFf requirements.txt; } > requirements-dev.txt

clean: ## Remove caches and built files; .venv and var/ (keys, budgets, log) stay
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage build dist
	@find . -path ./$(VENV) -prune -o -path ./var -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf
