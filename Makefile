# Everything here works from a bare checkout with Python 3.11+ and make; the first target that needs it sets up .venv.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
SERVICES := fetcher extractor analyzer store query pipeline
DISTRIBUTIONS := . $(SERVICES:%=services/%)
LOCKS  := requirements/bootstrap.txt requirements/dev.txt
PEERS  := datamule edgartools
SETUP  := $(VENV)/.setup-done
export TENKAY_PYTHON := $(BIN)/python

.PHONY: help setup demo test test-duckdb2 crash coherence soak check format lint types contracts protos protos-check lock peers clean

help:            ## This list
	@grep -E '^[a-z0-9-]+: .*##|^[a-z0-9-]+:  +##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 18

setup: $(SETUP)  ## The virtual environment with everything the locks name

$(SETUP): $(LOCKS) pyproject.toml $(SERVICES:%=services/%/pyproject.toml)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tenkay needs Python 3.11 or newer; name one: make PYTHON=python3.11 $(MAKECMDGOALS)")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements/bootstrap.txt requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation $(foreach d,$(DISTRIBUTIONS),-e ./$(d))
	$(BIN)/python -m compileall -q src services samples
	touch $@

demo: setup      ## Stack up, samples in, ratings and evidence out, stack down
	$(BIN)/python scripts/demo.py

# One more than there are processors: many tests wait for servers to come up or go.
WORKERS ?= 3
test: setup build/duckdb2/.installed  ## All tests but the long ones
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

test-duckdb2: setup build/duckdb2/.installed  ## The store's tests on DuckDB 2
	PYTHONPATH=build/duckdb2 $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup tests/unit/store tests/storage_conformance tests/integration/store

build/duckdb2/.installed: requirements/duckdb2.txt | $(SETUP)
	rm -rf build/duckdb2
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --target build/duckdb2 -r $<
	touch $@

check: setup format lint types contracts protos-check  ## Everything a machine can judge without running the suite

format:
	$(BIN)/ruff format --check .

lint:
	$(BIN)/ruff check .
	$(BIN)/buf lint

types:
	$(BIN)/mypy src $(SERVICES:%=services/%) samples scripts tests

contracts:
	$(BIN)/lint-imports

protos: setup    ## Generate src/tenkay/*/v1 from protos/
	$(BIN)/python scripts/generate_protos.py

protos-check: setup
	$(BIN)/python scripts/generate_protos.py --check

lock: setup      ## Resolve requirements/*.in into hashed locks
	cd requirements && ../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url bootstrap.in -o bootstrap.txt
	cd requirements && ../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url dev.in -o dev.txt
	cd requirements && ../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url -c dev.txt runtime.in -o runtime.txt
	cd requirements && ../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url fuzz.in -o fuzz.txt
	cd requirements && ../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url duckdb2.in -o duckdb2.txt
	cd requirements/peers && for peer in $(PEERS); do ../../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url $$peer.in -o $$peer.txt || exit 1; done

SECONDS ?= 60
FUZZED  := splitter facts sections extraction
fuzz: setup      ## Fuzz the extractor, SECONDS for each of its four targets
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --target build/fuzz -r requirements/fuzz.txt
	for target in $(FUZZED); do PYTHONPATH=build/fuzz $(BIN)/python scripts/quality/fuzz_extractor.py $$target --seconds $(SECONDS) || exit 1; done

peers: $(PEERS:%=build/peers/%/.installed)  ## Environments of the libraries that `benchmark.py extract` compares with

build/peers/%/.installed: requirements/peers/%.txt | $(SETUP)
	test -x build/peers/$*/bin/python || $(PYTHON) -m venv build/peers/$*
	$(BIN)/uv pip sync --quiet --compile-bytecode --python build/peers/$*/bin/python --require-hashes $<
	touch $@

MEGABYTES ?= 100
hostile: setup   ## Send hostile filings of MEGABYTES through a worker pool
	$(BIN)/python scripts/quality/hostile_filings.py --megabytes $(MEGABYTES)

ROUNDS ?= 200
crash: setup     ## Kill a store in ROUNDS of concurrent writers, and count what was lost, torn or doubled
	$(BIN)/python scripts/quality/crash_rounds.py --rounds $(ROUNDS) --keep build/crashes

COMMITS ?= 10000
coherence: setup ## Read through two query processes beside COMMITS, and look for any answer that is not true
	mkdir -p build
	TENKAY_TEST_MUTANTS=1 $(BIN)/python -m pytest tests/integration/query/test_coherence.py
	$(BIN)/python scripts/quality/coherence_check.py --commits $(COMMITS) --json build/coherence.json --figures build/coherence-figures.json

MINUTES ?= 10
soak: setup      ## Load query with 80 % of what it can take for MINUTES, and watch memory and errors
	mkdir -p build
	$(BIN)/python scripts/performance/load_test.py soak --seconds $$(( $(MINUTES) * 60 )) --json build/soak.json --html build/soak.html --figures build/soak-figures.json

clean:           ## Remove what was built or run here (not the filings you fetched elsewhere)
	rm -rf $(VENV) var build .mypy_cache .ruff_cache .hypothesis .import_linter_cache
