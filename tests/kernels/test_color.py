"""Color arithmetic, compared with Python's colorsys and with the documentation."""

import colorsys

import keras
import numpy as np
import pytest

from keras_segaug.kernels import color
from keras_segaug.kernels.channels import joined, split
from tests.data import random_images, to_numpy


def adjust_contrast(images, factor, value_range):
    return color.adjust_contrast(images, factor, color.channel_means(images), value_range)


def float_images():
    images = random_images(2, 12, 10).astype("float32")
    images[0, 0] = 0.0  # black, white, grays and pure colors, where hue is hard
    images[0, 1] = 255.0
    images[0, 2] = np.arange(10)[:, None] * 25.0
    images[0, 3, :3] = np.eye(3) * 255.0
    images[0, 3, 3:6] = 255.0 - np.eye(3) * 255.0
    return images


def by_colorsys(images, change):
    result = np.empty_like(images)
    for index in np.ndindex(images.shape[:-1]):
        hsv = colorsys.rgb_to_hsv(*(images[index] / 255.0).tolist())
        result[index] = np.array(colorsys.hsv_to_rgb(*change(*hsv))) * 255.0
    return result


def adjust_hue(images, *amounts):
    return joined(color.adjust_hue(split(images), *amounts))


def adjust_saturation(images, *amounts):
    return joined(color.adjust_saturation(split(images), *amounts))


def tensor(value):
    return keras.ops.convert_to_tensor(value, dtype="float32")


@pytest.mark.parametrize("shift", [-0.5, -0.3, 0.0, 0.05, 0.5])
def test_hue(shift):
    images = float_images()
    result = to_numpy(adjust_hue(tensor(images), tensor(shift), (0.0, 255.0)))
    expected = by_colorsys(images, lambda h, s, v: ((h + shift) % 1.0, s, v))
    np.testing.assert_allclose(result, expected, atol=2e-2)


@pytest.mark.parametrize("factor", [0.0, 0.2, 0.5, 0.7, 1.0])
def test_saturation(factor):
    images = float_images()
    multiplier = to_numpy(color.saturation_multiplier(tensor(factor)))
    result = to_numpy(adjust_saturation(tensor(images), tensor(multiplier), (0.0, 255.0)))
    expected = by_colorsys(images, lambda h, s, v: (h, min(s * multiplier, 1.0), v))
    np.testing.assert_allclose(result, expected, atol=2e-2)


def test_brightness_is_additive_and_clipped():
    result = color.adjust_brightness(tensor([0.0, 0.5, 1.0]), 0.25, (0.0, 1.0))
    np.testing.assert_allclose(to_numpy(result), [0.25, 0.75, 1.0])


def test_contrast_stretches_about_each_channels_mean():
    images = random_images(2).astype("float32") / 4 + 90
    result = to_numpy(adjust_contrast(tensor(images), 1.5, (0.0, 255.0)))
    mean = images.mean((1, 2), keepdims=True)
    np.testing.assert_allclose(result, (images - mean) * 1.5 + mean, rtol=1e-4)


@pytest.mark.parametrize(
    "value_range", [(0.0, 255.0), (0.0, 1.0), (-1.0, 1.0), (0.0, 1e-9), (0.0, 1e9)]
)
def test_value_ranges_are_equal_up_to_scale(value_range):
    low, high = value_range
    images = random_images(1).astype("float32")
    scaled = images / 255.0 * (high - low) + low
    for adjust, amount in (
        (color.adjust_brightness, 0.1),
        (adjust_contrast, 1.2),
        (adjust_saturation, 1.5),
        (adjust_hue, 0.2),
        (color.adjust_gamma, 0.7),
    ):
        amount = tensor(amount)
        expected = to_numpy(adjust(tensor(images), amount, (0.0, 255.0))) / 255.0
        result = (to_numpy(adjust(tensor(scaled), amount, value_range)) - low) / (high - low)
        np.testing.assert_allclose(result, expected, atol=2e-5)


def test_gamma():
    result = color.adjust_gamma(tensor([0.0, 63.75, 255.0]), 2.0, (0.0, 255.0))
    np.testing.assert_allclose(to_numpy(result), [0.0, 15.9375, 255.0], rtol=1e-5)
