"""Halfway between two pixels: the label is that of the second, on every path."""

import numpy as np
import pytest

import keras_segaug as ks
from tests.data import COMPILED, to_numpy


def nearest(size, result):
    """In whole numbers: the pixel in which the middle of each pixel of the result lies."""
    return (2 * np.arange(result) + 1) * size // (2 * result)


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize("channels", [3, 4])
def test_resized_labels_are_those_of_whole_numbers(channels, compiled):
    """Scales such as 2/3 put every third pixel on an edge, which float32 misses by a bit."""
    height, width = 170, 226
    mask = (np.arange(height)[:, None] * 7 + np.arange(width)) % 251
    mask = np.stack([mask, mask[::-1]])
    images = np.zeros((*mask.shape, channels), "uint8")
    for size in [(255, 339), (119, 565)]:
        layer = ks.JointResizing(*size, jit_compile=compiled)
        _, found = to_numpy(layer(images, mask.astype("uint8")))
        rows, columns = nearest(height, size[0]), nearest(width, size[1])
        np.testing.assert_array_equal(found, mask[:, rows][:, :, columns])
