"""Several color layers in a row give the same as the layers one by one."""

import keras
import numpy as np
import pytest

import keras_segaug as ks
from tests.data import ct_slices, labels, random_images, to_numpy

# Layers that work on all channels together, on each channel, on values, on neighbors, on masks.
LAYERS = {
    "brightness": lambda: ks.ImageOnlyBrightness(0.2),
    "contrast": lambda: ks.ImageOnlyContrast(0.5),
    "gamma": lambda: ks.ImageOnlyGamma(0.5),
    "hue": lambda: ks.ImageOnlyHue(0.5),
    "saturation": lambda: ks.ImageOnlySaturation((0.2, 0.8)),
    "blur": lambda: ks.ImageOnlyGaussianBlur(kernel_size=3, sigma=1.0),
    "rescaling": lambda: ks.ImageOnlyRescaling(0.5, 3.0),
    "maybe": lambda: ks.ImageOnlyHue(0.5, probability=0.5),
    "one-hot": lambda: ks.MaskOnlyOneHot(5),
    # "nearest", since a blend halfway between two levels may be rounded either way.
    "rotation": lambda: ks.JointRandomRotation(0.1, interpolation="nearest"),
    "flip": lambda: ks.JointRandomFlip(),
    "erasing": lambda: ks.JointRandomErasing(),
}
CHAINS = [
    "hue saturation",
    "gamma hue brightness",
    "hue gamma contrast maybe",
    "brightness contrast",
    "contrast blur hue",
    "rotation hue one-hot contrast",
    "rotation maybe rotation saturation",
    "hue rotation gamma",
    "flip contrast rescaling",
    "saturation erasing hue",
    "one-hot hue",
    "rotation gamma",
]


@pytest.mark.parametrize("jit_compile", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "uint8"])
@pytest.mark.parametrize("chain", CHAINS)
def test_a_chain_is_its_layers_one_by_one(chain, dtype, jit_compile):
    layers = [LAYERS[name]() for name in chain.split()]
    pipeline = ks.Pipeline(layers, seed=3, dtype=dtype, jit_compile=jit_compile)
    images, masks = random_images(3, 40, 33), labels(3, 40, 33)
    key = ks.random.key(5)
    found = to_numpy(pipeline.augment((images, masks), key))
    expected, drawn = (images, masks), pipeline.draw_parameters(images.shape, key)
    for layer, parameters in zip(layers, drawn["layers"], strict=True):
        expected = layer.apply(expected, parameters if layer.random else None)
        if chain.startswith("rotation") and layer is layers[0]:
            # In a pipeline a lookup keeps 8 bits; by itself a layer returns its own dtype.
            expected = keras.ops.cast(keras.ops.round(expected[0]), "uint8"), expected[1]
    expected_images, expected_masks = to_numpy(expected)
    atol = 0.02 if dtype == "float32" else 0.52
    np.testing.assert_allclose(found[0], np.clip(expected_images, 0, 255), atol=atol)
    np.testing.assert_array_equal(found[1], expected_masks)


@pytest.mark.parametrize("jit_compile", [True, False])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_spoils_no_other_pixel(value, jit_compile):
    images = random_images(2, 40, 33).astype("float32")
    images[:, 0, 0] = value
    layers = [
        ks.JointRandomRotation((0.0, 0.0), interpolation="nearest"),
        ks.ImageOnlyHue((0.0, 0.0)),
        ks.ImageOnlyGaussianNoise((0.0, 0.0)),
    ]
    found = to_numpy(ks.Pipeline(layers, seed=1, jit_compile=jit_compile)(images))
    expected = images.copy()
    found[:, 0, 0] = expected[:, 0, 0] = 0.0
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_chains_on_real_slices(dtype):
    """With one channel no word is full, and one table serves the whole image."""
    images, masks, _ = ct_slices()
    layers = [ks.ImageOnlyGamma((0.5, 0.9)), ks.ImageOnlyContrast(0.3)]
    results = [
        to_numpy(ks.Pipeline(layers, seed=1, dtype=dtype, jit_compile=j)(images[:4], masks[:4]))
        for j in (True, False)
    ]
    np.testing.assert_allclose(results[0][0], results[1][0], atol=0.01 if dtype == "float32" else 1)
    np.testing.assert_array_equal(results[0][1], masks[:4])
