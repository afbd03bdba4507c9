"""What every layer that mixes samples promises, as functions that raise AssertionError."""

import numpy as np

from tests.data import labels, to_numpy

# Images and masks that say of each pixel from where it comes: sample, row and column.
STEP = 256


def coordinates(count, height=16, width=14):
    grid = np.meshgrid(np.arange(count), np.arange(height), np.arange(width), indexing="ij")
    return np.stack(grid, axis=-1).astype("float32")


def coded(places):
    """One number a pixel."""
    sample, row, column = np.moveaxis(np.asarray(places, "int64"), -1, 0)
    return (sample * STEP + row) * STEP + column


def check_one_source(call, count=4, height=16, width=14, seed=0, mixed=True):
    """Image, every mask and the weights of a pixel come from one place of one sample.

    Args:
        call: a function of a mapping of images, masks and weights.
        count: how many samples.
        height: of the images.
        width: of them.
        seed: of the classes.
        mixed: must some pixel come from another sample?
    """
    places = coordinates(count, height, width)
    classes = labels(count, height, width, classes=5, seed=seed, dtype="int32")
    weights = 1.0 + coded(places).astype("float32") % 1021.0
    one_hot = np.eye(5, dtype="float32")[classes]
    data = {
        "images": places,
        "masks": {"classes": classes, "code": coded(places).astype("int32"), "hot": one_hot},
        "sample_weights": weights,
    }
    found = to_numpy(call(data))
    code = found["masks"]["code"]
    np.testing.assert_array_equal(coded(found["images"]), code)
    sample, row, column = code // STEP**2, code // STEP % STEP, code % STEP
    np.testing.assert_array_equal(found["masks"]["classes"], classes[sample, row, column])
    np.testing.assert_array_equal(found["masks"]["hot"], one_hot[sample, row, column])
    np.testing.assert_array_equal(found["sample_weights"], weights[sample, row, column])
    if mixed:
        own = np.arange(count)[:, None, None]
        assert (sample != own).any(), "nothing is mixed"
    return sample
