"""What every layer that mixes samples promises, as functions that raise AssertionError."""

import numpy as np

from tests.data import labels, to_numpy

# Base of the code that says where each pixel comes from: sample, row and column.
STEP = 256


def coordinates(count, height=16, width=14):
    grid = np.meshgrid(np.arange(count), np.arange(height), np.arange(width), indexing="ij")
    return np.stack(grid, axis=-1).astype("float32")


def coded(places):
    """One number for each pixel."""
    sample, row, column = np.moveaxis(np.asarray(places, "int64"), -1, 0)
    return (sample * STEP + row) * STEP + column


def batch_of_places(count=4, height=16, width=14, seed=0):
    """A mapping of images and masks that say where each pixel comes from.

    Args:
        count: how many samples.
        height: of the images.
        width: of them.
        seed: of the classes.
    """
    places = coordinates(count, height, width)
    classes = labels(count, height, width, classes=5, seed=seed, dtype="int32")
    code = coded(places)
    one_hot = np.eye(5, dtype="float32")[classes]
    return {
        "images": places,
        "masks": {"classes": classes, "code": code.astype("int32"), "hot": one_hot},
        "sample_weights": 1.0 + code.astype("float32") % 1021.0,
    }


def check_one_source(call, mixed=True, **batch):
    """Image, every mask and the weights of a pixel come from one place of one sample.

    Args:
        call: a function of a mapping of images, masks and weights.
        mixed: must some pixel come from another sample?
        **batch: see `batch_of_places`.
    """
    data = batch_of_places(**batch)
    sample = check_places(data, to_numpy(call(data)))
    if mixed:
        assert (sample != np.arange(len(sample))[:, None, None]).any(), "nothing is mixed"
    return sample


def check_places(data, found):
    """The sample that each pixel comes from, in a result `found` for a `batch_of_places`."""
    code = found["masks"]["code"]
    np.testing.assert_array_equal(coded(found["images"]), code)
    sample, row, column = code // STEP**2, code // STEP % STEP, code % STEP
    for name in ("classes", "hot"):
        given = data["masks"][name]
        np.testing.assert_array_equal(found["masks"][name], given[sample, row, column])
    weights = data["sample_weights"][sample, row, column]
    np.testing.assert_array_equal(found["sample_weights"], weights)
    return sample
