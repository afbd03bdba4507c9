"""Products of float32 matrices that are float32 on every device.

On recent GPUs JAX and TensorFlow (by default) and torch (where it was told to) read only 10 bits
after the point of each number (TensorFloat-32). A network can live with that. Here it would move
pixels, and round where the definition does not. Under `torch.autocast`, which mixed precision
turns on for whole train steps, products would have 7 or 10 bits on any device.
"""

import importlib

from keras_segaug.core import backend
from keras_segaug.core.backend import ops

# A float32 has 23 bits after the point, of which such a product reads the first 10.
_LAST_BITS = ~((1 << 13) - 1)


def matmul(left, right):
    """`ops.matmul` of float32 in full precision."""
    if backend.name() == "jax":
        return importlib.import_module("jax.numpy").matmul(left, right, precision="highest")
    if backend.name() != "torch":
        return _matmul(left, right)
    with backend.torch_backend().full_precision(left):
        return _matmul(left, right)


def _matmul(left, right):
    return product_of_parts(left, right) if _may_round(left) else ops.matmul(left, right)


def product_of_parts(left, right, multiply=None):
    """A product in which no factor has more than 11 bits, with an error of about 2^-21.

    Each matrix is split into two summands, the first bits and the rest; of the four products
    that of the two rests is too small to count.
    """
    multiply = multiply or ops.matmul
    (first, rest), (other_first, other_rest) = map(_parts, (left, right))
    small = multiply(first, other_rest) + multiply(rest, other_first)
    return multiply(first, other_first) + small


def _parts(numbers):
    bits = ops.bitwise_and(backend.bitcast(numbers, "int32"), _LAST_BITS)
    first = backend.bitcast(bits, "float32")
    return first, numbers - first


def _may_round(tensor):
    if backend.name() == "torch":
        # Whatever torch was told: there are two settings, and reading one where the other was
        # used is an error.
        return tensor.device.type == "cuda"
    tf = importlib.import_module("tensorflow")
    rounds = tf.config.experimental.tensor_float_32_execution_enabled()
    return rounds and not backend.is_for_cpu()
