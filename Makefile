# Set-up goes to .venv; every command below makes what it needs first.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

# A package of Debian's, installed where it is missing.
debian = { echo "Installing $(1)"; if [ "$$(id -u)" = 0 ]; then s=; else s=sudo; fi; \
	  $$s apt-get update -qq && $$s apt-get install -qq -y $(1) >/dev/null; }

.DEFAULT_GOAL := help

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.installed ## Install the program and nothing more
refresh: $(VENV)/.installed ## Run the main job on the sample portal
	$(BIN)/canceropole refresh canceropole-idf --from sample --out outputs

test: $(VENV)/.developed ## Lint, type-check, check the import contract, run the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/canceropole check
	$(BIN)/pytest

gauntlet: $(VENV)/.developed ## Mutate the portals thousands of times: what is followed, what is held, what is silent
	PYTHONPATH=.:tests $(BIN)/python -m gauntlet

gauntlet-selftest: $(VENV)/.developed ## Switch off each check of the gate in turn: the gauntlet must notice
	PYTHONPATH=.:tests $(BIN)/python -m gauntlet --selftest --draws 16

crash: $(VENV)/.developed ## Kill 50 real runs, and more; what is left must be whole, and repaired by the next
	PYTHONPATH=.:tests $(BIN)/python -m crash

hostile: $(VENV)/.developed ## Refresh from portals that turn on their visitor; open hostile cells in LibreOffice
	PYTHONPATH=.:tests $(BIN)/python -m hostile
	PYTHONPATH=.:tests $(BIN)/python -m hostile.spreadsheet

fuzz: $(VENV)/.developed ## Draw hostile input for every reader of outside values, for minutes
	PYTHONPATH=.:tests $(BIN)/python -m fuzz --minutes 3

bench: $(VENV)/.developed $(VENV)/bench-dlt/.installed ## Measure what things cost, as ratios against a reference in the same run
	PYTHONPATH=.:tests $(BIN)/python -m bench

screenshots: $(VENV)/.developed ## Take pictures of the site, for a person to look at
	PYTHONPATH=.:tests $(BIN)/python -m screenshots

check-portals: $(VENV)/.developed ## Publish releases in a row to the real software of data portals, on loopback
	PYTHONPATH=.:tests $(BIN)/python -m portals.ckan
	PYTHONPATH=.:tests $(BIN)/python -m portals.udata

check: $(VENV)/.developed ## Check declarations, and audit the dependencies against known weaknesses
	$(BIN)/canceropole check
	$(BIN)/pip check
	test -x $(VENV)/audit/bin/pip-audit || { $(PYTHON) -m venv $(VENV)/audit && $(VENV)/audit/bin/pip install --quiet pip-audit; }
	$(VENV)/audit/bin/pip-audit --disable-pip --require-hashes --requirement requirements.lock

lock: $(VENV)/.developed ## Resolve the dependencies anew into the two lock files
	$(BIN)/pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --upgrade --strip-extras --allow-unsafe --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --no-emit-trusted-host -o requirements.lock pyproject.toml
	$(BIN)/pip-compile --quiet --upgrade --strip-extras --allow-unsafe --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml

clean: ## Remove what was installed and built; outputs stay
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Debian's python3 comes without ensurepip: its own package is the way to a virtual environment there.
$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed ($(PYTHON) was not found); PYTHON=... names another"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || $(call debian,python3-venv)
	$(PYTHON) -m venv $(VENV)

# The lock is its own constraint: without it, pip takes the newest of what is asked for with an extra (sqlalchemy[asyncio]),
# which the lock has not.
$(VENV)/.installed: requirements.lock pyproject.toml | $(BIN)/python $(VENV)/share/canceropole
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock -c requirements.lock
	rm -rf *.egg-info # of an earlier version, it would say that one's number
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# What the site's pages run in a browser. The program works without it, and the site then has no SQL console; the tests
# need it. Whoever may not install npm is told so once a command.
$(VENV)/share/canceropole: $(wildcard pipeline/site/npm/*) pipeline/site/npm/.npmrc | $(BIN)/python
	@command -v npm >/dev/null || $(call debian,npm) || true
	@sh pipeline/site/npm/install.sh $@ || echo "The site will have no SQL console: npm (Debian's package npm, or Node 18 and later) is needed to install it"

# Older DuckDB, each in a folder of its own: a release opens in them too (tests/test_portability.py). `lock` leaves their
# versions as they are.
$(VENV)/duckdb/%: tests/duckdb_versions/%.txt | $(BIN)/python
	rm -rf $@ $@.partial
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps --target $@.partial -r $<
	mv $@.partial $@ && touch $@

# What the benchmarks compare with, in an environment of its own.
$(VENV)/bench-dlt/.installed: tests/bench/dlt.txt | $(BIN)/python
	rm -rf $(@D) && $(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(VENV)/.developed: requirements-dev.lock $(patsubst tests/duckdb_versions/%.txt,$(VENV)/duckdb/%,$(wildcard tests/duckdb_versions/*.txt)) $(VENV)/.installed
	@command -v ssh-keygen >/dev/null || $(call debian,openssh-client)
	@command -v chromium >/dev/null || $(call debian,chromium) || echo "Debian's chromium may not be installed here: the tests of the site will fail"
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock -c requirements-dev.lock
	@touch $@

.PHONY: help setup refresh test bench gauntlet gauntlet-selftest crash hostile fuzz screenshots check-portals check lock clean
