"""Compiled in `tf.data`, where neither the batch size nor the size of the images is known."""

import numpy as np
import pytest

import keras_segaug as ks
from tests.data import labels, random_images, to_numpy

LAYERS = [
    ks.ImageOnlyGaussianNoise(0.1, probability=0.5),
    ks.RandomChoice([ks.ImageOnlyInvert(), ks.ImageOnlyGaussianBlur()]),
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda each: type(each).__name__)
@pytest.mark.slow
def test_choices_are_compiled_for_unknown_sizes(layer):
    tf = pytest.importorskip("tensorflow")
    images, masks = random_images(4), labels(4)
    shapes = [(None, None, None, 3), (None, None, None)]
    signature = tuple(tf.TensorSpec(shape, tf.uint8) for shape in shapes)
    data = tf.data.Dataset.from_generator(
        lambda: iter([(images, masks)]), output_signature=signature
    )
    compiled, plain = (
        ks.Pipeline([layer], seed=3, jit_compile=each).augment for each in (True, False)
    )
    [(found, kept)] = data.map(lambda x, y: compiled((x, y), 5))
    np.testing.assert_allclose(found.numpy(), to_numpy(plain((images, masks), 5))[0], atol=0.05)
    np.testing.assert_array_equal(kept.numpy(), masks)
