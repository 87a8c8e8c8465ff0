# Everything a checkout does. Each target sets the checkout up first; once it is, that is instant.
PYTHON ?= python3
# A file stays on one core, so that its tests can share what is slow to bring up. Files go in the
# order of tests/conftest.py, the longest first: by default those with few tests would be last.
PARALLEL ?= -n auto --dist loadfile --no-loadscope-reorder --durations=40
MAKEFLAGS += --no-print-directory
.NOTPARALLEL:
.PHONY: help setup demo down test check format verify bench engines peers servers lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## the locked environment (.venv) and the Pulumi engine (.venv/engine)
	@$(PYTHON) -m tools.setup

demo: setup ## the whole loop on this machine
	@tools/run python tools/demo.py up

down: setup ## take away what `make demo` brought up
	@tools/run python tools/demo.py down

check: setup ## format, lint, types, import rules
	tools/run ruff format --check
	tools/run ruff check
	tools/run mypy
	tools/run lint-imports

format: setup ## rewrite the sources as `check` wants them
	tools/run ruff format
	tools/run ruff check --fix

test: setup check ## check, then every kind of test on a fixed sample
	tools/run python -m pytest $(PARALLEL)

verify: setup check engines ## check, then every test with the sweeps in full, on Spark, Dask and Ray too
	TRIMARAN_SWEEP=full tools/run python -m pytest $(PARALLEL)

bench: setup ## the benchmarks
	tools/run python -m pytest -m bench tests/benchmarks

engines: setup ## Spark, Dask and Ray beside the locked packages, for tests/engines (1 GB)
	tools/run uv pip install --quiet --require-hashes --target .venv/engines \
	    -r tests/engines/requirements.lock

PEERS = tests/benchmarks/peers
DRIFT_PEERS = evidently nannyml whylogs

peers: setup ## what drift is measured against, each in an environment of its own (3 GB)
	@for peer in $(DRIFT_PEERS); do \
	    tools/run uv venv --quiet --allow-existing .venv/peers/$$peer && \
	    tools/run uv pip install --quiet --require-hashes --python .venv/peers/$$peer \
	        -r $(PEERS)/$$peer.lock || exit 1; done

SERVERS = tests/benchmarks/serving/peers
SERVING_PEERS = azureml bentoml fastapi kserve litserve mlflow mlserver

servers: setup ## what serving is measured against, each in an environment of its own (3 GB)
	@for peer in $(SERVING_PEERS); do \
	    tools/run uv venv --quiet --allow-existing .venv/servers/$$peer && \
	    tools/run uv pip install --quiet --require-hashes --python .venv/servers/$$peer \
	        -r $(SERVERS)/$$peer.lock || exit 1; done

COMPILE = tools/run uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	    --python-version 3.11 --custom-compile-command "make lock"

lock: setup ## requirements.lock of checkout and example; LOCK=--upgrade for newer versions
	$(COMPILE) $(LOCK) requirements.in -o requirements.lock
	$(COMPILE) -c requirements.lock stacks/requirements.in -o stacks/requirements.lock
	$(COMPILE) -c requirements.lock tests/engines/requirements.in -o tests/engines/requirements.lock
	for peer in $(DRIFT_PEERS); do \
	    $(COMPILE) $(LOCK) $(PEERS)/$$peer.in -o $(PEERS)/$$peer.lock || exit 1; done
	for peer in $(SERVING_PEERS); do \
	    $(COMPILE) $(LOCK) $(SERVERS)/$$peer.in -o $(SERVERS)/$$peer.lock || exit 1; done

clean: ## remove the environment and caches; the engine stays in the per-user cache
	rm -rf .venv .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache dist build
