"""Noise has the distribution that the docstrings name."""

import numpy as np
import pytest
from scipy import stats

import keras_segaug as ks
from tests.data import COMPILED, to_numpy

QUIET = {"jit_compile": False}


def flat(level, count=2, size=100):
    return np.full((count, size, size, 3), level, "float32")


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize("per_channel", [False, True])
def test_salt_and_pepper_shares(per_channel, compiled):
    layer = ks.ImageOnlySaltAndPepper(
        (0.1, 0.4), salt=0.3, per_channel=per_channel, seed=1, jit_compile=compiled
    )
    images = flat(100.0)
    drawn = layer.draw_parameters(images.shape, 1)
    found = to_numpy(layer.apply(images, drawn))
    assert set(np.unique(found)) == {0.0, 100.0, 255.0}
    share = to_numpy(drawn["share"])
    np.testing.assert_allclose((found != 100.0).mean((1, 2, 3)), share, atol=0.015)
    np.testing.assert_allclose((found == 255.0).mean((1, 2, 3)), 0.3 * share, atol=0.015)
    assert (found == found[..., :1]).all() != per_channel


def test_speckle_grows_with_the_value():
    layer = ks.ImageOnlySpeckleNoise((0.1, 0.1), value_range=(-100, 900), seed=1, **QUIET)
    for level in (-100.0, 0.0, 300.0):
        found = to_numpy(layer(flat(level)))
        np.testing.assert_allclose(found.std(), 0.1 * (level + 100.0), rtol=0.03)
        np.testing.assert_allclose(found.mean(), level, atol=1.5)


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize("factor", [0.02, 0.1, 0.25])
def test_shot_noise_counts_photons(factor, compiled):
    """The result is a whole number of photons, with Poisson's mean and variance."""
    photons = 1.0 / factor**2
    layer = ks.ImageOnlyShotNoise(
        (factor, factor), value_range=(0, 1), seed=1, jit_compile=compiled
    )
    for level in (0.0, 0.05, 0.25):
        counted = to_numpy(layer(flat(level))).astype("float64") * photons
        np.testing.assert_allclose(counted, np.round(counted), atol=2e-5 * photons)
        expected = stats.poisson(level * photons)
        error = counted.std() / np.sqrt(counted.size)
        assert abs(counted.mean() - expected.mean()) <= 4.0 * error + 2e-3
        np.testing.assert_allclose(counted.var(), expected.var(), rtol=0.03)


def test_shot_noise_is_additive_nowhere_else():
    """The lowest value has no photons; the sum stays in the range."""
    found = to_numpy(ks.ImageOnlyShotNoise((0.5, 0.5), seed=1, **QUIET)(flat(255.0)))
    assert found.max() == 255.0
    assert found.std() > 30.0
    np.testing.assert_array_equal(
        to_numpy(ks.ImageOnlyShotNoise((0.5, 0.5), **QUIET)(flat(0.0))), 0.0
    )
