"""A crop that looks at the mask, after a layer that works through a compiled batch in parts."""

import numpy as np
import pytest

import keras_segaug as ks
from tests.data import COMPILED, to_numpy

# More pixels than one part may have, so that each image is a part.
SIDE = 600


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.slow
def test_a_crop_aims_in_every_part(compiled):
    """It aims at the rotated mask: a class on few pixels is in every window."""
    mask = np.zeros((3, SIDE, SIDE), "uint8")
    for i, place in enumerate((40, 300, 520)):
        mask[i, place : place + 12, place : place + 12] = 2
    images = mask[..., None] * np.uint8(100)
    chain = ks.Pipeline(
        [
            ks.JointRandomRotation((0.25, 0.25)),
            ks.JointRandomCrop(32, 32, foreground_probability=1.0, foreground_classes=[2]),
        ],
        seed=3,
        jit_compile=compiled,
    )
    found, moved = to_numpy(chain(images, mask))
    assert moved.shape == (3, 32, 32)
    assert ((moved == 2).sum((1, 2)) > 0).all()
    np.testing.assert_array_equal(found[..., 0] == 200.0, moved == 2)
