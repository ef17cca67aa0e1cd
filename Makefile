# Every command makes its own virtual environment when it is missing; nothing needs to be activated.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help demo test lint format bench bench-quick bench-compare docs clean
help:
	@echo 'make demo    train on a real table, then run the textbook loop'
	@echo 'make test    lint, types and all tests'
	@echo 'make lint    ruff and mypy only'
	@echo 'make format  let ruff rewrite what it can'
	@echo 'make bench   time gradloop beside its rivals (half an hour); bench-quick: a look; bench-compare BASE=commit'
	@echo 'make docs    run the code of all pages and build them into site/; a dead link is an error'
	@echo 'make clean   remove everything that these commands made'

demo: .venv/installed
	@mkdir -p demo-output
	@echo; echo '== A table: how fast does diabetes progress? (examples/README.md tells about the columns)'; echo
	$(BIN)/gradloop fit examples/diabetes.csv --target progression --holdout 0.2 -o demo-output/diabetes.gradloop
	@echo
	$(BIN)/gradloop predict demo-output/diabetes.gradloop examples/diabetes.csv -o demo-output/predictions.csv
	head -n 6 demo-output/predictions.csv
	@echo; echo '== The textbook: y = Xw + b + noise, minibatch SGD'; echo
	$(BIN)/python examples/linear_regression.py

test: lint
	$(BIN)/python -m pytest -q --numprocesses=auto --maxprocesses=4 --dist=loadfile

lint: .venv/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: .venv/installed-dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: .venv/installed-bench
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.table
	$(BIN)/python -m benchmarks.pictures

bench-quick: .venv/installed-bench
	$(BIN)/python -m benchmarks.run --quick

bench-compare: .venv/installed
	@test -n '$(BASE)' || { echo 'make bench-compare BASE=commit compares that commit with this checkout.' >&2; exit 2; }
	$(BIN)/python -m benchmarks.compare $(BASE)

# MkDocs finds docs/hooks.py by its path, and that finds docs/execute.py from the folder in which Python starts.
docs: .venv/installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

clean:
	rm -rf .venv demo-output dist site .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find src tests examples benchmarks docs -name __pycache__ -prune -exec rm -rf {} +

# The stamps: installing again only when what is to be installed has changed.
.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "gradloop needs Python 3.11 or newer; \
	this is " + sys.version.split()[0] + ": name another one with make PYTHON=...")'
	@echo 'Installing gradloop into .venv (once)'
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	@$(INSTALL) --editable .
	@touch $@

.venv/installed-dev: .venv/installed
	@echo 'Installing the tools for tests into .venv (once)'
	@$(INSTALL) --editable '.[dev]'
	@touch $@

.venv/installed-bench: .venv/installed
	@echo 'Installing PyTorch, JAX and scikit-learn into .venv (once; large)'
	@$(INSTALL) --editable '.[bench]'
	@touch $@

.venv/installed-docs: .venv/installed
	@echo 'Installing MkDocs into .venv (once)'
	@$(INSTALL) --editable '.[docs]'
	@touch $@
