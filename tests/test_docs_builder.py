"""What the site says of the package is made from the package: pages, tables, links."""

import importlib
import inspect
import re

import keras
import numpy as np
import pytest
from PIL import Image

import keras_segaug
from docs.builder import __main__ as builder
from docs.builder import catalog, index_page, layer_page, links, pages, pictures, reference
from docs.builder.doctest_blocks import shown
from docs.builder.strengths import STRENGTHS
from docs.builder.targets import CHANGED, KEPT, REFUSED, ROLES, tried
from keras_segaug import checks
from keras_segaug.kernels import matrices

# It registers layers that are not public.
importlib.import_module("keras_segaug.migration.migration")
ENTRIES = catalog.public_layers()
NAMED = {entry.name: entry for entry in ENTRIES}


def test_every_concrete_layer_is_in_the_catalog():
    public = [getattr(keras_segaug, name) for name in keras_segaug.__all__]
    layers = {
        cls.__name__
        for cls in public
        if inspect.isclass(cls)
        and issubclass(cls, keras_segaug.AugmentationLayer)
        and not cls.is_abstract
    }
    assert set(NAMED) == layers
    assert {entry.type for entry in ENTRIES} == set(catalog.TYPES.values())
    assert set(STRENGTHS) <= layers


@pytest.mark.parametrize("name", STRENGTHS)
def test_strengths_can_be_made_and_differ(name):
    found = [NAMED[name].make(arguments) for arguments in NAMED[name].strengths(96, 128)]
    assert len({repr(layer) for layer in found}) == 3


@pytest.fixture
def stretch(monkeypatch):
    """A new layer, as if it lay in the package, for one test: others list what is registered."""

    class JointRandomStretch(keras_segaug.JointLayer):
        """Stretches image and mask to the right.

        Args:
            factor: at most how far, in fractions of the width.
            **kwargs: see `JointLayer` and `AugmentationLayer`.
        """

        # As if it lay in the package.
        __module__ = "keras_segaug.joint.stretch"

        def __init__(self, factor=0.5, **kwargs):
            super().__init__(**kwargs)
            self.factor = checks.number(self, "factor", factor, 0.0, 1.0)

        def draw(self, draws):
            return {"stretch": draws.uniform(1.0, 1.0 + self.factor)}

        def matrix(self, parameters, size):
            return matrices.scaling(1.0, 1.0 / parameters["stretch"])

    monkeypatch.setattr(keras_segaug, "JointRandomStretch", JointRandomStretch, raising=False)
    monkeypatch.setattr(keras_segaug, "__all__", [*keras_segaug.__all__, "JointRandomStretch"])
    yield catalog.Entry("JointRandomStretch", JointRandomStretch)
    del keras.saving.get_custom_objects()["keras_segaug>JointRandomStretch"]


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


TARGETS = {
    "tensorflow": {"JointRandomStretch": dict.fromkeys(ROLES, CHANGED)},
    "torch": None,
}


@pytest.fixture
def one_scene(monkeypatch):
    images = np.random.default_rng(1).integers(0, 256, (4, 40, 48, 3), "uint8")
    masks = (images[..., 0] > 128).astype("uint8")
    monkeypatch.setattr(pictures, "SCENES", {"street": lambda: (images, masks, ["a", "b"])})
    pictures.scene.cache_clear()
    yield
    pictures.scene.cache_clear()


@pytest.mark.usefixtures("one_scene")
def test_a_new_layer_gets_its_page_without_anybody_writing_it(tmp_path, stretch):
    text = layer_page.page(stretch, tmp_path, TARGETS)
    assert text.count("# JointRandomStretch") == 1
    assert "Stretches image and mask to the right." in text
    assert "layer = ks.JointRandomStretch(" in text
    assert "| `fill_mode` | `'reflect'` | [JointLayer][keras_segaug.JointLayer] |" in text
    assert "::: keras_segaug.JointRandomStretch" in text
    for name in re.findall(r"\]\((images/[^)]+)\)", text):
        assert pixels(tmp_path / name).shape[1] >= 4 * pictures.TILE
    draws = pixels(tmp_path / "images/JointRandomStretch-street.webp")
    rows = draws.reshape(3, pictures.TILE, -1, pictures.TILE, 3)
    assert abs(rows[0, :, 0].astype(int) - rows[2, :, 4]).mean() > 5
    assert "JointRandomStretch" in index_page.thumbnails([stretch])
    assert "Not tried, since not installed here: torch." in index_page.target_table(
        [stretch], TARGETS
    )


@pytest.mark.usefixtures("one_scene")
def test_backends_that_differ_are_an_error(tmp_path):
    entry = NAMED["JointRandomFlip"]
    differing = {
        name: {entry.name: {"image": fate}} for name, fate in (("a", CHANGED), ("b", KEPT))
    }
    with pytest.raises(RuntimeError, match="JointRandomFlip: backends treat targets differently"):
        layer_page.fates(entry, differing)


def test_a_page_that_fails_is_named_and_the_build_ends_with_one(tmp_path, monkeypatch, capsys):
    """Whatever the cause: here the example images cannot be read."""
    assert "JointRandomFlip: FileNotFoundError: no images" in failed_page(tmp_path, monkeypatch)
    monkeypatch.setattr("docs.builder.targets.tables", lambda: {"tensorflow": {}})
    monkeypatch.setattr("docs.builder.index_page.write", lambda *arguments: None)
    monkeypatch.setattr("docs.builder.navigation.write", lambda *arguments: None)
    monkeypatch.setattr(
        builder, "make_pages", lambda *arguments: ["JointRandomFlip: ValueError: x"]
    )
    assert builder.main(["--output", str(tmp_path / "docs")]) == 1
    assert "JointRandomFlip: ValueError: x" in capsys.readouterr().err


def failed_page(folder, monkeypatch):
    def missing():
        raise FileNotFoundError("no images")

    pictures.scene.cache_clear()
    monkeypatch.setattr(pictures, "SCENES", {"ct": missing})
    return layer_page.write_page("JointRandomFlip", folder, {})


@pytest.mark.parametrize(
    ("name", "fates"),
    [
        ("JointRandomFlip", [CHANGED] * 5),
        ("ImageOnlyGamma", [CHANGED, *[KEPT] * 4]),
        ("MaskOnlyOneHot", [KEPT, CHANGED, *[KEPT] * 3]),
        ("JointCutMix", [*[CHANGED] * 4, REFUSED]),
    ],
)
def test_targets_are_found_by_trying(name, fates):
    assert list(tried(NAMED[name]).values()) == fates


def test_links_to_the_repository_become_pages(tmp_path, monkeypatch):
    root = tmp_path / "repository"
    (root / "docs/guides").mkdir(parents=True)
    (root / "examples").mkdir()
    (root / "examples/run.py").write_text("print('here')\n")
    (root / "README.md").write_text("[page](docs/page.md)\n")
    (root / "docs/page.md").write_text("# Page\n")
    (root / "docs/guides/one.md").write_text(
        "[a](../page.md#part) [b](../../examples/run.py) [c](../../README.md) [d](missing.md)\n"
    )
    monkeypatch.setattr(pages, "ROOT", root)
    monkeypatch.setattr(pages, "DOCS", root / "docs")
    pages.Copied(tmp_path / "out").copy_all()
    assert (tmp_path / "out/guides/one.md").read_text() == (
        "[a](../page.md#part) [b](../repository/examples/run.py.md) "
        "[c](../repository/README.md) [d](missing.md)\n"
    )
    assert "print('here')" in (tmp_path / "out/repository/examples/run.py.md").read_text()
    copied = (tmp_path / "out/repository/README.md").read_text()
    assert copied.endswith("\n[page](../page.md)\n")
    assert "boost: 0.2" in copied


def test_a_link_that_leads_nowhere_is_named(tmp_path, capsys):
    (tmp_path / "guide").mkdir()
    (tmp_path / "index.html").write_text(
        '<h1 id="top"><a href="guide/#part">a</a> <a href="guide/#other">b</a>'
        '<a href="https://example.org/x">c</a> <img src="gone.png">'
    )
    (tmp_path / "guide/index.html").write_text('<h2 id="part"><a href="../#top">d</a>')
    assert links.main(tmp_path) == 1
    written = capsys.readouterr()
    assert "1 external links" in written.out
    assert "https://example.org/x" in written.out
    nowhere = ["gone.png", "guide/#other"]
    assert written.err.splitlines() == [f"leads nowhere: index.html: {each}" for each in nowhere]
    (tmp_path / "index.html").write_text('<h1 id="top"><a href="guide/#part">a</a>')
    assert links.main(tmp_path) == 0


def test_examples_of_docstrings_become_code():
    text = "Does it.\n\nAs `JointLayer` does.\n\nExample:\n\n>>> 1 + 1\n2\n"
    assert shown(text, "Other") == (
        "Does it.\n\nAs [`JointLayer`][keras_segaug.JointLayer] does.\n\n"
        "Examples:\n    >>> 1 + 1\n    2"
    )


def public_things():
    for name in reference.names():
        thing = keras_segaug
        for part in name.split("."):
            if not hasattr(thing, part):
                importlib.import_module(f"{thing.__name__}.{part}")
            thing = getattr(thing, part)
        yield name, thing
        if inspect.ismodule(thing):
            here = [
                k for k, v in vars(thing).items() if getattr(v, "__module__", "") == thing.__name__
            ]
            for key in getattr(thing, "__all__", [k for k in here if not k.startswith("_")]):
                yield f"{name}.{key}", getattr(thing, key)


def test_nothing_public_is_undocumented():
    for name, thing in public_things():
        text = inspect.getdoc(thing)
        assert text, name
        if inspect.isfunction(thing):
            parameters = set(inspect.signature(thing).parameters)
            named = set(re.findall(r"^\s+\**(\w+): ", text, re.M))
            assert parameters <= named, (name, parameters - named)


def test_every_example_image_is_there():
    for name in pictures.SCENES:
        images, masks, class_names = pictures.scene(name)
        assert images.shape[:3] == masks.shape
        assert images.dtype == masks.dtype == np.uint8
        assert len(np.unique(masks)) > 1
        assert set(np.unique(masks)) <= {*range(len(class_names)), 255}
