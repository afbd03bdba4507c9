"""Images as lists of channels, and back; compiled for a CPU and uncompiled."""

import numpy as np
import pytest

from keras_segaug.kernels import channels
from keras_segaug.kernels.xla_cpu import tables
from tests.data import COMPILED, random_images, run


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize("dtype", ["uint8", "float32", "int32"])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_split_and_joined(count, dtype, compiled):
    images = random_images(2, 9, 7, count).astype(dtype)
    split = run(channels.split, [images], compiled)
    assert [each.dtype for each in split] == [np.dtype("float32")] * count
    np.testing.assert_array_equal(np.concatenate(split, axis=-1), images)
    joined = run(lambda x: channels.joined(channels.split(x)), [images], compiled)
    np.testing.assert_array_equal(joined, images)


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_joined_bytes_are_rounded_and_clipped(count, compiled):
    images = np.random.default_rng(0).uniform(-40, 300, (2, 9, 7, count)).astype("float32")
    found = run(lambda x: channels.joined_bytes(channels.split(x)), [images], compiled)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, np.round(images.clip(0, 255)))


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize("count", [1, 3])
def test_a_table_gives_what_the_function_gives(count, compiled):
    """It does, although each image has a table of its own."""
    images, power = random_images(3, 40, 30, count), np.array([0.5, 1.0, 2.0], "float32")

    def tabulated(images, power):
        if not compiled:
            assert not tables.can_tabulate(images)
        return tables.tabulated(lambda x: x ** power[:, None, None, None], images)

    expected = images.astype("float32") ** power[:, None, None, None]
    np.testing.assert_allclose(run(tabulated, [images, power], compiled), expected, rtol=1e-5)


@pytest.mark.parametrize("shape", [(1, 32, 32, 3), (1, 31, 32, 3)])
def test_small_images_are_not_worth_a_table(shape):
    if True not in COMPILED:
        pytest.skip("XLA does not run on torch")
    seen = []
    run(lambda x: [seen.append(tables.can_tabulate(x)), x][1], [np.zeros(shape, "uint8")], True)
    assert seen[-1] is (shape[1] == 32)
