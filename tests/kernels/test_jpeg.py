"""JPEG, compared with Pillow, which uses libjpeg."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from keras_segaug.kernels.jpeg import jpeg
from tests.data import COMPILED, ct_slices, random_images, run

QUALITIES = (1, 10, 49, 50, 75, 95, 100)


def by_pillow(image, quality):
    file = io.BytesIO()
    Image.fromarray(image.squeeze()).save(file, "JPEG", quality=quality, subsampling=0)
    return np.array(Image.open(file)).reshape(image.shape)


def smooth():
    rng = np.random.default_rng(0)
    image = cv2.resize(rng.integers(0, 256, (9, 8, 3), "uint8"), (61, 67))
    return np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype("uint8")


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize("kind", ["noise", "smooth", "ct"])
def test_against_pillow(kind, compiled):
    """All pixels are within one level, except in one block of some hundreds, where a coefficient so
    near to the middle between two steps is rounded to the other one."""
    image = {
        "noise": lambda: random_images(1, 35, 29)[0],
        "smooth": smooth,
        "ct": lambda: ct_slices()[0][3],
    }[kind]()
    images = np.stack([image] * len(QUALITIES)).astype("float32")
    quality = np.array(QUALITIES, "float32").reshape(-1, 1, 1, 1)
    for found, each in zip(run(jpeg, [images, quality], compiled), QUALITIES, strict=True):
        apart = np.abs(found - by_pillow(image, each))
        assert (apart > 1).mean() < 0.01
        assert np.median(apart) == 0


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_other_channels_are_gray(channels):
    images = random_images(1, 11, 9, channels)
    quality = np.full((1, 1, 1, 1), 40, "float32")
    [found] = run(jpeg, [images.astype("float32"), quality], False)
    for i in range(channels):
        expected = by_pillow(images[0, ..., i], 40)
        assert (np.abs(found[..., i] - expected) > 1).mean() < 0.02
