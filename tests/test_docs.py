"""The examples in the docstrings and the README run, and print what they show."""

import doctest
import importlib
import inspect
import pathlib
import re

import keras
import numpy as np
import pytest

import keras_segaug
from keras_segaug.core import compilation

ROOT = pathlib.Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
# Only those with an example, so that what needs torch is not imported where torch is not installed.
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "keras_segaug").rglob("*.py")
    if ">>> " in path.read_text()
)
PUBLIC = [
    (name, value)
    for name, value in vars(keras_segaug).items()
    if name in keras_segaug.__all__ and isinstance(value, type) and not value.is_abstract
]


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name, monkeypatch):
    # Compiled layers give the same, as other tests show, and compiling takes most of the time.
    monkeypatch.setattr(compilation.Compiled, "compiles", lambda *given: False)
    module = importlib.import_module(name)
    names = {"np": np, "keras": keras, "keras_segaug": keras_segaug}
    assert doctest.testmod(module, extraglobs=names).failed == 0


@pytest.mark.parametrize(("name", "layer"), PUBLIC)
def test_every_public_class_has_an_example_and_documents_its_arguments(name, layer):
    assert ">>> " in layer.__doc__, name
    own = vars(layer).get("__init__", lambda self, **kwargs: None)
    for argument in list(inspect.signature(own).parameters)[1:]:
        assert re.search(rf"^ +\**{argument}: ", layer.__doc__, re.M), f"{name}: {argument}"


def snippets():
    return re.findall(r"```python\n(.*?)```", README, re.S)


# On JAX and torch, Keras warns that `shuffle` is ignored for a dataset.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.shuffle=True. was passed")
def test_readme_snippets_run(tmp_path, monkeypatch):
    """They run in order, one after the other, as a reader would paste them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scans").symlink_to(ROOT / "examples/data/ct/images")
    (tmp_path / "organs").symlink_to(ROOT / "examples/data/ct/masks")
    assert snippets()
    names = {}
    for code in snippets():
        exec(compile(code, "README.md", "exec"), names)
    network, train = names["network"], names["train"]
    # XLA does not refuse a label that the network has no output for.
    assert max(train.pixel_counts()) < network.output_shape[-1]
    assert np.isfinite(network.evaluate(train, verbose=0))


def test_readme_is_short_and_says_first_what_it_must():
    lines = README.splitlines()
    assert len(lines) < 120
    assert "Apache-2.0" in lines[2]
    assert "no telemetry, no download" in lines[2]


def test_changelog_names_every_layer():
    changelog = (ROOT / "CHANGELOG.md").read_text()
    for name, _ in PUBLIC:
        assert f"`{name}`" in changelog, name


def test_every_decision_is_listed_under_its_own_title():
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(
        r"^\| \[\d+\]\((.+?)\) \| (.+) \|$", (folder / "README.md").read_text(), re.M
    )
    pages = sorted(page for page in folder.glob("*.md") if page.name != "README.md")
    assert listed == [(page.name, page.read_text().splitlines()[0][2:]) for page in pages]
