"""torch on a CPU is through with an image before the next: the result is that of all at once."""

import keras
import numpy as np
import pytest

from keras_segaug.kernels.xla_cpu import blocks
from tests.cases import CASES, MIXING, ids
from tests.data import mask_for, random_images, to_numpy

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "torch", reason="elsewhere programs are compiled, and tested so"
)


@pytest.mark.parametrize("case", **ids([*CASES, *MIXING], everywhere=True))
def test_as_all_at_once(case, monkeypatch):
    # 8 bits, of which the lookup is another one, beside floats.
    for images in (random_images(), random_images().astype("uint8")):
        data = images, mask_for(case)
        expected = to_numpy(case.make()(data))
        monkeypatch.setattr(blocks, "_MOST_PIXELS", 1)
        found = to_numpy(case.make()(data))
        monkeypatch.undo()
        np.testing.assert_allclose(found[0], expected[0], atol=1e-3)
        np.testing.assert_array_equal(found[1], expected[1])
