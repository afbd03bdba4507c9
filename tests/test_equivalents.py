"""The layers that `docs/equivalents.toml` names exist: ours, and those of other libraries.

A layer that is not in it gets a page that says that nobody has compared it yet.

Names of Keras are always looked up; those of the others where they are installed, each in its own
process: Kornia's Triton crashes beside TensorFlow. In the environment of the benchmarks all are
installed (`make .venv-bench/torch-peers`, then `.venv-bench/bin/python -m pip install pytest
hypothesis pytest-xdist` once):

    .venv-bench/bin/python -m pytest tests/test_equivalents.py
"""

import importlib.util
import json
import subprocess
import sys
import tomllib

import keras
import pytest

from docs.builder.catalog import public_layers
from tests.snippets import ROOT

EQUIVALENTS = tomllib.loads((ROOT / "docs/equivalents.toml").read_text())
LAYERS = [entry.name for entry in public_layers()]
# The modules with the names of each library.
MODULES = {
    "albumentations": ["albumentations"],
    "torchvision": ["torchvision.transforms.v2"],
    "kornia": ["kornia.augmentation", "kornia.augmentation.auto"],
}
NAMES = "import importlib, json, sys; print(json.dumps(dir(importlib.import_module(sys.argv[1]))))"


def named(library):
    return {name for entry in EQUIVALENTS.values() for name in entry[library]}


def test_every_entry_is_of_a_layer():
    assert set(EQUIVALENTS) <= set(LAYERS)


@pytest.mark.parametrize("layer", EQUIVALENTS)
def test_an_entry_has_lists_of_names_and_says_in_sentences_what_differs(layer):
    entry = EQUIVALENTS[layer]
    assert list(entry) == ["keras", *MODULES, "differs"]
    for library in ("keras", *MODULES):
        assert len(set(entry[library])) == len(entry[library])
        assert all(name.isidentifier() and name[0].isupper() for name in entry[library])
    differs = entry["differs"]
    assert differs == " ".join(differs.split())
    assert differs.endswith(".")


def test_the_names_of_keras_exist():
    assert [name for name in sorted(named("keras")) if not hasattr(keras.layers, name)] == []


@pytest.mark.parametrize("library", MODULES)
def test_the_names_of_the_other_libraries_exist_where_they_are_installed(library):
    if not importlib.util.find_spec(library):
        pytest.skip(f"{library} is not installed")
    present = set()
    for module in MODULES[library]:
        asked = [sys.executable, "-c", NAMES, module]
        answer = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        present.update(json.loads(answer.splitlines()[-1]))
    assert sorted(named(library) - present) == []
