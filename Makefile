# The two commands to know: `make demo` and `make test`. Both create the environment they need.

VENV ?= .venv
# The first Python from 3.11 to 3.13 that runs; `make PYTHON=/path/to/python ...` names another.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	2>/dev/null && echo $$python && break; done)
# What `make test-all` installs for torch; a CPU build is enough.
TORCH ?= torch
RUN := $(VENV)/bin/python
# What needs a browser is for `make test-browser`.
PYTEST := $(RUN) -m pytest -n 2 -m "not browser"
# The peers of `make bench` get environments of their own. TORCH_PEERS=1 adds torchvision and
# Kornia (over 5 GB), ALBUMENTATIONSX=1 adds AlbumentationsX (AGPL), BENCH=... adds options.
BENCH_VENV ?= .venv-bench
BENCH_RUN := $(BENCH_VENV)/bin/python
BENCH_SETS := $(BENCH_VENV)/peers $(if $(TORCH_PEERS),$(BENCH_VENV)/torch-peers) \
	$(if $(ALBUMENTATIONSX),$(BENCH_VENV)-x/peers)
BENCH_X := $(if $(ALBUMENTATIONSX),--python albumentationsx=$(BENCH_VENV)-x/bin/python)

.PHONY: help demo test test-tensorflow test-jax test-contract-jax test-torch test-torchvision test-browser test-all check wheel clean
.PHONY: test-chains gallery bench bench-check bench-growth bench-gpu-smoke compare-keras
.DEFAULT_GOAL := help

help: ## Lists the commands.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 17

demo: $(VENV)/examples ## Trains a small U-Net on real slices, with and without augmentation.
	$(RUN) examples/train_unet.py

test: test-tensorflow ## All tests on TensorFlow; on JAX draws, places and compilation.
	KERAS_BACKEND=jax $(PYTEST) $(addprefix tests/contract/test_,randomness.py places.py compilation.py)

test-tensorflow: $(VENV)/test ## All tests on TensorFlow.
	KERAS_BACKEND=tensorflow $(PYTEST)

test-contract-jax: $(VENV)/test ## The whole contract on JAX.
	KERAS_BACKEND=jax $(PYTEST) tests/contract

test-jax: $(VENV)/test ## All tests on JAX.
	KERAS_BACKEND=jax $(PYTEST)

test-torch: $(VENV)/torch ## All tests on torch.
	KERAS_BACKEND=torch $(PYTEST)

test-chains: $(VENV)/test ## A thousand random chains of layers on TensorFlow, and on JAX; takes hours.
	KERAS_BACKEND=tensorflow $(RUN) -m tests.contract.run_chains 1000
	KERAS_BACKEND=jax $(RUN) -m tests.contract.run_chains 1000

test-browser: $(VENV)/test ## The preview page in a headless Chromium.
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || { \
	echo "Needs a browser and its driver: apt-get install -y chromium chromium-driver"; exit 2; }
	KERAS_BACKEND=tensorflow $(RUN) -m pytest -m browser tests/browser

test-torchvision: .venv-torchvision/bin/torchrun ## Geometry beside torchvision; installs over 5 GB.
	KERAS_BACKEND=torch .venv-torchvision/bin/python -m pytest tests/peers

test-all: test test-jax test-torch ## All tests on all three backends.

check: $(VENV)/check ## Format, lint, types, tests.
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(MAKE) test

gallery: $(VENV)/examples ## Draws every joint layer on real pictures into docs/images.
	$(RUN) -m examples.gallery

bench: $(BENCH_SETS) ## Times every row beside the peers; writes docs/benchmarks.md.
	$(BENCH_RUN) -m benchmarks.run $(BENCH_X) $(BENCH)

bench-growth: $(BENCH_SETS) ## Plots time against side, batch and layers into docs/images.
	$(BENCH_RUN) -m benchmarks.growth $(BENCH)

bench-check: $(VENV)/test ## Fails when the package has become slow; under 4 minutes.
	$(RUN) -m benchmarks.check

bench-gpu-smoke: $(VENV)/test ## Runs the accelerator benchmark, tiny, on whatever there is.
	$(RUN) -m benchmarks.gpu --smoke --results build/benchmarks

compare-keras: $(VENV)/test ## Checks Keras' own layers for alignment; writes docs/keras_layers.md.
	$(RUN) -m benchmarks.compare_keras

wheel: $(VENV)/check ## Builds the wheel and the source archive into dist/.
	$(RUN) -m build

clean: ## Removes the environment and what was built.
	rm -rf $(VENV) $(BENCH_VENV) $(BENCH_VENV)-x .venv-torchvision build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "No Python from 3.11 to 3.13 found: install one, or make PYTHON=/path/to/python"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --upgrade pip

# One stamp for each set of extras; installed anew when pyproject.toml changes.
$(VENV)/examples $(VENV)/test $(VENV)/check: pyproject.toml | $(VENV)/bin/python
	$(RUN) -m pip install --quiet --editable ".[$(notdir $@)]"
	@touch $@

$(VENV)/torch: $(VENV)/test
	$(RUN) -m pip install --quiet "$(TORCH)"
	@touch $@

.venv-torchvision/bin/torchrun:
	$(PYTHON) -m venv .venv-torchvision
	.venv-torchvision/bin/python -m pip install --quiet torch torchvision keras pillow pytest scipy

$(BENCH_VENV)/bin/python $(BENCH_VENV)-x/bin/python:
	$(PYTHON) -m venv $(@:/bin/python=)
	$@ -m pip install --quiet --upgrade pip

$(BENCH_VENV)/peers: benchmarks/requirements.txt pyproject.toml | $(BENCH_RUN)
	$(BENCH_RUN) -m pip install --quiet --editable ".[examples,jax]" --requirement $<
	@touch $@

$(BENCH_VENV)/torch-peers: benchmarks/requirements-torch.txt $(BENCH_VENV)/peers
	$(BENCH_RUN) -m pip install --quiet --requirement $<
	@touch $@

$(BENCH_VENV)-x/peers: benchmarks/requirements-albumentationsx.txt | $(BENCH_VENV)-x/bin/python
	$(BENCH_VENV)-x/bin/python -m pip install --quiet "$(TORCH)" --requirement $<
	@touch $@
