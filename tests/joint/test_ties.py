"""Halfway between two pixels the label is that of the second, on every path."""

import numpy as np
import pytest

import keras_segaug as ks
from tests.data import COMPILED, to_numpy


def nearest(size, result):
    """The pixel in which the middle of each result pixel lies, computed in whole numbers."""
    return (2 * np.arange(result) + 1) * size // (2 * result)


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize("channels", [3, 4])
def test_resized_labels_are_those_of_whole_numbers(channels, compiled):
    """float32 misses the last bit of these scales, so edges could be missed by a bit, too."""
    height, width = 84, 54
    mask = (np.arange(height)[:, None] * 7 + np.arange(width)) % 251
    mask = np.stack([mask, mask[::-1]])
    images = np.zeros((*mask.shape, channels), "uint8")
    layer = ks.JointResizing(266, 171, jit_compile=compiled)
    _, found = to_numpy(layer(images, mask.astype("uint8")))
    rows, columns = nearest(height, 266), nearest(width, 171)
    np.testing.assert_array_equal(found, mask[:, rows][:, :, columns])
