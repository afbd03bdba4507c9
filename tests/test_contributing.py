"""The layers that CONTRIBUTING.md shows keep the promises, and are as short as it says."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest

from tests.contract import promises
from tests.data import labels, random_images, to_numpy
from tests.mixing.promises import check_one_source

PAGE = Path(__file__).parents[1] / "CONTRIBUTING.md"
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def shown():
    names: dict = {"__name__": "contributing"}
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


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda each: re.search(r"class (\w+)", each)[1])
def test_a_layer_is_under_fifteen_code_lines(snippet):
    [layer] = [n for n in ast.parse(snippet).body if isinstance(n, ast.ClassDef)]
    docstring = layer.body[0]
    lines = snippet.split("\n")[docstring.end_lineno : layer.end_lineno]
    assert len([line for line in lines if line.strip()]) + 1 < 15
