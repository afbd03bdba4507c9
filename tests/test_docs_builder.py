"""The site's pages, tables and links about the package are made from the package."""

import importlib
import inspect
import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

import keras_segaug
from docs.builder import __main__ as builder
from docs.builder import (
    catalog,
    index_page,
    layer_page,
    links,
    navigation,
    pages,
    pictures,
    reference,
    targets,
)
from docs.builder.docstrings import shown
from docs.builder.strengths import STRENGTHS
from docs.builder.targets import CHANGED, KEPT, REFUSED, ROLES, tried
from keras_segaug import checks
from keras_segaug.kernels import matrices
from tests.cases import CASES, MIXING

# It registers layers that are not public.
importlib.import_module("keras_segaug.migration.migration")
ENTRIES = catalog.public_layers()
NAMED = {entry.name: entry for entry in ENTRIES}


def test_the_catalog_has_all_that_can_be_made():
    assert {entry.cls for entry in ENTRIES} == {
        *(case.layer for case in [*CASES, *MIXING]),
        keras_segaug.MultiView,
    }
    assert {entry.type for entry in ENTRIES} == set(catalog.TYPES.values())
    assert set(STRENGTHS) <= set(NAMED)


def test_layers_that_are_not_public_are_not_in_the_catalog():
    """Whatever was imported before: this layer is the one that replaces an old generator."""
    importlib.import_module("keras_segaug.migration.affine")
    assert catalog.public_layers() == ENTRIES


@pytest.mark.parametrize("name", STRENGTHS)
def test_strengths_can_be_made_and_differ(name):
    found = [NAMED[name].make(arguments) for arguments in NAMED[name].strengths(96, 128)]
    assert len({repr(layer) for layer in found}) == 3


@pytest.fixture
def stretch(monkeypatch):
    """A new layer as if in the package, for one test only: other tests list registered layers."""

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
    card = '<a class="card" href="JointRandomStretch/" data-type="geometry">'
    assert card in index_page.thumbnails([stretch])
    assert "Not tried, since not installed here: torch." in index_page.target_table(
        [stretch], TARGETS
    )


def distance(first, second):
    return abs(first.image.astype("float32") - second.image).mean()


@pytest.mark.usefixtures("one_scene")
def test_draws_are_sorted_where_nothing_says_how_strong_they_are():
    entry = NAMED["JointRandomAffine"]
    draws = pictures.all_draws(entry, "street")
    original = pictures.Shown(*(part[0] for part in pictures.scene("street")[:2]), {})
    assert distance(original, draws[0][0]) < distance(original, draws[2][2])
    assert layer_page.draw_labels(entry, draws) == ["weakest", "middle", "strongest"]


@pytest.mark.usefixtures("one_scene")
def test_strengths_are_named_in_their_order():
    entry = NAMED["JointRandomRotation"]
    draws = pictures.all_draws(entry, "street")
    labels = layer_page.draw_labels(entry, draws)
    assert labels == ["factor=0.03", "factor=0.1", "factor=0.5"]


@pytest.mark.usefixtures("one_scene")
def test_a_layer_that_draws_nothing_has_no_strongest_draw(tmp_path):
    entry = NAMED["JointCenterCrop"]
    text = layer_page.scenes(entry, pictures.write_all(entry, tmp_path))
    assert "Nothing is drawn at random." in text
    assert "strongest" not in text
    assert "Here 48 × 40 pixels became 34 × 28." in text


@pytest.mark.usefixtures("one_scene")
@pytest.mark.parametrize("name", ["JointCutMix", "ImageOnlyHistogramMatching"])
def test_layers_that_look_at_other_samples_are_drawn_in_a_batch(name):
    [arguments, *_] = pictures.arguments_at(NAMED[name], "street")
    draws = pictures.drawn(NAMED[name], "street", arguments, 3)
    images = [pictures.scene("street")[0][0], *(draw.image for draw in draws)]
    assert len({image.tobytes() for image in images}) > 2


@pytest.mark.usefixtures("one_scene")
@pytest.mark.parametrize("name", ["JointRandomRotation", "JointRandomAffine"])
def test_ignored_pixels_are_those_of_the_draw_that_is_shown(name, monkeypatch):
    draws = pictures.all_draws(NAMED[name], "street")
    monkeypatch.setattr(pictures, "fitted", lambda tile: tile)
    after = draws[1][0]
    tile = pictures._ignored(NAMED[name], "street", after)
    red = (tile == (204, 51, 102)).all(-1)
    assert 0 < red.mean() < 0.9
    # Next to them a pixel may be blended with filled ones.
    assert (tile != after.image // 2 + 100).any(-1)[~red].mean() < 0.1


@pytest.fixture
def no_results(tmp_path, monkeypatch):
    monkeypatch.setattr(layer_page, "RESULTS", tmp_path)
    layer_page.newest_results.cache_clear()
    yield tmp_path
    layer_page.newest_results.cache_clear()


def test_the_cost_is_that_of_the_newest_run(no_results):
    for name, date, time in (("a", "2026-03-01", 2.5), ("b", "2026-01-01", 7.5)):
        row = {"segaug": {"median": time}, "kornia": {"median": 5.0}}
        run = {"kind": "cpu", "side": 512, "rows": {"layer:JointRandomFlip": row}}
        run["machine"] = {"processor": "A processor", "date": date}
        (no_results / f"{name}.json").write_text(json.dumps(run))
    text = layer_page.cost(NAMED["JointRandomFlip"])
    assert "| 2.50 | 5.00 (2.00×) |" in text
    assert "A processor, 2026-03-01" in text
    assert layer_page.cost(NAMED["JointRandomCrop"]).startswith("Not timed yet")


@pytest.mark.usefixtures("one_scene")
def test_the_code_of_a_page_is_run(monkeypatch):
    monkeypatch.setattr(layer_page, "_qualified", lambda text: "ks.NoSuchLayer()")
    with pytest.raises(AttributeError, match="NoSuchLayer"):
        layer_page.code(NAMED["JointRandomFlip"])


def test_backends_that_differ_are_an_error():
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
        ("MultiView", [CHANGED] * 5),
    ],
)
def test_targets_are_found_by_trying(name, fates):
    assert list(tried(NAMED[name]).values()) == fates


def test_a_mistake_in_a_layer_is_no_refusal(stretch, monkeypatch):
    def matrix(self, parameters, size):
        raise ValueError("shapes (3, 2) and (4,)")

    monkeypatch.setattr(stretch.cls, "matrix", matrix)
    with pytest.raises(ValueError, match="shapes"):
        tried(stretch)


def test_targets_are_tried_on_every_backend_by_itself(monkeypatch):
    class Process:
        failing = ()

        def __init__(self, command, env):
            self.backend = env["KERAS_BACKEND"]
            Path(command[-1]).write_text(json.dumps(self.backend))

        def wait(self):
            return self.backend in self.failing

    monkeypatch.setattr("importlib.util.find_spec", lambda name: name != "torch")
    monkeypatch.setattr(targets.subprocess, "Popen", Process)
    assert targets.tables() == {"tensorflow": "tensorflow", "jax": "jax", "torch": None}
    Process.failing = ("jax",)
    with pytest.raises(RuntimeError, match="failed on jax;"):
        targets.tables()


def test_failures_of_all_pages_are_told(monkeypatch, tmp_path):
    def write_page(name, folder, targets):
        return f"{name}: wrong" if name.startswith("ImageOnlyG") else None

    monkeypatch.setattr(layer_page, "write_page", write_page)
    monkeypatch.setattr(builder, "ProcessPoolExecutor", lambda **options: ThreadPoolExecutor(1))
    failures = builder.make_pages(ENTRIES, tmp_path, {})
    named = [name for name in NAMED if name.startswith("ImageOnlyG")]
    assert sorted(failures) == sorted(f"{name}: wrong" for name in named)


def test_only_some_pages_are_made(tmp_path, monkeypatch):
    made = []
    table = {"tensorflow": {name: dict.fromkeys(ROLES, CHANGED) for name in NAMED}}
    tried_again = []
    monkeypatch.setattr(targets, "tables", lambda: tried_again.append(1) or table)
    monkeypatch.setattr(builder, "make_pages", lambda entries, *others: made.extend(entries) or [])
    asked = ["--output", str(tmp_path / "docs"), "--only", "JointRandomFlip"]
    for _ in range(2):
        builder.main(asked)
    assert made == [NAMED["JointRandomFlip"]] * 2
    assert len(tried_again) == 1
    # A layer that was added later.
    del table["tensorflow"]["JointRandomCrop"]
    (tmp_path / "targets.json").write_text(json.dumps(table))
    table["tensorflow"]["JointRandomCrop"] = dict.fromkeys(ROLES, CHANGED)
    builder.main(asked)
    assert len(tried_again) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "JointRandomFlop"], "no layers: JointRandomFlop"),
        ([], "holds something else than an earlier build"),
    ],
)
def test_the_builder_refuses_what_cannot_be_meant(tmp_path, capsys, arguments, message):
    (tmp_path / "mine.md").write_text("Mine.\n")
    with pytest.raises(SystemExit):
        builder.main(["--output", str(tmp_path), *arguments])
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.md"]


def test_a_page_without_a_place_in_the_menu_is_an_error(tmp_path):
    folder = tmp_path / "docs"
    pages.Copied(folder).copy_all()
    navigation.write(ENTRIES, folder)
    for extra in (folder / "guides/more.md", folder / "more.md"):
        extra.write_text("# More\n")
        with pytest.raises(ValueError, match="more"):
            navigation.write(ENTRIES, folder)
        extra.unlink()
    (folder / "guides/masks.md").unlink()
    with pytest.raises(ValueError, match="masks"):
        navigation.write(ENTRIES, folder)


def test_the_reference_has_all_that_is_no_layer(tmp_path):
    reference.write(tmp_path)
    names = {path.stem for path in tmp_path.glob("*.md")} - {"index"}
    assert names.isdisjoint(NAMED)
    assert names | set(NAMED) == {*keras_segaug.__all__, *reference.MODULES} - {"__version__"}
    assert "::: keras_segaug.random\n" in (tmp_path / "random.md").read_text()


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


def test_a_broken_link_ends_the_build():
    """With `-q` MkDocs counts no warnings, however strict it is."""
    assert "\nstrict: true\n" in (pages.ROOT / "mkdocs.yml").read_text()
    [build] = re.findall("mkdocs build.*", (pages.ROOT / "Makefile").read_text())
    assert "-q" not in build
