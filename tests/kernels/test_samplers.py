"""The lookup, compared with scipy.ndimage and with grids made by hand."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from keras_segaug.kernels.samplers import read_batch, sampler
from tests.data import random_images, to_numpy

SCIPY_MODES = {
    "reflect": "reflect",
    "wrap": "grid-wrap",
    "nearest": "nearest",
    "constant": "grid-constant",
}


def read(pixels, columns, rows, *settings):
    tensors = [
        keras.ops.convert_to_tensor(np.asarray(x, d))
        for x, d in ((pixels, pixels.dtype), (columns, "float32"), (rows, "float32"))
    ]
    (values,) = read_batch([sampler(tensors[0], *settings)], tensors[:0:-1], len(pixels))
    return to_numpy(values)


def scipy_read(pixels, columns, rows, order, fill_mode, fill):
    return np.stack(
        [
            np.stack(
                [
                    ndimage.map_coordinates(
                        image[..., channel].astype("float64"),
                        [y, x],
                        order=order,
                        mode=SCIPY_MODES[fill_mode],
                        cval=fill,
                    )
                    for channel in range(image.shape[-1])
                ],
                -1,
            )
            for image, y, x in zip(pixels, rows, columns, strict=True)
        ]
    )


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 12),
    width=st.integers(1, 12),
    reach=st.floats(0.5, 40),
    fill_mode=st.sampled_from(sorted(SCIPY_MODES)),
    order=st.sampled_from([0, 1]),
    seed=st.integers(0, 1000),
)
def test_against_scipy(height, width, reach, fill_mode, order, seed):
    rng = np.random.default_rng(seed)
    pixels = random_images(2, height, width, 2, seed)
    rows = rng.uniform(-reach, height + reach, (2, 7, 5)).astype("float32")
    columns = rng.uniform(-reach, width + reach, (2, 7, 5)).astype("float32")
    # Halfway between two pixels either is the nearest.
    for points in (rows, columns):
        points[np.abs(points % 1.0 - 0.5) < 1e-3] += 0.01
    interpolation = ("nearest", "bilinear")[order]
    result = read(pixels, columns, rows, interpolation, fill_mode, 9)
    expected = scipy_read(pixels, columns, rows, order, fill_mode, 9)
    np.testing.assert_allclose(result, expected, atol=2e-2)


@pytest.mark.parametrize("fill_mode", sorted(SCIPY_MODES))
def test_bicubic_is_keys_kernel(fill_mode):
    """Scipy has no such kernel, so the weights are written out here."""

    def kernel(distance):
        d = np.abs(distance)
        return np.where(
            d <= 1,
            1.5 * d**3 - 2.5 * d**2 + 1,
            np.where(d < 2, -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2, 0),
        )

    rng = np.random.default_rng(0)
    pixels = random_images(2, 9, 8, 1)
    rows, columns = rng.uniform(-4, 12, (2, 2, 6, 5)).astype("float32")
    expected = 0.0
    for i in range(-7, 16):
        for j in range(-7, 16):
            weight = kernel(rows - i) * kernel(columns - j)
            values = scipy_read(
                pixels, np.full_like(columns, j), np.full_like(rows, i), 0, fill_mode, 9
            )
            expected = expected + weight[..., None] * values
    result = read(pixels, columns, rows, "bicubic", fill_mode, 9)
    np.testing.assert_allclose(result, expected, atol=2e-2)


@pytest.mark.parametrize(
    ("fill_mode", "expected"),
    [
        ("reflect", [3, 2, 1, 1, 2, 3, 3, 2, 1]),
        ("wrap", [1, 2, 3] * 3),
        ("nearest", [1, 1, 1, 1, 2, 3, 3, 3, 3]),
        ("constant", [0, 0, 0, 1, 2, 3, 0, 0, 0]),
    ],
)
def test_borders_by_hand(fill_mode, expected):
    pixels = np.array([1, 2, 3], "uint8").reshape(1, 1, 3, 1)
    columns = np.arange(-3, 6).reshape(1, 1, 9)
    result = read(pixels, columns, np.zeros((1, 1, 9)), "nearest", fill_mode, 0)
    assert result.ravel().tolist() == expected
    assert result.dtype == np.uint8


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
def test_whole_pixels_are_copied(interpolation):
    pixels = random_images(2, 6, 7)
    rows, columns = np.meshgrid(np.arange(6), np.arange(7), indexing="ij")
    result = read(pixels, columns[None], rows[None], interpolation, "reflect", 0)
    np.testing.assert_array_equal(result, pixels)


def test_one_fill_a_channel():
    pixels = np.zeros((1, 2, 2, 3), "uint8")
    outside = np.full((1, 1, 1), 9.0)
    result = read(pixels, outside, outside, "nearest", "constant", [1, 2, 3])
    assert result.ravel().tolist() == [1, 2, 3]
