"""XLA on a CPU removes conditionals of which it takes both branches for cheap; ours must stay."""

import keras
import numpy as np
import pytest

from keras_segaug.core import backend
from keras_segaug.kernels.xla_cpu.blocks import fusion_barrier

pytestmark = pytest.mark.skipif(
    keras.backend.backend() == "torch", reason="torch does not compile with XLA"
)
SHAPE = (1, 16, 16, 3)


def halved(images):
    def halve(images):
        return keras.ops.cast(images, "float32") * 0.5

    with backend.compiling(for_cpu=True):
        return fusion_barrier(halve, images, SHAPE, "float32") + 1.0


def compiled(images):
    """(the program that XLA makes, as text; its result)."""
    if keras.backend.backend() == "jax":
        import jax

        program = jax.jit(halved).lower(images).compile()
        return program.as_text(), program(images)
    import tensorflow as tf

    program = tf.function(halved, jit_compile=True)
    text = program.experimental_get_compiler_ir(tf.constant(images))(stage="optimized_hlo")
    return text, program(tf.constant(images))


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_what_lies_behind_a_barrier_is_in_memory_before_it_is_used(dtype):
    images = np.random.default_rng(0).integers(0, 256, SHAPE).astype(dtype)
    text, result = compiled(images)
    assert " conditional(" in text
    np.testing.assert_array_equal(np.asarray(result), images.astype("float32") * 0.5 + 1.0)
