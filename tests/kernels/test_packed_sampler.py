"""The packed lookup, compared with the general one."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_segaug.kernels.packed_sampler import bordered, pack, packed_sampler, unpack
from keras_segaug.kernels.samplers import read_batch, sampler
from tests.data import labels, random_images, to_numpy


def tensors(*arrays):
    return [keras.ops.convert_to_tensor(array) for array in arrays]


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 12),
    width=st.integers(1, 12),
    channels=st.integers(1, 3),
    reach=st.floats(0.5, 40),
    fill_mode=st.sampled_from(["reflect", "wrap", "nearest", "constant"]),
    interpolation=st.sampled_from(["nearest", "bilinear"]),
    fills=st.tuples(st.integers(0, 255), st.integers(0, 255)),
    seed=st.integers(0, 1000),
)
def test_agrees_with_the_general_lookup(
    height, width, channels, reach, fill_mode, interpolation, fills, seed
):
    rng = np.random.default_rng(seed)
    images, masks = tensors(
        random_images(2, height, width, channels, seed),
        labels(2, height, width, classes=200, seed=seed)[..., None],
    )
    points = tensors(
        rng.uniform(-reach, width + reach, (2, 7, 5)).astype("float32"),
        rng.uniform(-reach, height + reach, (2, 7, 5)).astype("float32"),
    )
    packed = packed_sampler(images, [(masks, fills[1])], interpolation, fill_mode, fills[0])
    general = [
        sampler(images, interpolation, fill_mode, fills[0]),
        sampler(masks, "nearest", fill_mode, fills[1]),
    ]
    words, image, mask = read_batch([packed, *general], points[::-1], 2)
    packed_image, packed_mask = to_numpy(unpack(words, channels))
    # Rounding changes up to half a gray level.
    np.testing.assert_allclose(packed_image, to_numpy(image), atol=0.51)
    np.testing.assert_array_equal(packed_mask, to_numpy(mask))


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_pack_and_unpack(channels):
    images, masks = tensors(random_images(2, channels=channels), labels(2, classes=256)[..., None])
    found = to_numpy(unpack(pack(images, masks), channels))
    np.testing.assert_array_equal(found[0], to_numpy(images))
    np.testing.assert_array_equal(found[1], to_numpy(masks))


def test_borders():
    (words,) = tensors(np.array([[[1, 2], [3, 4]]], "int32"))
    assert to_numpy(bordered(words, "wrap", 0))[0].tolist() == [[1, 2, 1], [3, 4, 3], [1, 2, 1]]
    filled = to_numpy(bordered(words, "constant", 9))[0]
    assert filled.shape == (5, 5)
    assert filled[1:3, 1:3].tolist() == [[1, 2], [3, 4]]
    assert (np.delete(np.delete(filled, [1, 2], 0), [1, 2], 1) == 9).all()
