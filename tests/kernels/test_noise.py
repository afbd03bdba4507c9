"""Numbers of a distribution, compared with scipy's."""

import numpy as np
import pytest
from scipy import special, stats

from keras_segaug.kernels.noise import poisson
from keras_segaug.kernels.xla_cpu.normal import normal
from tests.data import COMPILED, run

UNIFORM = (np.arange(1 << 18, dtype="float64") + 0.5) / (1 << 18)


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize("mean", [0.0, 1e-3, 0.3, 1.0, 3.9, 4.0, 6.0, 30.0, 1000.0])
def test_poisson_is_that_of_scipy(mean, compiled):
    uniform = UNIFORM.astype("float32")
    found = run(poisson, [np.full_like(uniform, mean), uniform], compiled)
    expected = stats.poisson.ppf(UNIFORM, mean)
    # At the edge of a step the last bit decides.
    assert np.abs(found - expected).max() <= 1.0
    assert (found != expected).mean() < (6e-3 if mean >= 4.0 else 1e-4)
    np.testing.assert_allclose(found.mean(), mean, atol=2e-3 + 1e-5 * mean)
    np.testing.assert_allclose(found.var(), mean, rtol=5e-3, atol=1e-5)


def test_few_photons_of_tiny_probability():
    """The smallest and the largest uniform numbers give finite counts."""
    ends = np.array([0.0, 1.0 - 2.0**-24], "float32")
    for mean in (0.0, 2.0, 5.0, 1e6, 1e12):
        found = run(poisson, [np.full_like(ends, mean), ends], False)
        assert np.isfinite(found).all()
        assert 0.0 <= found[0] <= mean <= found[1]


def test_normal_is_that_of_scipy():
    uniform = UNIFORM.astype("float32")
    uniform = np.concatenate([uniform, np.float32([2.0**-25, 2.0**-20, 1.0 - 2.0**-24])])
    found = run(normal, [uniform], False)
    np.testing.assert_allclose(found, special.ndtri(uniform.astype("float64")), atol=2e-5)
