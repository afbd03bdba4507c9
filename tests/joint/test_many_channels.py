"""8-bit images that do not fit into the packed lookup give the same as those that do."""

import numpy as np
import pytest

import keras_segaug as ks
from tests.cases import JOINT, ids
from tests.data import COMPILED, labels, random_images, to_numpy

FILLED = {"fill_mode": "constant", "mask_fill_value": 7}


def results(make, images, mask):
    found = to_numpy(make()(images, mask))
    assert found[0].dtype == "uint8"
    return found


@pytest.mark.parametrize("case", **ids(JOINT))
def test_four_channels_are_moved_as_three(case):
    """One word per pixel holds three channels and the mask; a fourth takes another path."""
    images, mask = random_images(channels=4), labels()
    three, moved = results(lambda: case.make(dtype="uint8"), images[..., :3], mask)
    four, also = results(lambda: case.make(dtype="uint8"), images, mask)
    # The two paths blend separately, so a half may be rounded up or down.
    assert np.abs(four[..., :3].astype(int) - three).max() <= 1
    assert (also != moved).mean() < 0.01


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize(("fill", "expected"), [(127.5, 128), (126.7, 127), (3.2, 3)])
def test_a_fractional_fill_is_rounded(fill, expected, channels, interpolation, compiled):
    layer = ks.JointPadding(
        20,
        20,
        fill_value=fill,
        interpolation=interpolation,
        jit_compile=compiled,
        dtype="uint8",
        **FILLED,
    )
    images = np.zeros((1, 8, 8, channels), "uint8")
    found, mask = results(lambda: layer, images, labels(1, 8, 8))
    filled = mask == 7
    assert filled.mean() > 0.5
    assert (found[filled] == expected).all()


@pytest.mark.parametrize("dtype", ["int16", "uint16"])
def test_so_it_is_in_other_integers(dtype):
    layer = ks.JointPadding(20, 20, fill_value=127.5, dtype=dtype, jit_compile=False, **FILLED)
    found = to_numpy(layer(np.zeros((1, 8, 8, 3), dtype)))
    assert found[0, 0, 0].tolist() == [128] * 3


def test_so_it_is_where_rectangles_are_written():
    layer = ks.JointRandomErasing(scale=(1, 1), ratio=(1, 1), fill_value=127.5, jit_compile=False)
    assert (to_numpy(layer(np.zeros((1, 8, 8, 4), "uint8"))) == 128).all()
