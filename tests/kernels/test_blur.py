"""Blur, compared with scipy.ndimage."""

import keras
import numpy as np
import pytest
from scipy import ndimage

from keras_segaug.kernels.blur import gaussian_blur
from tests.data import COMPILED, random_images, run, to_numpy


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize("channels", [1, 3, 5])
@pytest.mark.parametrize("radius", [(1, 1), (2, 3), (6, 0), (40, 40), (18, 15)])
def test_against_scipy(radius, channels, compiled):
    images = random_images(2, 18, 15, channels).astype("float32")
    sigma = np.array([0.7, 2.5], "float32")
    result = run(
        lambda images, sigma: gaussian_blur(images, sigma, radius),
        [images, sigma.reshape(-1, 1, 1, 1)],
        compiled,
    )
    for image, value, blurred in zip(images, sigma, result, strict=True):
        expected = ndimage.gaussian_filter(
            image, (value, value, 0), radius=(*radius, 0), mode="reflect"
        )
        np.testing.assert_allclose(blurred, expected, atol=1e-2)


def test_sigma_zero_changes_nothing():
    images = keras.ops.convert_to_tensor(random_images(1).astype("float32"))
    zero = keras.ops.zeros((1, 1, 1, 1))
    np.testing.assert_array_equal(to_numpy(gaussian_blur(images, zero, (2, 2))), to_numpy(images))
