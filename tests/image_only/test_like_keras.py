"""Fixed factors on fixed colors, compared with Keras' layer of that name on the same backend.

What differs, and why, is in docs/keras_conventions.md; here it is measured.
"""

import keras
import numpy as np
import pytest

import keras_segaug as ks
from tests.data import random_images, to_numpy

QUIET = {"jit_compile": False}


def colors():
    return random_images(2).astype("float32")


def tensor(*values):
    return keras.ops.convert_to_tensor(values, dtype="float32")


@pytest.mark.parametrize("amount", [-1.0, -0.3, 0.0, 0.3, 1.0])
def test_brightness(amount):
    ours = ks.ImageOnlyBrightness((amount, amount), **QUIET)
    theirs = keras.layers.RandomBrightness((amount, amount))
    np.testing.assert_allclose(to_numpy(ours(colors())), to_numpy(theirs(colors())), atol=1e-3)


@pytest.mark.parametrize("amount", [0.0, 0.6, 1.0, 1.5])
def test_contrast(amount):
    """Keras draws from (1 - lower, 1 + upper), so no pair fixes the factor."""
    drawn = {"contrast_factor": tensor(amount, amount)[:, None, None, None]}
    theirs = keras.layers.RandomContrast(0.5).transform_images(tensor(*colors()), drawn)
    drawn = ks.ImageOnlyContrast(0.5).draw_parameters(colors().shape, 1)
    ours = ks.ImageOnlyContrast(0.5).apply(colors(), {**drawn, "factor": tensor(amount, amount)})
    np.testing.assert_allclose(to_numpy(ours), to_numpy(theirs), atol=2e-2)


def test_a_pair_of_contrasts_has_the_ends_of_keras():
    drawn = ks.ImageOnlyContrast((0.5, 0.3)).draw_parameters((2000, 1, 1, 1), 1)["factor"]
    drawn = to_numpy(drawn)
    np.testing.assert_allclose([drawn.min(), drawn.max()], [0.5, 1.3], atol=0.01)


@pytest.mark.parametrize("amount", [0.0, 0.3, 0.5, 0.6])
def test_saturation(amount):
    """The colors are halfway to gray, so the factor moves none of them out of the range."""
    images = colors() / 255 * 0.25 + 0.5
    ours = ks.ImageOnlySaturation((amount, amount), value_range=(0, 1), **QUIET)
    theirs = keras.layers.RandomSaturation((amount, amount), value_range=(0, 1))
    np.testing.assert_allclose(to_numpy(ours(images)), to_numpy(theirs(images)), atol=2e-3)


@pytest.mark.parametrize("shift", [-0.5, -0.2, 0.1, 0.5])
def test_hue(shift):
    """The shift is in turns; Keras' factor is twice as much, with a random sign."""
    images = colors() / 255
    layer = keras.layers.RandomHue(1.0, value_range=(0, 1))
    theirs = layer.transform_images(images, {"factor": tensor(shift, shift)})
    mine = ks.ImageOnlyHue(1.0, value_range=(0, 1))
    drawn = mine.draw_parameters(images.shape, 1)
    assert np.abs(to_numpy(drawn["shift"])).max() <= 0.5
    ours = mine.apply(images, {**drawn, "shift": tensor(shift, shift)})
    np.testing.assert_allclose(to_numpy(ours), to_numpy(theirs), atol=2e-3)


@pytest.mark.parametrize(("kernel", "sigma"), [(3, 0.7), (5, 1.0), ((3, 3), 0.3)])
def test_blur(kernel, sigma):
    """They agree inside: at the border Keras blends with black, ours mirrors."""
    images = random_images(2, 20, 20).astype("float32")
    settings = {"kernel_size": kernel, "sigma": (sigma, sigma)}
    # For a factor of 1.0 Keras draws a chance from 0 to 1, which leaves half of the images alone.
    theirs = to_numpy(keras.layers.RandomGaussianBlur((1.0, 1.0), **settings)(images))
    ours = to_numpy(ks.ImageOnlyGaussianBlur(**settings, **QUIET)(images))
    np.testing.assert_allclose(ours[:, 3:-3, 3:-3], theirs[:, 3:-3, 3:-3], atol=1e-2)


def test_a_pair_of_kernel_sizes():
    """The pair is (rows, columns); Keras mixes up the weights of kernels that are not square."""
    image = np.zeros((1, 9, 9, 1), "float32")
    image[0, 4, 4] = 255.0
    layer = ks.ImageOnlyGaussianBlur(kernel_size=(5, 1), sigma=(1.0, 1.0), **QUIET)
    rows, columns = np.nonzero(to_numpy(layer(image))[0, ..., 0] > 1e-3)
    assert sorted(set(rows)) == [2, 3, 4, 5, 6]
    assert set(columns) == {4}


def test_rescaling_and_normalization():
    ours = ks.ImageOnlyRescaling(1 / 127.5, -1.0, **QUIET)
    theirs = keras.layers.Rescaling(1 / 127.5, -1.0)
    np.testing.assert_allclose(to_numpy(ours(colors())), to_numpy(theirs(colors())), atol=1e-5)
    statistics = {"mean": (100.0, 110.0, 120.0), "variance": (30.0, 40.0, 50.0)}
    ours = ks.ImageOnlyNormalization(**statistics, **QUIET)
    theirs = keras.layers.Normalization(**statistics)
    np.testing.assert_allclose(to_numpy(ours(colors())), to_numpy(theirs(colors())), atol=1e-3)


def test_color_jitter_takes_the_arguments_of_keras_in_their_order():
    settings = ((0, 255), (0.2, 0.2))
    ours = ks.ImageOnlyColorJitter(*settings, **QUIET)
    theirs = keras.layers.RandomColorJitter(*settings)
    np.testing.assert_allclose(to_numpy(ours(colors())), to_numpy(theirs(colors())), atol=1e-2)


@pytest.mark.parametrize(
    ("name", "acts"),
    [
        ("AutoContrast", True),
        ("Equalization", False),
        ("ContrastLimitedAdaptiveHistogramEqualization", True),
    ],
)
def test_which_of_keras_layers_act_at_inference(name, acts):
    """They do as docs/keras_conventions.md says; none of ours acts."""
    if not hasattr(keras.layers, name):
        pytest.skip("not in this version of Keras")
    images = np.round(colors() / 2.0)
    after = to_numpy(getattr(keras.layers, name)()(images, training=False))
    assert (np.abs(after - images).max() > 0.5) == acts
