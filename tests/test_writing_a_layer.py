"""The layers that the guide shows keep the promises, and are short."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest

from tests.contract import promises
from tests.data import labels, random_images, to_numpy
from tests.mixing.promises import check_one_source
from tests.snippets import snippets_of

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/guides/writing_a_layer.md"
SNIPPETS = [snippet.code for snippet in snippets_of(PAGE) if "class " in snippet.code]


@pytest.fixture(scope="module")
def shown():
    names: dict = {"__name__": "writing_a_layer"}
    for snippet in SNIPPETS:
        exec(compile(snippet, str(PAGE), "exec"), names)
    return names


def maker(layer):
    return lambda **more: layer(**{"seed": 7, "jit_compile": False, **more})


def test_geometry_moves_image_and_mask_alike(shown):
    make = maker(shown["JointRandomStretch"])
    promises.check_alignment(make)
    promises.check_interpolated_alignment(make)
    promises.check_labels(make, "int32")
    promises.check_labels(make, "uint16", fill=9)
    promises.check_config(make(least=0.3), random_images(), labels())


def test_color_leaves_the_mask_alone(shown):
    make = maker(shown["ImageOnlyRandomInvert"])
    promises.check_mask_untouched(make, random_images(), labels())
    promises.check_config(make(factor=0.5), random_images(), labels())
    images = random_images()
    found = to_numpy(make(factor=(1.0, 1.0))(images))
    np.testing.assert_allclose(found, 255.0 - images, atol=1e-3)


def test_coding_leaves_the_image_alone(shown):
    images, masks = random_images(), labels()
    found = to_numpy(maker(shown["MaskOnlyThreshold"])(least=2)((images, masks)))
    np.testing.assert_array_equal(found[0], images)
    np.testing.assert_array_equal(found[1], masks >= 2)


def test_mixing_shows_one_place_of_one_sample(shown):
    make = maker(shown["JointHalfMix"])
    sample = check_one_source(make(share=(0.5, 0.5)))
    assert (sample[:, :8] != np.arange(4)[:, None, None]).all()
    assert (sample[:, 8:] == np.arange(4)[:, None, None]).all()
    promises.check_config(make(), random_images(), labels())


def code_lines(source):
    """The number of lines of code in its class: not empty, no comment, no docstring."""
    [layer] = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    lines = source.split("\n")[layer.lineno - 1 : layer.end_lineno]
    docstring = source.split("\n")[layer.body[0].lineno - 1 : layer.body[0].end_lineno]
    code, text = (
        sum(bool(re.match(r"\s*[^#\s]", line)) for line in part) for part in (lines, docstring)
    )
    return code - text


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda each: re.search(r"class (\w+)", each)[1])
def test_a_layer_is_under_fifteen_code_lines(snippet):
    assert code_lines(snippet) < 15


@pytest.mark.parametrize(
    ("file", "most"), [("joint/flip", 25), ("joint/rotation", 12), ("image_only/brightness", 12)]
)
def test_a_layer_owns_its_idea_in_a_few_lines(file, most):
    assert code_lines((ROOT / f"keras_segaug/{file}.py").read_text()) <= most
