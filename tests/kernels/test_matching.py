"""Histograms compared with numpy, frequencies with numpy's Fourier transform."""

import keras
import numpy as np
import pytest

from keras_segaug.kernels import matching
from tests.data import COMPILED, random_images, run

RANGE = (0.0, 255.0)
NAN = float("nan")


def pairs():
    images, others = random_images(2, 20, 17), random_images(2, 20, 17, seed=5) // 3 + 40
    # Dark, with many equal values.
    images[0] //= 7
    return images, others


def matched(image, other):
    """Matches one channel, as in the textbook."""
    _, place, count = np.unique(image.ravel(), return_inverse=True, return_counts=True)
    levels, theirs = np.unique(other.ravel(), return_counts=True)
    shares = np.cumsum(count) / image.size, np.cumsum(theirs) / other.size
    return np.interp(*shares, levels)[place].reshape(image.shape)


@pytest.mark.parametrize("compiled", COMPILED)
def test_histograms(compiled):
    images, others = pairs()
    expected = np.stack(
        [
            np.stack([matched(a[..., c], b[..., c]) for c in range(3)], axis=-1)
            for a, b in zip(images, others, strict=True)
        ]
    )

    def function(images, others, amount):
        shares = matching.cumulative(others, RANGE)
        return matching.match_histograms(images, shares, amount, RANGE)

    amount = np.array([1.0, 0.4], "float32").reshape(-1, 1, 1, 1)
    found = run(function, [images.astype("float32"), others.astype("float32"), amount], compiled)
    np.testing.assert_allclose(found, images + amount * (expected - images), atol=1e-3)


@pytest.mark.parametrize("compiled", COMPILED)
def test_values_between_levels_go_where_the_textbook_has_them(compiled):
    """Few values, none of which is a level: the levels around them do not occur."""
    image = np.array([1000.0, 30000.0, 44444.0], "float32")[np.arange(300) % 3] / 257.0
    image = np.stack([image, np.full(300, 9.6, "float32")]).reshape(2, 20, 15, 1)
    other = random_images(2, 20, 15, 1) // 3 + 100
    expected = [matched(a[..., 0], b[..., 0]) for a, b in zip(image, other, strict=True)]

    def function(images, others):
        shares = matching.cumulative(others, RANGE)
        return matching.match_histograms(images, shares, 1.0, RANGE)

    found = run(function, [image, other.astype("float32")], compiled)
    np.testing.assert_allclose(found[..., 0], expected, atol=1e-3)


def test_shares_of_arrays_and_of_tensors_are_the_same():
    _, others = pairs()
    [found] = run(lambda x: [matching.cumulative(x, RANGE)], [others.astype("float32")], False)
    np.testing.assert_allclose(found, matching.shares_of(others, RANGE), rtol=1e-6)


def test_no_data_does_not_count():
    images, others = pairs()
    padded = np.pad(images.astype("float32"), ((0, 0), (0, 5), (0, 0), (0, 0)), constant_values=NAN)
    shares = matching.shares_of(others, RANGE)

    def function(images):
        return matching.match_histograms(images, keras.ops.convert_to_tensor(shares), 1.0, RANGE)

    found, expected = (run(function, [x], False) for x in (padded, images.astype("float32")))
    np.testing.assert_allclose(found[:, :20], expected, atol=1e-4)
    assert np.isnan(found[:, 20:]).all()


def adapted(image, other, beta):
    """As in the paper's code: replaces a square at the middle of the shifted transform."""
    axes = {"axes": (0, 1)}
    own, theirs = np.fft.fft2(image, **axes), np.fft.fft2(other, **axes)
    strength, wanted = (np.fft.fftshift(np.abs(x), **axes) for x in (own, theirs))
    height, width = image.shape[:2]
    n, y, x = int(min(height, width) * beta), height // 2, width // 2
    square = slice(y - n, y + n + 1), slice(x - n, x + n + 1)
    strength[square] = wanted[square]
    changed = np.fft.ifftshift(strength, **axes) * np.exp(1j * np.angle(own))
    return np.fft.ifft2(changed, **axes).real


@pytest.mark.parametrize("compiled", COMPILED)
def test_frequencies(compiled):
    images, others = (each.astype("float32") for each in pairs())
    beta = np.array([0.0, 0.3], "float32").reshape(-1, 1, 1, 1)

    def function(images, others, beta):
        return matching.adapt_frequencies(images, others, beta, 0.3, RANGE)

    found = run(function, [images, others, beta], compiled)
    for image, other, each, result in zip(images, others, beta.ravel(), found, strict=True):
        np.testing.assert_allclose(result, adapted(image, other, each), atol=1e-2)


def test_a_flat_image_gets_the_mean_alone():
    flat = np.full((1, 12, 13, 1), 50.0, "float32")
    others = random_images(1, 12, 13, 1).astype("float32")
    beta = np.full((1, 1, 1, 1), 0.5, "float32")

    def function(images, others, beta):
        return matching.adapt_frequencies(images, others, beta, 0.5, RANGE)

    found = run(function, [flat, others, beta], False)
    np.testing.assert_allclose(found, others.mean(), atol=1e-2)
