"""Bytes packed in words, compared with numpy."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_segaug.kernels import byte_packing
from tests.data import COMPILED, run, to_numpy


@settings(max_examples=20, deadline=None)
@given(count=st.integers(1, 4), missing=st.integers(1, 3), seed=st.integers(0, 100))
def test_packed_values_are_found_at_their_places(count, missing, seed):
    values = np.random.default_rng(seed).integers(0, 256, (count, 7), "uint8")
    given = [None if i == missing else keras.ops.convert_to_tensor(v) for i, v in enumerate(values)]
    words = byte_packing.pack(given)
    for place in range(4):
        there = place < count and place != missing
        expected = values[place] if there else np.zeros(7)
        np.testing.assert_array_equal(to_numpy(byte_packing.value(words, place)), expected)


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize("place", range(4))
@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0, 255, width=32), min_size=1, max_size=40))
def test_rounded_as_numpy_rounds(place, compiled, values):
    values = np.array([*values, 0.5, 1.5, 254.5, 255.0], "float32")
    found = run(lambda x: byte_packing.rounded(x, place), [values], compiled).astype("int64")
    np.testing.assert_array_equal(found & 0xFFFFFFFF, np.round(values).astype("int64") << 8 * place)
