"""Channels are reordered, overwritten or shifted for each sample, whatever their number."""

import collections

import numpy as np
import pytest
from scipy import stats

import keras_segaug as ks
from tests.data import COMPILED, random_images, to_numpy

QUIET = {"jit_compile": False}


def numbered(count, channels):
    """Images whose channels have the values 10, 20, ..."""
    levels = np.arange(10, 10 * channels + 1, 10, dtype="uint8")
    return np.broadcast_to(levels, (count, 2, 2, channels)).copy()


@pytest.mark.parametrize("compiled", COMPILED)
def test_every_order_is_equally_likely(compiled):
    found = to_numpy(ks.ImageOnlyChannelShuffle(seed=1, jit_compile=compiled)(numbered(3000, 3)))
    assert (found == found[:, :1, :1]).all()
    counts = collections.Counter(tuple(order) for order in found[:, 0, 0])
    assert len(counts) == 6
    assert stats.chisquare(list(counts.values())).pvalue > 1e-3


@pytest.mark.parametrize("channels", [1, 2, 4, 9])
def test_an_order_has_every_channel_once(channels):
    found = to_numpy(ks.ImageOnlyChannelShuffle(seed=1, **QUIET)(numbered(20, channels)))
    np.testing.assert_array_equal(np.sort(found, -1), numbered(20, channels))


@pytest.mark.parametrize("channels", [1, 2, 3, 9])
@pytest.mark.parametrize("count", [0, 1, (1, 2), 20])
def test_dropout_counts(count, channels):
    images = numbered(200, channels)
    found = to_numpy(ks.ImageOnlyChannelDropout(count=count, seed=1, **QUIET)(images))
    assert ((found == images) | (found == 0.0)).all()
    lost = (found[:, 0, 0] == 0.0).sum(-1)
    lower, upper = count if isinstance(count, tuple) else (count, count)
    assert set(lost) == set(range(min(lower, channels - 1), min(upper, channels - 1) + 1))


def test_every_channel_is_as_likely_to_go():
    found = to_numpy(ks.ImageOnlyChannelDropout(seed=1, **QUIET)(numbered(3000, 3)))
    assert stats.chisquare((found[:, 0, 0] == 0.0).sum(0)).pvalue > 1e-3


def test_dropout_writes_what_it_is_told():
    layer = ks.ImageOnlyChannelDropout(fill_value=77, seed=1, **QUIET)
    assert ((to_numpy(layer(numbered(9, 3))) == 77.0).sum(-1) == 1).all()
    layer = ks.ImageOnlyChannelDropout(value_range=(-1000, 1000), **QUIET)
    assert to_numpy(layer(np.zeros((2, 4, 4, 3), "float32"))).min() == -1000.0
    with pytest.raises(ValueError, match=r"ImageOnlyChannelDropout: `fill_value` .*\[0, 255\]"):
        ks.ImageOnlyChannelDropout(fill_value=-1, **QUIET)(numbered(2, 3))


def test_shifts_are_uniform_and_one_a_channel():
    images = np.full((700, 2, 2, 4), 0.5, "float32")
    layer = ks.ImageOnlyChannelShift((-0.2, 0.3), value_range=(0, 1), seed=1, **QUIET)
    shifts = to_numpy(layer(images)) - 0.5
    assert np.ptp(shifts, (1, 2)).max() == 0.0
    shifts = shifts[:, 0, 0]
    assert stats.kstest(shifts.ravel(), stats.uniform(-0.2, 0.5).cdf).pvalue > 1e-3
    assert np.abs(np.corrcoef(shifts.T) - np.eye(4)).max() < 0.15


def test_shifts_are_of_the_whole_range():
    images = random_images(3).astype("float32") * 0.1 + 100.0
    layer = ks.ImageOnlyChannelShift((0.1, 0.1), value_range=(0, 1000), **QUIET)
    np.testing.assert_allclose(to_numpy(layer(images)), images + 100.0, rtol=1e-5)


def test_parameters_hold_the_bounds_of_the_shifts():
    images = np.full((5, 2, 2, 3), 0.5, "float32")
    strong, weak = (ks.ImageOnlyChannelShift(f, value_range=(0, 1), **QUIET) for f in (0.3, 0.01))
    parameters = strong.draw_parameters(images, 1)
    shown = to_numpy(weak.apply(images, parameters))
    assert np.abs(shown - 0.5).max() > 0.1
    np.testing.assert_array_equal(shown, to_numpy(strong.apply(images, parameters)))
