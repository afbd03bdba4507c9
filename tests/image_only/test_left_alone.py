"""Expensive colors are skipped for samples that they leave alone; that changes no result."""

import numpy as np
import pytest

import keras_segaug as ks
from tests.data import labels, random_images, to_numpy

COUNT = 12


def expensive(**kwargs):
    return [
        ks.ImageOnlyLowResolution(probability=0.5, **kwargs),
        ks.ImageOnlyGaussianNoise(0.1, probability=0.5, **kwargs),
        ks.ImageOnlyMotionBlur(length=5, probability=0.5, **kwargs),
    ]


@pytest.mark.parametrize("limits", [{}, {"channels": (0, 2)}, {"mask_classes": [1]}], ids=str)
@pytest.mark.parametrize("before", [[], [ks.ImageOnlyHue(0.1)]], ids=["first", "after a color"])
@pytest.mark.slow
def test_compiled_is_as_all_computed(limits, before):
    images, masks = random_images(COUNT), labels(COUNT)
    layers = [*before, *expensive(**limits)]
    pipelines = [ks.Pipeline(layers, seed=3, jit_compile=each) for each in (True, False)]
    (compiled, kept), (plain, _) = (to_numpy(each(images, masks)) for each in pipelines)
    np.testing.assert_allclose(compiled, plain, atol=0.05)
    np.testing.assert_array_equal(kept, masks)


@pytest.mark.parametrize("number", range(3))
def test_a_sample_that_is_left_alone_keeps_every_bit(number):
    layer = expensive(seed=5, jit_compile=True)[number]
    images = random_images(COUNT).astype("float32") / 7
    result, parameters = layer(images, return_parameters=True)
    acts = to_numpy(parameters["applied"])
    changed = (to_numpy(result) != images).any((1, 2, 3))
    assert changed.any()
    assert not acts.all()
    # The drawn resolution may leave the image as it is.
    assert not changed[~acts].any()
