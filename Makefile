# The two commands to know: `make demo` and `make test`. Both create the environment they need.

VENV ?= .venv
# The first Python from 3.11 to 3.13 that runs; `make PYTHON=/path/to/python ...` names another.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	2>/dev/null && echo $$python && break; done)
# A CPU build is enough. Where pip is given a wheel of one (`2.13.0+cpu`), naming the release picks it;
# plain `torch` may pick a newer release with the CUDA libraries, over 5 GB.
TORCH ?= torch==2.13.0
RUN := $(VENV)/bin/python
# MkDocs Material announces its successor at every start.
export NO_MKDOCS_2_WARNING := 1
# Tests that need a browser run in `make test-browser` and `make test-docs`, and tests that start many
# processes in `make test-scale`.
PYTEST := $(RUN) -m pytest -n 2 -m "not browser and not scale and not site" --durations=15
# The tests that a developer waits for: one layer of each kind, and no single test that takes long.
QUICK := $(RUN) -m pytest -n 2 -m "not browser and not scale and not site and not slow" --durations=15
# The suite runs in parts: what TensorFlow and JAX compile stays in memory as long as the process
# lives, and the whole suite in one process takes over 20 GB.
CONTRACT_PARTS := "tests/contract/test_[a-l]*.py" "tests/contract/test_[m-z]*.py tests/mixing"
LAYER_PARTS := $(addprefix tests/,image_only inspect joint kernels mask_only policies)
ALL_PARTS := $(CONTRACT_PARTS) "$(LAYER_PARTS)" \
	"tests $(addprefix --ignore=,tests/contract tests/mixing $(LAYER_PARTS))"
in_parts = for part in $(1); do $(or $(2),$(PYTEST)) $$part || exit 1; done
# The oldest and the newest Python, on the path or among those of pyenv; empty if not found.
comma := ,
python_of = $(shell for python in python$(1) $${PYENV_ROOT:-$$HOME/.pyenv}/versions/$(1).*/bin/python; do \
	$$python -c 'import sys; sys.exit(sys.version_info[:2] != ($(subst .,$(comma),$(1))))' \
	2>/dev/null && echo $$python && break; done)
OLDEST_PYTHON ?= $(call python_of,3.11)
NEWEST_PYTHON ?= $(call python_of,3.13)
# What other versions of Keras, TensorFlow, numpy and Python can break: calls, compilation,
# `dataset.map`, `fit`, saved files, and the numbers that are drawn. The arithmetic of each layer is
# the same code on all versions, so one layer of each kind is enough.
VERSION_TESTS := $(addprefix tests/contract/test_,calls.py compilation.py config.py masks.py passes.py places.py randomness.py)
# What torch can break: its trees, dtypes, gradients, exports, worker processes, and the numbers that
# are drawn. Left out are the tests of `tf.data`, of compilation, and of refused arguments.
TORCH_TESTS := $(addprefix tests/contract/test_,calls.py config.py export.py gradients.py \
	image_by_image.py inference.py programs_of_torch.py randomness.py streams.py structures.py targets.py) \
	tests/kernels/test_look_up.py tests/mixing tests/training
# A second backend does not repeat the tests of wrong arguments and calls (`tests/conftest.py`), which
# are refused in Python, nor, for every layer, those of what all layers share (`ids` in `tests/cases.py`).
# The peers of `make bench` get separate environments. TORCH_PEERS=1 adds torchvision and
# Kornia (over 5 GB), ALBUMENTATIONSX=1 adds AlbumentationsX (AGPL), BENCH=... adds options.
BENCH_VENV ?= .venv-bench
BENCH_RUN := $(BENCH_VENV)/bin/python
BENCH_SETS := $(BENCH_VENV)/peers $(if $(TORCH_PEERS),$(BENCH_VENV)/torch-peers) \
	$(if $(ALBUMENTATIONSX),$(BENCH_VENV)-x/peers)
BENCH_X := $(if $(ALBUMENTATIONSX),--python albumentationsx=$(BENCH_VENV)-x/bin/python)

CORES_ROWS := chain chain-float affine flip elastic crop
CORES_CONTENDERS := segaug segaug-eager segaug-jax segaug-torch keras albumentations albumentations-map \
	albumentations-loader kornia

.PHONY: help demo test test-tensorflow test-jax test-contract-jax test-torch test-contract-torch test-torchvision
.PHONY: docs docs-serve test-docs test-browser test-all test-oldest test-newest has-oldest has-newest lint check coverage wheel clean
.PHONY: test-chains test-scale test-batches test-devices test-mutants gallery bench bench-check bench-cores bench-growth bench-gpu-smoke compare-keras correctness
.DEFAULT_GOAL := help

help: ## Lists the commands.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 17

demo: $(VENV)/examples ## Trains a small U-Net on real slices, with and without augmentation.
	$(RUN) examples/train_unet.py

test: export KERAS_BACKEND := tensorflow
test: export CASES := kinds
test: $(VENV)/test ## The quick tests: one layer of each kind on TensorFlow, nothing slow.
	$(call in_parts,$(ALL_PARTS),$(QUICK))

test-tensorflow: export KERAS_BACKEND := tensorflow
test-tensorflow: $(VENV)/test ## All tests on TensorFlow.
	$(call in_parts,$(ALL_PARTS))

test-contract-jax: export KERAS_BACKEND := jax
test-contract-jax: $(VENV)/test ## The contract on JAX, with one layer of each kind where all layers behave alike.
	$(call in_parts,$(CONTRACT_PARTS) tests/training)

test-jax: export KERAS_BACKEND := jax
test-jax: export CASES := all
test-jax: $(VENV)/test ## All tests on JAX.
	$(call in_parts,$(ALL_PARTS))

test-torch: export KERAS_BACKEND := torch
test-torch: export CASES := all
test-torch: $(VENV)/torch ## All tests on torch.
	$(call in_parts,$(ALL_PARTS))

test-contract-torch: $(VENV)/torch ## The parts of the contract that torch can break, likewise with one layer of each kind.
	KERAS_BACKEND=torch $(PYTEST) $(TORCH_TESTS)

test-oldest: .venv-oldest/contract ## Part of the contract on the oldest supported versions.
	CASES=kinds KERAS_BACKEND=tensorflow .venv-oldest/bin/python -m pytest -n 2 $(VERSION_TESTS)

test-newest: .venv-newest/contract ## The same on the newest Python and the newest versions of everything else.
	CASES=kinds KERAS_BACKEND=tensorflow .venv-newest/bin/python -m pytest -n 2 $(VERSION_TESTS)

test-chains: $(VENV)/test ## A thousand random chains of layers on TensorFlow, and on JAX; takes hours.
	KERAS_BACKEND=tensorflow $(RUN) -m tests.contract.run_chains 1000
	KERAS_BACKEND=jax $(RUN) -m tests.contract.run_chains 1000

test-batches: $(VENV)/torch ## Five hundred random batches for each mixing layer, on all three backends.
	for backend in tensorflow jax torch; do \
	KERAS_BACKEND=$$backend $(RUN) -m tests.mixing.run_batches 500 || exit 1; done

test-scale: $(VENV)/torch ## The scripts of examples/scale: several processes, devices, engines.
	KERAS_BACKEND=tensorflow $(RUN) -m pytest -m scale tests/scale

test-devices: $(VENV)/torch ## Compares every layer on an accelerator with the CPU, through JAX and torch.
	$(RUN) -m tests.contract.run_devices --workers 2 jax torch

test-mutants: $(VENV)/test ## Puts small mistakes into copies of the code, which the tests must catch.
	KERAS_BACKEND=tensorflow $(RUN) -m tests.mutants.run_mutants

test-browser: $(VENV)/test ## The preview page in a headless Chromium.
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || { \
	echo "Needs a browser and its driver: apt-get install -y chromium chromium-driver"; exit 2; }
	KERAS_BACKEND=tensorflow $(RUN) -m pytest -m browser tests/browser

# Not with --quiet: MkDocs then counts no warnings, and a strict build passes with broken links.
docs: $(VENV)/docs ## Builds the site from the pages, the layers and the docstrings, into site/.
	$(RUN) -m docs.builder
	$(RUN) -m mkdocs build --config-file build/mkdocs.yml
	$(RUN) -m docs.builder.links site

docs-serve: $(VENV)/docs ## Serves the site of the last `make docs` on this machine.
	@test -f build/mkdocs.yml || $(MAKE) docs
	$(RUN) -m mkdocs serve --config-file build/mkdocs.yml

test-docs: docs ## Builds the site, and tests every page in a headless Chromium.
	KERAS_BACKEND=tensorflow $(RUN) -m pytest -m site tests/site

test-torchvision: .venv-torchvision/bin/torchrun ## Compares geometry with torchvision; installs over 5 GB.
	KERAS_BACKEND=torch .venv-torchvision/bin/python -m pytest tests/peers

test-all: test-tensorflow test-jax test-torch ## All tests on all three backends.

lint: $(VENV)/check ## Checks format, lint and types.
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m mypy

check: lint test ## Checks format, lint and types, and runs the quick tests.

coverage: $(VENV)/check ## Shows which lines the tests on TensorFlow run, in build/coverage/index.html.
	KERAS_BACKEND=tensorflow $(PYTEST) --cov=keras_segaug --cov-branch \
	--cov-report=term:skip-covered --cov-report=html:build/coverage

gallery: $(VENV)/examples ## Draws every joint layer on real images into docs/images.
	$(RUN) -m examples.gallery

bench: $(BENCH_SETS) ## Times every row and compares with the peers; writes docs/benchmarks.md.
	$(BENCH_RUN) -m benchmarks.run $(BENCH_X) $(BENCH)

bench-cores: $(BENCH_SETS) ## Times six rows on two cores, beside the result of `make bench` on one.
	$(BENCH_RUN) -m benchmarks.run --cores 2 --rows $(CORES_ROWS) --contenders $(CORES_CONTENDERS) $(BENCH)

bench-growth: $(BENCH_SETS) ## Plots time against side, batch and layers into docs/images.
	$(BENCH_RUN) -m benchmarks.growth $(BENCH)

bench-check: $(VENV)/test ## Fails if the package has become slow; takes under 4 minutes.
	$(RUN) -m benchmarks.check

bench-gpu-smoke: $(VENV)/test ## Runs a tiny accelerator benchmark on whatever device there is.
	$(RUN) -m benchmarks.gpu --smoke --results build/benchmarks

compare-keras: $(VENV)/test ## Checks Keras' own layers for alignment; writes docs/keras_layers.md.
	$(RUN) -m benchmarks.compare_keras

correctness: $(BENCH_VENV)/peers $(BENCH_VENV)/torch-peers ## Checks other libraries for alignment; writes docs/correctness.md.
	$(BENCH_RUN) -m benchmarks.correctness

wheel: $(VENV)/check ## Builds the wheel and the source archive into dist/.
	$(RUN) -m build

clean: ## Removes the environments and everything that was built.
	rm -rf $(VENV) $(BENCH_VENV) $(BENCH_VENV)-x .venv-torchvision .venv-oldest .venv-newest
	rm -rf build dist site *.egg-info .coverage .pytest_cache .ruff_cache .mypy_cache .hypothesis

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "No Python from 3.11 to 3.13 found: install one, or make PYTHON=/path/to/python"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --upgrade pip

# One stamp for each set of extras; installed again when pyproject.toml changes.
$(VENV)/examples $(VENV)/test $(VENV)/check $(VENV)/docs: pyproject.toml | $(VENV)/bin/python
	$(RUN) -m pip install --quiet --editable ".[$(notdir $@)]"
	@touch $@

$(VENV)/torch: $(VENV)/test
	$(RUN) -m pip install --quiet "$(TORCH)"
	@touch $@

# Created from scratch, so that nothing newer from an earlier run stays.
.venv-oldest/contract: requirements/oldest.txt pyproject.toml
	@$(MAKE) --silent has-oldest
	$(OLDEST_PYTHON) -m venv --clear .venv-oldest
	.venv-oldest/bin/python -m pip install --quiet --upgrade pip
	.venv-oldest/bin/python -m pip install --quiet --constraint $< --editable ".[contract]"
	@touch $@

.venv-newest/contract: pyproject.toml
	@$(MAKE) --silent has-newest
	$(NEWEST_PYTHON) -m venv --clear .venv-newest
	.venv-newest/bin/python -m pip install --quiet --upgrade pip
	.venv-newest/bin/python -m pip install --quiet --editable ".[contract]"
	@touch $@

has-oldest:
	@test -n "$(OLDEST_PYTHON)" || { echo "No Python 3.11 here: make OLDEST_PYTHON=/path/to/python" >&2; exit 2; }

has-newest:
	@test -n "$(NEWEST_PYTHON)" || { echo "No Python 3.13 here: make NEWEST_PYTHON=/path/to/python" >&2; exit 2; }

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
