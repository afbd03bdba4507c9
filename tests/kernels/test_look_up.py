"""Each backend's lookup of images and labels, compared with the general lookup."""

import keras
import numpy as np
import pytest

from keras_segaug.engine.sampling_grid import SamplingGrid
from keras_segaug.kernels.samplers import read_batch, sampler
from keras_segaug.kernels.sampling import look_up
from tests.data import random_images, to_numpy

MODES = ("reflect", "wrap", "nearest", "constant")


def looked_up(images, labels, points, interpolation="bilinear", fill_mode="reflect", fill=9):
    tensors = [keras.ops.convert_to_tensor(each) for each in (images, labels, *points)]
    grid = SamplingGrid(points[0].shape[1:], None, tuple(tensors[2:]))
    found, [label] = look_up(tensors[0], [(tensors[1], 7)], grid, interpolation, fill_mode, fill)
    return to_numpy(found), to_numpy(label)


def in_general(tensor, points, *settings):
    grid = [keras.ops.convert_to_tensor(each) for each in points]
    one = sampler(keras.ops.convert_to_tensor(tensor), *settings)
    [found] = read_batch([one], grid, len(tensor))
    return to_numpy(found)


@pytest.mark.parametrize("channels", [1, 3, 5])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "int32"])
@pytest.mark.parametrize("fill_mode", MODES)
@pytest.mark.parametrize("size", [(11, 8), (1, 6)])
def test_the_same_pixels(size, fill_mode, dtype, channels):
    rng = np.random.default_rng(0)
    images = random_images(2, *size, channels).astype(dtype)
    labels = rng.integers(0, 200, (2, *size, 1), "uint8" if dtype == "uint8" else "int32")
    points = [rng.uniform(-1.6 * n, 2.6 * n, (2, 9, 7)).astype("float32") for n in size]
    found, label = looked_up(images, labels, points, fill_mode=fill_mode)
    expected = in_general(images, points, "bilinear", fill_mode, 9)
    # Images are blended in float32, and 8-bit images rounded once.
    np.testing.assert_allclose(found, expected, atol=0.51 if dtype == "uint8" else 2e-3)
    assert str(found.dtype) == ("uint8" if dtype == "uint8" else "float32")
    np.testing.assert_array_equal(label, in_general(labels, points, "nearest", fill_mode, 7))


@pytest.mark.parametrize("fill_mode", MODES)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_pixels_on_pixels_stay_as_they_are(dtype, fill_mode):
    """Bit for bit: a layer that does nothing to a sample leaves it unchanged."""
    images = (random_images(1, 37, 611, 3) / (1 if dtype == "uint8" else 3)).astype(dtype)
    labels = random_images(1, 37, 611, 1).astype("uint8")
    points = np.meshgrid(np.arange(37.0), np.arange(611.0), indexing="ij")
    points = [each[None].astype("float32") for each in points]
    found, label = looked_up(images, labels, points, fill_mode=fill_mode)
    np.testing.assert_array_equal(found, images)
    np.testing.assert_array_equal(label, labels)


def test_a_label_changes_in_the_middle():
    below, middle = np.nextafter(np.float32(0.5), np.float32(0.0)), np.float32(0.5)
    labels = np.arange(4, dtype="uint8").reshape(1, 1, 4, 1)
    columns = np.array([[[below, middle, 1.0 + middle, 2.49]]], "float32")
    images = np.zeros((1, 1, 4, 3), "uint8")
    # "nearest", since mirroring may round a point before the lookup.
    _, label = looked_up(images, labels, [0.0 * columns, columns], fill_mode="nearest")
    np.testing.assert_array_equal(label.ravel(), [0, 1, 2, 2])


def test_what_is_no_number_spreads_to_what_is_blended_with_it_alone():
    images = np.array([1.0, np.nan, 3.0, np.inf, 5.0], "float32").reshape(1, 1, 5, 1)
    columns = np.array([[[0.0, 1.0, 2.0, 0.5, 3.0, 4.0, 3.5]]], "float32")
    labels = np.zeros((1, 1, 5, 1), "uint8")
    found, _ = looked_up(images, labels, [0.0 * columns, columns])
    expected = [1.0, np.nan, 3.0, np.nan, np.inf, 5.0, np.inf]
    np.testing.assert_array_equal(found.ravel(), expected)


def test_large_images_are_looked_up_where_float32_is_exact():
    """Positions as fractions of the size lose more bits the larger the size is."""
    images = np.tile(np.array([0, 255], "uint8"), 20_000).reshape(1, 1, -1, 1)
    columns = np.array([[[39_998.0, 39_999.0, 20_001.25]]], "float32")
    found, _ = looked_up(images, images, [0.0 * columns, columns])
    np.testing.assert_array_equal(found.ravel(), [0, 255, 191])
