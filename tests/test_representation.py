"""What `print` shows of a layer."""

import keras
import numpy as np
import pytest

import keras_segaug as ks
from tests.cases import CASES, MIXING, ids

NAMES = {**vars(ks), "inf": float("inf"), "nan": float("nan")}
# Functions and arrays are abbreviated.
WRITTEN = [case for case in [*CASES, *MIXING] if "<" not in repr(case.make())]


@pytest.mark.parametrize("case", **ids(WRITTEN))
def test_what_is_shown_makes_the_layer_again(case):
    layer = case.make()
    shown = repr(layer)
    assert shown.startswith(f"{type(layer).__name__}(")
    again = eval(shown, dict(NAMES))
    assert repr(again) == shown
    assert str(layer) == shown


@pytest.mark.parametrize("dtype", ["uint8", "mixed_float16", keras.DTypePolicy("float64")])
def test_a_dtype_is_shown_where_it_is_not_keras_own(dtype):
    name = getattr(dtype, "name", dtype)
    assert repr(ks.JointRandomFlip(dtype=dtype)) == f"JointRandomFlip(dtype='{name}')"
    shown = repr(ks.Pipeline([ks.JointRandomFlip()], seed=1, dtype=dtype))
    assert eval(shown, dict(NAMES)).dtype_policy.name == name


def test_arrays_are_shown_in_brief():
    references = [np.zeros((8, 8, 3), "uint8")]
    assert "<uint8 of shape" in repr(ks.ImageOnlyHistogramMatching(references=references))


def test_only_what_is_not_by_default_is_shown():
    assert repr(ks.JointRandomFlip()) == "JointRandomFlip()"
    assert repr(ks.JointRandomAffine(0.25)) == "JointRandomAffine(rotation_factor=(-0.25, 0.25))"
    assert repr(ks.JointRandomFlip("vertical", probability=1 / 3)) == (
        "JointRandomFlip(mode='vertical', probability=0.333333)"
    )


def test_a_composition_has_a_line_for_each_layer():
    inner = ks.RandomChoice([ks.Identity(), ks.ImageOnlyHue(0.5)], weights=[1, 3])
    assert repr(ks.Pipeline([ks.JointRandomFlip(), inner], seed=1)) == (
        "Pipeline([\n"
        "    JointRandomFlip(),\n"
        "    RandomChoice([\n"
        "        Identity(),\n"
        "        ImageOnlyHue(factor=(0, 0.5)),\n"
        "    ], weights=(1, 3)),\n"
        "], seed=1)"
    )


def test_a_layer_of_ones_own_that_keeps_no_attribute_is_shown():
    class Own(ks.JointLayer):
        def __init__(self, amount, **kwargs):
            super().__init__(**kwargs)

    assert repr(Own(3)).endswith("Own()")
