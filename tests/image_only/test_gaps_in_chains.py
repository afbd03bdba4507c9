"""NaN, "no data", stays NaN, however a chain of colors is compiled."""

import numpy as np
import pytest

import keras_segaug as ks
from tests.data import random_images, to_numpy


def holes():
    """Images with one pixel without any value, and one pixel for each missing channel."""
    images = random_images(2, 32, 32).astype("float32")
    images[0, 4, 5] = np.nan
    for channel in range(3):
        images[1, 8, 8 * channel, channel] = np.nan
    return images


CHAINS = {
    "sharpness": [ks.ImageOnlyBrightness((0.1, 0.1)), ks.ImageOnlySharpness((0.8, 0.8))],
    "gray": [ks.ImageOnlyGaussianBlur(sigma=(0.0, 0.0)), ks.ImageOnlyGrayscale()],
    "gamma": [ks.ImageOnlySharpness((0.5, 0.5)), ks.ImageOnlyGamma((0.8, 0.8))],
    "hue": [ks.ImageOnlyHue((0.3, 0.3))],
    "saturation": [ks.ImageOnlySaturation((0.7, 0.7))],
    "after a blur": [
        ks.ImageOnlyGaussianBlur(sigma=(0.0, 0.0)),
        ks.ImageOnlyColorJitter(saturation_factor=(0.7, 0.7), hue_factor=(0.1, 0.1)),
    ],
}


@pytest.mark.parametrize("name", CHAINS)
def test_no_data_stays_no_data(name):
    images = holes()
    compiled, plain = (
        np.isnan(to_numpy(ks.Pipeline(CHAINS[name], seed=1, jit_compile=each)(images)))
        for each in (True, False)
    )
    assert compiled[np.isnan(images)].all()
    np.testing.assert_array_equal(compiled, plain)


@pytest.mark.parametrize("layer", [ks.ImageOnlyErasing, ks.ImageOnlyGridDropout])
def test_what_is_filled_with_no_data_is_left_out_of_8_bit_images(layer):
    images = random_images(2, 32, 32)
    first = layer(fill_value=float("nan"))
    filled, found = (
        np.isnan(to_numpy(ks.Pipeline(layers, seed=1, jit_compile=False)(images)))
        for layers in ([first, ks.Identity()], [first, ks.ImageOnlyContrast(0.3)])
    )
    assert filled.any()
    assert found.mean() < 0.5
