"""What is lost, and what stays in place, when an image is made small and large again."""

import cv2
import keras
import numpy as np
import pytest

from keras_segaug.core import backend
from keras_segaug.kernels.low_resolution import low_resolution
from tests.data import COMPILED, gradient_of, random_images, run

SCALES = np.array([0.25, 0.5, 0.73, 1.0], "float32").reshape(-1, 1, 1, 1)


def coarse(images, compiled, interpolation="bicubic", scales=SCALES, smallest=0.25):
    def function(images, scale):
        return low_resolution(images, scale, interpolation, smallest)

    return run(function, [images, scales], compiled)


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_a_mirrored_image_gives_the_mirrored_result(interpolation, compiled):
    """A displacement would go to the opposite side in the mirrored image."""
    images = random_images(4, 32, 30).astype("float32")
    found = coarse(images, compiled, interpolation)
    mirrored = coarse(images[:, ::-1, ::-1].copy(), compiled, interpolation)
    np.testing.assert_allclose(mirrored[:, ::-1, ::-1], found, atol=2e-3)
    np.testing.assert_array_equal(found[3], images[3])


def test_a_spot_stays_where_it_is():
    """It stays to a twentieth of a pixel, wherever it lies between pixels."""
    y, x = np.mgrid[:64, :64].astype("float32")
    for middle in (30.0, 31.3, 32.5):
        spot = np.exp(-((y - middle) ** 2 + (x - middle) ** 2) / (2 * 8.0**2))
        images = np.stack([spot] * 4)[..., None].astype("float32")
        for found in coarse(images, False)[1:, ..., 0]:
            center = (found * y).sum() / found.sum(), (found * x).sum() / found.sum()
            np.testing.assert_allclose(center, (y * spot).sum() / spot.sum(), atol=0.05)


def test_a_ramp_at_half_the_size_stays_a_ramp():
    """Nearest pixels alone would be off by half a pixel."""
    ramp = np.broadcast_to(np.arange(32, dtype="float32")[:, None, None], (4, 32, 8, 1)).copy()
    for found in coarse(ramp, False, "bilinear")[:2]:
        np.testing.assert_allclose(found[4:-4], ramp[0, 4:-4], atol=1e-4)


def test_as_opencv_where_no_center_lies_midway():
    image = random_images(1, 30, 27)[0].astype("float32")
    scale = np.full((1, 1, 1, 1), 1 / 3, "float32")

    def function(images, scale):
        return low_resolution(images, scale, "bilinear", 1 / 3)

    small = image[1::3, 1::3]
    expected = cv2.resize(small, (27, 30), interpolation=cv2.INTER_LINEAR)
    [found] = run(function, [image[None], scale], False)
    np.testing.assert_allclose(found, expected, atol=1e-2)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("smallest", [0.1, 0.25, 0.5])
def test_block_by_block_is_as_all_at_once(interpolation, smallest):
    """An image that may become a single pixel is computed all at once."""
    images = random_images(8, 203, 150).astype("float32")
    rest = np.random.default_rng(1).uniform(smallest, 1.0, 6)
    scales = np.array([smallest, 1.001 * smallest, *rest], "float32").reshape(-1, 1, 1, 1)
    blocks = coarse(images, False, interpolation, scales, smallest)
    whole = coarse(images, False, interpolation, scales, 0.001)
    np.testing.assert_allclose(blocks, whole, atol=1e-3)


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="torch does not compile with XLA")
@pytest.mark.parametrize(
    ("shape", "interpolation", "smallest"),
    [
        ((37, 53, 3), "bicubic", 0.25),
        ((1, 41, 1), "bicubic", 0.5),
        ((45, 1, 9), "bilinear", 0.3),
        # 0.3 of 5 are 1.5: what float32 makes of it decides between one coarse pixel and two.
        ((5, 15, 3), "bicubic", 0.3),
    ],
)
def test_compiled_line_by_line_is_as_products(shape, interpolation, smallest):
    images = random_images(8, *shape)
    scales = [smallest, np.nextafter(np.float32(smallest), 0), 0.5, 2 / 3, 1.0]
    scales = [*scales, *np.random.default_rng(1).uniform(smallest, 1.0, 3)]
    scales = np.array(scales, "float32").reshape(-1, 1, 1, 1)
    products = coarse(images.astype("float32"), False, interpolation, scales, smallest)
    found = coarse(images, True, interpolation, scales, smallest)
    np.testing.assert_allclose(found, products, atol=1e-3)
    np.testing.assert_array_equal(found[4], images[4])
    flat = np.broadcast_to(images[:, :1, :1], images.shape).copy()
    found = coarse(flat, True, interpolation, scales, smallest)
    np.testing.assert_array_equal(np.rint(found), flat)


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="TensorFlow derives the plain program")
def test_the_gradient_of_lines_is_that_of_products():
    images = random_images(4, 19, 23).astype("float32")
    upstream = keras.ops.convert_to_tensor(random_images(4, 19, 23, seed=1).astype("float32"))

    def gradient(for_cpu):
        def weighted(images):
            with backend.compiling(for_cpu):
                found = low_resolution(images, keras.ops.convert_to_tensor(SCALES), "bicubic", 0.25)
            return keras.ops.sum(upstream * found)

        return gradient_of(weighted, images)

    lines, products = gradient(True), gradient(False)
    assert np.abs(products).max() > 1.0
    np.testing.assert_allclose(lines, products, atol=1e-2)
