"""Blurs and sharpness, compared with OpenCV and Pillow."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageEnhance

from keras_segaug.kernels import filters
from keras_segaug.kernels.blur import gaussian_blur
from keras_segaug.kernels.median import median_blur
from tests.data import COMPILED, random_images, run

NAN = float("nan")


def per_sample(*values):
    return np.array(values, "float32").reshape(-1, 1, 1, 1)


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize("side", [3, 5, 7])
def test_median_is_that_of_opencv(side, compiled):
    images = random_images(2, 19, 23)
    sizes = per_sample(side, 1)
    found = run(
        lambda images, size: median_blur(images, size, (1, side)),
        [images.astype("float32"), sizes],
        compiled,
    )
    np.testing.assert_array_equal(found[0], cv2.medianBlur(images[0], side))
    np.testing.assert_array_equal(found[1], images[1])


def line(length, turn, reach):
    """The kernel of a line, drawn point by point."""
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    for along in np.linspace(-0.5, 0.5, 2 * reach + 1) * length:
        y, x = reach - along * np.sin(turn), reach + along * np.cos(turn)
        top, left = int(np.floor(y)), int(np.floor(x))
        for row, column in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
            share = (1 - abs(y - row)) * (1 - abs(x - column))
            if share > 1e-9:
                kernel[row, column] += share
    return kernel / kernel.sum()


@pytest.mark.parametrize("compiled", COMPILED)
def test_motion_blur_is_a_line(compiled):
    images = random_images(3, 18, 15).astype("float32")
    lengths, turns = per_sample(3.3, 6.0, 0.0), per_sample(0.7, 2.2, 1.0)
    found = run(
        lambda images, length, turn: filters.motion_blur(images, length, turn, 6.0),
        [images, lengths, turns],
        compiled,
    )
    for image, length, turn, blurred in zip(
        images[:2], lengths.ravel(), turns.ravel(), found, strict=False
    ):
        kernel = line(length, turn, 3)
        expected = cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REFLECT)
        np.testing.assert_allclose(blurred, expected, atol=1e-3)
    np.testing.assert_array_equal(found[2], images[2])


@pytest.mark.parametrize("longest", [3.0, 4.0, 9.5, 14.0])
def test_all_of_a_line_is_added_up(longest):
    """Compiled for a CPU, only as many pairs of pixels are added as a line can reach."""
    generator = np.random.default_rng(0)
    lengths, turns = (generator.uniform(0, most, 200) for most in (longest, np.pi))
    lengths[:50], turns[:9] = longest, np.arange(9) * np.pi / 8
    images = np.zeros((200, 17, 17, 1), "float32")
    images[:, 8, 8] = 1000.0
    given = [images, per_sample(*lengths), per_sample(*turns)]
    found, *plain = (
        run(lambda *each: filters.motion_blur(*each, longest), given, compiled)
        for compiled in reversed(COMPILED)
    )
    np.testing.assert_allclose(found.sum(axis=(1, 2, 3)), 1000.0, rtol=1e-5)
    for expected in plain:
        np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("compiled", COMPILED)
def test_defocus_blur_is_a_disk(compiled):
    images = random_images(3, 18, 15).astype("float32")
    radii = per_sample(1.3, 3.0, 0.5)
    found = run(
        lambda images, radius: filters.defocus_blur(images, radius, 3.0), [images, radii], compiled
    )
    y, x = np.mgrid[-3:4, -3:4]
    for image, radius, blurred in zip(images, radii.ravel(), found, strict=True):
        kernel = np.clip(radius + 0.5 - np.hypot(y, x), 0, 1)
        kernel /= kernel.sum()
        expected = cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REFLECT)
        np.testing.assert_allclose(blurred, expected, atol=1e-3)
    np.testing.assert_array_equal(found[2], images[2])


@pytest.mark.parametrize("compiled", COMPILED)
def test_no_data_spreads_where_it_has_a_weight(compiled):
    images = random_images(1, 15, 15, 1).astype("float32")
    images[0, 7, 7] = NAN

    def blurred(images, amount):
        return [
            filters.motion_blur(images, 4.0 * amount, 0.0 * amount, 6.0, True),
            filters.defocus_blur(images, amount, 3.0, True),
            median_blur(images, 3.0 * amount, (3,), True),
            filters.adjust_sharpness(images, 0.5 * amount, True),
        ]

    found = run(blurred, [images, per_sample(1.0)], compiled)
    assert [int(np.isnan(each).sum()) for each in found] == [5, 9, 9, 1]


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize("amount", [0.0, 0.6, 1.0, 2.0])
def test_sharpness_is_that_of_pillow(amount, compiled):
    """Up to a level: Pillow rounds the smooth image first, and truncates the result."""
    [image] = random_images(1)
    expected = ImageEnhance.Sharpness(Image.fromarray(image)).enhance(amount)
    [found] = run(
        filters.adjust_sharpness, [image[None].astype("float32"), per_sample(amount)], compiled
    )
    found = np.round(np.clip(found, 0, 255))
    np.testing.assert_allclose(found, np.array(expected), atol=1)


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize(
    "blur",
    [
        lambda images, amount: filters.motion_blur(images, 9.0 * amount, 3.0 * amount, 9.0),
        lambda images, amount: filters.defocus_blur(images, 3.0 * amount, 3.0),
        lambda images, amount: gaussian_blur(images, 2.0 * amount, (2, 3)),
        lambda images, amount: median_blur(images, 1.0 + 4.0 * amount, (1, 3, 5)),
    ],
    ids=["motion", "defocus", "gaussian", "median"],
)
def test_bytes_are_blurred_as_floats_are(blur, compiled):
    images, amounts = random_images(3, 18, 15), per_sample(0.0, 0.5, 1.0)
    found = run(blur, [images, amounts], compiled)
    expected = run(blur, [images.astype("float32"), amounts], compiled)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-4)
