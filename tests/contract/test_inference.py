"""At inference random layers do nothing, deterministic ones act."""

import numpy as np
import pytest

import keras_segaug as ks
from keras_segaug.core.backend import ops
from keras_segaug.kernels import matrices
from tests.cases import CASES, RANDOM, ids
from tests.data import mask_for, random_images, to_numpy


@pytest.mark.parametrize("case", **ids(RANDOM))
def test_random_layers_are_the_identity_or_the_middle(case):
    images, mask = random_images(), mask_for(case)
    image, kept = to_numpy(case.make()(images, mask, training=False))
    height, width = image.shape[1:3]
    middle = ks.JointCenterCrop(height, width, jit_compile=False)
    expected = to_numpy(middle(images, mask)) if (height, width) != (16, 14) else (images, mask)
    np.testing.assert_array_equal(image, expected[0])
    np.testing.assert_array_equal(kept, expected[1])


@pytest.mark.parametrize("case", **ids([case for case in CASES if not case.make().random]))
def test_deterministic_layers_act_alike(case):
    images, mask = random_images(), mask_for(case)
    trained = to_numpy(case.make()(images, mask))
    inferred = to_numpy(case.make()(images, mask, training=False))
    for a, b in zip(trained, inferred, strict=True):
        np.testing.assert_array_equal(a, b)
    changed = any(
        a.shape != b.shape or (a != b).any() for a, b in zip(trained, (images, mask), strict=True)
    )
    assert changed == (case.layer is not ks.Identity)


@pytest.mark.parametrize("case", **ids(RANDOM))
def test_inference_does_not_advance_the_stream(case):
    images, mask = random_images(), mask_for(case)
    layer, fresh = case.make(), case.make()
    layer(images, mask, training=False)
    for a, b in zip(to_numpy(layer(images, mask)), to_numpy(fresh(images, mask)), strict=True):
        np.testing.assert_array_equal(a, b)


class Corner(ks.JointLayer):
    """Shows the upper part of some columns; at inference, as no hook says otherwise, the first."""

    def draw(self, draws):
        return {"first": ops.cast(draws.integer(3), "float32")}

    def matrix(self, parameters, size):
        return matrices.translation(0.0, parameters["first"], whole=True)

    def output_spec(self, spec):
        return spec.resized(9, 8)


@pytest.mark.parametrize("probability", [1.0, 0.5])
def test_a_size_that_a_layer_declares_is_the_size_at_inference(probability):
    images, mask = random_images(), mask_for(CASES[0])
    layer = Corner(probability=probability, jit_compile=False)
    assert layer(images).shape == (3, 9, 8, 3)
    for each in (layer, ks.Pipeline([ks.JointRandomFlip(), layer], jit_compile=False)):
        found = to_numpy(each(images, mask, training=False))
        np.testing.assert_array_equal(found[0], images[:, :9, :8])
        np.testing.assert_array_equal(found[1], mask[:, :9, :8])
