# Everything a person needs, by name. `make help` lists it.
PYTHON ?= python3
VENV := .venv
BENCH_VENV := .venv-bench
STUDIO_VENV := .venv-label-studio
BIN := $(VENV)/bin
# With the peers beside what Waarom needs, once `make bench-setup` has installed them.
BENCH_PYTHON = $(if $(wildcard $(BENCH_VENV)/.ready),$(BENCH_VENV)/bin/python,$(BIN)/python)
PIP_FLAGS := --quiet --disable-pip-version-check

.PHONY: help setup demo test check fix bench bench-accuracy bench-speed bench-setup lock clean
.DEFAULT_GOAL := help
# Tests start hundreds of processes: what each runs is compiled once, whatever the machine prefers.
export PYTHONDONTWRITEBYTECODE =

help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/.ready $(STUDIO_VENV)/.ready ## install Waarom and, apart from it, Label Studio

demo: setup ## the whole loop on sample messages, with a real Label Studio
	$(BIN)/waarom demo

# Several tests at a time on few cores: threads of matrices that wait for each other cost them half.
test: export OMP_NUM_THREADS = 1
test: export OPENBLAS_NUM_THREADS = 1
test: setup check ## every check, then every test
	$(BIN)/pytest -n auto --maxprocesses 4 --dist loadgroup

check: $(VENV)/.ready ## format, lint, types, direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(VENV)/.ready ## format and repair what can be repaired
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.ready ## accuracy, speed and memory, against peers in the same run
	$(BENCH_PYTHON) -m tests.benchmarks

bench-accuracy: $(VENV)/.ready ## accuracy, few labels, calibration: writes docs/benchmarks.md
	$(BENCH_PYTHON) -m tests.benchmarks.frontier
	$(BENCH_PYTHON) -m tests.benchmarks.several

bench-speed: $(VENV)/.ready ## speed and memory: writes docs/benchmarks.md
	$(BENCH_PYTHON) -m tests.benchmarks.pace

bench-setup: $(BENCH_VENV)/.ready ## install the peers that Waarom itself does not need

lock: $(VENV)/.ready ## write the constraints files anew (needs uv on the path)
	uv pip compile pyproject.toml --extra encoder --extra parquet --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --no-annotate -o constraints.txt
	echo label-studio | uv pip compile - --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --no-annotate -o constraints-label-studio.txt

clean: ## remove what the commands above made
	rm -rf $(VENV) $(STUDIO_VENV) $(BENCH_VENV) .waarom .cache .mypy_cache .ruff_cache .pytest_cache .coverage htmlcov

$(VENV)/.ready: constraints.txt pyproject.toml
	@echo "Installing Waarom (two to four minutes the first time) ..."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install $(PIP_FLAGS) --require-hashes -r constraints.txt
	$(BIN)/pip install $(PIP_FLAGS) --no-deps --no-build-isolation -e .
	@touch $@

$(STUDIO_VENV)/.ready: constraints-label-studio.txt
	@echo "Installing Label Studio in its own environment (1 GB, two to four minutes) ..."
	$(PYTHON) -m venv $(STUDIO_VENV)
	$(STUDIO_VENV)/bin/pip install $(PIP_FLAGS) --require-hashes -r constraints-label-studio.txt
	@touch $@

$(BENCH_VENV)/.ready: $(VENV)/.ready pyproject.toml
	@echo "Installing the peers, on top of what is in $(VENV) ..."
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/pip install $(PIP_FLAGS) --upgrade "pip>=25.1"
	$(BENCH_VENV)/bin/pip install $(PIP_FLAGS) --no-deps --group bench
	rm -rf $(BENCH_VENV)/lib/python*/site-packages/tests # ppi-python brings its own, which hides ours
	$(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))" \
	  > $$($(BENCH_VENV)/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/waarom.pth
	@touch $@
