"""Products of matrices have full float32 precision, even where the device's own do not."""

import keras
import numpy as np
import pytest

from keras_segaug.core.backend import bitcast, ops
from keras_segaug.kernels import products
from tests.data import gradient_of, to_numpy


def tensor_float_product(left, right):
    """The product on a GPU, which rounds numbers to ten bits after the point."""

    def rounded(numbers):
        return bitcast(
            ops.bitwise_and(bitcast(numbers, "int32") + (1 << 12), -(1 << 13)), "float32"
        )

    return ops.matmul(rounded(left), rounded(right))


def matrices(scale=1.0):
    rng = np.random.default_rng(0)
    return [(scale * rng.normal(size=size)).astype("float32") for size in ((3, 40, 60), (60, 50))]


def error(found, left, right):
    exact = left.astype("float64") @ right.astype("float64")
    return np.abs(to_numpy(found) - exact).max() / np.abs(exact).max()


@pytest.mark.parametrize("scale", [1e-3, 1.0, 255.0, 65535.0])
def test_product_of_parts_is_as_good_as_float32(scale):
    left, right = matrices(scale)
    tensors = [keras.ops.convert_to_tensor(each) for each in (left, right)]
    rough = tensor_float_product(*tensors)
    found = products.product_of_parts(*tensors, multiply=tensor_float_product)
    assert error(rough, left, right) > 1e-4
    assert error(found, left, right) < 2e-6
    assert error(products.matmul(*tensors), left, right) < 1e-6


@pytest.mark.parametrize("side", [0, 1])
def test_the_gradient_of_parts_is_that_of_the_product(side):
    """They agree in the bits of the first parts."""
    arrays = matrices()

    def total(multiply):
        def of(values):
            factors = [values if i == side else each for i, each in enumerate(arrays)]
            return ops.sum(multiply(*map(ops.convert_to_tensor, factors)) ** 2)

        return gradient_of(of, arrays[side])

    found, expected = total(products.product_of_parts), total(ops.matmul)
    np.testing.assert_allclose(found, expected, atol=1e-3 * np.abs(expected).max())


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="only torch has it")
def test_mixed_precision_of_torch_is_left_out():
    """With it elastic fields were off by pixels, and JPEG by 81 levels."""
    import torch

    left, right = matrices()
    tensors = [keras.ops.convert_to_tensor(each) for each in (left, right)]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert error(ops.matmul(*tensors).float(), left, right) > 1e-3
        assert error(products.matmul(*tensors), left, right) < 1e-6
