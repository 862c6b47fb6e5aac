# What to type: make demo, make test, make check. README.md says what each takes and does by hand.

PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2
QUESTION ?= What happens to a worker's job when the worker is killed?

BIN := $(VENV)/bin
RUNS := $(VENV)/.runs
DEVELOPS := $(VENV)/.develops

# The demo leaves the user's own folders alone; the tests take the weights from there.
DEMO_HOME := $(CURDIR)/.demo-home
MODELS := $(DEMO_HOME)/data/models
WEIGHTS := $(MODELS)/all-MiniLM-L6-v2-int8/tokenizer.json

export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_NO_INPUT = 1
export QUESTION

# An editable install leaves the sources uncompiled, and where PYTHONDONTWRITEBYTECODE is set every
# command would compile them anew: a third of a second.
COMPILE := $(BIN)/python -m compileall -q dustlocal indexer lsp

# Two recipes of ours must not run pip in one environment at the same time.
.NOTPARALLEL:
.PHONY: help setup demo test chaos check lint types imports sizes docs bench clean

help:
	@echo 'make demo    install without the llama extra, and answer a question about this repository'
	@echo 'make test    install everything (compiles llama.cpp once) and run the test suite'
	@echo 'make chaos   the tests that kill processes and fill disks'
	@echo 'make check   ruff, mypy, import contracts, and the tests of the architecture'
	@echo 'make bench   measure DustLocal on this clone'
	@echo 'make docs    write docs/configuration.md again from the settings'
	@echo 'make clean   remove what make has made'

# --- set-up ------------------------------------------------------------------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'DustLocal needs Python 3.11 or newer; name one: make PYTHON=python3.12 …' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo 'Python has no venv; on Debian and Ubuntu: apt install python3-venv' >&2; exit 1; }

# The stamps make a second run work without a network: pip is not asked again.
$(RUNS): pyproject.toml | $(BIN)/python
	@echo 'installing DustLocal into $(VENV)' >&2
	$(BIN)/python -m pip install --quiet --editable .
	@$(COMPILE)
	@touch $@

$(DEVELOPS): pyproject.toml | $(BIN)/python
	@echo 'installing; compiling llama-cpp-python takes about 5 minutes the first time' >&2
	$(BIN)/python -m pip install --quiet --editable '.[llama,dev]'
	@$(COMPILE)
	@touch $(RUNS) $@

setup: $(DEVELOPS)

$(WEIGHTS): | $(RUNS)
	DUSTLOCAL_HOME='$(DEMO_HOME)' $(BIN)/dustlocal models pull embedding

# --- use ---------------------------------------------------------------------------------------

demo: $(RUNS) $(WEIGHTS)
	@export DUSTLOCAL_HOME='$(DEMO_HOME)'; \
	trap '$(BIN)/dustlocal down' EXIT; \
	echo "dustlocal ask \"$$QUESTION\"" >&2; \
	$(BIN)/dustlocal ask "$$QUESTION"

bench: $(RUNS) $(WEIGHTS)
	DUSTLOCAL_MODELS='$(MODELS)' $(BIN)/dustlocal bench

# --- tests -------------------------------------------------------------------------------------

test: $(DEVELOPS) $(WEIGHTS)
	DUSTLOCAL_MODELS='$(MODELS)' \
		$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -m 'not chaos' $(ARGS)

chaos: $(DEVELOPS) $(WEIGHTS)
	DUSTLOCAL_MODELS='$(MODELS)' $(BIN)/python -m pytest -m chaos tests/chaos $(ARGS)

# --- checks ------------------------------------------------------------------------------------

check: lint types imports sizes

lint: $(DEVELOPS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEVELOPS)
	$(BIN)/mypy

imports: $(DEVELOPS)
	$(BIN)/lint-imports --no-logo

sizes: $(DEVELOPS)
	$(BIN)/python tests/architecture/test_sizes.py
	$(BIN)/python -m pytest -q tests/architecture $(ARGS)

docs: $(DEVELOPS)
	$(BIN)/python tests/architecture/test_configuration_docs.py > docs/configuration.md.new
	mv docs/configuration.md.new docs/configuration.md

clean:
	-DUSTLOCAL_HOME='$(DEMO_HOME)' $(BIN)/dustlocal down
	rm -rf $(VENV) $(DEMO_HOME) .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache build dist *.egg-info
